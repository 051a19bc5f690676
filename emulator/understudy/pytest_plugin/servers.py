"""The servers of a test run: one for each kind of stand-in, started when the first test asks for it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from understudy.control.client import Control
from understudy.server import Server

from .options import Options

if TYPE_CHECKING:
    from understudy.proxy import Proxy


class Servers:
    """Servers and their proxies, in threads of this process; all end with the block.

    `folder` makes a folder for the certificate authority of a proxy.
    """

    def __init__(self, folder: Callable[[], Path]) -> None:
        self._folder = folder
        self._running: dict[object, tuple[Server, Control]] = {}
        self._proxies: dict[object, Proxy] = {}
        self._stack = ExitStack()

    def of(self, options: Options) -> tuple[Server, Control]:
        """The server for tests that want this, and its control."""
        found = self._running.get(options.kind)
        if found is None:
            _bring_in()
            server = self._stack.enter_context(Server(options.settings))
            control = self._stack.enter_context(Control(server.url))
            found = self._running[options.kind] = server, control
        return found

    def proxy(self, options: Options) -> Proxy:
        """The proxy that takes the providers' own hosts to the server for this."""
        found = self._proxies.get(options.kind)
        if found is None:
            # It brings a cryptography library along, which only takes its time where the environment is asked for.
            from understudy.providers import PROVIDERS
            from understudy.proxy import Proxy

            server, _ = self.of(options)
            hosts = {host for face in PROVIDERS.values() for host in face.hosts}
            made = Proxy(hosts=hosts, folder=self._folder() / "authority", to=server.url)
            found = self._proxies[options.kind] = self._stack.enter_context(made)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def _bring_in() -> None:
    """Import what a server would bring in beside the tests.

    pytest builds the syntax trees of a plugin's modules as they are imported for the first time, and where two threads
    do that at once CPython 3.11 can fail.
    """
    from understudy.providers import PROVIDERS

    for name in ("control.api", "faults.reading", *(f"providers.{name}" for name in PROVIDERS)):
        import_module(f"understudy.{name}")
