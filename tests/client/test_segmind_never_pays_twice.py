"""However bad the line, a call of Segmind makes one paid request at most, and two calls on purpose make two."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from dataclasses import replace

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client.segmind_provider import FIELDS, FILE, MODEL, Provider
from understudy_client import (
    ConnectionFailed,
    Job,
    RateLimited,
    ServerError,
    UnderstudyError,
    ValidationError,
)
from understudy_client.client import AsyncDriver, Driver
from understudy_client.flow import Answer, Backoff, Deadline, Lost, Sleep
from understudy_client.segmind_codec import asked_pause
from understudy_client.segmind_places import Places
from understudy_client.segmind_queue import Queue
from understudy_client.segmind_submit import Submit
from understudy_client.segmind_sync import Call

EAGER = Backoff(retries=5, first=0.0, asked=asked_pause)
NO_REST = (0.0, 0.0)
HTML = b"<html>Bad Gateway</html>"
TASK = {"model": MODEL, "fields": FIELDS}


def queue(url: str = "http://provider", backoff: Backoff = EAGER) -> Queue:
    return Queue(Places.at(url), backoff)


def submitter(url: str = "http://provider", *, backoff: Backoff = EAGER, careful: bool = True) -> Submit:
    return Submit(queue(url, backoff), careful=careful, looks=NO_REST)


#: What may become of one POST: whether a request is made (and how), and what is heard of it.
FATES = {
    "never connected": (None, Lost(httpx.ConnectError("refused"), sent=False)),
    "lost before it was made": (None, Lost(httpx.ReadError("reset"), sent=True)),
    "lost after it was made": ("PENDING", Lost(httpx.RemoteProtocolError("cut"), sent=True)),
    "lost after it was made and failed": ("FAILED", Lost(httpx.RemoteProtocolError("cut"), sent=True)),
    "silent and made": ("PENDING", Lost(httpx.ReadTimeout("late"), sent=True, silent=True)),
    "silent and not made": (None, Lost(httpx.ReadTimeout("late"), sent=True, silent=True)),
    "429": (None, Answer(429, {}, b'{"error": "Rate limit exceeded"}')),
    "408 before": (None, Answer(408, {}, b'{"error": "timeout"}')),
    "500 before": (None, Answer(500, {}, b'{"error": "Internal server error"}')),
    "500 with a wrong value": (None, Answer(500, {}, b'{"error": "Invalid parameter: fit"}')),
    "502 after": ("PENDING", Answer(502, {}, HTML)),
    "502 before": (None, Answer(502, {}, HTML)),
    "504 after": ("COMPLETED", Answer(504, {}, b'{"error": "Request timed out"}')),
    "504 before": (None, Answer(504, {}, HTML)),
    "402": (None, Answer(402, {}, b'{"error": "Insufficient credits. You have 0.0 credits."}')),
    "200 cut short": ("PENDING", Answer(200, {}, b'{"request_id": "a1b2')),
    "fine": ("PENDING", None),
}
#: Those after which the same submit gets through in the end.
PASSING = [
    "never connected", "lost before it was made", "lost after it was made", "429", "408 before", "500 before",
    "502 after", "502 before", "silent and made", "504 after", "200 cut short",
]  # fmt: skip


def play(fates: Sequence[str], provider: Provider, submit: Submit, slept: list | None = None) -> Job:
    flow, coming = submit.submit(MODEL, FIELDS, Deadline(None)), iter(fates)
    step = next(flow)
    try:
        while True:
            if isinstance(step, Sleep):
                if slept is not None:
                    slept.append(step.seconds)
                step = flow.send(None)
                continue
            if step.method != "POST":
                step = flow.send(Answer(*provider.answer(step.method, step.url)))
                continue
            status, heard = FATES[next(coming, "fine")]
            said = Answer(*provider.create(step.url, step.body, status)) if status else None
            step = flow.send(heard or said)
    except StopIteration as end:
        return end.value


@given(st.lists(st.lists(st.sampled_from(list(FATES)), max_size=7), min_size=1, max_size=3))
def test_at_most_one_paid_request_comes_of_each_submit_and_no_error_denies_one_that_exists(scripts):
    provider, submit = Provider(), submitter()
    mine = set()
    for fates in scripts:
        before = set(provider.paid)
        error = job = None
        try:
            job = play(fates, provider, submit)
        except UnderstudyError as raised:
            error = raised
        fresh = set(provider.paid) - before
        assert len(fresh) <= 1
        if error is None:
            assert job.id not in mine
            mine.add(job.id)
            assert fresh in ({job.id}, set())
        elif fresh:
            assert error.billed is not False
            assert error.request == TASK


@given(st.lists(st.sampled_from(PASSING), max_size=5))
def test_a_submit_gets_through_as_long_as_retries_last(fates):
    provider = Provider()
    job = play(fates, provider, submitter())
    assert provider.paid == [job.id]
    assert job.request == TASK


@given(st.lists(st.sampled_from(PASSING), max_size=5), st.lists(st.sampled_from(PASSING), max_size=5))
def test_the_same_submitted_twice_on_purpose_makes_two_requests(first, second):
    provider, submit = Provider(), submitter()
    jobs = [play(first, provider, submit), play(second, provider, submit)]
    assert provider.paid == [job.id for job in jobs]
    assert len(set(provider.paid)) == 2


@given(st.integers(0, 250), st.sampled_from(["lost after it was made", "lost before it was made"]))
def test_what_was_there_before_is_never_taken_for_ones_own(earlier, fate):
    provider = Provider()
    body = httpx.Request("POST", "http://x/", json=FIELDS).content
    for _ in range(earlier):
        provider.create(f"/v2/{MODEL}", body)
        provider.now += 1
    old = set(provider.paid)
    assert play([fate], provider, submitter()).id not in old
    assert len(provider.paid) == earlier + 1


@pytest.mark.parametrize("history", [{"shows": False}, {"adds": True}], ids=["shows nothing", "shows more than sent"])
def test_nothing_is_sent_again_when_nobody_can_tell_whose_a_request_is(history):
    provider = Provider(**history)
    with pytest.raises(ConnectionFailed, match=r"client\.history\(model_name='heygen-avatar-iv'\)") as caught:
        play(["lost after it was made"], provider, submitter())
    assert (caught.value.billed, len(provider.paid)) == (None, 1)


def test_a_request_with_other_fields_is_not_taken_and_does_not_stop_the_submit():
    provider = Provider()
    other = httpx.Request("POST", "http://x/", json=FIELDS | {"script": "Good night."}).content
    flow = submitter().submit(MODEL, FIELDS, Deadline(None))
    flow.send(Answer(*provider.answer("GET", next(flow).url)))
    provider.create(f"/v2/{MODEL}", other)
    step = flow.send(Lost(httpx.ReadError("reset"), sent=True))
    while isinstance(step, Sleep) or step.method == "GET":
        step = flow.send(None if isinstance(step, Sleep) else Answer(*provider.answer("GET", step.url)))
    with pytest.raises(StopIteration) as end:
        flow.send(Answer(*provider.create(step.url, step.body)))
    assert end.value.value.id == provider.paid[1]


@pytest.mark.parametrize("fate", ["silent and not made", "504 before"])
def test_what_the_server_may_still_be_doing_is_not_sent_again(fate):
    provider = Provider()
    with pytest.raises(UnderstudyError, match="before you submit it again") as caught:
        play([fate], provider, submitter())
    assert caught.value.billed is None
    assert provider.rows == []


@pytest.mark.parametrize("fate", ["402", "500 with a wrong value"])
def test_a_refusal_is_final_and_free(fate):
    provider = Provider()
    with pytest.raises(UnderstudyError) as caught:
        play([fate], provider, submitter())
    assert (caught.value.billed, caught.value.retryable, provider.rows) == (False, False, [])


def test_a_limit_that_stays_is_raised_with_its_pause_and_cost_nothing():
    flow = submitter(backoff=replace(EAGER, retries=0)).submit(MODEL, FIELDS, Deadline(None))
    flow.send(Answer(*Provider().answer("GET", next(flow).url)))
    headers = {"date": "Sat, 01 Aug 2026 10:00:00 GMT", "x-rate-limit-reset-at-utc": "2026-08-01T10:00:41Z"}
    with pytest.raises(RateLimited) as caught:
        flow.send(Answer(429, headers, b'{"error": "Rate limit exceeded"}'))
    assert (caught.value.retry_after, caught.value.billed) == (41.0, False)


@pytest.mark.parametrize(
    "blind",
    [Answer(404, {}, b'{"error": "no"}'), Answer(200, {}, b"{}"), Answer(503, {}, HTML), Answer(401, {}, b"{}"),
     Lost(httpx.ConnectTimeout("firewall"), sent=False)],
    ids=["not there", "of another form", "broken", "not for this key", "out of reach"],
)  # fmt: skip
def test_without_a_history_a_submit_goes_ahead_and_is_sent_once(blind):
    submit = submitter(backoff=replace(EAGER, retries=0))
    flow = submit.submit(MODEL, FIELDS, Deadline(None))
    next(flow)
    post = flow.send(blind)
    assert post.method == "POST"
    with pytest.raises(ConnectionFailed) as caught:
        flow.send(Lost(httpx.ReadError("reset"), sent=True))
    assert caught.value.billed is None


def test_a_history_that_cannot_be_read_afterwards_lets_nothing_be_sent_again():
    flow = submitter(backoff=replace(EAGER, retries=0)).submit(MODEL, FIELDS, Deadline(None))
    flow.send(Answer(*Provider().answer("GET", next(flow).url)))
    assert flow.send(Lost(httpx.ReadError("reset"), sent=True)).method == "GET"
    with pytest.raises(ConnectionFailed, match="look for it in client") as caught:
        flow.send(Answer(503, {}, HTML))
    assert caught.value.billed is None


def test_without_care_there_is_no_look_and_nothing_unsure_is_sent_again():
    provider = Provider()
    with pytest.raises(ConnectionFailed) as caught:
        play(["lost before it was made"], provider, submitter(careful=False))
    assert caught.value.billed is None
    assert play(["429", "never connected"], provider, submitter(careful=False)).id in provider.paid


def test_a_server_that_was_never_reached_billed_nothing():
    with pytest.raises(ConnectionFailed) as caught:
        play(["never connected"] * 6, Provider(), submitter())
    assert (caught.value.billed, caught.value.retryable) == (False, True)


def cue(kind: str, last: int):
    return st.tuples(st.just(kind), st.integers(0, last))


def cut_at(scripted, reply, script: list, provider: Provider) -> None:
    """Make a server hang up where the script says, once for each of its lines, and then behave."""
    coming, now = iter(script), [None, None]

    def hear() -> int | None:
        now[:] = next(coming, (None, None))
        return now[1] if now[0] == "request" else None

    def answer(call):
        status, headers, said = provider.answer(call.method, call.path, call.body)
        cut = now[1] if str(now[0]).startswith("answer") else None
        return reply(said, status, headers, cut=cut, with_length=now[0] != "answer without a length")

    scripted.hear, scripted.answer = hear, answer


cuts = st.lists(
    st.one_of(cue("request", 520), cue("answer", 330), cue("answer without a length", 300)), min_size=1, max_size=4
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=cuts, second=cuts)
def test_connections_cut_at_any_byte_never_end_with_two_paid_requests_for_one_submit(
    scripted, reply, http, first, second
):
    provider, submit = Provider(scripted.url), submitter(scripted.url)
    driver = Driver(http, "key", httpx.Timeout(5.0))
    for script in (first, second):
        before = len(provider.paid)
        cut_at(scripted, reply, script, provider)
        job = driver.run(submit.submit(MODEL, FIELDS, Deadline(None)))
        assert provider.paid[before:] == [job.id]


@pytest.mark.parametrize(
    "script", [[("answer", None), ("answer", 90)], [("request", 40)], [("answer", None), ("request", 400)]]
)
async def test_the_async_client_survives_the_same_cuts(scripted, reply, script):
    provider = Provider(scripted.url)
    cut_at(scripted, reply, script, provider)
    async with httpx.AsyncClient(verify=False) as http:
        driver = AsyncDriver(http, "key", httpx.Timeout(5.0))
        job = await driver.run(submitter(scripted.url).submit(MODEL, FIELDS, Deadline(None)))
    assert provider.paid == [job.id]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.one_of(cue("request", 520), cue("answer", 1400)), min_size=1, max_size=4))
def test_a_blocking_call_cut_at_any_byte_is_never_made_again_and_leaves_no_half_file(
    scripted, reply, http, tmp_path_factory, cuts
):
    provider, out = Provider(scripted.url), tmp_path_factory.mktemp("out") / "v.mp4"
    cut_at(scripted, reply, cuts, provider)
    driver = Driver(http, "key", httpx.Timeout(5.0))
    made = error = None
    try:
        made = driver.run(Call(queue(scripted.url), TASK, out, patience=5.0).run())
    except UnderstudyError as raised:
        error = raised
    if made is not None:
        assert made.path.read_bytes() == FILE
        assert provider.paid == [made.request_id]
        return
    assert list(out.parent.iterdir()) == []
    assert error.request == TASK
    assert "client." in str(error)
    assert len(provider.paid) <= 1
    assert not error.retryable
    assert error.billed is None or (error.billed, error.job.id) == (True, provider.paid[0])


def blocking(tmp_path, backoff: Backoff = EAGER):
    flow = Call(queue(backoff=backoff), TASK, tmp_path / "v.mp4", patience=5.0).run()
    return flow, next(flow)


@pytest.mark.parametrize(
    "fate", [fate for fate in FATES if fate not in ("never connected", "429", "fine", "200 cut short")]
)
def test_a_blocking_call_is_only_made_again_when_it_certainly_never_began(tmp_path, fate):
    flow, step = blocking(tmp_path)
    for harmless in ("never connected", "429"):
        assert isinstance(flow.send(FATES[harmless][1]), Sleep)
        assert flow.send(None).body == step.body
    with pytest.raises(UnderstudyError) as caught:
        flow.send(FATES[fate][1])
    refused = fate in ("402", "500 with a wrong value")
    assert caught.value.billed is (False if refused else None)
    assert caught.value.retryable is False
    assert ("client.history(model_name='heygen-avatar-iv')" in str(caught.value)) is not refused


def test_a_blocking_call_that_never_gets_through_was_not_billed(tmp_path):
    for fate, kind in (("never connected", ConnectionFailed), ("429", RateLimited)):
        flow, _ = blocking(tmp_path, replace(EAGER, retries=0))
        with pytest.raises(kind) as caught:
            flow.send(FATES[fate][1])
        assert (caught.value.billed, caught.value.retryable) == (False, True)


def test_a_blocking_call_that_a_gateway_gave_up_on_is_typed_by_its_status(tmp_path):
    flow, _ = blocking(tmp_path)
    with pytest.raises(ServerError) as caught:
        flow.send(Answer(502, {}, HTML))
    assert caught.value.status == 502
    flow, _ = blocking(tmp_path)
    with pytest.raises(ValidationError) as caught:
        flow.send(Answer(405, {}, b"<html><h1>405 Method Not Allowed</h1></html>"))
    assert caught.value.status == 405


def test_a_submit_does_not_take_what_a_blocking_call_of_the_same_client_is_making(tmp_path):
    provider, submit = Provider(), submitter()
    call = Call(submit.queue, TASK, tmp_path / "v.mp4", patience=5.0, claims=submit.claims).run()
    v1 = next(call)
    flow = submit.submit(MODEL, FIELDS, Deadline(None))
    flow.send(Answer(*provider.answer("GET", next(flow).url)))
    # The blocking call is being made when the answer to the submit is lost.
    status, headers, file = provider.create(v1.url, v1.body)
    assert isinstance(flow.send(Lost(httpx.ReadError("reset"), sent=True)), Sleep)
    assert isinstance(flow.send(None), Sleep)
    assert v1.into.begin(status, headers)
    v1.into.write(file)
    with pytest.raises(StopIteration) as made:
        call.send(Answer(status, headers, b""))
    step = flow.send(None)
    while isinstance(step, Sleep) or step.method == "GET":
        step = flow.send(None if isinstance(step, Sleep) else Answer(*provider.answer("GET", step.url)))
    with pytest.raises(StopIteration) as queued:
        flow.send(Answer(*provider.create(step.url, step.body)))
    assert provider.paid == [made.value.value.request_id, queued.value.value.id]


def test_a_submit_whose_time_is_up_does_not_wait_for_a_rival():
    provider, submit = Provider(), submitter()
    until = Deadline(1.0, clock=iter([0.0, *itertools.repeat(0.5, 3), *itertools.repeat(2.0, 99)]).__next__)
    rival = submit.submit(MODEL, FIELDS, Deadline(None))
    flow = submit.submit(MODEL, FIELDS, until)
    for each in (flow, rival):
        each.send(Answer(*provider.answer("GET", next(each).url)))
    with pytest.raises(ConnectionFailed) as caught:
        flow.send(Lost(httpx.ReadError("reset"), sent=True))
    assert caught.value.billed is None
    rival.close()


def test_threads_that_submit_the_same_get_one_request_each():
    provider, lost = Provider(), itertools.cycle([True, False, True])

    def handle(request: httpx.Request) -> httpx.Response:
        status, headers, said = provider.answer(request.method, str(request.url), request.content)
        if request.method == "POST" and next(lost):
            raise httpx.ReadError("reset")
        return httpx.Response(status, headers=headers, content=said)

    submit, ids = submitter(backoff=replace(EAGER, retries=20)), []
    with httpx.Client(transport=httpx.MockTransport(handle)) as client:
        driver = Driver(client, "key", httpx.Timeout(5.0))

        def go() -> None:
            ids.append(driver.run(submit.submit(MODEL, FIELDS, Deadline(30))).id)

        threads = [threading.Thread(target=go) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(ids) == sorted(provider.paid)
    assert len(set(ids)) == 6
