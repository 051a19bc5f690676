"""What is planted in Segmind's part."""

from __future__ import annotations

from planted.planting import Call, planted

_NOBODY = "00000000-0000-4000-8000-000000000000"


@planted("answer", found="segmind.schema", at="segmind.getResult.typical", on="getResult getRequest")
def dropped_field(call: Call) -> None:
    """A result has no `metrics`."""
    call.body.pop("metrics", None)


@planted("answer", found="segmind.schema", at="segmind.getCredits.typical", on="getCredits")
def changed_type(call: Call) -> None:
    """The balance is a text."""
    call.body["credits"] = str(call.body["credits"])


@planted("answer", found="body-as-declared", at="segmind.getCredits.typical", on="getCredits")
def bare_number(call: Call) -> None:
    """The balance is a number and nothing around it."""
    call.body = call.body["credits"]


@planted("answer", found="body-as-declared", at="segmind.listHistory.typical", on="listHistory")
def empty_history(call: Call) -> None:
    """A history is called JSON and is empty."""
    call.content = b""


@planted("answer", found="segmind.schema", at="segmind.getStatus.typical", on="getStatus")
def extra_status(call: Call) -> None:
    """A job that waits is `IN_QUEUE`."""
    if call.body["status"] == "QUEUED":
        call.body["status"] = "IN_QUEUE"


@planted("answer", found="segmind.only-forward", at="segmind.getStatus.typical", on="getStatus")
def backward_state(call: Call) -> None:
    """A job that was processing is queued again."""
    told = {1: "PROCESSING", 2: "QUEUED"}.get(call.nth())
    if told is not None and call.status == 200:
        call.body.update(status=told, metrics={})


@planted(
    "answer",
    found="segmind.only-forward",
    at="segmind.submitModel.lifecycle.heygen-avatar-iv",
    on="getResult getRequest",
)
def end_changes(call: Call) -> None:
    """A job that has completed has another file each time it is asked about."""
    if call.body.get("output"):
        call.body["output"] += f"?v={call.nth()}"


@planted("answer", found="segmind.only-forward", at="segmind.submitModel.lifecycle.heygen-avatar-iv", on="getResult")
def result_vanishes(call: Call) -> None:
    """A job that has completed is processing again when it is asked about a second time."""
    if call.body.get("status") == "COMPLETED" and call.nth() > 1:
        call.body = {"status": "PROCESSING", "request_id": call.body["request_id"], "metrics": {}}


@planted("answer", found="segmind.ids-echoed", at="segmind.getStatus.typical", on="getStatus")
def other_id(call: Call) -> None:
    """A job's status tells another job's id."""
    if "request_id" in call.body:
        call.body["request_id"] = _NOBODY


@planted("answer", found="segmind.ids-echoed", at="segmind.submitModel.typical", on="submitModel")
def other_address(call: Call) -> None:
    """A submit tells the address of another job."""
    if call.status < 300:
        call.body["response_url"] = call.body["response_url"].replace(call.body["request_id"], _NOBODY)


@planted(
    "answer",
    found="segmind.ids-unique",
    at="segmind.submitModel.lifecycle.heygen-avatar-iv segmind.submitModel.typical",
    on="submitModel",
)
def one_id(call: Call) -> None:
    """Every submit is answered with the job of the first."""
    if call.status < 300:
        call.body = call.memory.setdefault("submitted", call.body)


@planted(
    "answer", found="segmind.failed-is-422", at="segmind.getStatus.inferenceFailed", on="getStatus getResult getRequest"
)
def failed_is_200(call: Call) -> None:
    """A job that failed is told with 200."""
    if call.status == 422:
        call.status = 200


@planted(
    "answer",
    found="segmind.metrics",
    at="segmind.submitModel.lifecycle.heygen-avatar-iv",
    on="getStatus getResult getRequest",
)
def moving_cost(call: Call) -> None:
    """A job costs a cent more each time it is asked about."""
    if call.body.get("metrics", {}).get("cost"):
        call.memory["asked"] = call.memory.get("asked", 0) + 1
        call.body["metrics"]["cost"] += call.memory["asked"] / 100


@planted(
    "answer",
    found="money.balance",
    at="segmind.submitModel.money.heygen-avatar-iv",
    on="getStatus getResult getRequest",
)
def wrong_cost(call: Call) -> None:
    """A job costs a tenth more than its seconds do."""
    if call.body.get("metrics", {}).get("cost"):
        call.body["metrics"]["cost"] *= 1.1


@planted("answer", found="segmind.money", at="segmind.submitModel.lifecycle.heygen-avatar-iv", on="listHistory")
def other_cost_in_history(call: Call) -> None:
    """The history has twice the cost."""
    for row in call.body.get("requests", ()):
        row["credits_deduction"] *= 2


