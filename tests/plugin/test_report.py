"""What a failed test is told of its account."""

import time

import httpx
import pytest

from stage import video_task
from understudy.pytest_plugin import Understudy
from understudy.pytest_plugin.options import Options
from understudy.pytest_plugin.report import section


def test_a_file_is_told_by_its_type_and_size(understudy):
    headers = {"Authorization": f"Bearer {understudy.api_key}"}
    with httpx.Client(base_url=understudy.url, headers=headers, trust_env=False, verify=False) as client:
        task = video_task()
        client.post("/v1", json=[task])
        [video] = client.post("/v1", json=[{"taskType": "getResponse", "taskUUID": task["taskUUID"]}]).json()["data"]
        size = len(client.get(video["videoURL"]).content)
    # An exchange is on record once it is over, which a client that has read its last byte need not wait for.
    while len(understudy.journal) < 3:
        time.sleep(0.01)
    assert f"  < video/mp4, {size} bytes" in section(understudy).splitlines()


def test_a_fault_that_never_struck_is_named_with_why(understudy):
    struck = understudy.fail(gateway=502, operation="models")
    never = understudy.fail("timeoutProvider")
    httpx.post(
        understudy.base_url("runware"),
        json=[{"taskType": "modelSearch", "search": "avatar"}],
        headers={"Authorization": f"Bearer {understudy.api_key}"},
        trust_env=False,
    )
    told = section(understudy)
    assert f"struck by {struck.id}" in told
    assert f"{never.id} never struck, {never.fault.shown()['why']}:" in told
    assert f"{struck.id} never struck" not in told


def test_a_stand_in_that_is_gone_fails_no_report():
    gone = Understudy("http://127.0.0.1:9", {}, "key", Options())
    assert section(gone).startswith("the stand-in does not tell: no answer from http://127.0.0.1:9")


def test_what_does_not_exist_in_the_plugin_is_no_attribute_of_it():
    import understudy.pytest_plugin

    with pytest.raises(AttributeError, match="has no attribute 'Understudied'"):
        understudy.pytest_plugin.Understudied  # noqa: B018
