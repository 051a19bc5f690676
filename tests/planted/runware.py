"""What is planted in Runware's part, over HTTP."""

from __future__ import annotations

from typing import Any

from planted.planting import Call, planted

_NOBODY = "00000000-0000-4000-8000-000000000000"


def _items(call: Call, *states: str) -> list[Any]:
    """What an answer tells of videos, in one of these states."""
    data = call.body.get("data", []) if isinstance(call.body, dict) else []
    return [item for item in data if item.get("taskType") == "videoInference" and item.get("status") in states]


def _task(call: Call) -> Any:
    """The first task that was posted."""
    return call.asked[0] if isinstance(call.asked, list) and call.asked else {}


def _errors(call: Call, code: str) -> list[Any]:
    errors = call.body.get("errors", []) if isinstance(call.body, dict) else []
    return [error for error in errors if error.get("code") == code]


@planted("answer", found="runware.schema", at="runware.getResponse.typical", on="getResponse")
def dropped_field(call: Call) -> None:
    """A result has no `videoURL`."""
    for item in _items(call, "success"):
        del item["videoURL"]


@planted("answer", found="runware.schema", at="runware.getResponse.typical", on="getResponse")
def changed_type(call: Call) -> None:
    """A result tells its `seed` as a text."""
    for item in _items(call, "success"):
        item["seed"] = str(item["seed"])


@planted("answer", found="runware.schema", at="runware.getResponse.typical", on="getResponse")
def unknown_field(call: Call) -> None:
    """A result has a field that nobody knows."""
    for item in _items(call, "success"):
        item["fps"] = 25


@planted("answer", found="runware.schema", at="runware.getResponse.typical", on="getResponse")
def null_for_absent(call: Call) -> None:
    """A task that is processing tells its `videoURL` as null, where it has to be absent."""
    for item in _items(call, "processing"):
        item["videoURL"] = None


@planted("answer", found="runware.schema", at="runware.getResponse.typical", on="getResponse")
def extra_status(call: Call) -> None:
    """A task that waits has the state `queued`."""
    for item in _items(call, "processing"):
        item["status"] = "queued"


@planted(
    "answer", found="runware.only-forward", at="runware.videoInference.lifecycle.heygen:avatar@4", on="getResponse"
)
def backward_state(call: Call) -> None:
    """A task that has succeeded is processing again, every other time it is asked about."""
    for item in _items(call, "success") if call.nth() % 2 else ():
        for name in item.keys() - {"taskType", "taskUUID"}:
            del item[name]
        item["status"] = "processing"


@planted(
    "answer", found="runware.only-forward", at="runware.videoInference.lifecycle.heygen:avatar@4", on="getResponse"
)
def end_changes(call: Call) -> None:
    """A result that has ended has another seed each time it is asked about."""
    for item in _items(call, "success"):
        item["seed"] = call.nth()


@planted("answer", found="runware.one-end", at="runware.getResponse.typical", on="getResponse")
def result_twice(call: Call) -> None:
    """A poll lists a result twice."""
    call.body["data"] += _items(call, "success")


@planted("answer", found="runware.one-end", at="runware.getResponse.typical", on="getResponse")
def one_result_more(call: Call) -> None:
    """A task has one result more than was asked for."""
    for item in _items(call, "success")[:1]:
        url = item["videoURL"].replace(item["videoUUID"], _NOBODY)
        call.body["data"].append({**item, "videoUUID": _NOBODY, "videoURL": url})


@planted("answer", found="runware.ids-echoed", at="runware.videoInference.typical", on="videoInference")
def other_id(call: Call) -> None:
    """A submit is acknowledged under another task's id."""
    for item in _items(call, None):  # type: ignore[arg-type]
        item["taskUUID"] = _NOBODY


@planted("answer", found="runware.ids-echoed", at="runware.videoInference.typical", on="videoInference")
def no_acknowledgement(call: Call) -> None:
    """A submit is answered with an empty list."""
    if call.status < 300:
        call.body["data"] = []


@planted(
    "answer",
    found="runware.ids-unique",
    at="runware.videoInference.lifecycle.heygen:avatar@4 runware.getResponse.typical",
    on="getResponse",
)
def one_result_for_all(call: Call) -> None:
    """Every task has the result of the first."""
    for item in _items(call, "success"):
        item["videoUUID"] = call.memory.setdefault("video", item["videoUUID"])


@planted("answer", found="runware.files", at="runware.getResponse.typical", on="getResponse")
def other_file(call: Call) -> None:
    """The address of a result ends in another format than was asked for."""
    for item in _items(call, "success"):
        item["videoURL"] = item["videoURL"].replace(".mp4", ".webm")


@planted("answer", found="runware.money", at="runware.getResponse.typical", on="getResponse")
def unasked_cost(call: Call) -> None:
    """A result says what it cost where nobody asked."""
    for item in _items(call, "success"):
        item.setdefault("cost", 2.8372)


@planted("answer", found="money.balance", at="runware.videoInference.money.heygen:avatar@4", on="getResponse")
def wrong_cost(call: Call) -> None:
    """A result costs a tenth more than its seconds do."""
    for item in _items(call, "success"):
        if "cost" in item:
            item["cost"] *= 1.1


@planted(
    "answer", found="runware.only-forward", at="runware.videoInference.lifecycle.heygen:avatar@4", on="getResponse"
)
def moving_cost(call: Call) -> None:
    """A result costs a cent more each time it is asked about."""
    for item in _items(call, "success"):
        if "cost" in item:
            item["cost"] += call.nth() / 100


