"""What any recording of a conversation with GMI Cloud's queue must keep about what comes of a request."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from understudy_contracts.provider import contract

from .check import Notes, Rules
from .gmi_record import Record, asked, payload_of
from .prices import is_told

RULES: Rules[Record] = Rules("gmi")

_PAGE = "GMI model page, HeyGen Avatar 4"
_RECORDS = "live records of deployed clients, 2026 (observed)"


@RULES.check(
    "payload-echoed",
    why="After a lost answer a client knows its request by the payload alone; without it, it pays twice.",
    sources=(_PAGE, f"{_RECORDS}; the switch payload-echo has the other reading"),
)
def payload_echoed(record: Record, notes: Notes) -> None:
    """A record shows the payload exactly as it was sent."""
    if record.switches["payload-echo"] != "verbatim":
        return
    for uuid, request in record.requests.items():
        if not request.submits:
            continue
        sent = _written(asked(request.submits[0]).get("payload"))
        for exchange, item in request.records:
            notes.look()
            if _written(item.get("payload")) != sent:
                notes.find(f"the payload of {uuid} is not the one that was sent", exchange)


@RULES.check(
    "outcomes",
    why="What a model promises and an outcome lacks is a video that nobody can fetch.",
    sources=(_PAGE, "GMI docs, video API reference", f"other models: {_RECORDS}"),
)
def outcomes(record: Record, notes: Notes) -> None:
    """A success comes to what its model promises, as many as were asked for, its media numbered from "0"."""
    models = contract("gmi").models
    for uuid, request in record.requests.items():
        for exchange, item in request.records:
            outcome, model = item.get("outcome"), models.get(str(item.get("model")))
            if item.get("status") != "success" or not isinstance(outcome, Mapping) or model is None:
                continue
            notes.look()
            if lacking := [name for name in model.outcome if name not in outcome]:
                notes.find(f"the outcome of {uuid} lacks {', '.join(lacking)}", exchange)
            if not isinstance(media := outcome.get("media_urls", []), list):
                continue
            numbers = [one.get("id") for one in media if isinstance(one, Mapping)]
            if numbers != [str(index) for index in range(len(media))]:
                notes.find(f"the media of {uuid} are numbered {numbers}", exchange)
            payload = payload_of(request, item, record.switches)
            if "media_urls" not in outcome or model.output.count_field is None or payload is None:
                continue
            if len(media) != (wanted := model.output.count_of(payload)):
                notes.find(f"{uuid} came to {len(media)} files and not {wanted}", exchange)


@RULES.check(
    "length",
    why="A video is cut, placed and paid for by its length.",
    sources=(f"{_PAGE}: duration, in seconds", "the length of silence and of what is asked in seconds: the payload"),
)
def length(record: Record, notes: Notes) -> None:
    """A success tells a length of more than nothing; of what was asked in seconds, exactly that one."""
    models = contract("gmi").models
    for uuid, request in record.requests.items():
        for exchange, item in request.records:
            outcome, payload = item.get("outcome"), payload_of(request, item, record.switches)
            seconds = outcome.get("duration") if isinstance(outcome, Mapping) else None
            if item.get("status") != "success" or not isinstance(seconds, int | float):
                continue
            notes.look()
            model = models.get(str(item.get("model")))
            if seconds <= 0:
                notes.find(f"{uuid} lasts {seconds} s", exchange)
            elif model is not None and payload is not None and is_told(model, payload):
                wanted = model.duration.seconds(payload)
                if abs(seconds - wanted) > 0.001:
                    notes.find(f"{uuid} lasts {seconds} s where {wanted} s were asked for", exchange)


@RULES.check(
    "failures-agree",
    why="Some clients read error, others outcome.error: they must not tell their users two reasons.",
    sources=("outcome.error: deployed clients' records, 2026 (observed)", "error: several clients read it (inferred)"),
    scope="exchange",
)
def failures_agree(record: Record, notes: Notes) -> None:
    """A record that tells in two places why it failed tells the same in both."""
    for request in record.requests.values():
        for exchange, item in request.records:
            outcome, error = item.get("outcome"), item.get("error")
            inner = outcome.get("error") if isinstance(outcome, Mapping) else None
            text = inner.get("message") if isinstance(inner, Mapping) else inner
            if isinstance(error, str) and isinstance(text, str):
                notes.look()
                if error != text:
                    notes.find(f"the reason is {text!r} and {error!r}", exchange)


def _written(value: object) -> bytes:
    # As JSON, for there 1 and 1.0 and true are three things.
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
