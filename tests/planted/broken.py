"""A deliberately broken emulator: a real server that keeps its contract but for the one thing that is planted in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from planted.planting import Call, Planted
from understudy.clock import ManualClock
from understudy.config import Settings
from understudy.sender import Sender
from understudy.server import Server
from understudy_contracts.checks import Exchange
from understudy_contracts.checks.asked import operations_of

CONTROL = "/_understudy/"


class Broken:
    """The emulator's application, with the planted thing at its door; the control API is left alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.planted: Planted | None = None
        self.memory: dict[str, Any] = {}
        #: What has to be over before what was asked at a path is answered.
        self.before_answers: Callable[[str], Awaitable[None]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        planted = self.planted
        if planted is None or scope["type"] == "lifespan" or scope["path"].startswith(CONTROL):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._converse(planted, scope, receive, send)
        elif planted.question is not None or planted.answer is not None:
            await self._pass(planted, scope, receive, send)
        else:
            await self._app(scope, receive, self._late(scope["path"], send))

    def _late(self, path: str, send: Send) -> Send:
        async def tell(message: Message) -> None:
            if self.before_answers is not None and message["type"] == "http.response.start":
                await self.before_answers(path)
            await send(message)

        return tell

    async def _pass(self, planted: Planted, scope: Scope, receive: Receive, send: Send) -> None:
        content = await _whole(receive)
        call = _call(planted.provider, scope, content, self.memory)
        if planted.question is not None and planted.concerns(call):
            planted.question(call)
            content = content if call.asked is None else orjson.dumps(call.asked)
            scope = _asked_instead(scope, call, len(content))
        answered: list[Message] = []

        async def heard() -> Message:
            nonlocal content
            if content is None:
                return await receive()
            given, content = content, None
            return {"type": "http.request", "body": given, "more_body": False}

        async def tell(message: Message) -> None:
            answered.append(message)

        if planted.answer is None or not planted.concerns(call):
            await self._app(scope, heard, send)
            return
        await self._app(scope, heard, tell)
        await _answer(planted.answer, call, answered, send)

    async def _converse(self, planted: Planted, scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(message: Message) -> None:
            if planted.frame is None or message["type"] != "websocket.send":
                await send(message)
                return
            text = message.get("text") or message["bytes"].decode()
            for frame in planted.frame(orjson.loads(text), self.memory):
                await send({"type": "websocket.send", "text": orjson.dumps(frame).decode()})

        await self._app(scope, receive, tell)


class BrokenSender(Sender):
    """Whoever puts webhooks on the wire, with the planted thing done to what they say."""

    def __init__(self, broken: Broken) -> None:
        super().__init__()
        self._broken = broken

    async def send(self, delivery: Any, content: Any, attempt: Any) -> None:
        planted = self._broken.planted
        if planted is None or planted.webhook is None or not isinstance(content, bytes):
            await super().send(delivery, content, attempt)
            return
        bodies = planted.webhook(orjson.loads(content), self._broken.memory)
        for body in bodies:
            await super().send(delivery, orjson.dumps(body), attempt)
        if not bodies:
            # Nobody was told, and nobody knows.
            attempt.status = 200


@dataclass
class Stand:
    """The server, and where things are planted in it."""

    server: Server
    broken: Broken

    @contextmanager
    def with_(self, planted: Planted | None, key: str) -> Iterator[None]:
        """Let it be broken in one way, for the account of a key."""
        self.broken.planted, self.broken.memory = planted, {"key": key}
        try:
            with nullcontext() if planted is None or planted.emulator is None else planted.emulator(self):
                yield
        finally:
            self.broken.planted = None


@contextmanager
def stand(settings: Settings) -> Iterator[Stand]:
    """Start a server that can be broken, under a clock that only its callers move."""
    import understudy.server

    made: list[Broken] = []
    build = understudy.server.build_app

    def build_broken(engine: Any) -> ASGIApp:
        made.append(Broken(build(engine)))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(understudy.server, "build_app", build_broken)
        server = Server(settings, ManualClock())
    server.engine.outbox.send_by(BrokenSender(made[0]))
    with server:
        yield Stand(server, made[0])


async def _whole(receive: Receive) -> bytes:
    content = b""
    while True:
        message = await receive()
        content += message.get("body", b"")
        if not message.get("more_body"):
            return content


def _call(provider: str, scope: Scope, content: bytes, memory: dict[str, Any]) -> Call:
    path, query = scope["path"], scope["query_string"].decode()
    asked = _parsed(content)
    sent = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
    names: tuple[str, ...] = ()
    for start in (at for at, letter in enumerate(path) if letter == "/"):
        # The hosts of one provider are at prefixes of their own.
        names = tuple(
            one.name
            for one in operations_of(
                Exchange(
                    request=asked,
                    status=200,
                    body=None,
                    at=0,
                    method=scope["method"],
                    path=path[start:],
                    provider=provider,
                )
            )
        )
        if names:
            break
    return Call(provider, names[0] if names else "", scope["method"], path, query, sent, asked, memory)


def _asked_instead(scope: Scope, call: Call, size: int) -> Scope:
    headers = {**call.sent, **({"content-length": str(size)} if size else {})}
    return {
        **scope,
        "method": call.method,
        "path": call.path,
        "raw_path": call.path.encode(),
        "query_string": call.query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
    }


async def _answer(change: Callable[[Call], None], call: Call, answered: list[Message], send: Send) -> None:
    start = answered[0]
    content = b"".join(message.get("body", b"") for message in answered[1:])
    call.status = start["status"]
    call.headers = {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]}
    call.body = _parsed(content)
    before = orjson.dumps(call.body)
    call.content = content
    change(call)
    if call.content == content and orjson.dumps(call.body) != before:
        call.content = orjson.dumps(call.body)
    if "content-length" in call.headers:
        call.headers["content-length"] = str(len(call.content))
    headers = [(name.encode(), value.encode("latin-1")) for name, value in call.headers.items()]
    await send({"type": "http.response.start", "status": call.status, "headers": headers})
    await send({"type": "http.response.body", "body": call.content})


def _parsed(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None


def account(number: int) -> str:
    """A key that the server knows, in the form of the one provider that has a form for keys."""
    return f"SG_{number:016x}"


def settings(accounts: int, **values: Any) -> Settings:
    """The settings of a server that knows so many keys, and no other."""
    keys: Mapping[str, Any] = {"api_keys": frozenset(map(account, range(1, accounts + 1)))}
    return Settings(**{"port": 0, **keys, **values})
