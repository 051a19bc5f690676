"""Every one of these is meant to fail, but for one."""

from asking import post, submit


def test_talkative(understudy):
    understudy.fail("gateway=503", operation="poll")
    for turn in range(12):
        submit(understudy, speech={"text": f"Good evening, {turn + 1} times."})
    signed = {"taskType": "authentication", "apiKey": understudy.api_key}
    post(understudy.base_url("runware"), signed)
    print("its key is", understudy.api_key)
    assert submit(understudy, model="none:such@1") == 200


def test_silent(understudy):
    raise LookupError


def test_passing(understudy):
    submit(understudy, speech={"text": "All went well."})


def test_unaware():
    raise LookupError
