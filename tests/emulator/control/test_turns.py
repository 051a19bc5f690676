"""Who asks for much keeps nobody else waiting."""

import asyncio
import time
from collections.abc import Iterator

import orjson
import pytest

from understudy.control.turns import encoded, in_turns


def _slow(count: int) -> Iterator[int]:
    for number in range(count):
        until = time.monotonic() + 0.006
        while time.monotonic() < until:
            pass
        yield number


async def _beats(work: "asyncio.Task[object]") -> int:
    count = 0
    while not work.done():
        await asyncio.sleep(0)
        count += 1
    return count


@pytest.mark.anyio
async def test_long_work_lets_others_have_their_turn_between_its_pieces() -> None:
    async def take() -> list[int]:
        return [number async for number in in_turns(_slow(20))]

    work = asyncio.create_task(take())
    assert await _beats(work) >= 20  # type: ignore[arg-type]
    assert work.result() == list(range(20))


@pytest.mark.anyio
async def test_documents_are_encoded_in_turns_and_go_into_a_larger_one() -> None:
    work = asyncio.create_task(encoded({"number": number} for number in _slow(10)))
    assert await _beats(work) >= 10  # type: ignore[arg-type]
    assert orjson.loads(orjson.dumps({"all": work.result()})) == {"all": [{"number": number} for number in range(10)]}
