"""Bytes in and bytes out over plain ASGI: what every provider's routes share, kept off the slow paths."""

import re
from functools import lru_cache
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

JSON_HEADERS = (b"content-type", b"application/json; charset=utf-8")

#: What a Host header can be; anything else is not copied into answers.
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

#: How much of a refused body is read and dropped, so that the sender gets to see the answer.
_DRAIN = 64 * 1024 * 1024


#: How deep JSON may be nested: far beyond any contract, and safely within what every library here can walk.
MAX_DEPTH = 128


class BadJson(ValueError):
    """A body is not JSON that can be worked with; `str()` says why, to be read after "Here,"."""


class BodyTooLarge(Exception):
    """The request's body is larger than the server reads."""


class ClientGone(Exception):
    """The caller hung up before its request was complete."""


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole request body; raises BodyTooLarge above `limit` bytes, ClientGone when the caller hung up."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > limit:
            raise BodyTooLarge
        return body
    chunks: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        else:
            chunks.clear()
        if not message.get("more_body") or size > limit + _DRAIN:
            break
        message = await receive()
    if size > limit:
        raise BodyTooLarge
    return b"".join(chunks)


async def hung_up(receive: Receive) -> None:
    """Return when the caller of a request that was read to its end hangs up."""
    while (await receive())["type"] != "http.disconnect":
        pass


def parse_json(body: bytes) -> Any:
    """The JSON document in a body; raises BadJson, also for one nested deeper than `MAX_DEPTH`."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise BadJson(f"it is not JSON ({problem})" if body else "it is empty") from None
    # Counting brackets costs nothing; only what has many of them can be deep and is worth a walk.
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and _depth(document) > MAX_DEPTH:
        raise BadJson(f"it is nested more than {MAX_DEPTH} levels deep")
    return document


def _depth(document: Any) -> int:
    level, depth = [document], 0
    while level := [
        child
        for parent in level
        if isinstance(parent, dict | list)
        for child in (parent.values() if isinstance(parent, dict) else parent)
    ]:
        depth += 1
    return depth


async def send_json(send: Send, status: int, document: Any, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    """Answer with a JSON document."""
    # The journal keeps it.
    body = kept_json(document)
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [JSON_HEADERS, length, *headers]})
    await send({"type": "http.response.body", "body": body})


def header(scope: Scope, name: bytes) -> str | None:
    """A request header by its lower-case name."""
    for key, value in scope["headers"]:
        if key == name:
            return said_in(value)
    return None


def said_in(value: bytes) -> str:
    """What a header says: UTF-8, as everything else here, or what else its bytes can only be."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def bearer(authorization: str | None) -> str:
    """The key or token of an `Authorization: Bearer …` header; empty when there is none of that kind."""
    scheme, _, credentials = (authorization or "").partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else ""


def kept_json(document: Any) -> bytes:
    """A JSON document as bytes that are going to be kept: orjson hands out its whole buffer, several times the text."""
    return bytes(memoryview(orjson.dumps(document)))


def origin(scope: Scope, public_url: str | None) -> str:
    """Where the caller reached us, such as `http://127.0.0.1:8899`: every URL in an answer starts with it.

    A gateway in front of us tells how it was reached itself: the host here, the scheme to uvicorn.
    """
    if public_url is not None:
        return public_url
    host = header(scope, b"x-forwarded-host") or header(scope, b"host")
    return _origin(scope["scheme"], host, *(scope.get("server") or ("localhost", None)))


@lru_cache(maxsize=256)
def _origin(scheme: str, host: str | None, server: str, port: int | None) -> str:
    # Every job remembers the origin it was asked for at: those that share one share its text, too.
    if not host or not _HOST.fullmatch(host):
        host = server if port is None else f"{server}:{port}"
    return f"{scheme}://{host}"


def is_text(text: str) -> bool:
    """Whether a text can be written down: half a character of UTF-16, which can be in JSON, cannot."""
    return not any("\ud800" <= char <= "\udfff" for char in text)
