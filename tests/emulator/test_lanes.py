"""Work that goes to many places: all of it is done, in order, a bounded number at once, and nobody starves."""

import asyncio
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from understudy.lanes import Lanes


class Narrow(Lanes):
    AT_ONCE = 3
    OVERALL = 5


@given(st.lists(st.tuples(st.sampled_from("abcdefghijklmnop"), st.integers(0, 3)), max_size=60))
def test_everything_is_done_once_and_never_more_at_once_than_may_be(work):
    done, busy, most = [], Counter(), 0

    async def do(piece):
        nonlocal most
        number, (lane, turns) = piece
        busy[lane] += 1
        most = max(most, busy.total())
        assert busy[lane] <= Narrow.AT_ONCE
        for _ in range(turns):
            await asyncio.sleep(0)
        busy[lane] -= 1
        done.append(number)

    async def story():
        lanes = Narrow(do)
        for number, piece in enumerate(work):
            lanes.add(piece[0], (number, piece))
            if number % 5 == 4:
                await asyncio.sleep(0)
        while len(done) < len(work):
            await asyncio.sleep(0)
        for _ in range(3):
            await asyncio.sleep(0)
        assert not lanes._lanes
        assert not lanes._workers

    asyncio.run(story())
    assert sorted(done) == list(range(len(work)))
    assert most <= 2 * Narrow.OVERALL


async def test_within_a_lane_work_begins_in_the_order_in_which_it_came():
    begun = []

    async def do(number):
        begun.append(number)
        await asyncio.sleep(0)

    lanes = Lanes(do)
    for number in range(100):
        lanes.add("only", number)
    while len(begun) < 100:
        await asyncio.sleep(0)
    assert begun == list(range(100))


async def test_a_lane_with_little_to_do_is_not_kept_waiting_by_lanes_that_hang():
    begun = asyncio.Queue()

    async def do(lane):
        if lane == "quick":
            begun.put_nowait(lane)
        else:
            await asyncio.Event().wait()

    lanes = Narrow(do)
    for lane in "abcd":
        for _ in range(10):
            lanes.add(lane, lane)
    lanes.add("quick", "quick")
    assert await asyncio.wait_for(begun.get(), 10) == "quick"
    assert len(lanes._workers) <= 2 * Narrow.OVERALL
    await lanes.close()
    assert not lanes._lanes
