"""Running the application on a real port: in the foreground for a person, in a thread for tests and the demo."""

import asyncio
import contextlib
import logging
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import FrameType, TracebackType
from typing import Any, Self

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .app import build_app
from .clock import Clock
from .config import SettingError, Settings, is_loopback
from .connection import Connection
from .engine import Engine
from .providers import PROVIDERS
from .wire import send_json

log = logging.getLogger("understudy.server")

#: How a server that listens everywhere is reached from its own machine.
_LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104

#: How long answers in flight may take to finish once the server was asked to stop, in seconds.
GRACE = 0.5


class _Uvicorn(uvicorn.Server):
    """uvicorn, telling when it listens, and ending quietly on a signal instead of raising it again."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self.server_state.tasks:
            log.info("stopping: %d answers have %g s to finish", len(self.server_state.tasks), GRACE)
        # From here on, every answer cut short is our own doing and was just said: no error of the app's.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(number: int, frame: FrameType | None) -> None:
            self.force_exit = self.should_exit
            self.should_exit = True

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class Server:
    """One emulator on one port. `with Server(settings) as server:` runs it in a thread until the block ends."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        if settings.control_token is None and not is_loopback(settings.host):
            # Whoever can reach the port must not drive it, too.
            settings = replace(settings, control_token=secrets.token_urlsafe(24))
        self.settings = settings
        self.engine = Engine.build(settings, clock)
        if settings.scenario is not None:
            from .scenario import Scenario

            Scenario.read(settings.scenario).play(self.engine)
        self._providers = [make(self.engine) for make in PROVIDERS.values()]
        self._socket = _listen(settings.host, settings.port)
        self.port: int = self._socket.getsockname()[1]
        self._ready = threading.Event()
        self._on_ready: Callable[[], None] = self._ready.set
        self._uvicorn = _Uvicorn(
            uvicorn.Config(
                self._quietly_stopped(build_app(self.engine, self._providers)),
                access_log=False,
                log_config=None,
                http=Connection,
                ws=_websocket,  # type: ignore[arg-type]  # uvicorn only ever calls it
                ws_max_size=settings.max_body_bytes,
                # The provider has a ping of its own, and closes who does not use it.
                ws_ping_interval=None,
                server_header=False,
                timeout_graceful_shutdown=GRACE,  # type: ignore[arg-type]  # asyncio takes fractions
            ),
            lambda: self._on_ready(),
        )
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where the server is reached from this machine, such as `http://127.0.0.1:8899`."""
        host = _LOOPBACK_OF.get(self.settings.host, self.settings.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def base_urls(self, origin: str) -> dict[str, str]:
        """What to set as each provider's base URL, for a server reached at `origin`."""
        return {provider.name: provider.base_url(origin) for provider in self._providers}

    def run(self, on_ready: Callable[[], None]) -> None:
        """Serve in this thread until a signal ends it; `on_ready` is called once the port answers."""
        self._on_ready = on_ready
        self._uvicorn.run(sockets=[self._socket])

    def _quietly_stopped(self, app: ASGIApp) -> ASGIApp:
        """The app, with answers that are cut off by the server's own end not being an error."""

        async def quiet(scope: Scope, receive: Receive, send: Send) -> None:
            begun = False

            async def tell(message: Message) -> None:
                nonlocal begun
                begun = True
                await send(message)

            try:
                await app(scope, receive, tell)
            except asyncio.CancelledError:
                if not self._uvicorn.should_exit:
                    raise
                if scope["type"] == "http" and not begun:
                    await send_json(send, 503, {"error": "understudy is stopping"}, ((b"connection", b"close"),))

        return quiet

    def __enter__(self) -> Self:
        self._thread = threading.Thread(
            target=self._uvicorn.run, args=([self._socket],), name="understudy", daemon=True
        )
        self._thread.start()
        while not self._ready.wait(0.05):
            if not self._thread.is_alive():
                raise RuntimeError("the server ended before it was ready")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._thread is not None
        errors = logging.getLogger("uvicorn.error")
        level = errors.level
        self._uvicorn.should_exit = True
        self._thread.join()
        errors.setLevel(level)


def _websocket(**parts: Any) -> asyncio.Protocol:
    """The WebSocket side of a connection. Its library is imported with the first: most servers never need it."""
    from .websocket import Protocol

    return Protocol(**parts)


def _listen(host: str, port: int) -> socket.socket:
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
