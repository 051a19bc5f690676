"""However bad the line, a submit makes one job at most, and never says "not billed" of one that exists."""

from __future__ import annotations

import json
from collections.abc import Sequence

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from understudy_client import ConnectionFailed, Job, TaskConflict, UnderstudyError
from understudy_client.client import AsyncDriver, Driver
from understudy_client.flow import Answer, Backoff, Lost, Sleep
from understudy_client.runware_codec import prepare
from understudy_client.runware_verbs import Verbs

EAGER = Backoff(retries=5, first=0.0)
TASK = {"model": "heygen:avatar@4", "speech": {"text": "Good evening, night owls."}}


class Provider:
    """As much of Runware as a submit meets: a task is made once, its UUID conflicts ever after."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def create(self, body: bytes) -> tuple[int, bytes]:
        [task] = json.loads(body)
        name = task["taskUUID"]
        if name in self.made:
            error = {"code": "conflictTaskUUID", "message": "It is taken.", "taskUUID": name}
            return 400, json.dumps({"data": [], "errors": [error]}).encode()
        self.made.append(name)
        return 200, json.dumps({"data": [{"taskType": "videoInference", "taskUUID": name}]}).encode()


FATES = [
    "never connected",
    "lost before it was made",
    "lost after it was made",
    "429 before",
    "408 before",
    "500 before",
    "503 after",
    "504 with a page, after",
    "200 cut short, after",
    "fine",
]


def meet(fate: str, provider: Provider, body: bytes) -> Answer | Lost:
    if fate == "never connected":
        return Lost(httpx.ConnectError("refused"), sent=False)
    if fate == "lost before it was made":
        return Lost(httpx.ReadError("reset"), sent=True)
    if "before" in fate:
        return Answer(int(fate[:3]), {}, b'{"errors": [{"code": "serviceUnavailable", "message": "Busy."}]}')
    status, said = provider.create(body)
    if fate.startswith("lost"):
        return Lost(httpx.RemoteProtocolError("cut"), sent=True)
    if fate.startswith("200 cut"):
        return Answer(status, {}, said[: len(said) // 2])
    if fate == "503 after":
        return Answer(503, {}, b"")
    if fate.startswith("504"):
        return Answer(504, {}, b"<html>Gateway Time-out</html>")
    return Answer(status, {}, said)


def play(fates: Sequence[str], provider: Provider, task: dict) -> Job:
    flow = Verbs("http://provider/v1", EAGER).submit(task)
    coming = iter(fates)
    step = next(flow)
    try:
        while True:
            if isinstance(step, Sleep):
                step = flow.send(None)
            else:
                step = flow.send(meet(next(coming, "fine"), provider, step.body))
    except StopIteration as end:
        return end.value


@given(st.lists(st.sampled_from(FATES), max_size=7))
def test_at_most_one_job_comes_of_a_submit_and_its_error_never_denies_one_that_exists(fates):
    provider, task = Provider(), prepare(TASK, {})
    error = None
    try:
        job = play(fates, provider, task)
    except UnderstudyError as raised:
        error, job = raised, raised.job
    assert job == Job(task["taskUUID"])
    assert len(provider.made) <= 1
    if error is None:
        assert provider.made == [job.id]
    elif provider.made:
        assert error.billed is not False


@given(st.lists(st.sampled_from([fate for fate in FATES if fate != "fine"]), max_size=5))
def test_a_submit_gets_through_as_long_as_retries_last(fates):
    provider = Provider()
    job = play(fates, provider, prepare(TASK, {}))
    assert provider.made == [job.id]


def test_a_conflict_on_the_first_try_is_told():
    provider, task = Provider(), prepare(TASK, {})
    play([], provider, task)
    with pytest.raises(TaskConflict) as caught:
        play([], provider, task)
    assert caught.value.billed is False
    assert caught.value.code == "conflictTaskUUID"


def test_a_conflict_after_a_try_that_reached_nobody_is_told():
    provider, task = Provider(), prepare(TASK, {})
    play([], provider, task)
    with pytest.raises(TaskConflict):
        play(["never connected", "never connected"], provider, task)


def test_a_server_that_was_never_reached_billed_nothing():
    provider = Provider()
    with pytest.raises(ConnectionFailed) as caught:
        play(["never connected"] * 6, provider, prepare(TASK, {}))
    assert caught.value.billed is False
    assert caught.value.retryable


def test_a_submit_whose_every_answer_was_lost_may_be_billed_and_names_its_job():
    provider, task = Provider(), prepare(TASK, {})
    with pytest.raises(ConnectionFailed) as caught:
        play(["lost after it was made"] * 6, provider, task)
    assert caught.value.billed is None
    assert caught.value.job == Job(task["taskUUID"])
    assert provider.made == [task["taskUUID"]]


UNTOUCHED = {
    "never connected": Lost(httpx.ConnectError("refused"), sent=False),
    "429": Answer(429, {}, b'{"errors": [{"code": "rateLimitExceeded", "message": "Too many."}]}'),
    "429 with a page": Answer(429, {}, b"<html>Too Many Requests</html>"),
    "400 cut short": Answer(400, {}, b'{"errors": [{"code": "conflictTa'),
    "a redirect": Answer(307, {}, b""),
}


@given(st.lists(st.sampled_from(list(UNTOUCHED)), max_size=5))
def test_a_job_of_an_older_task_is_never_handed_out_as_ones_own(fates):
    provider, task = Provider(), prepare(TASK, {})
    play([], provider, task)
    flow = Verbs("http://provider/v1", EAGER).submit(task)
    step = next(flow)
    for fate in fates:
        step = flow.send(UNTOUCHED[fate])
        assert isinstance(step, Sleep)
        step = flow.send(None)
    status, said = provider.create(step.body)
    with pytest.raises(TaskConflict) as caught:
        flow.send(Answer(status, {}, said))
    assert caught.value.billed is False


cuts = st.lists(
    st.one_of(
        st.tuples(st.just("request"), st.integers(0, 420)),
        st.tuples(st.just("answer"), st.integers(0, 180)),
        st.tuples(st.just("answer without a length"), st.integers(0, 150)),
    ),
    min_size=1,
    max_size=4,
)


def cut_at(scripted, reply, script: list, provider: Provider) -> None:
    """Make a server hang up where the script says, once for each of its lines, and then behave."""
    coming = iter(script)
    now: list = [None, None]

    def hear() -> int | None:
        now[:] = next(coming, (None, None))
        return now[1] if now[0] == "request" else None

    def answer(call):
        status, said = provider.create(call.body)
        cut = now[1] if str(now[0]).startswith("answer") else None
        return reply(said, status, cut=cut, with_length=now[0] != "answer without a length")

    scripted.hear, scripted.answer = hear, answer


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=cuts)
def test_a_connection_cut_at_any_byte_ends_with_exactly_one_job(scripted, reply, http, script):
    provider, task = Provider(), prepare(TASK, {})
    cut_at(scripted, reply, script, provider)
    job = Driver(http, "key", httpx.Timeout(5.0)).run(Verbs(scripted.url, EAGER).submit(task))
    assert provider.made == [job.id]


@pytest.mark.parametrize(
    "script", [[("request", 40)], [("answer", 0)], [("answer", 90)], [("answer without a length", 70)]]
)
async def test_the_async_client_survives_the_same_cuts(scripted, reply, script):
    provider, task = Provider(), prepare(TASK, {})
    cut_at(scripted, reply, script, provider)
    async with httpx.AsyncClient(verify=False) as http:
        driver = AsyncDriver(http, "key", httpx.Timeout(5.0))
        job = await driver.run(Verbs(scripted.url, EAGER).submit(task))
    assert provider.made == [job.id]