@planted("answer", found="money.balance", at="segmind.submitModel.money.heygen-avatar-iv", on="getCredits")
def balance_falls_too_far(call: Call) -> None:
    """The balance falls by a cent more than was told, each time it is looked at."""
    if call.status < 300:
        call.body["credits"] -= call.nth() / 100


@planted("answer", found="segmind.headers", at="segmind.runModel.typical", on="runModel")
def missing_header(call: Call) -> None:
    """A file comes without `x-remaining-credits`."""
    call.headers.pop("x-remaining-credits", None)


@planted(
    "answer",
    found="segmind.timestamps",
    at="segmind.submitModel.lifecycle.heygen-avatar-iv",
    on="listHistory getHistory",
)
def updated_before_created(call: Call) -> None:
    """A request in the history was updated before it was made."""
    for row in call.body.get("requests", [call.body]):
        if "updated_at" in row:
            row["created_at"], row["updated_at"] = row["updated_at"], row["created_at"]


@planted("answer", found="unknown-id", at="segmind.getStatus.requestNotFound", on="getStatus")
def unknown_is_queued(call: Call) -> None:
    """A job that nobody began is queued for ever."""
    if call.status == 404:
        call.status = 200
        call.body = {"status": "QUEUED", "request_id": call.path.split("/")[-2], "metrics": {}}


@planted("answer", found="error-as-declared", at="segmind.runModel.missingParameter", on="runModel")
def other_text(call: Call) -> None:
    """A missing parameter is told in other words."""
    if call.status == 400 and call.body:
        call.body["error"] = "Bad request"


@planted("answer", found="errors.status", at="segmind.submitModel.invalidKey")
def other_status(call: Call) -> None:
    """A wrong key is refused with 403 and not 401."""
    if call.status == 401:
        call.status = 403


@planted("answer", found="errors.form", at="segmind.submitModel.invalidKey")
def other_shape(call: Call) -> None:
    """Errors have the shape of Runware's."""
    if call.status >= 400 and isinstance(call.body, dict) and "error" in call.body:
        call.body = {"errors": [{"code": "error", "message": call.body["error"]}]}


@planted("question", found="wrong-key", at="segmind.getCredits.missingKey")
def key_not_needed(call: Call) -> None:
    """Without a key everybody is somebody else."""
    call.sent["x-api-key"] = call.sent.get("x-api-key") or call.memory["key"]


@planted("question", found="wrong-verb", at="segmind.submitModel.methodNotAllowed")
def verb_not_read(call: Call) -> None:
    """A model that is asked with another method is called all the same."""
    if call.path.startswith("/v2/") and call.path.count("/") == 2:
        call.method = "POST"


@planted("question", found="wrong-type", at="segmind.submitModel.invalidContentType")
def content_type_not_read(call: Call) -> None:
    """A body of any content type is taken for JSON."""
    if "content-type" in call.sent:
        call.sent["content-type"] = "application/json"


@planted("answer", found="error-as-declared", at="segmind.listHistory.invalidQuery", on="listHistory")
def rare_500(call: Call) -> None:
    """A history that is asked for with a query breaks down."""
    if call.query:
        call.status, call.body = 500, {"error": "Internal server error"}


@planted("question", found="refused", at="segmind.runModel.broken.heygen-avatar-iv", on="runModel")
def choice_not_checked(call: Call) -> None:
    """A way to fit a picture that there is not is taken for the first there is."""
    if isinstance(call.asked, dict) and isinstance(call.asked.get("fit"), str):
        call.asked["fit"] = "cover"


@planted("answer", found="accepted", at="segmind.submitModel.valid.heygen-avatar-iv", on="submitModel")
def one_orientation_refused(call: Call) -> None:
    """A video that is to be upright is refused."""
    if call.status < 300 and isinstance(call.asked, dict) and call.asked.get("video_orientation") == "portrait":
        call.status, call.body = 400, {"error": "Invalid video_orientation"}


@planted("answer", found="accepted", at="segmind.submitModel.valid.heygen-avatar-iv", on="submitModel")
def rare_breakdown(call: Call) -> None:
    """A script that is not plain ASCII breaks the server."""
    if call.status < 300 and isinstance(call.asked, dict) and not str(call.asked.get("script", "")).isascii():
        call.status, call.body = 500, {"error": "Internal server error"}


@planted("answer", found="segmind.headers", at="segmind.runModel.rateLimited", on="runModel")
def no_time_to_wait(call: Call) -> None:
    """Whoever was too quick is not told when to come again."""
    if call.status == 429:
        call.headers.pop("x-rate-limit-reset-at-utc", None)


@planted("answer", found="segmind.money", at="segmind.getStatus.inferenceFailed", on="getStatus getResult getRequest")
def failure_has_a_cost(call: Call) -> None:
    """A job that failed tells a cost."""
    if call.body.get("status") == "FAILED":
        call.body.setdefault("metrics", {})["cost"] = 0.2
