"""A load generator that costs less than what it loads: raw sockets, requests built beforehand, no pipelining."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

_HEAD = (
    "POST /v1 HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer bench\r\n"
    "content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
)


class UnexpectedAnswer(Exception):
    """A server answered a request of the load with something else than what is being measured."""


def request(port: int, *tasks: dict[str, Any]) -> bytes:
    """The bytes of one request that carries some tasks."""
    body = json.dumps(tasks, separators=(",", ":")).encode()
    return _HEAD.format(port=port, length=len(body)).encode() + body


def send(port: int, requests: Sequence[bytes], connections: int) -> float:
    """Send every request as fast as the server answers; say how many a second that were.

    Raises:
        UnexpectedAnswer: an answer is not a 200 without errors.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_send(port, requests, connections))


def ask(port: int, *tasks: dict[str, Any]) -> Any:
    """Send one request and give back the document it is answered with; raises UnexpectedAnswer."""
    kept: list[bytes] = []
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_send(port, [request(port, *tasks)], 1, kept.append))
    return json.loads(kept[0])


async def _send(
    port: int, requests: Sequence[bytes], connections: int, keep: Callable[[bytes], None] | None = None
) -> float:
    loop = asyncio.get_running_loop()
    waiting = iter(requests)
    callers = [
        (await loop.create_connection(lambda: _Caller(waiting, keep), "127.0.0.1", port))[1] for _ in range(connections)
    ]
    try:
        began = time.perf_counter()
        for caller in callers:
            caller.next()
        await asyncio.gather(*(caller.done for caller in callers))
        return len(requests) / (time.perf_counter() - began)
    finally:
        for caller in callers:
            caller.close()


class _Caller(asyncio.Protocol):
    """One kept-alive connection: an answer is followed by the next request, until none is left."""

    def __init__(self, waiting: Iterator[bytes], keep: Callable[[bytes], None] | None) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting = waiting
        self._keep = keep
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)

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
            self._fail(UnexpectedAnswer(received.decode("utf-8", "replace")))
            return
        if self._keep is not None:
            self._keep(received[end:])
        self._received = b""
        self.next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or UnexpectedAnswer("the server hung up"))

    def next(self) -> None:
        """Send the next request, if there is one."""
        following = next(self._waiting, None)
        if following is not None:
            self._transport.write(following)
        elif not self.done.done():
            self.done.set_result(None)

    def close(self) -> None:
        self.done.cancel()
        self._transport.close()

    def _fail(self, reason: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(reason)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
