"""A provider's socket: one connection, who asks, a task, and the frame that answers it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from typing import Any

import orjson

from understudy_contracts.checks.exchange import Exchange
from understudy_contracts.operations import Operation
from understudy_contracts.requests import Request

from .jobs import told_in

#: How large a frame may be, in bytes.
_LARGEST = 64 * 1024 * 1024

#: What is asked first: the key that goes with it is nobody's business.
WHO_ASKS: list[dict[str, Any]] = [{"taskType": "authentication"}]

_PING = '[{"taskType": "ping", "ping": true}]'


def said(
    url: str, operation: Operation, request: Request, key: str | None, patience: float, *, frames: int = 1
) -> list[Exchange]:
    """Say something on a new connection, after who asks unless that is nobody, and take what is answered to it.

    That is all that comes before the answer to a ping sent after so many `frames`; to one that hangs up, or is asked by
    nobody, it is all there is. Raises `Unreachable` where nothing comes.
    """
    from websockets.exceptions import WebSocketException
    from websockets.sync.client import connect

    from .reading import parsed
    from .target import Unreachable

    content = request.content or b"[]"
    heard: list[Exchange] = []
    try:
        with connect(url, open_timeout=patience, close_timeout=1, proxy=None, max_size=_LARGEST) as socket:
            if key is not None:
                socket.send(orjson.dumps([{"taskType": "authentication", "apiKey": key}]), text=True)
                told = parsed(_bytes(socket.recv(patience)))
                if not (isinstance(told, Mapping) and told.get("data")):
                    return [_exchange(url, operation, WHO_ASKS, told, 0.0)]
            began = time.monotonic()
            socket.send(content, text=True)
            for number in itertools.count(1):
                body = parsed(_bytes(socket.recv(patience)))
                if number > frames and _is_pong(body):
                    return heard
                heard.append(_exchange(url, operation, parsed(content), body, time.monotonic() - began))
                if number == frames:
                    socket.send(_PING, text=True)
    except (WebSocketException, OSError) as problem:
        if not heard:
            raise Unreachable(f"{url}: {str(problem) or type(problem).__name__}") from None
    return heard


def _is_pong(body: Any) -> bool:
    items = [*told_in(body, "data"), *told_in(body, "errors")]
    return bool(items) and all(item.get("taskType") == "ping" for item in items)


def _exchange(url: str, operation: Operation, request: Any, body: Any, seconds: float) -> Exchange:
    # A socket has no statuses: what is refused stands apart from what is not.
    refused = not (isinstance(body, Mapping) and "data" in body)
    return Exchange(
        request=request,
        status=400 if refused else 200,
        body=body,
        at=time.monotonic(),
        method=operation.method,
        path=url,
        provider=operation.provider,
        operation=operation.name,
        transport="websocket",
        seconds=seconds,
    )


def _bytes(frame: str | bytes) -> bytes:
    return frame.encode() if isinstance(frame, str) else frame
