"""What is planted where few look."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from planted.broken import Stand
from planted.planting import Call, planted

#: The probes that read lists of requests.
_LISTED = "gmi.submitRequest.listed.heygen-avatar-4 gmi.submitRequest.listed.heygen-avatar-v4"


def _without(call: Call, name: str) -> None:
    call.query = "&".join(part for part in call.query.split("&") if not part.startswith(f"{name}="))


@planted("question", found="gmi.lists", at=_LISTED, on="listRequests")
def limit_not_read(call: Call) -> None:
    """A list is as long as it is, whatever was asked for."""
    _without(call, "limit")


@planted("question", found="lifecycle.ends", at=_LISTED, on="listRequests")
def offset_not_read(call: Call) -> None:
    """Every page of a list is the first."""
    _without(call, "offset")


@planted("question", found="gmi.ids-echoed", at=_LISTED, on="listRequests")
def filter_not_read(call: Call) -> None:
    """A list of one model's requests has those of all."""
    _without(call, "model_id")


@planted("answer", found="lifecycle.ends", at="segmind.submitModel.listed.heygen-avatar-iv", on="listHistory")
def history_misses_one(call: Call) -> None:
    """The history leaves out the newest request."""
    del call.body["requests"][:1]


@planted("answer", found="money.balance", at="segmind.runModel.money.heygen-avatar-iv", on="runModel")
def wrong_cost_of_a_file(call: Call) -> None:
    """A file's `x-cost` is a tenth too low."""
    if "x-cost" in call.headers:
        call.headers["x-cost"] = str(round(float(call.headers["x-cost"]) * 0.9, 4))


@planted("answer", found="money.balance", at="segmind.runModel.money.heygen-avatar-iv", on="runModel")
def wrong_rest(call: Call) -> None:
    """A file's `x-remaining-credits` is a credit too high."""
    if "x-remaining-credits" in call.headers:
        call.headers["x-remaining-credits"] = str(float(call.headers["x-remaining-credits"]) + 1)


@planted(
    "answer",
    found="money.balance",
    at="segmind.submitModel.money.heygen-avatar-iv",
    on="getStatus getResult getRequest",
)
def wrong_rest_in_metrics(call: Call) -> None:
    """A job's `remaining_credits` are a credit too many."""
    if (call.body or {}).get("metrics", {}).get("remaining_credits"):
        call.body["metrics"]["remaining_credits"] += 1


@planted("question", found="declared", at="gmi.getMedia.206")
def range_not_read(call: Call) -> None:
    """A file comes whole where a part of it was asked for."""
    call.sent.pop("range", None)


@planted("answer", found="declared", at="gmi.getMedia.206", on="getMedia")
def other_range(call: Call) -> None:
    """A part of a file is one byte longer than was asked for."""
    if call.status == 206:
        call.content += b"x"


def _change_first_byte(call: Call) -> None:
    if call.status == 200:
        call.content = b"?" + call.content[1:]


@planted("answer", found="accepted", at="gmi.getFile.typical", on="getFile")
def other_upload(call: Call) -> None:
    """What was uploaded comes back with its first byte changed."""
    _change_first_byte(call)


@planted("answer", found="accepted", at="segmind.getAsset.typical", on="getAsset")
def other_asset(call: Call) -> None:
    """What was uploaded comes back with its first byte changed."""
    _change_first_byte(call)


@planted("answer", found="runware.details-agree", at="runware.getTaskDetails.typical", on="getTaskDetails")
def other_request_in_details(call: Call) -> None:
    """A task's details tell other words than were to be said."""
    for item in call.body.get("data", ()):
        for task in item.get("request", ()):
            task["speech"] = {"text": "Something else."}


@planted("answer", found="lifecycle.ends", at="runware.videoInference.several.heygen:avatar@4", on="getResponse")
def one_of_two(call: Call) -> None:
    """Of two results one never comes."""
    for name in ("data",):
        if len(call.body.get(name, ())) > 1:
            del call.body[name][1:]


@planted("question", found="runware.schema", at="runware.videoInference.price-answer")
def dry_run_is_run(call: Call) -> None:
    """A dry run begins a job that is paid for."""
    call.sent.pop("x-runware-dry-run", None)
    _without(call, "dryRun")


