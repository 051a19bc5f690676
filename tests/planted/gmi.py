"""What is planted in GMI Cloud's part."""

from __future__ import annotations

from planted.planting import Call, planted

_OPEN = ("queued", "processing")


@planted("answer", found="gmi.schema", at="gmi.getRequest.typical", on="getRequest")
def dropped_field(call: Call) -> None:
    """A record has no `updated_at`."""
    del call.body["updated_at"]


@planted("answer", found="gmi.schema", at="gmi.listRequests.typical", on="listRequests")
def changed_type(call: Call) -> None:
    """A list tells its `total` as a text."""
    call.body["total"] = str(call.body["total"])


@planted("answer", found="gmi.schema", at="gmi.submitRequest.typical", on="submitRequest")
def unknown_field(call: Call) -> None:
    """A submit's answer has a seventh key."""
    call.body["eta"] = 30


@planted("answer", found="gmi.schema", at="gmi.getRequest.typical", on="getRequest")
def extra_status(call: Call) -> None:
    """A request that is made has the state `running`."""
    if call.body["status"] in _OPEN:
        call.body["status"] = "running"


@planted("answer", found="gmi.schema", at="gmi.submitRequest.typical", on="submitRequest")
def float_moments(call: Call) -> None:
    """Moments are written `1.75e9`."""
    call.content = call.content.replace(b'"created_at":1750000000', b'"created_at":1.75e9')


@planted("answer", found="gmi.schema", at="gmi.getRequest.typical", on="getRequest")
def outcome_too_early(call: Call) -> None:
    """What comes of a request is `{}` and not null before it has ended."""
    if call.body["outcome"] is None:
        call.body["outcome"] = {}


@planted("answer", found="body-as-declared", at="gmi.listModels.typical", on="listModels")
def list_for_an_object(call: Call) -> None:
    """The models are a bare list."""
    [call.body] = call.body.values()


@planted("answer", found="body-as-declared", at="gmi.listRequests.typical", on="listRequests")
def null_for_an_object(call: Call) -> None:
    """A list of requests is `null`."""
    call.body = None


@planted("answer", found="gmi.only-forward", at="gmi.getRequest.typical", on="getRequest")
def backward_state(call: Call) -> None:
    """A request that was processing is queued again."""
    told = {1: "processing", 2: "queued"}.get(call.nth())
    if told is not None:
        call.body.update(status=told, outcome=None, updated_at=call.body["created_at"])


@planted("answer", found="gmi.only-forward", at="gmi.submitRequest.lifecycle.heygen-avatar-4", on="getRequest")
def end_changes(call: Call) -> None:
    """A request that has ended gets another thumbnail each time it is asked about."""
    if call.body["status"] == "success":
        call.body["outcome"]["thumbnail_image_url"] += f"?v={call.nth()}"


@planted("answer", found="gmi.only-forward", at="gmi.submitRequest.lifecycle.heygen-avatar-4", on="getRequest")
def result_vanishes(call: Call) -> None:
    """A request that succeeded has failed when it is looked at again."""
    if call.body["status"] == "success" and call.memory.setdefault("ended", call.nth()) < call.nth() - 1:
        call.body["status"], call.body["outcome"] = "failed", {"error": "it is gone"}


@planted("answer", found="gmi.outcomes", at="gmi.getRequest.typical", on="getRequest")
def no_outcome(call: Call) -> None:
    """A success has no media."""
    if call.body["outcome"]:
        del call.body["outcome"]["media_urls"]


@planted("answer", found="gmi.ids-echoed", at="gmi.getRequest.typical", on="getRequest")
def other_id(call: Call) -> None:
    """A record tells another request's id."""
    call.body["request_id"] = "00000000-0000-4000-8000-000000000000"


@planted(
    "answer",
    found="gmi.ids-unique",
    at="gmi.submitRequest.lifecycle.heygen-avatar-4 gmi.submitRequest.typical",
    on="submitRequest",
)
def one_id(call: Call) -> None:
    """Every submit is answered with the id of the first."""
    if call.status < 300:
        call.body["request_id"] = call.memory.setdefault("id", call.body["request_id"])


@planted("answer", found="gmi.payload-echoed", at="gmi.getRequest.typical", on="getRequest")
def other_payload(call: Call) -> None:
    """A record shows the payload with its numbers as whole ones."""
    call.body["payload"]["video_inputs"][0]["voice"]["speed"] = 1


@planted(
    "answer",
    found="gmi.lists",
    at="gmi.submitRequest.lifecycle.heygen-avatar-4 gmi.submitRequest.lifecycle.heygen-avatar-v4",
    on="listRequests",
)
def list_upside_down(call: Call) -> None:
    """A list is oldest first."""
    call.body["requests"].reverse()


@planted(
    "answer",
    found="gmi.lists",
    at="gmi.submitRequest.lifecycle.heygen-avatar-4 gmi.submitRequest.lifecycle.heygen-avatar-v4",
    on="listRequests",
)
def list_misses_one(call: Call) -> None:
    """A list leaves out the newest request, and counts it."""
    del call.body["requests"][:1]


@planted(
    "answer",
    found="gmi.lists-whole",
    at="gmi.submitRequest.lifecycle.heygen-avatar-4 gmi.submitRequest.lifecycle.heygen-avatar-v4",
    on="listRequests",
)
def list_forgets_one(call: Call) -> None:
    """A list leaves out the newest request, and does not count it either."""
    del call.body["requests"][:1]
    call.body["total"] -= 1


