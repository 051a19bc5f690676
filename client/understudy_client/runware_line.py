"""One WebSocket to Runware that many tasks share: opened when needed, kept alive, and opened anew when it broke.

Everything here belongs to one event loop. Blocking clients have a loop of their own (`background_loop.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidProxy,
    InvalidStatus,
    InvalidURI,
    SecurityError,
    WebSocketException,
)
from websockets.protocol import State

from . import runware_codec as codec
from .client import user_agent
from .flow import Answer, Backoff, Lost, Request
from .runware_calls import Call, Calls
from .runware_login import Login, LoginRefused
from .runware_places import proxy_of

#: Seconds between two heartbeats, and of silence after which a connection counts as dead: those of the provider's
#: own SDK (runware-sdk 1.8.0, transport/websocket.py). The provider hangs up after 120 s of silence (its guide).
HEARTBEAT, DEAD_AFTER = 30.0, 100.0

#: Bytes of the largest frame that is read; a video sent within its result is the largest there is.
_LARGEST_FRAME = 256 * 2**20
#: Seconds a server gets to say good-bye.
_CLOSING = 1.0
#: RFC 6455: a frame was larger than the other side takes.
_TOO_BIG = 1009

_PING = codec.encode({"taskType": "ping", "ping": True}).decode()
_RECONNECT = Backoff(retries=2**31, first=0.1, cap=10.0)


class Closed(Exception):
    """The client was closed, so no answer will come."""


class Silent(Exception):
    """Nothing was heard in time."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How a line behaves: how long it waits, and whether the environment's proxies are its own."""

    timeout: httpx.Timeout
    trust_env: bool = True
    heartbeat: float = HEARTBEAT
    dead_after: float = DEAD_AFTER


