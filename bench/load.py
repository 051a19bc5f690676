"""A load generator that costs less than what it loads: raw sockets, requests built beforehand, no pipelining."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from .caller import Caller, HttpCaller

_HEAD = (
    "POST /v1 HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer bench\r\n"
    "content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
)


def request(port: int, *tasks: dict[str, Any]) -> bytes:
    """The bytes of one request that carries some tasks."""
    body = json.dumps(tasks, separators=(",", ":")).encode()
    return _HEAD.format(port=port, length=len(body)).encode() + body


def send(port: int, requests: Sequence[bytes], connections: int, kind: type[Caller] = HttpCaller) -> float:
    """Send every request as fast as the server answers; say how many a second that were.

    `kind` says how the connections talk, HTTP unless told. Raises:
        UnexpectedAnswer: an answer is not a 200 without errors.
    """
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_send(port, requests, connections, kind=kind))


def ask(port: int, *tasks: dict[str, Any]) -> Any:
    """Send one request and give back the document it is answered with; raises UnexpectedAnswer."""
    kept: list[bytes] = []
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_send(port, [request(port, *tasks)], 1, kept.append))
    return json.loads(kept[0])


async def connect(port: int, caller: Caller) -> None:
    """Connect a caller and wait until it may send; raises UnexpectedAnswer."""
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: caller, "127.0.0.1", port)
    await caller.ready


async def _send(
    port: int,
    requests: Sequence[bytes],
    connections: int,
    keep: Callable[[bytes], None] | None = None,
    kind: type[Caller] = HttpCaller,
) -> float:
    waiting = iter(requests)
    callers = [kind(waiting, keep) for _ in range(connections)]
    try:
        for caller in callers:
            await connect(port, caller)
        began = time.perf_counter()
        for caller in callers:
            caller.next()
        await asyncio.gather(*(caller.done for caller in callers))
        return len(requests) / (time.perf_counter() - began)
    finally:
        for caller in callers:
            caller.close()


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The fastest event loop there is here."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
