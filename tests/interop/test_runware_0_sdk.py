"""Unmodified `runware` 0.5.24, which knows WebSocket only and forgets its session whenever a line is lost."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from chopper import Chopper
from interop.lines import MOMENTS
from interop.sdks import Run, runware_0
from stage import unhurried, video_task
from understudy.config import Settings, Speed
from understudy.server import Server

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def instant(cache: Path) -> Iterator[Server]:
    """A server whose results are all there when they are first asked for.

    This SDK adds up what each poll brings, so a result that is ready before its siblings counts twice; whoever waits
    for several results with it sees that at Runware, too.
    """
    with Server(Settings(port=0, cache_dir=cache, speed=Speed(1.0, 0.0))) as running:
        yield unhurried(running)


@pytest.fixture(scope="module")
def lines(instant: Server) -> Iterator[dict[str, Chopper]]:
    """A way to the server for each moment at which a line is lost."""
    with ExitStack() as held:
        yield {moment: held.enter_context(Chopper(instant.port, cut())) for moment, cut in MOMENTS.items()}


@pytest.fixture(scope="module")
def runs(instant: Server, lines: dict[str, Chopper], cache: Path) -> Iterator[dict[str, Run]]:
    """Every run of this module, performed by one program."""
    keyed = {"port": 0, "cache_dir": cache, "speed": Speed(1.0, 0.0), "api_keys": frozenset({"good"})}
    with (
        Server(Settings(**keyed)) as locked,
        Server(Settings(**keyed, switches={"runware.ws-auth-error": "both"})) as both,
    ):
        performed = {
            "three": Run(instant, instant.port, video_task(numberResults=3, includeCost=True)),
            "invalid": Run(instant, instant.port, video_task(fps=25)),
            "fails": Run(instant, instant.port, video_task(positivePrompt="[[error:providerInternalError]]")),
            "wrong-key": Run(locked, locked.port, key="bad"),
            "wrong-key-both": Run(both, both.port, key="bad"),
            "right-key": Run(locked, locked.port, key="good"),
            **{moment: Run(instant, line.port, video_task(numberResults=2)) for moment, line in lines.items()},
        }
        runware_0(performed)
        yield performed


def test_each_of_three_results_is_a_video_of_its_own_with_its_cost(runs: dict[str, Run]) -> None:
    run = runs["three"]
    assert run.told["submitted"] == {"taskType": "videoInference", "taskUUID": run.task["taskUUID"]}
    assert len({video["videoUUID"] for video in run.videos}) == 3
    assert all(video["status"] == "success" and 0 < video["cost"] < 1 for video in run.videos)
    assert run.billed == [run.task["taskUUID"]] * 3


def test_a_validation_error_names_its_parameter_and_costs_nothing(runs: dict[str, Run]) -> None:
    run = runs["invalid"]
    assert run.told["raised"]["code"] == "unsupportedParameter"
    assert "fps" in run.told["raised"]["text"]
    assert run.billed == []


def test_a_failure_while_processing_is_raised_with_its_code(runs: dict[str, Run]) -> None:
    run = runs["fails"]
    assert run.told["raised"]["code"] == "providerInternalError"
    assert run.billed == []


@pytest.mark.parametrize("name", ["wrong-key", "wrong-key-both"])
def test_a_wrong_key_is_a_connection_error_that_says_so(runs: dict[str, Run], name: str) -> None:
    raised = runs[name].told["raised"]
    assert raised["type"] == "ConnectionError"
    assert "Invalid API key" in raised["text"]


def test_the_right_key_generates(runs: dict[str, Run]) -> None:
    assert len(runs["right-key"].videos) == 1


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_lost_line_loses_no_result_and_bills_none_twice(
    runs: dict[str, Run], lines: dict[str, Chopper], moment: str
) -> None:
    run = runs[moment]
    assert len({video["videoUUID"] for video in run.videos}) == 2
    assert run.billed == [run.task["taskUUID"]] * 2
    assert lines[moment].broken == 1
