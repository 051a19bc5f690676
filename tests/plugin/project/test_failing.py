"""Every one of these is meant to fail, but for one."""

import httpx
from asking import submit


def test_talkative(understudy):
    understudy.fail("gateway=503", operation="poll")
    for turn in range(12):
        submit(understudy, seed=turn + 1)
    signed = {"taskType": "authentication", "apiKey": understudy.api_key}
    httpx.post(understudy.base_url("runware"), json=[signed], trust_env=False)
    print("its key is", understudy.api_key)
    assert submit(understudy, model="none:such@1").status_code == 200


def test_silent(understudy):
    raise LookupError


def test_passing(understudy):
    submit(understudy, seed=77)


def test_unaware():
    raise LookupError