@planted(
    "answer",
    found="gmi.ids-echoed",
    at="gmi.submitRequest.lifecycle.heygen-avatar-4 gmi.submitRequest.lifecycle.heygen-avatar-v4",
    on="listRequests",
)
def list_twice(call: Call) -> None:
    """A list has a request twice."""
    call.body["requests"] *= 2
    call.body["total"] *= 2


@planted("answer", found="gmi.lists", at="gmi.listRequests.typical", on="listRequests")
def total_off(call: Call) -> None:
    """A list's total is one more than there are."""
    call.body["total"] += 1


@planted("answer", found="gmi.timestamps", at="gmi.submitRequest.typical", on="submitRequest listRequests getRequest")
def milliseconds(call: Call) -> None:
    """Moments are in milliseconds."""
    for item in call.body.get("requests", [call.body]):
        for name in ("created_at", "updated_at", "queued_at"):
            item[name] *= 1000


@planted("answer", found="gmi.timestamps", at="gmi.getRequest.typical", on="getRequest")
def updated_before_created(call: Call) -> None:
    """A request was updated a second before it was made."""
    call.body["updated_at"] = call.body["created_at"] - 1


@planted("answer", found="gmi.timestamps", at="gmi.getRequest.typical", on="getRequest")
def moving_creation(call: Call) -> None:
    """A request is older each time it is asked about."""
    call.body["created_at"] -= call.nth()


@planted("answer", found="content-type", at="gmi.listModels.typical")
def json_as_text(call: Call) -> None:
    """Every answer that is JSON is called `text/plain`."""
    if call.body is not None:
        call.headers["content-type"] = "text/plain"


@planted("answer", found="lifecycle.ends", at="gmi.submitRequest.lifecycle.heygen-avatar-4", on="getRequest")
def never_ends(call: Call) -> None:
    """A request is processing for ever."""
    call.body.update(status="processing", outcome=None, updated_at=call.body["created_at"])


@planted("answer", found="unknown-id", at="gmi.getRequest.requestNotFound", on="getRequest")
def unknown_is_empty(call: Call) -> None:
    """Asked about a request that nobody made, it answers 200 and an empty object."""
    if call.status == 404:
        call.status, call.body = 200, {}


@planted("answer", found="errors.status", at="gmi.getRequest.requestNotFound", on="getRequest")
def other_status(call: Call) -> None:
    """An unknown request is refused with 400 and not 404."""
    if call.status == 404:
        call.status = 400


@planted("answer", found="unknown-id", at="gmi.getRequest.requestNotFound", on="getRequest")
def other_text(call: Call) -> None:
    """An unknown request is told in other words."""
    if call.status == 404:
        call.body["error"] = "No such thing"


@planted("answer", found="errors.form", at="gmi.getRequest.requestNotFound")
def other_shape(call: Call) -> None:
    """Errors have the shape of Runware's."""
    if call.status >= 400 and isinstance(call.body, dict):
        call.body = {"errors": [{"code": "notFound", "message": str(call.body.get("error"))}]}


@planted("question", found="wrong-key", at="gmi.listRequests.unauthorized")
def key_not_read(call: Call) -> None:
    """A wrong key is as good as any."""
    call.sent["authorization"] = f"Bearer {call.memory['key']}"


@planted("question", found="wrong-verb", at="gmi.submitRequest.methodNotAllowed")
def verb_not_read(call: Call) -> None:
    """A PUT of a request begins it as a POST does."""
    if call.path.endswith("/requests") and call.method not in ("GET", "POST"):
        call.method = "POST"


@planted("answer", found="error-as-declared", at="gmi.listRequests.invalidLimit", on="listRequests")
def rare_500(call: Call) -> None:
    """A list that is paged breaks down."""
    if "limit=" in call.query:
        call.status, call.body = 500, {"error": "Internal error"}


@planted("question", found="refused", at="gmi.submitRequest.broken.heygen-avatar-4", on="submitRequest")
def width_not_checked(call: Call) -> None:
    """A picture that is too wide is taken for the widest."""
    payload = call.asked.get("payload") if isinstance(call.asked, dict) else None
    dimension = payload.get("dimension") if isinstance(payload, dict) else None
    if isinstance(dimension, dict) and isinstance(dimension.get("width"), int):
        dimension["width"] = min(1920, dimension["width"])


@planted("answer", found="accepted", at="gmi.submitRequest.valid.heygen-avatar-4", on="submitRequest")
def one_style_refused(call: Call) -> None:
    """A request is refused where an avatar is to be in a circle, which is one of the styles."""
    if call.status < 300 and '"circle"' in str(call.asked).replace("'", '"'):
        call.status, call.body = 400, {"error": "invalid payload"}


@planted("answer", found="gmi.failures-agree", at="gmi.getRequest.generationFailed", on="getRequest")
def two_reasons(call: Call) -> None:
    """A request that failed tells one reason in its record and another in its outcome."""
    if call.body.get("status") == "failed":
        call.body["error"] = "It failed."


@planted("answer", found="error-as-declared", at="gmi.getRequest.generationFailed", on="getRequest")
def no_reason(call: Call) -> None:
    """A request that failed does not say why."""
    if call.body.get("status") == "failed":
        call.body["outcome"] = {"error": "failed"}
        call.body.pop("error", None)


@planted("answer", found="gmi.rate-limit", at="gmi.submitRequest.rateLimitExceeded", on="submitRequest")
def no_time_to_wait(call: Call) -> None:
    """Whoever was too quick is not told when to come again."""
    if call.status == 429:
        call.body.pop("rate_limit", None)