@planted("answer", found="error-as-declared", at="runware.videoInference.invalidModel", on="videoInference")
def other_code(call: Call) -> None:
    """A model that is no AIR is refused with another code."""
    for error in _errors(call, "invalidModel"):
        error["code"] = "invalidParameter"


@planted("answer", found="errors.declared", at="runware.videoInference.invalidModel", on="videoInference")
def unknown_code(call: Call) -> None:
    """A model that is no AIR is refused with a code that nobody knows."""
    for error in _errors(call, "invalidModel"):
        error["code"] = "badAir"


@planted("answer", found="error-as-declared", at="runware.videoInference.invalidWidth", on="videoInference")
def no_parameter(call: Call) -> None:
    """An error about a width names no parameter."""
    for error in _errors(call, "invalidWidth"):
        error.pop("parameter")


@planted("answer", found="error-as-declared", at="runware.videoInference.invalidWidth", on="videoInference")
def other_parameter(call: Call) -> None:
    """An error about a width names the height."""
    for error in _errors(call, "invalidWidth"):
        error["parameter"] = "height"


@planted("answer", found="errors.status", at="runware.videoInference.invalidModel", on="videoInference")
def other_status(call: Call) -> None:
    """A model that is no AIR is refused with 404 and not 400."""
    if _errors(call, "invalidModel"):
        call.status = 404


@planted("answer", found="errors.form", at="runware.videoInference.invalidModel", on="videoInference")
def other_shape(call: Call) -> None:
    """Errors have the shape of GMI Cloud's."""
    if call.status >= 400 and isinstance(call.body, dict):
        call.body = {"error": call.body["errors"][0]["message"]}


@planted("question", found="wrong-key", at="runware.accountManagement.invalidApiKey")
def key_not_read(call: Call) -> None:
    """A wrong key is as good as any."""
    call.sent["authorization"] = f"Bearer {call.memory['key']}"


@planted("question", found="error-as-declared", at="runware.videoInference.unsupportedParameter")
def strangers_not_seen(call: Call) -> None:
    """A parameter that nobody knows is not refused."""
    _task(call).pop("steps", None)


@planted("answer", found="accepted", at="runware.videoInference.typical", on="videoInference")
def one_value_refused(call: Call) -> None:
    """A task that is valid, but for the width of 1280, is refused."""
    if _task(call).get("width") == 1280 and call.status < 300:
        told = "The width is invalid."
        error = {"code": "invalidWidth", "message": told, "parameter": "width", "taskUUID": _task(call)["taskUUID"]}
        call.status, call.body = 400, {"data": [], "errors": [error]}


@planted("answer", found="content-type", at="runware.accountManagement.typical")
def json_as_text(call: Call) -> None:
    """Every answer that is JSON is called `text/plain`."""
    if call.body is not None:
        call.headers["content-type"] = "text/plain; charset=utf-8"


@planted("question", found="refused", at="runware.videoInference.broken.heygen:avatar@4", on="videoInference")
def length_not_checked(call: Call) -> None:
    """A speech of any length is accepted, and cut."""
    speech = _task(call).get("speech")
    if isinstance(speech, dict) and isinstance(speech.get("text"), str):
        speech["text"] = speech["text"][:1000]


@planted("question", found="refused", at="runware.videoInference.broken.heygen:avatar@4", on="videoInference")
def speed_not_checked(call: Call) -> None:
    """A speed that is too high is taken for the highest."""
    speech = _task(call).get("speech")
    if isinstance(speech, dict) and isinstance(speech.get("speed"), int | float):
        speech["speed"] = min(1.5, speech["speed"])


@planted("answer", found="refused", at="runware.videoInference.broken.heygen:avatar@4", on="videoInference")
def another_parameter(call: Call) -> None:
    """An error about anything of the speech names the speech alone."""
    for error in call.body.get("errors", ()):
        if isinstance(error.get("parameter"), str):
            error["parameter"] = error["parameter"].partition(".")[0]


@planted("answer", found="accepted", at="runware.videoInference.valid.heygen:avatar@4", on="videoInference")
def one_format_refused(call: Call) -> None:
    """A video as WEBM, which is one of three formats, is refused."""
    if _task(call).get("outputFormat") == "WEBM" and call.status < 300:
        error = {"code": "invalidOutputFormat", "message": "The output format is invalid."}
        call.status, call.body = 400, {"data": [], "errors": [{**error, "taskUUID": _task(call).get("taskUUID")}]}


@planted("answer", found="body-as-declared", at="runware.modelSearch.typical", on="modelSearch")
def bare_data(call: Call) -> None:
    """What was found comes without the object around it."""
    call.body = call.body["data"]


@planted("answer", found="runware.only-forward", at="runware.getResponse.processingFailed", on="getResponse")
def failure_vanishes(call: Call) -> None:
    """A task that failed is being processed again when it is asked about a second time."""
    if "errors" in call.body and call.nth() > 1:
        item = {"taskType": "videoInference", "taskUUID": _task(call)["taskUUID"], "status": "processing"}
        call.body = {"data": [item]}


@planted("answer", found="runware.failures-marked", at="runware.getResponse.processingFailed", on="getResponse")
def failure_without_state(call: Call) -> None:
    """The error of a task that failed does not say that it has the state `error`."""
    for error in call.body.get("errors", ()):
        error.pop("status", None)


@planted("answer", found="error-as-declared", at="runware.videoInference.gateway502", on="videoInference")
def gateway_in_json(call: Call) -> None:
    """A gateway's page is told in the provider's own shape."""
    if call.status == 502:
        error = {"code": "gateway502", "message": "Bad Gateway", "taskUUID": _task(call).get("taskUUID")}
        call.headers["content-type"], call.body = "application/json", {"data": [], "errors": [error]}
