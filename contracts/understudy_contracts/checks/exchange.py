"""What a recorded conversation is made of, and what can be wrong with it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import orjson

if TYPE_CHECKING:
    from httpx import Request, Response

Transport: TypeAlias = Literal["http", "websocket"]

_NONE: Mapping[str, str] = MappingProxyType({})

#: The headers that say who asks.
_SECRET = frozenset({"authorization", "x-api-key", "cookie", "proxy-authorization"})


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, bodies parsed."""

    #: The request's body; None where there was none.
    request: Any
    status: int
    #: The answer's body; None where it is no JSON.
    body: Any
    #: When it was answered, in seconds of any clock that only goes forward.
    at: float
    method: str = "POST"
    #: A path, or a whole URL with its query. With `method` it says what was asked where the body does not.
    path: str = ""
    #: The answer's headers, where they were recorded: names in lower case.
    headers: Mapping[str, str] = field(default_factory=lambda: _NONE)
    #: Whose part the other side spoke: `runware`, `gmi`, `segmind` or `heygen`.
    provider: str = ""
    #: Its name in `contract(provider).operations`, where it is known.
    operation: str = ""
    transport: Transport = "http"
    #: The request's headers: names in lower case. Keys have no place in a recording.
    sent: Mapping[str, str] = field(default_factory=lambda: _NONE)
    #: The answer's bytes, where it is no JSON: a file, a page.
    content: bytes = b""
    #: How long the answer took, by the machine's clock.
    seconds: float = 0.0

    @classmethod
    def of(
        cls, response: Response, *, provider: str, at: float | None = None, operation: str = "", request: Any = None
    ) -> Exchange:
        """Record an `httpx.Response`, and the request it answers; at once, unless `at` tells when it was answered.

        It may stand in an event hook: the response is read whole. Of an `httpx.AsyncClient` the hook has to say
        `await response.aread()` first. Keys are left out of the headers. `request` is the body that was sent, where it
        was a stream, which is read only once.
        """
        response.read()
        headers = {name.lower(): value for name, value in response.headers.items()}
        sent = {name.lower(): value for name, value in response.request.headers.items()}
        body = _parsed(response.content)
        return cls(
            request=_parsed(_sent(response.request)) if request is None else request,
            status=response.status_code,
            body=body,
            at=time.monotonic() if at is None else at,
            method=response.request.method,
            path=str(response.request.url),
            headers=headers,
            provider=provider,
            operation=operation,
            sent={name: value for name, value in sent.items() if name not in _SECRET},
            content=b"" if body is not None else response.content,
            seconds=_elapsed(response),
        )


@dataclass(frozen=True, slots=True)
class Webhook:
    """One body that a webhook address received."""

    body: Any
    at: float
    #: Who sent it; "" where the conversation it belongs to tells.
    provider: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: _NONE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule, with the exchange or webhook that shows it."""

    #: The name of the check, such as `runware.only-forward`.
    rule: str
    message: str
    exchange: Exchange | Webhook


def _parsed(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None


def _sent(request: Request) -> bytes:
    try:
        return request.content
    except RuntimeError:
        # A stream: it went out as it was read, and nobody kept it.
        return b""


def _elapsed(response: Response) -> float:
    try:
        return response.elapsed.total_seconds()
    except RuntimeError:
        # It was made by hand, and has taken no time.
        return 0.0
