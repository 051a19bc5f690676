"""What a careless program does: it reads its key from the environment, and calls the provider by its own name."""

import os

import pytest
from asking import submit

REAL = os.environ["OF_THIS_TEST"]


@pytest.fixture
def before():
    return dict(os.environ)


def test_leak(before, understudy_env):
    assert submit(understudy_env, by_the_environment=True, url="https://api.runware.ai/v1") == 200
    assert len(understudy_env.journal) == 1
    assert (before["RUNWARE_API_KEY"], before["OWN_HEADER"]) == (REAL, f"Bearer {REAL}")
    assert [name for name, value in os.environ.items() if REAL in value] == []


@pytest.fixture
def after(before, request):
    """Set up before `understudy_env`, so that it is torn down after it."""
    yield
    now = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    assert now == {name: value for name, value in before.items() if name != "PYTEST_CURRENT_TEST"}


def test_restored(after, understudy_env):
    assert os.environ["RUNWARE_API_KEY"] == understudy_env.api_key
