"""Unmodified `runware-sdk` over REST: its user meets in the stand-in what they would meet in the provider.

The SDK waits a second before its first poll, so all runs are performed at once, and each test looks at what came of
its own.
"""

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

import pytest
from runware import Runware, RunwareError
from runware.types.sdk import RunOptions
from runware.validate import clear_validator_cache

from chopper import Chopper, Cut
from interop.lines import billed
from interop.wire import Wire
from stage import video_task
from understudy.config import Settings, Speed
from understudy.media.inspect import inspect
from understudy.server import Server
from understudy_contracts.provider import contract

pytestmark = pytest.mark.interop

SCHEMAS = "https://schemas.runware.ai"


@dataclass
class Run:
    """One run of the SDK: the task, the client's options, and what came of it."""

    server: Server
    task: dict[str, Any]
    options: dict[str, Any] = field(default_factory=dict)
    times: int = 1
    key: str = field(default_factory=lambda: f"sdk-{uuid.uuid4()}")
    wire: Wire | None = None
    line: Chopper | None = None
    cancelled: bool = False
    results: list[dict[str, Any]] | None = None
    error: RunwareError | None = None

    async def perform(self) -> None:
        async with AsyncExitStack() as held:
            port = self.line.port if self.line else self.server.port
            options = {"transport": "rest", "http_base_url": f"http://127.0.0.1:{port}/v1", **self.options}
            if self.wire is not None:
                options["dependencies"] = await held.enter_async_context(self.wire.dependencies())
            client = await held.enter_async_context(Runware(api_key=self.key, **options))
            try:
                for _ in range(self.times):
                    self.results = await self._run(client)
            except RunwareError as error:
                self.error = error

    async def _run(self, client: Runware) -> list[dict[str, Any]]:
        cancel = asyncio.Event()
        running = asyncio.create_task(client.run(self.task, RunOptions(cancel_event=cancel)))
        if self.cancelled:
            async with asyncio.timeout(10):
                while not await asyncio.to_thread(lambda: self.billed):
                    await asyncio.sleep(0.01)
            cancel.set()
        return await running

    @property
    def billed(self) -> list[str]:
        return billed(self.server, self.key)

    @property
    def refusal(self) -> RunwareError:
        assert self.error is not None, f"the SDK raised nothing and returned {self.results}"
        return self.error

    @property
    def videos(self) -> list[dict[str, Any]]:
        assert self.error is None, f"the SDK raised {self.error!r}"
        assert self.results is not None
        return self.results


@pytest.fixture(scope="module")
def runs(server: Server, cache: Path) -> Iterator[dict[str, Run]]:
    """Every run of this module, performed; `server` makes a video before the SDK's first poll, `slow` does not."""

    def further(**values: Any) -> Server:
        return servers.enter_context(Server(Settings(port=0, cache_dir=cache, **values)))

    def broken(cut: Cut) -> Chopper:
        return servers.enter_context(Chopper(server.port, cut))

    with ExitStack() as servers:
        instant = Speed(1.0, 0.0)
        slow = further(speed=Speed(1.0, 1 / 30))
        locked = further(speed=instant, api_keys=frozenset({"good"}))
        penniless = further(speed=instant, balance=Decimal(0))
        page_example = {**contract("runware").examples[0]["request"], "taskUUID": str(uuid.uuid4())}
        avatar_5 = {"model": "heygen:avatar@5", "inputs": {"avatar": "Brandon_Office_Standing_Front_public"}}
        no_type = video_task(taskType=None)
        impatient = {"max_retries": 2, "retry_delay": 1}
        performed = {
            "three": Run(server, video_task(numberResults=3, includeCost=True, width=640, height=360)),
            "avatar-5": Run(server, video_task(**avatar_5)),
            "page-example": Run(slow, page_example, wire=Wire()),
            "no-type": Run(server, no_type, wire=Wire()),
            "validated": Run(server, video_task(), {"validate": True}, wire=Wire()),
            "invalid": Run(server, video_task(speech={"text": "Hello.", "speed": 9})),
            "unknown-parameter": Run(server, video_task(steps=30)),
            "wrong-key": Run(locked, video_task(), key="bad"),
            "right-key": Run(locked, video_task(), key="good"),
            "no-credit": Run(penniless, video_task()),
            "provider-fails": Run(server, video_task(positivePrompt="[[error:providerInternalError]]")),
            "unavailable": Run(
                server, video_task(positivePrompt="[[error:serviceUnavailable]]"), impatient, wire=Wire()
            ),
            "gateway": Run(server, video_task(positivePrompt="[[error:gateway502]]"), {"max_retries": 0}),
            "twice": Run(server, video_task(), times=2),
            "cancelled": Run(server, video_task(), cancelled=True),
            "request-lost": Run(server, video_task(), impatient, line=broken(Cut.at_byte("up", 1))),
            "answer-lost": Run(server, video_task(), impatient, line=broken(Cut.at_byte("down", 1))),
        }

        async def perform() -> None:
            await asyncio.gather(*(run.perform() for run in performed.values()))

        # The SDK keeps what it found for the whole process, and another module may have had it find nothing.
        clear_validator_cache()
        asyncio.run(perform())
        yield performed


