"""A receiver for webhooks and uploads on this machine: it takes what comes, answers as told, and says what it got."""

import asyncio
import base64
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.types import Receive, Scope, Send

from .clock import Clock, FlowingClock
from .moments import iso
from .wire import BadJson, parse_json

if TYPE_CHECKING:
    import httpx

#: The largest body that is taken, in bytes: an upload may be a film.
LARGEST = 256 * 1024 * 1024

#: Real seconds in which the one that a delivery is forwarded to has to answer.
PATIENCE = 60.0

#: The status of what is refused because the first so many are to fail, and of what is not taken at all.
FAILING, TOO_LARGE = 503, 413

#: Headers that speak of one connection, not of what is carried on it.
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
     "transfer-encoding", "upgrade", "host", "content-length"}
)  # fmt: skip

Headers = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Arrival:
    """One thing that was sent here, and what it was answered."""

    number: int
    at: float
    method: str
    target: str
    headers: Headers
    body: bytes
    status: int
    #: Whether it is passed on, and what was wrong when that failed.
    forwarded: bool = False
    problem: str | None = None
    #: Real seconds until it was answered; None while it is not.
    seconds: float | None = None

    def shown(self) -> dict[str, Any]:
        """The same as JSON. A body is a document where it is JSON, else text, else base64: `encoding` says which."""
        encoding, body = _shown(self.body)
        return {
            "number": self.number,
            "at": iso(self.at),
            "method": self.method,
            "target": self.target,
            "headers": [list(pair) for pair in self.headers],
            "size": len(self.body),
            "encoding": encoding,
            "body": body,
            "status": self.status,
            "forwarded": self.forwarded,
            "problem": self.problem,
            "seconds": self.seconds,
        }


def _shown(body: bytes) -> tuple[str, Any]:
    try:
        # What is nested too deep to be told as JSON is text.
        return "json", parse_json(body)
    except BadJson:
        pass
    try:
        return "text", body.decode()
    except UnicodeDecodeError:
        return "base64", base64.b64encode(body).decode()


@dataclass(frozen=True, slots=True)
class Manner:
    """How everything is answered: the first `fail_first` with 503, the others with `status`, after `delay` seconds.

    What is forwarded is answered as the one at `forward` answers it.
    """

    status: int = 200
    delay: float = 0.0
    fail_first: int = 0
    forward: str | None = None

    def address(self, target: str) -> str:
        """Where something sent to `target` is forwarded: an address with a path of its own stands for any."""
        assert self.forward is not None
        has_path = urlsplit(self.forward).path not in ("", "/") or urlsplit(self.forward).query
        return self.forward if has_path else self.forward.rstrip("/") + target


@dataclass(slots=True)
class Listener:
    """The ASGI application. `arrived` is told of everything as it comes in, `answered` when it was answered."""

    manner: Manner
    arrived: Callable[[Arrival], object]
    answered: Callable[[Arrival], object]
    clock: Clock = field(default_factory=FlowingClock)
    count: int = 0
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _http: "httpx.AsyncClient | None" = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        at, started = self.clock.now(), time.monotonic()
        body, problem = await _read(receive)
        target = str(scope["raw_path"], "latin-1")
        if query := scope["query_string"]:
            target += f"?{str(query, 'latin-1')}"
        self.count += 1
        number = next(self._numbers)
        failing = number <= self.manner.fail_first
        arrival = Arrival(
            number=number,
            at=at,
            method=scope["method"],
            target=target,
            headers=tuple((str(name, "latin-1"), str(value, "latin-1")) for name, value in scope["headers"]),
            body=body,
            status=TOO_LARGE if problem is not None else FAILING if failing else self.manner.status,
            forwarded=self.manner.forward is not None and not failing and problem is None,
            problem=problem,
        )
        self.arrived(arrival)
        if self.manner.delay:
            await asyncio.sleep(self.manner.delay)
        headers: Headers = ()
        content = b""
        if arrival.forwarded:
            headers, content = await self._forward(arrival)
        await _answer(send, arrival.status, headers, content)
        arrival.seconds = time.monotonic() - started
        self.answered(arrival)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self._http is not None:
            await self._http.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    async def _forward(self, arrival: Arrival) -> tuple[Headers, bytes]:
        """Pass something on as it came; what it was answered."""
        import httpx

        if self._http is None:
            self._http = httpx.AsyncClient(timeout=PATIENCE, trust_env=False, follow_redirects=False)
            # Nothing is added to what was sent.
            self._http.headers.clear()
        try:
            async with self._http.stream(
                arrival.method,
                self.manner.address(arrival.target),
                content=arrival.body,
                headers=[pair for pair in arrival.headers if pair[0] not in _HOP_BY_HOP],
            ) as answer:
                content = b"".join([piece async for piece in answer.aiter_raw()])
        except (httpx.HTTPError, httpx.InvalidURL) as failure:
            arrival.status, arrival.problem = 502, f"{type(failure).__name__}: {failure}"
            return (), b""
        arrival.status = answer.status_code
        # The date is our own server's to tell.
        without = _HOP_BY_HOP | {"date"}
        return tuple(pair for pair in answer.headers.multi_items() if pair[0].lower() not in without), content


async def _read(receive: Receive) -> tuple[bytes, str | None]:
    """A request's body as far as it came, and why that is not all of it."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(chunks), f"the sender hung up after {size} bytes of its body"
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > LARGEST:
            return b"", f"its body is larger than {LARGEST} bytes"
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks), None


async def _answer(send: Send, status: int, headers: Headers, content: bytes) -> None:
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    if status >= 200 and status not in (204, 304):
        raw.append((b"content-length", b"%d" % len(content)))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": content})
