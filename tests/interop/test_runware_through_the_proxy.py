"""All of `runware-sdk` 1.8.0 by the provider's own hosts: socket, REST, schemas, catalogue and platform, over the proxy."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from interop.lines import billed
from understudy.media.inspect import inspect
from understudy.proxy import Proxy
from understudy.server import Server
from understudy_contracts.provider import contract

pytestmark = pytest.mark.interop

TRANSPORTS = ("websocket", "rest")
KEY = "all-of-runware"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the program finds its picture and leaves its videos."""
    return tmp_path_factory.mktemp("runware")


@pytest.fixture(scope="module")
def told(proxy: Proxy, folder: Path) -> dict[str, Any]:
    """What each call came to, by transport, and under `catalogue` what the SDK looked up."""
    Image.new("RGB", (480, 640), "teal").save(folder / "face.png")
    variables = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    variables |= {"HOME": str(folder), "RUNWARE_API_KEY": KEY, **proxy.environment}
    program = Path(__file__).with_name("runware_program.py")
    done = subprocess.run(
        [sys.executable, str(program), str(folder)],
        env=variables, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_each_of_three_results_is_a_video_of_its_own_and_all_are_billed(
    told: dict[str, Any], instant: Server, transport: str
) -> None:
    videos = told[transport]["video"]
    assert len({video["videoUUID"] for video in videos}) == 3
    assert all(video["videoURL"].startswith("https://vm.runware.ai/") for video in videos)
    assert billed(instant, KEY).count(told[transport]["task"]) == 3


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_what_was_stored_is_what_the_video_is_made_of(told: dict[str, Any], transport: str, folder: Path) -> None:
    """The stored picture is upright, so the video is."""
    assert told[transport]["stored"][0]["mediaUUID"]
    seen = inspect(folder / f"{transport}.mp4")
    assert seen.height > seen.width


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_stored_file_is_deleted_once(told: dict[str, Any], transport: str) -> None:
    stored, deleted = told[transport]["stored"][0], told[transport]["deleted"][0]
    assert (deleted["operation"], deleted["mediaUUID"]) == ("delete", stored["mediaUUID"])
    assert told[transport]["deleted_again"]["raised"] == "notFound"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_picture_is_uploaded_the_older_way_too(told: dict[str, Any], transport: str) -> None:
    (uploaded,) = told[transport]["uploaded"]
    assert uploaded["imageUUID"] in uploaded["imageURL"]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_model_is_known_by_the_name_the_registry_gives_it(told: dict[str, Any], transport: str) -> None:
    (video,) = told[transport]["by_name"]
    assert video["taskType"] == "videoInference"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_published_schema_refuses_before_anything_is_sent(
    told: dict[str, Any], instant: Server, transport: str
) -> None:
    refused = told[transport]["refused_here"]
    assert (refused["raised"], refused["parameter"]) == ("validation", "speech.speed")
    # These words are the SDK's own: the provider would have used others.
    assert "must be smaller than or equal to 1.5" in refused["message"]
    made = [told[transport]["task"], told[transport]["by_name"][0]["taskUUID"]]
    assert set(made) <= set(billed(instant, KEY))
    assert len(billed(instant, KEY)) == len(TRANSPORTS) * 4


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_task_s_details_are_its_request_and_its_results(told: dict[str, Any], transport: str) -> None:
    (details,) = told[transport]["details"]
    assert details["request"][0]["taskUUID"] == told[transport]["task"]
    results = {result["videoUUID"] for result in details["response"]["data"]}
    assert results == {video["videoUUID"] for video in told[transport]["video"]}


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_account_says_what_was_spent(told: dict[str, Any], transport: str) -> None:
    (account,) = told[transport]["account"]
    spent = account["usage"]["total"]["credits"]
    assert spent >= sum(video["cost"] for video in told[transport]["video"])
    assert account["balance"]["amount"] == pytest.approx(100_000 - spent)
    assert KEY not in json.dumps(account)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_models_are_found_by_a_word(told: dict[str, Any], transport: str) -> None:
    (found,) = told[transport]["found"]
    assert {model["air"] for model in found["results"]} == {"heygen:avatar@4", "heygen:avatar@5"}


def test_the_catalogue_lists_the_contract_s_models_whole_or_in_pages(told: dict[str, Any]) -> None:
    models, page = told["catalogue"]["models"], told["catalogue"]["page"]
    assert {model["air"] for model in models} == set(contract("runware").models)
    assert (page["total"], page["limit"], len(page["items"])) == (len(models), 1, 1)
    assert told["catalogue"]["model"] == models[0]


def test_a_model_s_price_examples_and_creator_are_found(told: dict[str, Any]) -> None:
    catalogue = told["catalogue"]
    assert catalogue["pricing"]["air"] == catalogue["model"]["air"]
    assert all(example["model"] == catalogue["model"]["model"] for example in catalogue["examples"])
    assert catalogue["creator"]["id"] in {creator["id"] for creator in catalogue["creators"]}
    assert set(catalogue["model"]["capabilities"]) <= {capability["id"] for capability in catalogue["capabilities"]}


def test_what_the_catalogue_does_not_have_is_none_or_nothing(told: dict[str, Any]) -> None:
    catalogue = told["catalogue"]
    assert catalogue["no_model"] is catalogue["no_collection"] is None
    assert catalogue["guides"] == catalogue["collections"] == []


def test_the_registry_has_a_version(told: dict[str, Any]) -> None:
    assert told["catalogue"]["registry_version"]
