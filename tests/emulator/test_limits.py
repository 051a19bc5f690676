from hypothesis import given
from hypothesis import strategies as st

from understudy.limits import Rate, Window


@given(
    st.integers(1, 5),
    st.integers(1, 100),
    st.lists(st.integers(0, 60), max_size=40),
)
def test_no_interval_ever_holds_more_than_the_limit_and_the_wait_named_is_enough(limit, interval, steps):
    window = Window(Rate(limit, interval))
    now, allowed = 1000, []
    for step in steps:
        now += step
        wait = window.take(now)
        if wait is None:
            allowed.append(now)
            assert sum(1 for at in allowed if at > now - interval) <= limit
        else:
            assert 0 < wait <= interval
            assert sum(1 for at in allowed if at > now - interval) == limit
