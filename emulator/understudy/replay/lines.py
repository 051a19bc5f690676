"""The application's callers in a replay: ASGI without a network, one exchange or one connection each."""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Scope

from understudy.journal import Exchange
from understudy.visits import VISIT

#: The code of a connection that was lost.
_LOST = 1006


def scope_of(
    kind: str, scheme: str, method: str, target: str, headers: list[tuple[str, str]], extensions: dict[str, Any]
) -> Scope:
    """What a server would tell the application of a request."""
    path, _, query = target.partition("?")
    scope: dict[str, Any] = {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": scheme,
        "path": unquote(path),
        "raw_path": path.encode("latin-1"),
        "root_path": "",
        "query_string": query.encode("latin-1"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "extensions": extensions,
    }
    if kind == "http":
        scope["method"] = method
    else:
        scope["subprotocols"] = []
    return scope


class _Reins:
    """A connection that can be broken off, seen from the application."""

    def __init__(self, broken: Callable[[], None]) -> None:
        self._broken = broken
        self._gone = asyncio.Event()

    def reset(self) -> None:
        self.let_go()

    def abort(self) -> None:
        self.let_go()

    def close(self) -> None:
        self.let_go()

    async def until_gone(self) -> None:
        await self._gone.wait()

    def writable(self) -> bool:
        return True

    async def until_writable(self) -> None:
        return

    def let_go(self) -> None:
        if not self._gone.is_set():
            self._gone.set()
            self._broken()


class Call:
    """One HTTP request under way."""

    def __init__(
        self, app: ASGIApp, scheme: str, method: str, target: str, headers: list[tuple[str, str]], body: bytes
    ) -> None:
        self._reins = _Reins(lambda: None)
        self._scope = scope_of("http", scheme, method, target, headers, {"understudy": self._reins})
        self._body: bytes | None = body
        self.task = asyncio.ensure_future(self._run(app))

    @property
    def exchange(self) -> Exchange:
        """What the application put on the record."""
        exchange: Exchange = self._scope[VISIT].exchange
        return exchange

    def hang_up(self) -> None:
        """Wait for the answer no longer."""
        self._reins.let_go()

    async def _run(self, app: ASGIApp) -> None:
        await app(self._scope, self._receive, self._send)

    async def _receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._reins.until_gone()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        # What was answered is on the application's own record.
        await asyncio.sleep(0)


class Line:
    """One WebSocket connection."""

    def __init__(self, app: ASGIApp, scheme: str, target: str, headers: list[tuple[str, str]]) -> None:
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._inbox.put_nowait({"type": "websocket.connect"})
        self._news = asyncio.Condition()
        self._listening = False
        self._closed = False
        self.accepted = False
        #: Frames that came and were not looked at yet.
        self.frames: list[str] = []
        reins = _Reins(self._break_off)
        self._scope = scope_of("websocket", scheme, "GET", target, headers, {"understudy": reins})
        self.task = asyncio.ensure_future(self._run(app))

    @property
    def closed(self) -> bool:
        """Whether the application took its leave."""
        return self._closed

    def say(self, text: str) -> None:
        """Send a frame."""
        self._listening = False
        self._inbox.put_nowait({"type": "websocket.receive", "text": text})

    def leave(self, code: int | None) -> None:
        """Close the connection."""
        self._listening = False
        message: dict[str, Any] = {"type": "websocket.disconnect", "code": _LOST if code is None else code}
        if message["code"] != _LOST:
            message["reason"] = ""
        self._inbox.put_nowait(message)

    async def until(self, happened: Callable[[], bool], patience: float) -> bool:
        """Wait until something is so, or the application is done; whether it came to that in time."""
        try:
            async with asyncio.timeout(patience), self._news:
                await self._news.wait_for(lambda: happened() or self.task.done())
        except TimeoutError:
            return False
        return happened()

    @property
    def listening(self) -> bool:
        """Whether the application waits for the next frame."""
        return self._listening

    def _break_off(self) -> None:
        """Take the application's leave as it was meant: without a word."""
        self._closed = True
        self.leave(_LOST)

    async def _run(self, app: ASGIApp) -> None:
        try:
            await app(self._scope, self._receive, self._send)
        finally:
            await self._tell()

    async def _receive(self) -> Message:
        if self._inbox.empty():
            self._listening = True
            await self._tell()
        return await self._inbox.get()

    async def _send(self, message: Message) -> None:
        match message["type"]:
            case "websocket.accept":
                self.accepted = True
            case "websocket.send":
                self.frames.append(message["text"])
            case "websocket.close":
                self._closed = True
                self.leave(message.get("code", 1000))
        await self._tell()

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()
