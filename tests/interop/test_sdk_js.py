"""Unmodified `@runware/sdk-js` 1.3.2 on Node.js, which knows WebSocket only and sees failures only among `errors`."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from chopper import Chopper
from interop.lines import MOMENTS
from interop.sdks import Run, sdk_js
from stage import video_task
from understudy.config import Settings, Speed
from understudy.server import Server

pytestmark = pytest.mark.interop

#: Milliseconds this SDK waits for an answer before it asks again: 60,000 unless told.
HASTE = {"timeoutDuration": 3000}


@pytest.fixture(scope="module")
def lines(server: Server) -> Iterator[dict[str, Chopper]]:
    """A way to the server for each moment at which a line is lost."""
    with ExitStack() as held:
        yield {moment: held.enter_context(Chopper(server.port, cut())) for moment, cut in MOMENTS.items()}


@pytest.fixture(scope="module")
def runs(server: Server, lines: dict[str, Chopper], cache: Path) -> Iterator[dict[str, Run]]:
    """Every run of this module, performed by one program; `server` makes a video before the first poll, `slow` does not."""
    keyed = {"port": 0, "cache_dir": cache, "speed": Speed(1.0, 0.0), "api_keys": frozenset({"good"})}
    with (
        Server(Settings(port=0, cache_dir=cache, speed=Speed(1.0, 1 / 10))) as slow,
        Server(Settings(**keyed)) as locked,
        Server(Settings(**keyed, switches={"runware.ws-auth-error": "both"})) as both,
    ):
        performed = {
            "three": Run(server, server.port, video_task(numberResults=3, includeCost=True)),
            "polled": Run(slow, slow.port),
            "dry": Run(server, server.port, video_task(skipResponse=True), options={"dryRun": True}),
            "invalid": Run(server, server.port, video_task(fps=25)),
            "fails": Run(server, server.port, video_task(positivePrompt="[[error:providerInternalError]]")),
            "wrong-key": Run(locked, locked.port, key="bad"),
            "wrong-key-both": Run(both, both.port, key="bad"),
            "right-key": Run(locked, locked.port, key="good"),
            **{
                moment: Run(server, line.port, video_task(numberResults=2), options=HASTE)
                for moment, line in lines.items()
            },
        }
        sdk_js(performed)
        yield performed


def test_each_of_three_results_is_a_video_of_its_own_with_its_cost(runs: dict[str, Run]) -> None:
    run = runs["three"]
    assert len({video["videoUUID"] for video in run.videos}) == 3
    assert all(video["status"] == "success" and 0 < video["cost"] < 1 for video in run.videos)
    assert run.billed == [run.task["taskUUID"]] * 3


@pytest.mark.parametrize("name", ["polled", "right-key"])
def test_a_video_is_polled_until_it_is_done(runs: dict[str, Run], name: str) -> None:
    run = runs[name]
    assert len(run.videos) == len(run.billed) == 1


def test_a_dry_run_is_acknowledged_and_costs_nothing(runs: dict[str, Run]) -> None:
    run = runs["dry"]
    assert run.told["videos"]["taskUUID"] == run.task["taskUUID"]
    assert run.billed == []


def test_a_validation_error_names_its_parameter_and_costs_nothing(runs: dict[str, Run]) -> None:
    run = runs["invalid"]
    error = run.told["rejected"]["error"]
    assert (error["code"], error["parameter"]) == ("unsupportedParameter", "fps")
    assert error["taskUUID"] == run.task["taskUUID"]
    assert run.billed == []


def test_a_failure_while_processing_is_rejected_with_its_code(runs: dict[str, Run]) -> None:
    run = runs["fails"]
    assert run.told["rejected"]["error"]["code"] == "providerInternalError"
    assert run.billed == []


@pytest.mark.parametrize("name", ["wrong-key", "wrong-key-both"])
def test_a_wrong_key_is_rejected_in_either_form(runs: dict[str, Run], name: str) -> None:
    error = runs[name].told["rejected"]["error"]
    assert (error["code"], error["parameter"]) == ("invalidApiKey", "apiKey")


@pytest.mark.parametrize("moment", [moment for moment in MOMENTS if moment != "before-acknowledgement"])
def test_a_lost_line_loses_no_result_and_bills_none_twice(
    runs: dict[str, Run], lines: dict[str, Chopper], moment: str
) -> None:
    run = runs[moment]
    assert len({video["videoUUID"] for video in run.videos}) == 2
    assert run.billed == [run.task["taskUUID"]] * 2
    assert (lines[moment].broken, lines[moment].connections) == (1, 2)


def test_a_lost_acknowledgement_is_a_conflict_to_this_sdk_and_billed_once(
    runs: dict[str, Run], lines: dict[str, Chopper]
) -> None:
    """It sends the task again under its id and takes the refusal at its word, unlike the Python SDKs."""
    run = runs["before-acknowledgement"]
    assert run.told["rejected"]["error"]["code"] == "conflictTaskUUID"
    assert run.billed == [run.task["taskUUID"]] * 2
    assert lines["before-acknowledgement"].broken == 1
