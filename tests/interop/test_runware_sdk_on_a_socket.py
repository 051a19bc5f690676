"""Unmodified `runware-sdk` 1.8.0 by its default transport, WebSocket: the same promises as over REST, and lost lines.

The SDK waits a second before its first poll and before it reconnects, so all runs are performed at once, and each test
looks at what came of its own.
"""

import asyncio
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from runware import Runware, RunwareError
from runware.types.sdk import RunOptions
from runware.validate import clear_validator_cache

from chopper import Chopper, Cut, Sign, says
from frames import Message
from interop.lines import MOMENTS, billed
from interop.wire import Wire
from stage import video_task
from understudy.clock import ManualClock
from understudy.config import Settings, Speed
from understudy.server import Server

pytestmark = pytest.mark.interop


@dataclass
class Run:
    """One run of the SDK: the task, how its server is reached, and what came of it."""

    server: Server
    task: dict[str, Any] = field(default_factory=video_task)
    options: dict[str, Any] = field(default_factory=dict)
    line: Chopper | None = None
    wire: Wire | None = None
    times: int = 1
    cancelled: bool = False
    #: What happens once the client is connected and before it runs anything.
    before: Callable[[], None] | None = None
    key: str = field(default_factory=lambda: f"sdk-{uuid.uuid4()}")
    results: list[dict[str, Any]] | None = None
    told: list[dict[str, Any]] = field(default_factory=list)
    progress: list[dict[str, Any]] = field(default_factory=list)
    error: RunwareError | None = None

    async def perform(self) -> None:
        port = self.line.port if self.line else self.server.port
        async with AsyncExitStack() as held:
            options = {"ws_base_url": f"ws://127.0.0.1:{port}/v1", **self.options}
            if self.wire is not None:
                options["dependencies"] = await held.enter_async_context(self.wire.dependencies())
            try:
                client = await held.enter_async_context(Runware(api_key=self.key, **options))
                if self.before is not None:
                    self.before()
                    await self._until_dropped(client)
                for _ in range(self.times):
                    self.results = await self._run(client)
            except RunwareError as error:
                self.error = error

    async def _run(self, client: Runware) -> list[dict[str, Any]]:
        cancel = asyncio.Event()
        running = asyncio.create_task(
            client.run(
                self.task, RunOptions(on_result=self.told.append, on_progress=self.progress.append, cancel_event=cancel)
            )
        )
        if self.cancelled:
            async with asyncio.timeout(10):
                while not await asyncio.to_thread(lambda: self.billed):
                    await asyncio.sleep(0.01)
            cancel.set()
        return await running

    async def _until_dropped(self, client: Runware) -> None:
        async with asyncio.timeout(10):
            while client.is_connected:
                await asyncio.sleep(0.01)

    @property
    def refusal(self) -> RunwareError:
        assert self.error is not None, f"the SDK raised nothing and returned {self.results}"
        return self.error

    @property
    def videos(self) -> list[dict[str, Any]]:
        assert self.error is None, f"the SDK raised {self.error!r}"
        assert self.results is not None
        return self.results

    @property
    def billed(self) -> list[str]:
        return billed(self.server, self.key)


@pytest.fixture(scope="module")
def runs(server: Server, cache: Path) -> Iterator[dict[str, Run]]:
    """Every run of this module, performed; `server` makes a video before the SDK's first poll, `slow` does not."""
    with ExitStack() as held:

        def further(clock: ManualClock | None = None, **values: Any) -> Server:
            return held.enter_context(Server(Settings(port=0, cache_dir=cache, **values), clock))

        instant = Speed(1.0, 0.0)
        clock = ManualClock()
        slow = further(speed=Speed(1.0, 1 / 30))
        locked = further(speed=instant, api_keys=frozenset({"good"}))
        both = further(speed=instant, api_keys=frozenset({"good"}), switches={"runware.ws-auth-error": "both"})
        penniless = further(speed=instant, balance=Decimal(0))
        avatar_5 = {"model": "heygen:avatar@5", "inputs": {"avatar": "Brandon_Office_Standing_Front_public"}}
        lines = {moment: held.enter_context(Chopper(server.port, cut())) for moment, cut in MOMENTS.items()}
        performed = {
            "three": Run(server, video_task(numberResults=3, includeCost=True)),
            "avatar-5": Run(server, video_task(**avatar_5)),
            "polled": Run(slow, video_task(numberResults=3)),
            "no-type": Run(server, video_task(taskType=None), wire=Wire()),
            "validated": Run(server, options={"validate": True}, wire=Wire()),
            "invalid": Run(server, video_task(speech={"text": "Hello.", "speed": 9})),
            "unknown-parameter": Run(server, video_task(steps=30)),
            "wrong-key": Run(locked, key="bad"),
            "wrong-key-both": Run(both, key="bad"),
            "right-key": Run(locked, key="good"),
            "no-credit": Run(penniless),
            "provider-fails": Run(server, video_task(positivePrompt="[[error:providerInternalError]]")),
            "gateway": Run(server, video_task(positivePrompt="[[error:gateway502]]")),
            "twice": Run(server, times=2),
            "cancelled": Run(server, cancelled=True),
            "idle": Run(further(clock, speed=instant), before=lambda: clock.advance(121)),
            **{moment: Run(server, video_task(numberResults=2), line=line) for moment, line in lines.items()},
        }

        async def perform() -> None:
            await asyncio.gather(*(run.perform() for run in performed.values()))

        # The SDK keeps what it found for the whole process, and another module may have had it find nothing.
        clear_validator_cache()
        asyncio.run(perform())
        yield performed


