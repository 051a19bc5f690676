"""Long work on the event loop, done so that everybody else gets their turn."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any, TypeVar

import orjson

T = TypeVar("T")

#: Real seconds after which the others get their turn.
_TURN = 0.005


async def in_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """The items one by one, with a pause for everybody else whenever making and using them took long."""
    began = time.monotonic()
    for item in items:
        yield item
        if time.monotonic() - began > _TURN:
            await asyncio.sleep(0)
            began = time.monotonic()


async def encoded(documents: Iterable[Any]) -> list[orjson.Fragment]:
    """Documents as JSON that goes into a larger document as it is."""
    return [orjson.Fragment(orjson.dumps(document)) async for document in in_turns(documents)]
