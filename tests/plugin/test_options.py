"""How a test says what its stand-in is to be like."""

import math
from types import SimpleNamespace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stage import video_task
from understudy.config import SettingError, Speed
from understudy.pytest_plugin.account import opened
from understudy.pytest_plugin.options import Options, options_of, read
from understudy.pytest_plugin.servers import Servers

#: What pytest reads where the configuration file says nothing.
NOTHING = {"clock": "", "speed": "", "seed": "", "balance": "", "switches": [], "proxy": ""}


def node(*markers):
    """A test with these markers, the nearest first."""
    return SimpleNamespace(iter_markers=lambda name: iter([marker.mark for marker in markers]))


def test_who_says_nothing_gets_the_defaults():
    assert options_of(node(), NOTHING) == Options()
    assert Options().settings.speed == Speed(1.0, 0.0)


def test_the_configuration_file_says_everything_in_text():
    said = {
        "clock": "manual", "speed": "20", "seed": "-3", "balance": "12.5", "proxy": "False",
        "switches": ["runware.webhook-body=flat"],
    }  # fmt: skip
    found = options_of(node(), said)
    assert found == Options("manual", "20", -3, 12.5, (), (("runware.webhook-body", "flat"),), False)
    assert found.settings.switches == {"runware.webhook-body": "flat"}


def test_a_nearer_marker_wins_over_a_farther_one_and_both_over_the_file():
    near, far = pytest.mark.understudy(seed=1), pytest.mark.understudy(seed=2, clock="manual")
    found = options_of(node(near, far), {**NOTHING, "clock": "flowing", "speed": "real"})
    assert (found.seed, found.clock, found.speed) == (1, "manual", "real")


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"sped": "real"}, "there is no 'sped', did you mean speed?"),
        ({"speed": "warp"}, "speed is brisk, real, instant or a number"),
        ({"switches": {"runware.webhook-body": "round"}}, "runware.webhook-body is one of .*, not 'round'"),
        ({"switches": {"sora.webhook-body": "flat"}}, "'sora.webhook-body' names no switch"),
        ({"seed": "x"}, "seed is a whole number, not 'x'"),
        ({"seed": 1.7}, "seed is a whole number, not 1.7"),
        ({"seed": math.inf}, "seed is a whole number, not inf"),
        ({"balance": "much"}, "balance is a number, not 'much'"),
        ({"balance": math.nan}, "balance is a number, not nan"),
        ({"balance": -1}, "balance is a number of US dollars from 0 to a billion, not -1"),
        ({"switches": ["a"]}, "switches are a mapping of names to values, not"),
        ({"limits": [1]}, "limits are a mapping of names to values, not"),
        ({"limits": {"concurrency": "x"}}, "limits cannot be .*: concurrency must be a whole number"),
        ({"clock": "sundial"}, "clock is flowing or manual, not 'sundial'"),
        ({"proxy": "maybe"}, "proxy is true or false, not 'maybe'"),
    ],
)
def test_a_wish_that_cannot_be_granted_says_what_can(wishes, words):
    with pytest.raises(SettingError, match=words):
        read(wishes)
    with pytest.raises(pytest.fail.Exception, match=f"the stand-in of this test cannot be made: {words}"):
        options_of(node(pytest.mark.understudy(**wishes)), NOTHING)


def test_a_marker_s_wishes_have_names():
    with pytest.raises(pytest.fail.Exception, match="takes names with values, not 'real'"):
        options_of(node(pytest.mark.understudy("real")), NOTHING)


@given(st.integers(), st.floats(0, 1e9), st.sampled_from(["brisk", "real", "instant", "3.5"]))
def test_what_is_written_in_a_file_means_the_same_as_in_a_marker(seed, balance, speed):
    written = {**NOTHING, "seed": str(seed), "balance": repr(balance), "speed": speed}
    assert options_of(node(), written) == read({"seed": seed, "balance": balance, "speed": speed})


def asked(understudy):
    """What is answered to a task, and to a look at it, ids and seeds and all."""
    job = "6b2c7f1e-7c1b-4f5e-9d5a-0a1b2c3d4e5f"
    tasks = [
        video_task(taskUUID=job, numberResults=2, deliveryMethod="async"),
        {"taskType": "getResponse", "taskUUID": job},
    ]
    told = []
    with httpx.Client(
        headers={"Authorization": f"Bearer {understudy.api_key}"}, trust_env=False, verify=False
    ) as client:
        for task in tasks:
            told.append(client.post(understudy.base_url("runware"), json=[task]).text)
            understudy.advance(3600)
    return [text.replace(understudy.url, "") for text in told]


def test_with_a_seed_a_test_gets_the_same_answers_at_every_run(tmp_path):
    told = []
    for _ in range(2):
        with Servers(lambda: tmp_path) as servers, opened(servers, read({"seed": 5, "clock": "manual"}), "one") as one:
            told.append((asked(one), one.ledger, one.api_key))
    assert told[0] == told[1]
    with Servers(lambda: tmp_path) as servers, opened(servers, read({"seed": 5, "clock": "manual"}), "other") as other:
        assert asked(other) != told[0][0]
