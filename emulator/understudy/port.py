"""A port of this machine, and the server on it: it says when it answers, and ends quietly when it is asked to."""

import asyncio
import contextlib
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn

from .config import SettingError

log = logging.getLogger("understudy.server")

#: How a server that listens everywhere is reached from its own machine.
_LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104

#: Seconds for which a connection may be idle. Clients give theirs up by themselves sooner than that, most after 5 or 15
#: seconds: were it closed here at the same moment, a request already on its way would be lost.
KEEP_ALIVE = 75

#: Seconds between two looks at what is still in flight when it stops.
_GLANCE = 0.005


class Uvicorn(uvicorn.Server):
    """uvicorn, telling when it listens, and ending quietly on a signal instead of raising it again."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._ticking: asyncio.Future[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    def stop(self) -> None:
        """Ask it to end, from any thread: it need not come to its next tick to hear that."""
        self.should_exit = True
        if self._ticking is not None:
            with contextlib.suppress(RuntimeError):  # it was quicker, and its loop is closed
                self._ticking.get_loop().call_soon_threadsafe(self._ticking.cancel)

    async def main_loop(self) -> None:
        """Serve until it is asked to stop."""
        self._ticking = asyncio.ensure_future(super().main_loop())
        await asyncio.wait({self._ticking})
        with contextlib.suppress(asyncio.CancelledError):
            self._ticking.result()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is in flight, for as long as it may take.

        It does what uvicorn's own does, which is never done in less than a tenth of a second.
        """
        state, grace = self.server_state, self.config.timeout_graceful_shutdown
        if state.tasks:
            log.info("stopping: %d answers have %g s to finish", len(state.tasks), grace)
        # From here on, every answer cut short is our own doing and was just said: no error of the app's.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        for door in (*self.servers, *(sockets or ())):
            door.close()
        # Who was let in already is a connection by then.
        await asyncio.sleep(_GLANCE)
        for connection in list(state.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(grace):
                while (state.connections or state.tasks) and not self.force_exit:  # noqa: ASYNC110 - no event tells
                    await asyncio.sleep(_GLANCE)
        except TimeoutError:
            for task in state.tasks:
                task.cancel()
        if not self.force_exit:
            await self.lifespan.shutdown()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on the first signal, and at once on the second."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(number: int, frame: FrameType | None) -> None:
            self.force_exit = self.should_exit
            self.stop()

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def listen(host: str, port: int) -> socket.socket:
    """Take a port, a free one for 0; raises SettingError when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    if sys.platform != "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as reason:
        listener.close()
        raise SettingError(f"cannot listen on {host}:{port}: {reason.strerror or reason}") from reason
    return listener


def address(host: str, port: int) -> str:
    """Where a server on a host and port is reached from this machine, such as `http://127.0.0.1:8899`."""
    host = _LOOPBACK_OF.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
