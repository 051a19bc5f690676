"""A line that breaks anywhere, again and again, while many tasks share it: none is lost, and none is doubled."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import anyio
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chopper import Chopper, Cut, says
from understudy_client import AsyncRunwareClient, MediaResult, Poll, RunwareClient
from understudy_client.flow import Backoff
from understudy_client.runware_codec import prepare
from understudy_client.runware_verbs import Verbs

EAGER = Backoff(retries=12, first=0.02, cap=0.1)
SOON = Poll(first=0.02, factor=1.2, cap=0.1)
REQUEST = {
    "model": "heygen:avatar@4",
    "inputs": {"avatar": "man_casual_young_adult_2"},
    "speech": {"text": "Good evening, night owls.", "voice": "auto"},
    "width": 320,
    "height": 180,
}
#: Handshake, login, submits and acknowledgements of a few tasks, and then polls: some 300 bytes are the handshake's.
PLACES = st.one_of(st.integers(1, 900), st.integers(1, 6000))
CUTS = st.lists(st.tuples(st.sampled_from(["up", "down"]), PLACES), min_size=1, max_size=5)
COUNTS = [1, 2, 1, 3, 1, 1]


def charges(server, key: str) -> list[str]:
    """The job that each charge of an account is for, one for each of its results."""
    headers = {"Authorization": f"Bearer {key}"}
    ledger = httpx.get(f"{server.url}/_understudy/ledger", headers=headers, trust_env=False).json()
    return sorted(entry["job"] for entry in ledger["entries"] if entry["kind"] == "charge")


def tasks() -> list[dict]:
    return [prepare(REQUEST, {"numberResults": count}) for count in COUNTS]


def judge(server, key: str, given: list[dict], made: list[list[MediaResult]]) -> None:
    """Every task ended once, with its own results, all different, and each of them was paid for once."""
    for task, results in zip(given, made, strict=True):
        assert len(results) == task["numberResults"]
        assert {result.job for result in results} == {task["taskUUID"]}
    everything = [result for results in made for result in results]
    assert len({result.id for result in everything}) == len(everything) == sum(COUNTS)
    assert charges(server, key) == sorted(result.job for result in everything)


def cuts_of(places: list[tuple[str, int]]) -> list[Cut]:
    return [Cut.at_byte(way, count) for way, count in places]


@settings(
    max_examples=settings.default.max_examples * 2 // 3,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(places=CUTS)
def test_tasks_of_many_coroutines_survive_a_line_that_breaks_anywhere(server, places):
    # Not one of Hypothesis' own: an example is tried again while it shrinks, and no account is to be met twice.
    key, given_tasks = f"test-{uuid.uuid4()}", tasks()

    async def perform(port: int) -> list[list[MediaResult]]:
        made: list[list[MediaResult]] = [[] for _ in given_tasks]
        async with (
            httpx.AsyncClient(trust_env=False, verify=False) as http,
            AsyncRunwareClient(key, f"ws://127.0.0.1:{port}/v1", http=http, transport="websocket") as client,
            anyio.create_task_group() as group,
        ):
            client._verbs = Verbs(client.base_url, EAGER)

            async def one(index: int, task: dict) -> None:
                made[index] = await client.generate(task, poll=SOON, deadline=60)

            for index, task in enumerate(given_tasks):
                group.start_soon(one, index, task)
        return made

    with Chopper(server.port, *cuts_of(places)) as chopper:
        made = anyio.run(perform, chopper.port)
    judge(server, key, given_tasks, made)


@settings(
    max_examples=settings.default.max_examples // 3,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(places=CUTS)
def test_tasks_of_many_threads_survive_a_line_that_breaks_anywhere(server, http, places):
    key, given_tasks = f"test-{uuid.uuid4()}", tasks()
    with (
        Chopper(server.port, *cuts_of(places)) as chopper,
        RunwareClient(key, f"http://127.0.0.1:{chopper.port}/v1", http=http, transport="websocket") as client,
        ThreadPoolExecutor(len(given_tasks)) as pool,
    ):
        client._verbs = Verbs(client.base_url, EAGER)
        made = list(pool.map(lambda task: client.generate(task, poll=SOON, deadline=60), given_tasks))
    judge(server, key, given_tasks, made)


MOMENTS = {
    "in place of the submit": lambda: Cut.before("up", says("videoInference")),
    "behind the submit": lambda: Cut.after("up", says("videoInference")),
    "in place of the acknowledgement": lambda: Cut.before("down", says("videoInference")),
    "behind the acknowledgement": lambda: Cut.after("down", says("videoInference")),
    "in place of the login's answer": lambda: Cut.before("down", says("connectionSessionUUID")),
    "in place of a poll": lambda: Cut.before("up", says("getResponse")),
    "in place of the result": lambda: Cut.before("down", says("success")),
}


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("times", [1, 3])
def test_a_task_survives_a_cut_at_every_moment_of_its_life(server, key, http, moment, times):
    cuts = [MOMENTS[moment]() for _ in range(times)]
    with (
        Chopper(server.port, *cuts) as chopper,
        RunwareClient(key, f"ws://127.0.0.1:{chopper.port}/v1", http=http, transport="websocket") as client,
    ):
        client._verbs = Verbs(client.base_url, EAGER)
        [result] = client.generate(REQUEST, poll=SOON, deadline=60)
        # An acknowledgement that was resumed needs no second submit, and so meets no second cut.
        assert 1 <= chopper.broken <= times
    assert charges(server, key) == [result.job]


def test_no_thread_is_left_of_all_that():
    assert [thread for thread in threading.enumerate() if thread.name == "runware-websocket"] == []
