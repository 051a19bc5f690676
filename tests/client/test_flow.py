from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy_client.flow import Answer, Backoff, Deadline, Lost, Request, Sleep, ask, persist, retry_after

GET = Request("GET", "http://provider/")
LOST = Lost(httpx.ReadError("reset"), sent=True)


def answer(status: int, **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"{}")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def play(flow, outcomes, clock=None):
    """Drive a flow with given outcomes; return what it returned and how long it slept each time."""
    slept, coming, step = [], iter(outcomes), next(flow)
    try:
        while True:
            if isinstance(step, Sleep):
                slept.append(step.seconds)
                if clock is not None:
                    clock.now += step.seconds
                step = flow.send(None)
            else:
                step = flow.send(next(coming))
    except StopIteration as end:
        return end.value, slept


@given(
    attempt=st.integers(1, 50),
    first=st.floats(0.01, 5),
    cap=st.floats(0.01, 60),
    roll=st.floats(0, 1, exclude_max=True),
)
def test_a_pause_is_never_negative_and_never_above_the_cap(attempt, first, cap, roll):
    pause = Backoff(retries=50, first=first, cap=cap, roll=lambda: roll).pause(attempt, LOST)
    assert pause is not None
    assert 0 <= pause <= cap


def test_pauses_double_up_to_the_cap():
    backoff = Backoff(retries=9, first=0.5, cap=4.0, roll=lambda: 1.0)
    assert [backoff.pause(n, LOST) for n in range(1, 6)] == [0.5, 1.0, 2.0, 4.0, 4.0]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_tried_again(status):
    assert Backoff().pause(1, answer(status)) is not None


@pytest.mark.parametrize("status", [200, 201, 301, 400, 401, 402, 403, 404, 409, 413, 422])
def test_what_will_not_pass_is_not_tried_again(status):
    assert Backoff().pause(1, answer(status)) is None


def test_a_url_no_transport_understands_is_not_tried_again():
    hopeless = Lost(httpx.UnsupportedProtocol("gopher"), sent=False, retryable=False)
    assert Backoff().pause(1, hopeless) is None


@given(st.integers(0, 60), st.floats(0, 1, exclude_max=True))
def test_the_pause_is_at_least_what_the_server_asked_for(seconds, roll):
    pause = Backoff(roll=lambda: roll).pause(1, answer(429, retry_after=str(seconds)))
    assert pause is not None
    assert seconds <= pause <= seconds + Backoff().first


def test_a_server_that_asks_for_too_long_a_pause_is_given_up():
    assert Backoff(patience=60).pause(1, answer(503, retry_after="3600")) is None


def test_retry_after_as_a_date_counts_from_the_date_of_the_answer():
    headers = {"date": "Sat, 21 Nov 2026 03:00:00 GMT", "retry-after": "Sat, 21 Nov 2026 03:00:07 GMT"}
    assert retry_after(headers) == 7.0


def test_a_date_that_has_passed_asks_for_no_pause():
    headers = {"date": "Sat, 21 Nov 2026 03:00:00 GMT", "retry-after": "Sat, 21 Nov 2026 02:00:00 GMT"}
    assert retry_after(headers) == 0.0


@given(st.text(max_size=40), st.text(max_size=40))
def test_nonsense_in_headers_asks_for_no_pause(asked, date):
    seconds = retry_after({"retry-after": asked, "date": date})
    assert seconds is None or seconds >= 0


def test_retries_end():
    reply, slept = play(persist(GET, Backoff(retries=3), Deadline(None), lambda whole: True), [answer(503)] * 4)
    assert reply.outcome.status == 503
    assert len(slept) == 3


def test_retries_end_at_the_deadline():
    clock = Clock()
    backoff = Backoff(retries=99, first=1.0, factor=1.0, roll=lambda: 1.0)
    flow = persist(GET, backoff, Deadline(3.5, clock), lambda whole: True)
    reply, slept = play(flow, [answer(503)] * 99, clock)
    assert reply.outcome.status == 503
    assert sum(slept) <= 3.5


def test_a_request_never_waits_longer_than_the_deadline_and_a_last_look():
    clock = Clock()
    first = next(persist(GET, Backoff(), Deadline(7.0, clock), lambda whole: True))
    assert first.timeout == 7.0
    clock.now += 7
    late = next(persist(GET, Backoff(), Deadline(0.0, clock), lambda whole: True))
    assert late.timeout == 1.0


def test_only_an_attempt_that_may_have_been_heard_makes_the_next_a_repetition():
    unheard = Lost(httpx.ConnectError("refused"), sent=False)
    backoff = Backoff(first=0.0)
    fresh, _ = play(persist(GET, backoff, Deadline(None), lambda whole: True), [unheard, answer(200)])
    again, _ = play(persist(GET, backoff, Deadline(None), lambda whole: True), [LOST, answer(200)])
    assert (fresh.repeated, again.repeated) == (False, True)


@pytest.mark.parametrize(("status", "may_be_done"), [(408, True), (429, False), (500, True), (503, True)])
def test_only_an_answer_that_leaves_it_open_makes_the_next_a_repetition(status, may_be_done):
    flow = persist(GET, Backoff(first=0.0), Deadline(None), lambda whole: True)
    reply, _ = play(flow, [answer(status), answer(200)])
    assert reply.repeated is may_be_done


@pytest.mark.parametrize(("status", "may_be_done"), [(200, True), (307, False), (400, False), (409, False)])
def test_an_answer_that_broke_off_may_have_been_a_yes_but_never_a_no(status, may_be_done):
    whole = iter([False, True])
    flow = persist(GET, Backoff(first=0.0), Deadline(None), lambda answer: next(whole))
    reply, _ = play(flow, [answer(status), answer(200)])
    assert reply.repeated is may_be_done


def test_a_driver_must_answer_a_request():
    flow = ask(GET)
    next(flow)
    with pytest.raises(TypeError):
        flow.send(None)
