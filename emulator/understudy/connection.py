"""uvicorn's HTTP protocol, with what an application cannot do through ASGI: break the connection off, or cut an
answer short, and wait for the caller to be gone.
"""

import asyncio
import contextlib
import socket
import struct
import sys
from typing import TYPE_CHECKING, Any

from starlette.types import Receive, Scope, Send

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as _Protocol
else:
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as _Protocol
    except ImportError:  # pragma: no cover  # where there is no compiled parser
        from uvicorn.protocols.http.h11_impl import H11Protocol as _Protocol

#: Closing drops what was not sent yet, and resets the connection: to linger, but for no time at all.
_NO_LINGERING = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


def reset(transport: Any) -> None:
    """Break a transport's connection off so that the peer sees a reset."""
    with contextlib.suppress(OSError):  # the peer was quicker
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
    transport.abort()


class Reins:
    """What an application finds in its scope, among the extensions under `understudy`."""

    __slots__ = ("_gone", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._gone = asyncio.Event()

    def reset(self) -> None:
        """Break the connection off at once: the caller sees a reset."""
        reset(self._transport)

    def close(self) -> None:
        """Close the connection once what was written is gone."""
        self._transport.close()

    async def until_gone(self) -> None:
        """Return when the connection is no more."""
        await self._gone.wait()

    def let_go(self) -> None:
        """There is nothing to hold any more."""
        self._gone.set()


class Reined(asyncio.Protocol):
    """Mixed into one of uvicorn's HTTP protocols, lends the application the reins of its connection."""

    app: Any

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the reins, which last as long as the connection."""
        super().connection_made(transport)
        self._reins = Reins(transport)  # type: ignore[arg-type]  # it is one, also where uvloop says otherwise
        app, extensions = self.app, {"understudy": self._reins}

        def lent(scope: Scope, receive: Receive, send: Send) -> Any:
            scope["extensions"] = extensions
            return app(scope, receive, send)

        self.app = lent

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the reins once uvicorn knows that nobody is there."""
        super().connection_lost(exc)
        self._reins.let_go()


class Connection(Reined, _Protocol):
    """One HTTP connection."""