@planted("answer", found="lifecycle.ends", at="gmi.submitRequest.lifecycle.heygen-avatar-4", on="getRequest")
def forgotten_submit(call: Call) -> None:
    """A request that was accepted is not there when it is asked about."""
    call.status, call.body = 404, {"error": "Request not found"}


@planted("answer", found="lifecycle.ends", at="gmi.submitRequest.lifecycle.heygen-avatar-4", on="getRequest")
def fails_for_no_reason(call: Call) -> None:
    """A request that nothing is wrong with fails."""
    if call.body.get("status") == "success":
        call.body["status"], call.body["outcome"] = "failed", {"error": {"message": "Generation failed"}}


@planted("answer", found="error-as-declared", at="runware.videoInference.conflictTaskUUID", on="videoInference")
def taken_twice(call: Call) -> None:
    """A task whose id was used before is acknowledged again."""
    if call.status == 409 or "conflict" in str(call.body):
        call.status = 200
        call.body = {"data": [{"taskType": "videoInference", "taskUUID": call.asked[0]["taskUUID"]}]}


@contextmanager
def _a_cent_each(stand: Stand, *, of: str) -> Iterator[None]:
    """Take a cent for every answer to a path that ends so."""
    engine = stand.server.engine

    async def charge(path: str) -> None:
        if path.endswith(of):
            for one in engine.accounts.all():
                one.ledger.credit(-10_000, one.clock.now())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stand.broken, "before_answers", charge)
        yield


@planted("emulator", found="money.balance", at="segmind.submitModel.money.heygen-avatar-iv")
def polls_cost(stand: Stand) -> AbstractContextManager[None]:
    """Whoever asks how a job is pays a cent for it."""
    return _a_cent_each(stand, of="/status")


@planted("emulator", found="idempotent.poll", at="segmind.submitModel.asking.heygen-avatar-iv")
def lists_cost(stand: Stand) -> AbstractContextManager[None]:
    """Whoever reads the history pays a cent for it."""
    return _a_cent_each(stand, of="/request-history")


@planted("answer", found="accepted", at="runware.videoInference.valid.heygen:avatar@4", on="videoInference")
def shorter_than_promised(call: Call) -> None:
    """A speech of more than a thousand characters is refused."""
    task = call.asked[0] if isinstance(call.asked, list) and call.asked else {}
    text = (task.get("speech") or {}).get("text") if isinstance(task, dict) else ""
    if call.status < 300 and len(str(text)) > 1000:
        error = {"code": "invalidSpeechText", "message": "Too long.", "taskUUID": task.get("taskUUID")}
        call.status, call.body = 400, {"data": [], "errors": [error]}


@planted("answer", found="accepted", at="gmi.submitRequest.valid.heygen-avatar-4", on="submitRequest")
def narrower_than_promised(call: Call) -> None:
    """The smallest width there is is refused."""
    payload = call.asked.get("payload") if isinstance(call.asked, dict) else None
    dimension = (payload or {}).get("dimension") or {}
    if call.status < 300 and dimension.get("width", 999) <= 128:
        call.status, call.body = 400, {"error": "invalid payload"}


@planted("answer", found="content-type", at="gmi.listModels.typical", on="listModels")
def trailing_garbage(call: Call) -> None:
    """JSON is followed by something that is none."""
    call.content += b"<!-- served by backend-7 -->"


@planted("answer", found="declared", at="gmi.submitRequest.typical", on="submitRequest")
def created(call: Call) -> None:
    """A submit is answered with 201 and not 200."""
    if call.status == 200:
        call.status = 201


@planted("answer", found="declared", at="gmi.getRequest.typical", on="getRequest")
def elsewhere(call: Call) -> None:
    """A poll leads elsewhere."""
    call.status, call.body = 302, None
    call.content, call.headers["location"] = b"", "/elsewhere"


@planted(
    "answer", found="gmi.payload-echoed", at="gmi.submitRequest.valid.heygen-avatar-4", on="getRequest listRequests"
)
def mangled_letters(call: Call) -> None:
    """Letters beyond ASCII come back as two others."""
    call.content = call.content.decode().encode("latin-1", "replace").decode("latin-1").encode()


@planted("webhook", found="runware.webhooks-agree", at="runware.tellWebhook.heygen:avatar@4")
def webhook_without_cost(body: Any, memory: dict[str, Any]) -> list[Any]:
    """A webhook leaves out the cost that was asked for."""
    for item in body.get("data", [body]):
        item.pop("cost", None)
    return [body]
