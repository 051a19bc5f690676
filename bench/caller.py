"""The connections of the load: raw, and without pipelining."""

import asyncio
from collections.abc import Callable, Iterator
from typing import cast


class UnexpectedAnswer(Exception):
    """A server answered a request of the load with something else than what is being measured."""


class Caller(asyncio.Protocol):
    """One connection that stays: an answer is followed by the next request, until none is left.

    `ready` is when it may send, `done` when nothing is left to be sent; either fails when the connection does.
    """

    def __init__(self, waiting: Iterator[bytes], keep: Callable[[bytes], None] | None = None) -> None:
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = loop.create_future()
        self.done: asyncio.Future[None] = loop.create_future()
        self._waiting = waiting
        self._keep = keep
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self.opened()

    def opened(self) -> None:
        """The connection is there."""
        self.ready.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.fail(exc or UnexpectedAnswer("the server hung up"))

    def next(self) -> None:
        """Send the next request, if there is one."""
        following = next(self._waiting, None)
        if following is not None:
            self._transport.write(following)
        elif not self.done.done():
            self.done.set_result(None)

    def close(self) -> None:
        for future in (self.ready, self.done):
            future.cancel()
        # A caller that never got through has nothing to close.
        if hasattr(self, "_transport"):
            self._transport.close()

    def fail(self, reason: Exception) -> None:
        """Tell whoever waits for this connection, or will."""
        waited_for = self.done if self.ready.done() else self.ready
        if not waited_for.done():
            waited_for.set_exception(reason)


class HttpCaller(Caller):
    """A kept-alive connection of HTTP."""

    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data
        end = received.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        at = received.find(b"content-length: ", 0, end) + 16
        length = int(received[at : received.find(b"\r", at, end)])
        if len(received) < end + length:
            return
        if received[9:12] != b"200" or b'"errors"' in received:
            self.fail(UnexpectedAnswer(received.decode("utf-8", "replace")))
            return
        if self._keep is not None:
            self._keep(received[end:])
        self._received = b""
        self.next()
