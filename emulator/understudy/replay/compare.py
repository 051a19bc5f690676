"""Whether an exchange came out as it is on the record."""

import re
from collections.abc import Mapping
from typing import Any

from understudy.engine import Engine
from understudy.journal import Exchange
from understudy.journal.export import OURSELVES, answered
from understudy.journal.redaction import redacted

from .names import Names

#: Headers that tell of a file on a disk, or of the moment.
_INCIDENTAL = frozenset({"last-modified", "etag", "date", "server"})

#: Moments, as they are written in answers: by ISO, and in unix seconds or milliseconds.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?|\b1[5-9]\d{8}(?:\d{3})?(?:\.\d+)?\b")

_FACTS = ("provider", "operation", "model", "job", "account")

Finding = tuple[str, str, str]


def first_difference(
    recorded: Mapping[str, Any], replayed: Exchange, names: Names, engine: Engine, *, still: bool
) -> Finding | None:
    """What differs first, as it was and as it is; None when nothing does that counts.

    On a clock that flowed, moments within an answer may differ.
    """
    account = None if replayed.account is None else engine.accounts.by_id(replayed.account)
    seen = redacted(replayed, () if account is None else (account.key,), names.own)
    names.learn_addresses(replayed.response_body.decode("utf-8", "replace"))
    response = recorded["response"]
    if response["status"] != replayed.status and recorded["ended"] != "hung up":
        return (
            "status",
            _told(response["status"], response.get("body")),
            _told(replayed.status, _text(seen.response_body)),
        )
    if recorded["provider"] == OURSELVES:
        names.same(response.get("body", ""), _text(seen.response_body))
        return None
    for name in _FACTS:
        was, now = recorded[name], getattr(replayed, name)
        if was != now and not (was and now and names.same(str(was), seen.clean(str(now)))):
            return name, str(was), str(now)
    was, now = list(recorded["faults"]), [seen.clean(fault) for fault in replayed.faults]
    if was != now:
        return "what struck it", ", ".join(was) or "nothing", ", ".join(now) or "nothing"
    if recorded["ended"] == "hung up":
        return None
    if recorded["ended"] not in (replayed.ended, "reset", "silent"):
        return "how it ended", recorded["ended"], replayed.ended
    was, now = _headers(response["headers"]), _headers(seen.response_headers)
    if not names.same(was, now) and (still or not names.same(_timeless(was), _timeless(now))):
        return "a header of the answer", was, now
    return _body_difference(response, answered(replayed, seen), names, still=still)


def first_frame_difference(was: str, now: str, recorded: Mapping[str, Any], names: Names) -> Finding | None:
    """What differs of a frame."""
    frame = Exchange(0, 0.0, "websocket", "PUSH", recorded["request"]["target"], [])
    frame.said_frame(now)
    seen = redacted(frame, (), names.own).response_body.decode()
    return None if names.same(was, seen) else ("a frame", was, seen)


def _body_difference(was: Mapping[str, Any], now: Mapping[str, Any], names: Names, *, still: bool) -> Finding | None:
    if "body" in was:
        before, after = was["body"], now.get("body", "")
        if names.same(before, after) or (not still and names.same(_timeless(before), _timeless(after))):
            return None
        return "the body of the answer", before, after
    if was.get("sha256") != now.get("sha256"):
        return "the bytes of the answer", f"sha256 {was.get('sha256')}", f"sha256 {now.get('sha256')}"
    return None


def _headers(pairs: list[Any]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in pairs if name.lower() not in _INCIDENTAL)


def _timeless(text: str) -> str:
    return _MOMENT.sub("(a moment)", text)


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


def _told(status: int | None, body: str | None) -> str:
    return f"{status}\n{body or ''}"
