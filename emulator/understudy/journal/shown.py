"""How an exchange is shown: as a JSON document without secrets, and without the bytes of media."""

import base64
import hashlib
import re
from collections.abc import Iterable
from typing import Any

import orjson

from understudy.moments import iso
from understudy.wire import BadJson, parse_json

from .exchange import Exchange, Headers
from .media import content_type, is_media
from .redaction import Redacted, redacted

_DATA_URI = re.compile(
    r"(data:[\w.+-]{1,100}/[\w.+-]{1,100}(?:;[^,;\s]{1,100}){0,5},)?(?<![A-Za-z0-9+/_-])([A-Za-z0-9+/_-]{2048,}={0,2})"
)
_LONG = 2048
_HEXADECIMAL = re.compile("[0-9a-f]+")

#: What is written where something was taken out.
_REMOVED = "redacted"


def document(exchange: Exchange, known: Iterable[str] = ()) -> dict[str, Any]:
    """One exchange as JSON. `known` are secrets that an exchange can hold without its being seen in it."""
    seen = redacted(exchange, known)
    clean = seen.clean
    shown: dict[str, Any] = {
        "number": exchange.number,
        "at": iso(exchange.at),
        "time": exchange.at,
        "transport": exchange.transport,
        "provider": exchange.provider,
        "operation": exchange.operation,
        "model": exchange.model and clean(exchange.model),
        "account": exchange.account,
        "job": exchange.job and clean(exchange.job),
        "request": {
            "method": exchange.method,
            "target": seen.target,
            "headers": seen.request_headers,
            **body(seen.request_body, exchange.request_headers, exchange.request_size, exchange.request_digest),
        },
        "response": _response(exchange, seen),
        "seconds": exchange.seconds,
        "faults": [clean(name) for name in exchange.faults],
        "considered": [{"rule": rule, "why": clean(why)} for rule, why in exchange.reasons],
        "ended": exchange.ended,
    }
    if exchange.connection is not None:
        shown["connection"] = exchange.connection
    return shown


def target(exchange: Exchange) -> str:
    """The path and the query of an exchange, without secrets."""
    return redacted(exchange).target if "?" in exchange.target else exchange.target


def mentions(exchange: Exchange, text: str, known: Iterable[str] = ()) -> bool:
    """Whether what is shown of an exchange holds a text, in either case."""
    wanted = text.lower()
    bodies = _read(exchange)
    raw = b"\n".join((exchange.target.encode(), *bodies, *_flat(exchange)))
    # Escapes can hide a text from a look at the bytes; anything else cannot, and most exchanges hold none.
    plain = wanted.isascii() and b"\\" not in raw and b"%" not in raw and not (wanted in _REMOVED or _REMOVED in wanted)
    if len(bodies) < 2 and _HEXADECIMAL.fullmatch(wanted):
        # It may be a part of the digest that stands for a body.
        plain = False
    if plain and wanted.encode() not in raw.lower():
        return wanted in _told(exchange)
    return wanted in orjson.dumps(document(exchange, known)).decode().lower()


def _read(exchange: Exchange) -> list[bytes]:
    """The bodies that are not told by their digest."""
    sides = (
        (exchange.request_headers, exchange.request_body),
        (exchange.response_headers, exchange.response_body),
    )
    return [content for headers, content in sides if not is_media(content_type(headers), content)]


def _flat(exchange: Exchange) -> list[bytes]:
    headers = [*exchange.request_headers, *exchange.response_headers]
    return [part for pair in headers for part in pair]


def _told(exchange: Exchange) -> str:
    facts = (exchange.provider, exchange.operation, exchange.model, exchange.job, exchange.account, exchange.method)
    reasons = (why for pair in exchange.reasons for why in pair)
    return "\n".join([*(fact for fact in facts if fact), *exchange.faults, *reasons]).lower()


def _response(exchange: Exchange, seen: Redacted) -> dict[str, Any] | None:
    if exchange.status is None and not exchange.response_size and not exchange.frames:
        return None
    shown = body(seen.response_body, exchange.response_headers, exchange.response_size, exchange.response_digest)
    if exchange.frames > 1 or (exchange.frames and not exchange.response_size):
        shown.pop("body", None)
        shown["frames"] = [_frame(frame) for frame in seen.response_body.split(b"\n")]
    if exchange.frames and shown.get("cut"):
        shown |= {"frames_said": exchange.frames, "frames_whole": exchange.whole_frames}
    return {"status": exchange.status, "headers": seen.response_headers, **shown}


def body(content: bytes, headers: Headers | tuple[()], size: int, digest: Any) -> dict[str, Any]:
    """A body: `body` as JSON, as text, or in base64, with its `size`; of media and the like a `media`."""
    if not size:
        return {"size": 0}
    shown: dict[str, Any] = {"size": size}
    if digest is not None:
        # The digest of all of it tells more than the end that is missing.
        shown |= {"cut": True, "sha256": digest.hexdigest()}
    kind = content_type(headers)
    if is_media(kind, content):
        sha256 = digest or hashlib.sha256(content)
        return {"size": size, "media": {"type": kind or None, "size": size, "sha256": sha256.hexdigest()}}
    try:
        return {**shown, "body": _brief(parse_json(content))}
    except BadJson:
        pass
    try:
        text = content.decode()
    except UnicodeDecodeError as problem:
        if digest is None or problem.start < len(content) - 4:
            return {**shown, "encoding": "base64", "body": base64.b64encode(content).decode()}
        text = content[: problem.start].decode()
    return {**shown, "body": _brief(text)}


def _frame(content: bytes) -> Any:
    """What was said in one frame: JSON, unless a fault or the journal's bound left it none."""
    try:
        return _brief(parse_json(content))
    except BadJson:
        return brief(content.decode("utf-8", "replace"))


def _brief(value: Any) -> Any:
    """A document with the media in its texts told by size and digest."""
    match value:
        case str():
            return brief(value)
        case dict():
            return {name: _brief(inner) for name, inner in value.items()}
        case list():
            return [_brief(inner) for inner in value]
        case _:
            return value


def brief(text: str) -> str:
    """A text with the media in it told by size and digest."""
    return _DATA_URI.sub(_told_media, text) if len(text) > _LONG else text


def _told_media(found: re.Match[str]) -> str:
    digest = hashlib.sha256(found[2].encode()).hexdigest()
    return f"{found[1] or ''}({len(found[2])} characters of base64, sha256 {digest})"
