"""uvicorn's WebSocket protocol, with two things an application cannot do through ASGI: see that a peer takes nothing
any more, and break with one that does not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from .connection import reset


@dataclass(frozen=True, slots=True)
class Reins:
    """What an application finds in its scope, among the extensions under `understudy`."""

    #: Whether the peer takes what it is sent: not while too much of it is still on its way.
    writable: Callable[[], bool]
    #: Returns when it does.
    until_writable: Callable[[], Any]
    #: Breaks the connection off, whatever is still on its way.
    abort: Callable[[], None]
    #: The same, so that the peer sees a reset.
    reset: Callable[[], None]
    #: Ends it once what was written is gone, without taking leave.
    close: Callable[[], None]


class Protocol(WebSocketsSansIOProtocol):
    """One connection."""

    def __init__(self, *args: Any, **parts: Any) -> None:
        super().__init__(*args, **parts)
        self._holds_back = False

    async def run_asgi(self) -> None:
        """Run the application, which gets the reins."""
        reins = Reins(
            self.writable.is_set,
            self.writable.wait,
            self.transport.abort,
            partial(reset, self.transport),
            self.transport.close,
        )
        extensions: dict[str, Any] = {**(self.scope["extensions"] or {}), "understudy": reins}
        self.scope["extensions"] = extensions
        await super().run_asgi()

    def handle_ping(self) -> None:
        """Answer a ping, and hear no more of a peer that sends them without ever reading the answers."""
        super().handle_ping()
        if not self.writable.is_set() and not self._holds_back:
            self._holds_back = True
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Hear the peer again."""
        super().resume_writing()
        if self._holds_back:
            self._holds_back = False
            if not self.read_paused:
                self.transport.resume_reading()