def test_each_of_three_results_is_a_video_of_its_own_with_its_cost(runs: dict[str, Run]) -> None:
    run = runs["three"]
    videos = run.videos
    assert len({video["videoUUID"] for video in videos}) == len({video["seed"] for video in videos}) == 3
    assert all(video["status"] == "success" and 0 < video["cost"] < 1 for video in videos)
    assert run.billed == [run.task["taskUUID"]] * 3


@pytest.mark.parametrize("name", ["three", "polled"])
def test_each_result_is_told_once_as_soon_as_a_poll_finds_it(runs: dict[str, Run], name: str) -> None:
    run = runs[name]
    assert sorted(video["videoUUID"] for video in run.told) == sorted(video["videoUUID"] for video in run.videos)


@pytest.mark.parametrize("name", ["avatar-5", "no-type", "right-key"])
def test_a_video_comes_over_a_socket(runs: dict[str, Run], name: str) -> None:
    run = runs[name]
    assert len(run.videos) == len(run.billed) == 1


def test_no_progress_is_made_up_for_a_video(runs: dict[str, Run]) -> None:
    """The docs show a number of it for other tasks, training for one."""
    run = runs["polled"]
    assert run.videos
    assert run.progress == []


def test_validating_without_a_way_to_the_schemas_does_no_harm(runs: dict[str, Run]) -> None:
    run = runs["validated"]
    assert len(run.videos) == len(run.billed) == 1
    assert run.wire is not None
    assert any("/resolve/heygen:avatar" in url for url, _ in run.wire.exchanges)


def test_a_validation_error_names_its_parameter_and_its_task_and_costs_nothing(runs: dict[str, Run]) -> None:
    run = runs["invalid"]
    assert (run.refusal.code, run.refusal.parameter) == ("validation", "speech.speed")
    assert run.refusal.task_uuid == run.task["taskUUID"]
    assert run.billed == []


def test_a_parameter_nobody_knows_is_named(runs: dict[str, Run]) -> None:
    refusal = runs["unknown-parameter"].refusal
    assert (refusal.code, refusal.parameter) == ("validation", "steps")


@pytest.mark.parametrize("name", ["wrong-key", "wrong-key-both"])
def test_a_wrong_key_is_an_auth_error_in_either_form(runs: dict[str, Run], name: str) -> None:
    assert runs[name].refusal.code == "auth"
    assert "Invalid API key" in str(runs[name].refusal)


def test_an_empty_purse_is_a_quota_error(runs: dict[str, Run]) -> None:
    assert runs["no-credit"].refusal.code == "quota"


def test_a_failure_while_processing_is_raised_as_the_provider_s(runs: dict[str, Run]) -> None:
    run = runs["provider-fails"]
    assert (run.refusal.code, run.refusal.task_uuid) == ("provider", run.task["taskUUID"])
    assert run.billed == []


def test_a_gateway_s_failure_is_told_of_its_task(runs: dict[str, Run]) -> None:
    run = runs["gateway"]
    assert run.refusal.task_uuid == run.task["taskUUID"]
    assert run.billed == []


def test_the_same_task_twice_is_a_conflict_and_billed_once(runs: dict[str, Run]) -> None:
    run = runs["twice"]
    assert run.results, "the first time goes well"
    assert (run.refusal.code, run.refusal.task_uuid) == ("validation", run.task["taskUUID"])
    assert run.billed == [run.task["taskUUID"]]


def test_cancelling_stops_the_wait_and_not_the_bill(runs: dict[str, Run]) -> None:
    run = runs["cancelled"]
    assert run.refusal.code == "aborted"
    assert run.billed == [run.task["taskUUID"]]


def test_a_socket_closed_for_being_idle_is_opened_again(runs: dict[str, Run]) -> None:
    run = runs["idle"]
    assert len(run.videos) == len(run.billed) == 1


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_lost_line_loses_no_result_and_bills_none_twice(runs: dict[str, Run], moment: str) -> None:
    run = runs[moment]
    assert len({video["videoUUID"] for video in run.videos}) == 2
    assert run.billed == [run.task["taskUUID"]] * 2
    assert run.line is not None
    assert (run.line.broken, run.line.connections) == (1, 2)


async def test_the_session_of_a_lost_line_goes_on_with_the_next(server: Server) -> None:
    heard: list[list[dict[str, Any]]] = [[], []]

    def listen(line: int) -> Sign:
        lost = says("videoInference")

        def sign(message: Message) -> bool:
            if message.text:
                heard[line] += json.loads(message.text)["data"]
            return line == 0 and lost(message)

        return sign

    with Chopper(server.port, Cut.after("down", listen(0)), Cut.before("down", listen(1))) as line:
        run = Run(server, line=line)
        await run.perform()
    assert len(run.videos) == len(run.billed) == 1
    (first, acknowledgement), (second, again, *polls) = heard
    assert first["connectionSessionUUID"] == second["connectionSessionUUID"]
    assert acknowledgement == again, "what may not have arrived comes once more, before anything else"
    assert polls[-1]["status"] == "success"


async def test_a_poll_of_an_unknown_task_names_no_task_so_the_sdk_gives_up(server: Server, key: str) -> None:
    async with Runware(api_key=key, ws_base_url=f"ws://127.0.0.1:{server.port}/v1", timeout=300) as client:
        with pytest.raises(RunwareError) as raised:
            await client.get_response({"taskUUID": str(uuid.uuid4())})
    assert raised.value.code == "timeout"