class Line:
    """A connection for many tasks at once."""

    def __init__(self, url: str, login: Login, manners: Manners) -> None:
        self._url = url
        self._login = login
        self._manners = manners
        self._calls = Calls()
        self._closed = False
        self._trust: ssl.SSLContext | None = None
        #: The connection of now, or the one that is being made.
        self._socket: asyncio.Future[ClientConnection] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._errands: set[asyncio.Task[None]] = set()
        self._failures = 0
        self._rest_until = 0.0
        self._heard_at = 0.0

    async def ask(self, request: Request) -> Answer | Lost:
        """Send one task and wait for what it is told.

        No answer within the read timeout is a `Lost` that may have been carried out, and so is an answer that was on
        its way as the connection broke.
        """
        limits = _limits(self._manners.timeout, request)
        try:
            async with asyncio.timeout(limits["connect"]):
                socket = await self._connected()
        except LoginRefused as refused:
            return refused.answer
        except TimeoutError:
            return Lost(Silent("the connection was not made in time"), sent=False)
        except Exception as error:  # noqa: BLE001 - whatever it is, this is where its caller hears of it
            return Lost(error, sent=False, retryable=_is_passing(error))
        return await self._exchange(socket, request, limits["read"])

    async def close(self) -> None:
        """Hang up. Those who wait for an answer are told that none will come."""
        self._closed = True
        keeper, self._keeper = self._keeper, None
        self._calls.lose(Lost(Closed("the client was closed while it waited"), sent=True, retryable=False))
        if keeper is not None and not keeper.done():
            keeper.cancel()
            await asyncio.wait([keeper])
        if self._socket is not None and not self._socket.done():
            # It was cancelled before it began, so it told nobody.
            self._socket.set_exception(Closed("the client was closed while it waited"))

    def drop(self) -> None:
        """Hang up without a word, for nobody is left who could wait for it."""
        self._closed = True
        if self._keeper is not None:
            self._keeper.cancel()

    async def _exchange(self, socket: ClientConnection, request: Request, patience: float | None) -> Answer | Lost:
        loop = asyncio.get_running_loop()
        told: asyncio.Future[Answer | Lost] = loop.create_future()
        call = _call(request, told)
        self._calls.add(call)
        asked_at = loop.time()
        try:
            async with asyncio.timeout(patience):
                await socket.send(request.body, text=True)
                return await told
        except TimeoutError:
            if call.data:
                return call.answer()
            if self._heard_at < asked_at:
                # Not only this answer is missing but every other: the next attempt deserves a line that works.
                socket.transport.abort()
            return Lost(Silent(f"no answer within {patience:g} s"), sent=True, silent=True)
        except ConnectionClosed as error:
            # What was told before the end counts: a frame may be answered while its last bytes are still written.
            return told.result() if told.done() else Lost(error, sent=True, retryable=not self._closed)
        finally:
            self._calls.remove(call)

    async def _connected(self) -> ClientConnection:
        while not self._closed:
            if self._socket is None or self._keeper is None or self._keeper.done():
                self._socket = asyncio.get_running_loop().create_future()
                # Whoever asked for the connection may be gone by the time it fails.
                self._socket.add_done_callback(lambda made: made.cancelled() or made.exception())
                self._keeper = asyncio.create_task(self._keep(self._socket))
            # One who stops waiting leaves the connection, and its end, to the others.
            socket = await asyncio.shield(self._socket)
            if socket.state is State.OPEN:
                return socket
            await asyncio.wait([self._keeper])
        raise Closed("the client is closed")

    async def _keep(self, made: asyncio.Future[ClientConnection]) -> None:
        """Make a connection, read it to its end, and tell everyone who waited on it."""
        ended: Exception = Closed("the client was closed while it waited")
        try:
            socket = await self._open()
            made.set_result(socket)
            self._run(self._beat(socket))
            try:
                await self._read(socket)
            finally:
                for errand in self._errands:
                    errand.cancel()
                await _hang_up(socket)
            ended = socket.protocol.close_exc
        except Exception as error:  # noqa: BLE001 - it is told to everyone who waits
            ended = error
        finally:
            self._socket = None
            if not made.done():
                self._postpone(ended)
                made.set_exception(ended)
            self._tell_all(ended)

    def _run(self, errand: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _open(self) -> ClientConnection:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._rest_until - loop.time()))
        patience = self._manners.timeout.connect
        trust_env = self._manners.trust_env
        if self._trust is None and self._url.startswith("wss:"):
            # Reading every certificate there is takes its time, so it is done once.
            self._trust = httpx.create_ssl_context(trust_env=trust_env)
        socket = await _Connect(
            self._url,
            ssl=self._trust,
            proxy=proxy_of(self._url) if trust_env else None,
            user_agent_header=user_agent(),
            open_timeout=patience,
            close_timeout=_CLOSING,
            # The provider counts messages, not the protocol's own pings, and so does `_beat`.
            ping_interval=None,
            max_size=_LARGEST_FRAME,
        )
        resumes = self._login.session is not None
        try:
            async with asyncio.timeout(patience):
                await socket.send(self._login.words())
                while not self._login.hear(await socket.recv()):
                    pass
                if resumes:
                    self._calls.resume()
                    await socket.send(_PING)
        except BaseException:
            await _hang_up(socket)
            raise
        self._failures = 0
        self._heard_at = loop.time()
        return socket

    def _postpone(self, error: Exception) -> None:
        """Let some time pass before the next attempt to connect, the longer the more have failed."""
        if isinstance(error, LoginRefused | Closed):
            return
        self._failures += 1
        pause = _RECONNECT.pause(self._failures, Lost(error, sent=False)) or 0.0
        self._rest_until = asyncio.get_running_loop().time() + pause

    async def _read(self, socket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                text = await socket.recv()
                self._heard_at = asyncio.get_running_loop().time()
                if unsure := self._calls.hear(text):
                    self._calls.fence(unsure)
                    # Not awaited here: two ends that only write would wait for each other.
                    self._run(_send(socket, _PING))

    async def _beat(self, socket: ClientConnection) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._manners.heartbeat)
            if loop.time() - self._heard_at > self._manners.dead_after:
                socket.transport.abort()
                return
            self._calls.pinged()
            await _send(socket, _PING)

    def _tell_all(self, ended: Exception) -> None:
        frame = ended.rcvd if isinstance(ended, ConnectionClosed) else None
        if frame is not None and frame.code == _TOO_BIG and (call := self._calls.largest()) is not None:
            # What REST answers to a body that is too large. The others only shared the line.
            self._calls.remove(call)
            call.end(Answer(413, {}, b""))
        self._calls.lose(Lost(ended, sent=True, retryable=_is_passing(ended)))


class _Connect(connect):
    """Connects where it was told to and nowhere else: the key is in the first message, and must follow no redirect."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


def _call(request: Request, told: asyncio.Future[Answer | Lost]) -> Call:
    [task] = orjson.loads(request.body)

    def end(outcome: Answer | Lost) -> None:
        if not told.done():
            told.set_result(outcome)

    return Call(
        str(task.get("taskUUID")).lower(), str(task.get("taskType")), end, parts=request.parts, size=len(request.body)
    )


def _limits(timeout: httpx.Timeout, request: Request) -> Mapping[str, float | None]:
    limits = timeout.as_dict()
    if request.timeout is None:
        return limits
    return {name: request.timeout if t is None else min(t, request.timeout) for name, t in limits.items()}


def _is_passing(error: Exception) -> bool:
    """Say whether to try again may help: not when closed, nor where no WebSocket is."""
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        return status in (408, 429) or status >= 500
    if isinstance(error, InvalidURI | InvalidProxy | SecurityError):
        return False
    return isinstance(error, OSError | EOFError | WebSocketException)


async def _send(socket: ClientConnection, words: str) -> None:
    with contextlib.suppress(ConnectionClosed):
        await socket.send(words)


async def _hang_up(socket: ClientConnection) -> None:
    """Close a connection, politely if the other side lets us, so that nothing of it is left."""
    try:
        await socket.close()
    finally:
        socket.transport.abort()
    await socket.wait_closed()
