"""Running the application on a real port: in the foreground for a person, in a thread for tests and the demo."""

import asyncio
import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .app import build_app
from .clock import Clock
from .config import Settings, is_loopback
from .connection import Connection
from .engine import Engine
from .port import KEEP_ALIVE, Uvicorn, address, listen
from .providers import PROVIDERS
from .wire import send_json

#: How long answers in flight may take to finish once the server was asked to stop, in seconds.
GRACE = 0.5


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
        self._socket = listen(settings.host, settings.port)
        self.port: int = self._socket.getsockname()[1]
        self._ready = threading.Event()
        self._on_ready: Callable[[], None] = self._ready.set
        self._uvicorn = Uvicorn(
            uvicorn.Config(
                self._quietly_stopped(build_app(self.engine)),
                access_log=False,
                log_config=None,
                http=Connection,
                ws=_websocket,  # type: ignore[arg-type]  # uvicorn only ever calls it
                ws_max_size=settings.max_body_bytes,
                # The provider has a ping of its own, and closes who does not use it.
                ws_ping_interval=None,
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=GRACE,  # type: ignore[arg-type]  # asyncio takes fractions
            ),
            lambda: self._on_ready(),
        )
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where the server is reached from this machine, such as `http://127.0.0.1:8899`."""
        return address(self.settings.host, self.port)

    def base_urls(self, origin: str) -> dict[str, str]:
        """What to set as each provider's base URL, for a server reached at `origin`."""
        return {face.name: face.base_url(origin) for face in PROVIDERS.values()}

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
        self._uvicorn.stop()
        self._thread.join()
        errors.setLevel(level)


def _websocket(**parts: Any) -> asyncio.Protocol:
    """The WebSocket side of a connection. Its library is imported with the first: most servers never need it."""
    from .websocket import Protocol

    return Protocol(**parts)
