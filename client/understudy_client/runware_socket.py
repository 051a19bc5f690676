"""Drivers that send Runware's tasks over a WebSocket, and everything else, such as a download, over HTTP."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import CancelledError

import httpx

from .background_loop import BackgroundLoop
from .client import AsyncDriver, Driver
from .flow import Lost, Outcome, Request, Sleep, Step
from .runware_line import Closed, Line, Manners
from .runware_login import Login
from .runware_places import socket_url
from .runware_verbs import DRY_RUN


class Lines:
    """The sockets of one client in one event loop: one for tasks, and one for prices once they are asked for."""

    def __init__(self, base_url: str, key: str, manners: Manners) -> None:
        self._base_url = base_url
        self._key = key
        self._manners = manners
        self._lines: dict[bool, Line] = {}
        self._closed = False

    async def ask(self, request: Request) -> Outcome:
        """Send a task and wait for its answer."""
        if self._closed:
            return closed()
        dry_run = DRY_RUN in request.headers
        line = self._lines.get(dry_run)
        if line is None:
            url = socket_url(self._base_url, dry_run=dry_run)
            line = self._lines[dry_run] = Line(url, Login(self._key), self._manners)
        return await line.ask(request)

    async def close(self) -> None:
        """Hang up, and tell everyone who waits."""
        self._closed = True
        for line in self._lines.values():
            await line.close()

    def drop(self) -> None:
        """Hang up at once, for nobody is left to wait."""
        for line in self._lines.values():
            line.drop()


class SocketDriver(Driver):
    """Carry out flows from any number of threads over one socket.

    The socket lives in an event loop of its own, in a thread that begins with the first task and ends with `close`,
    or when the client is dropped. A process that was forked off makes a socket of its own.
    """

    def __init__(self, http: httpx.Client, key: str, manners: Manners, base_url: str) -> None:
        super().__init__(http, key, manners.timeout)
        self._make: Callable[[], Lines] = lambda: Lines(base_url, key, manners)
        self._lock = threading.Lock()
        self._closed = False
        self._behind: tuple[BackgroundLoop, Lines] | None = None

    def close_sockets(self) -> None:
        """Hang up, and end the thread. Whoever waits for an answer is told that none will come."""
        with self._lock:
            self._closed = True
            behind, self._behind = self._behind, None
        if behind is not None and behind[0].is_here:
            loop, lines = behind
            loop.run(lines.close)
            loop.stop()

    def _ask(self, step: Request) -> Outcome:
        if not step.authorized:
            return super()._ask(step)
        behind = self._begun()
        if behind is None:
            return closed()
        loop, lines = behind
        try:
            return loop.run(lambda: lines.ask(step))
        except CancelledError:
            return Lost(Closed("the client was closed while it waited"), sent=True, retryable=False)

    def _begun(self) -> tuple[BackgroundLoop, Lines] | None:
        with self._lock:
            if self._closed:
                return None
            if self._behind is None or not self._behind[0].is_here:
                loop = BackgroundLoop("runware-websocket")
                self._behind = loop, self._make()
                weakref.finalize(self, loop.stop)
            return self._behind


class AsyncSocketDriver(AsyncDriver):
    """Carry out flows from any number of coroutines of one asyncio loop over one socket."""

    def __init__(self, http: httpx.AsyncClient, key: str, manners: Manners, base_url: str) -> None:
        super().__init__(http, key, manners.timeout)
        self._lines = Lines(base_url, key, manners)
        self._is_watched = False

    async def close_sockets(self) -> None:
        """Hang up. Whoever waits for an answer is told that none will come."""
        await self._lines.close()

    async def _do(self, step: Step) -> Outcome:
        if isinstance(step, Sleep) or not step.authorized:
            return await super()._do(step)
        if not self._is_watched:
            self._is_watched = True
            dropped = weakref.finalize(self, _drop, asyncio.get_running_loop(), self._lines)
            # With the program the loop ends too, and with it all that runs in it.
            dropped.atexit = False
        return await self._lines.ask(step)


def closed() -> Lost:
    """What a client that is closed has to say to every task."""
    return Lost(Closed("the client is closed"), sent=False, retryable=False)


def _drop(loop: asyncio.AbstractEventLoop, lines: Lines) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(lines.drop)
