"""A journal as an HTTP Archive (HAR 1.2), which browsers and many tools open."""

import base64
import hashlib
from collections.abc import Iterable
from http.client import responses
from typing import Any
from urllib.parse import parse_qsl

from understudy import __version__
from understudy.moments import iso

from .exchange import Exchange
from .media import content_type, is_media
from .redaction import Redacted, redacted
from .shown import brief

#: How a browser's archive calls the two directions: it speaks for the peer.
_SENT, _RECEIVED = "send", "receive"

_TEXT_FRAME = 1


def har(exchanges: Iterable[Exchange], known: Iterable[str] = ()) -> dict[str, Any]:
    """The archive of these exchanges, without secrets; what a WebSocket carried is told as Chrome does."""
    archive = Archive(known)
    for exchange in exchanges:
        archive.add(exchange)
    return archive.document(archive.entries)


class Archive:
    """An archive that comes together exchange by exchange, as they began."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._secrets = tuple(known)
        self._connections: dict[int, dict[str, Any]] = {}
        #: The entries so far; that of a connection grows.
        self.entries: list[dict[str, Any]] = []

    def add(self, exchange: Exchange) -> None:
        """Put an exchange into it."""
        seen = redacted(exchange, self._secrets)
        if exchange.connection is None:
            self.entries.append(_entry(exchange, seen))
            return
        entry = self._connections.get(exchange.connection)
        if entry is None:
            entry = self._connections[exchange.connection] = _handshake(exchange, seen)
            self.entries.append(entry)
        entry["_webSocketMessages"] += _messages(exchange, seen)

    @staticmethod
    def document(entries: list[Any]) -> dict[str, Any]:
        """The archive of these entries."""
        creator = {"name": "understudy", "version": __version__}
        return {"log": {"version": "1.2", "creator": creator, "pages": [], "entries": entries}}


def _entry(exchange: Exchange, seen: Redacted) -> dict[str, Any]:
    milliseconds = exchange.seconds * 1000
    facts = {
        "number": exchange.number,
        "provider": exchange.provider,
        "operation": exchange.operation,
        "model": exchange.model and seen.clean(exchange.model),
        "account": exchange.account,
        "job": exchange.job and seen.clean(exchange.job),
        "faults": [seen.clean(name) for name in exchange.faults],
        "considered": [{"rule": rule, "why": seen.clean(why)} for rule, why in exchange.reasons],
        "ended": exchange.ended,
    }
    return {
        "startedDateTime": iso(exchange.at),
        "time": milliseconds,
        "request": _request(exchange, seen),
        "response": _response(exchange, seen),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "connection": exchange.peer.rpartition(":")[2] or "0",
        "_understudy": facts,
    }


def _handshake(exchange: Exchange, seen: Redacted) -> dict[str, Any]:
    """The entry of a connection, made of what comes first of it: of the handshake, unless that was left out."""
    entry = _entry(exchange, seen)
    entry |= {"_resourceType": "websocket", "_webSocketMessages": []}
    entry["request"] |= {"method": "GET", "bodySize": 0}
    entry["request"].pop("postData", None)
    entry["response"] |= {"status": 101, "statusText": "Switching Protocols", "bodySize": 0}
    entry["response"]["content"] = {"size": 0, "mimeType": "x-unknown"}
    return entry


def _messages(exchange: Exchange, seen: Redacted) -> list[dict[str, Any]]:
    told = []
    if exchange.method == "SEND":
        told.append(_message(_SENT, exchange.at, seen.request_body))
    if exchange.frames and exchange.method in ("SEND", "PUSH"):
        moment = exchange.at if exchange.finished is None else exchange.finished
        told += [_message(_RECEIVED, moment, frame) for frame in seen.response_body.split(b"\n")]
        if (digest := exchange.response_digest) is not None:
            told[-1]["comment"] = (
                f"cut: of {exchange.frames} frames {exchange.whole_frames} are here from beginning to end; "
                f"they are {exchange.response_size} bytes, sha256 {digest.hexdigest()}"
            )
    return told


def _message(direction: str, moment: float, frame: bytes) -> dict[str, Any]:
    return {"type": direction, "time": moment, "opcode": _TEXT_FRAME, "data": brief(frame.decode("utf-8", "replace"))}


def _request(exchange: Exchange, seen: Redacted) -> dict[str, Any]:
    headers = dict(seen.request_headers)
    target = seen.target
    url = target if "://" in target else f"{exchange.scheme}://{headers.get('host', 'localhost')}{target}"
    shown: dict[str, Any] = {
        "method": exchange.method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(seen.request_headers),
        "queryString": _pairs(parse_qsl(target.partition("?")[2], keep_blank_values=True)),
        "headersSize": -1,
        "bodySize": exchange.request_size,
    }
    if exchange.request_size:
        kind = content_type(exchange.request_headers)
        text, _, why = _text(seen.request_body, kind, exchange.request_size, exchange.request_digest, binary=False)
        shown["postData"] = {"mimeType": kind or "x-unknown", "text": text or "", **why}
    return shown


def _response(exchange: Exchange, seen: Redacted) -> dict[str, Any]:
    headers = dict(seen.response_headers)
    kind = content_type(exchange.response_headers)
    content: dict[str, Any] = {"size": exchange.response_size, "mimeType": kind or "x-unknown"}
    if exchange.response_size:
        text, encoding, why = _text(
            seen.response_body, kind, exchange.response_size, exchange.response_digest, binary=True
        )
        content |= why
        if text is not None:
            content["text"] = text
        if encoding is not None:
            content["encoding"] = encoding
    status = exchange.status or 0
    return {
        "status": status,
        "statusText": responses.get(status, ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(seen.response_headers),
        "content": content,
        "redirectURL": headers.get("location", ""),
        "headersSize": -1,
        "bodySize": exchange.response_size,
    }


def _text(
    body: bytes, kind: str, size: int, digest: Any, *, binary: bool
) -> tuple[str | None, str | None, dict[str, str]]:
    """A body as text, how that is encoded, and a comment where it is not all of it."""
    told = f"{size} bytes, sha256 {(digest or hashlib.sha256(body)).hexdigest()}"
    if is_media(kind, body):
        return None, None, {"comment": told}
    why = {} if digest is None else {"comment": f"cut: {told}"}
    try:
        return brief(body.decode("utf-8", "strict" if digest is None else "replace")), None, why
    except UnicodeDecodeError:
        if binary:
            return base64.b64encode(body).decode(), "base64", why
        return None, None, {"comment": told}


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]
