"""Where the machines run, and how soon their waits are over."""

import pytest

from stateful.stand_ins import StandIns, hurried


@pytest.fixture(scope="module")
def stand_ins(cache):
    with StandIns(cache) as made:
        yield made


@pytest.fixture
def hurry():
    with hurried():
        yield
