"""Whatever is done in whatever order, what the bundled client sees of the stand-in is what a plain model expects."""

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from stateful.gmi_machine import Gmi
from stateful.runware_machine import Runware, RunwareSocket
from stateful.segmind_machine import Segmind
from stateful.stand_ins import StandIns
from understudy_client import client as driver

#: A failure is told once it is as short as it gets, which may take some minutes.
pytestmark = pytest.mark.timeout(600)

MACHINES = [Runware, RunwareSocket, Gmi, Segmind]


@pytest.fixture(scope="module")
def stand_ins(cache):
    with StandIns(cache) as made:
        yield made


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    """Let clients rest a fiftieth of what they would: nobody is in the way here."""
    rest = driver._sleep
    monkeypatch.setattr(driver, "_sleep", lambda seconds, cancel: rest(seconds / 50, cancel))


@pytest.mark.parametrize("machine", MACHINES)
def test_what_the_client_sees_is_what_the_model_expects(stand_ins, machine):
    run_state_machine_as_test(
        lambda: machine(stand_ins), settings=settings(stateful_step_count=15, report_multiple_bugs=False)
    )


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("machine", MACHINES)
def test_it_stays_so_for_long(stand_ins, machine):
    run_state_machine_as_test(
        lambda: machine(stand_ins),
        settings=settings(
            max_examples=5 * settings.default.max_examples, stateful_step_count=60, report_multiple_bugs=False
        ),
    )
