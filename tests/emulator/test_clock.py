import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.clock import FlowingClock, ManualClock
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


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_clock_that_stands_still_or_runs_backward_cannot_be_made(rate):
    with pytest.raises(ValueError, match="above 0"):
        FlowingClock(rate)


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