def test_each_of_three_results_is_a_video_of_its_own_with_its_cost_and_it_plays(
    runs: dict[str, Run], tmp_path: Path
) -> None:
    run = runs["three"]
    videos = run.videos
    assert len({video["videoUUID"] for video in videos}) == len({video["seed"] for video in videos}) == 3
    for video in videos:
        assert video["taskType"] == "videoInference"
        assert video["taskUUID"] == run.task["taskUUID"]
        assert video["status"] == "success"
        assert 0 < video["cost"] < 1
    file = fetch(videos[0]["videoURL"], tmp_path)
    seen = inspect(file)
    assert (seen.width, seen.height, seen.video_codec, seen.audio_codec) == (640, 360, "h264", "aac")
    assert seen.duration == pytest.approx(videos[0]["cost"] / 0.10, abs=0.06)


def test_avatar_five_generates_too(runs: dict[str, Run], tmp_path: Path) -> None:
    (video,) = runs["avatar-5"].videos
    assert "cost" not in video
    assert inspect(fetch(video["videoURL"], tmp_path)).frames > 0


def test_the_page_s_own_example_is_polled_until_it_is_done(runs: dict[str, Run]) -> None:
    run = runs["page-example"]
    assert len(run.videos) == 1
    assert run.wire is not None
    statuses = run.wire.statuses(f"{run.server.url}/v1")
    assert set(statuses) == {200}
    assert len(statuses) >= 3, "a submit, a poll that finds it running, and one that finds it done"


def test_without_a_task_type_the_sdk_s_own_registry_knows_the_model(runs: dict[str, Run]) -> None:
    assert runs["no-type"].videos


def test_validating_before_sending_does_no_harm(runs: dict[str, Run]) -> None:
    run = runs["validated"]
    assert run.videos
    assert run.wire is not None
    assert any(url.startswith(f"{SCHEMAS}/resolve/heygen:avatar") for url, _ in run.wire.exchanges)


def test_a_validation_error_names_its_parameter(runs: dict[str, Run]) -> None:
    run = runs["invalid"]
    assert (run.refusal.code, run.refusal.parameter) == ("validation", "speech.speed")
    assert (run.refusal.status_code, run.refusal.retryable) == (400, False)
    assert run.refusal.task_uuid == run.task["taskUUID"]


def test_a_parameter_nobody_knows_is_named(runs: dict[str, Run]) -> None:
    refusal = runs["unknown-parameter"].refusal
    assert (refusal.code, refusal.parameter) == ("validation", "steps")


def test_a_wrong_key_is_an_auth_error_and_the_right_one_generates(runs: dict[str, Run]) -> None:
    refusal = runs["wrong-key"].refusal
    assert (refusal.code, refusal.status_code, refusal.parameter) == ("auth", 401, "apiKey")
    assert runs["right-key"].videos


def test_an_empty_purse_is_a_quota_error(runs: dict[str, Run]) -> None:
    assert runs["no-credit"].refusal.code == "quota"


def test_a_failure_while_processing_is_raised_as_the_provider_s(runs: dict[str, Run]) -> None:
    run = runs["provider-fails"]
    assert (run.refusal.code, run.refusal.task_uuid) == ("provider", run.task["taskUUID"])


def test_an_unavailable_service_is_retried_and_then_raised(runs: dict[str, Run]) -> None:
    run = runs["unavailable"]
    assert (run.refusal.code, run.refusal.status_code, run.refusal.retryable) == ("serverError", 503, True)
    assert run.wire is not None
    assert run.wire.statuses(f"{run.server.url}/v1") == [503, 503, 503]


def test_a_gateway_s_page_is_no_json_and_the_sdk_copes(runs: dict[str, Run]) -> None:
    assert runs["gateway"].refusal.status_code == 502


def test_the_same_task_twice_is_a_conflict(runs: dict[str, Run]) -> None:
    run = runs["twice"]
    assert run.results, "the first time goes well"
    assert (run.refusal.code, run.refusal.task_uuid) == ("validation", run.task["taskUUID"])


def test_cancelling_stops_the_wait_and_not_the_bill(runs: dict[str, Run]) -> None:
    run = runs["cancelled"]
    assert run.refusal.code == "aborted"
    assert run.billed == [run.task["taskUUID"]]


def test_a_lost_request_is_sent_again_and_billed_once(runs: dict[str, Run]) -> None:
    run = runs["request-lost"]
    assert len(run.videos) == 1
    assert run.billed == [run.task["taskUUID"]]


def test_a_lost_answer_is_a_conflict_to_this_sdk_over_rest_and_billed_once(runs: dict[str, Run]) -> None:
    """Over REST it takes the refusal of what it sends again at its word, unlike on a socket."""
    run = runs["answer-lost"]
    assert (run.refusal.code, run.refusal.parameter) == ("validation", "taskUUID")
    assert run.billed == [run.task["taskUUID"]]


async def test_a_poll_of_an_unknown_task_finds_nothing(server: Server, key: str) -> None:
    async with Runware(api_key=key, transport="rest", http_base_url=f"{server.url}/v1") as client:
        assert await client.get_response({"taskUUID": str(uuid.uuid4())}) == []


def fetch(url: str, folder: Path) -> Path:
    file = folder / url.rpartition("/")[2]
    with build_opener(ProxyHandler({})).open(url, timeout=30) as answer:
        assert answer.headers["content-type"] == "video/mp4"
        file.write_bytes(answer.read())
    return file
