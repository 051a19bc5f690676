import asyncio
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.account_clock import AccountClock
from understudy.clock import FlowingClock, ManualClock, sleep_until, wait_for
from understudy.config import SettingError, Speed


def test_a_flowing_clock_starts_at_the_machines_time_and_runs_at_its_rate():
    clock = FlowingClock(1000.0)
    assert clock.now() == pytest.approx(time.time(), abs=5_000)
    before = clock.now()
    time.sleep(0.01)
    assert clock.now() - before >= 10.0


def test_a_moment_is_nearer_in_real_time_the_faster_the_clock_runs():
    clock = FlowingClock(100.0)
    assert clock.real_delay(clock.now() + 50) == pytest.approx(0.5, abs=0.1)
    assert clock.real_delay(clock.now() - 50) == 0.0


@pytest.mark.parametrize("rate", [0, -1, math.nan, math.inf])
def test_a_clock_that_stands_still_or_runs_backward_cannot_be_made(rate):
    with pytest.raises(ValueError, match="above 0"):
        FlowingClock(rate)
    clock = FlowingClock()
    with pytest.raises(ValueError, match="above 0"):
        clock.rate = rate
    assert clock.rate == 1.0


def test_a_clock_that_is_given_another_rate_does_not_leap_and_wakes_whoever_waits():
    clock = FlowingClock(1.0)
    wakes = []
    clock.on_leap(lambda: wakes.append(clock.rate))
    before = clock.now()
    clock.rate = 1_000_000.0
    assert before <= clock.now() < before + 50_000_000
    clock.rate = 0.001
    after = clock.now()
    time.sleep(0.01)
    assert after <= clock.now() < after + 1
    assert wakes == [1_000_000.0, 0.001]


@given(st.lists(st.floats(0, 1e6)))
def test_a_manual_clock_moves_by_exactly_what_it_is_told_and_wakes_whoever_waits(steps):
    clock = ManualClock(1000.0)
    wakes = []
    clock.on_leap(lambda: wakes.append(clock.now()))
    expected = 1000.0
    for step in steps:
        expected += step
        assert clock.advance(step) == clock.now() == expected
    assert len(wakes) == len(steps)


def test_only_an_advance_brings_a_later_moment_on_a_manual_clock():
    clock = ManualClock(1000.0)
    assert clock.real_delay(1001.0) is None
    assert clock.real_delay(1000.0) == 0.0
    with pytest.raises(ValueError, match="backward"):
        clock.advance(-1)


@pytest.mark.parametrize("seconds", [-1, -1e-9, math.inf, math.nan])
@pytest.mark.parametrize(
    "clock", [FlowingClock(), ManualClock(), AccountClock(ManualClock())], ids=["flowing", "manual", "account"]
)
def test_time_goes_neither_backward_nor_to_its_end(clock, seconds):
    before = clock.now()
    with pytest.raises(ValueError, match="backward"):
        clock.advance(seconds)
    assert before <= clock.now() < before + 100


@pytest.mark.parametrize(
    "clock", [FlowingClock(), ManualClock(), AccountClock(FlowingClock())], ids=["flowing", "manual", "account"]
)
def test_what_never_comes_is_no_real_delay_away(clock):
    assert clock.real_delay(math.inf) is None


def test_a_flowing_clock_can_be_advanced_beside_its_passing_and_wakes_whoever_waits():
    clock = FlowingClock(2.0)
    wakes = []
    forget = clock.on_leap(lambda: wakes.append(clock.now()))
    before = clock.now()
    after = clock.advance(1_000_000.0)
    assert wakes[0] - before >= 1_000_000.0
    assert clock.real_delay(after + 1_000) == pytest.approx(500, abs=100)
    forget()
    clock.advance(1.0)
    assert len(wakes) == 1


_STEPS = st.lists(st.tuples(st.sampled_from(["server", "one", "other"]), st.floats(0, 1e8)))


@given(_STEPS)
def test_an_account_advanced_alone_is_ahead_and_nobody_else_is(steps):
    parent = ManualClock()
    clocks = {"server": parent, "one": AccountClock(parent), "other": AccountClock(parent)}
    wakes = dict.fromkeys(clocks, 0)

    def heard(name):
        wakes[name] += 1

    for name, clock in clocks.items():
        clock.on_leap(lambda name=name: heard(name))
    moved = dict.fromkeys(clocks, 0.0)
    for name, seconds in steps:
        before = clocks[name].now()
        assert clocks[name].advance(seconds) == clocks[name].now() == pytest.approx(before + seconds, abs=1e-6)
        moved[name] += seconds
    start = 1_750_000_000.0
    assert parent.now() == pytest.approx(start + moved["server"])
    for name in ("one", "other"):
        assert clocks[name].now() == pytest.approx(start + moved["server"] + moved[name])
        assert clocks[name].offset == pytest.approx(moved[name], abs=1e-3)
    served = sum(1 for name, _ in steps if name == "server")
    assert wakes == {
        name: served + sum(1 for other, _ in steps if other == name and name != "server") for name in clocks
    }


@given(st.lists(st.floats(0, 1e7)), st.floats(-1e7, 1e7))
def test_a_moment_has_come_to_an_account_exactly_when_its_clock_shows_it(steps, away):
    parent = ManualClock()
    clock = AccountClock(parent)
    for index, seconds in enumerate(steps):
        (parent if index % 2 else clock).advance(seconds)
        for moment in (
            clock.now() + away,
            clock.now(),
            math.nextafter(clock.now(), 0),
            math.nextafter(clock.now(), 4e9),
        ):
            assert clock.real_delay(moment) == (0.0 if moment <= clock.now() else None)
            assert (clock.at_parent(moment) <= parent.now()) == (moment <= clock.now())


def test_whoever_sleeps_on_an_accounts_clock_is_woken_by_its_own_advance_and_by_the_servers():
    parent = ManualClock()
    clock = AccountClock(parent)

    async def story():
        by_own = asyncio.ensure_future(sleep_until(clock, clock.now() + 5))
        by_servers = asyncio.ensure_future(sleep_until(clock, clock.now() + 15))
        await asyncio.sleep(0)
        clock.advance(5)
        await asyncio.wait_for(by_own, 10)
        assert not by_servers.done()
        parent.advance(10)
        await asyncio.wait_for(by_servers, 10)

    asyncio.run(story())


def test_an_account_that_nobody_sleeps_on_costs_its_server_nothing():
    parent = ManualClock()
    clocks = [AccountClock(parent) for _ in range(1_000)]
    assert not parent._sleepers._wakes
    forgets = [clock.on_leap(lambda: None) for clock in clocks]
    for forget in forgets:
        forget()
    assert not parent._sleepers._wakes


@pytest.mark.parametrize(
    ("text", "rate", "latency"),
    [("real", 1, 1), ("instant", 1, 0), ("30", 30, 1), ("0.5", 0.5, 1), ("brisk", 1, 1 / 30)],
)
def test_speed_scales_the_clock_or_only_the_generation(text, rate, latency):
    assert Speed.parse(text) == Speed(rate, latency)


@pytest.mark.parametrize("text", ["", "fast", "0", "-3", "nan", "inf", "1e99"])
def test_a_speed_that_means_nothing_is_refused_with_what_would_do(text):
    with pytest.raises(SettingError, match="brisk, real, instant or a number"):
        Speed.parse(text)


async def test_whoever_is_cancelled_as_the_wait_ends_is_cancelled():
    event = asyncio.Event()
    waiting = asyncio.ensure_future(wait_for(event, 60))
    await asyncio.sleep(0)
    event.set()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
