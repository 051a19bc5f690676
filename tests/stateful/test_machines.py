"""Whatever is done in whatever order, what the bundled client sees of the stand-in is what a plain model expects."""

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from stateful.gmi_machine import Gmi
from stateful.runware_machine import Runware, RunwareSocket
from stateful.segmind_machine import Segmind

#: A failure is told once it is as short as it gets, which may take some minutes.
pytestmark = [pytest.mark.hypothesis, pytest.mark.timeout(600), pytest.mark.usefixtures("hurry")]

every_machine = pytest.mark.parametrize("machine", [Runware, RunwareSocket, Gmi, Segmind])


def walk(machine, stand_ins, steps, times=1):
    run_state_machine_as_test(
        lambda: machine(stand_ins),
        settings=settings(
            max_examples=times * settings.default.max_examples,
            stateful_step_count=steps,
            report_multiple_bugs=False,
            # The script explains enough.
            phases=set(Phase) - {Phase.explain},
        ),
    )


@every_machine
def test_what_the_client_sees_is_what_the_model_expects(stand_ins, machine):
    walk(machine, stand_ins, steps=10)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@every_machine
def test_it_stays_so_for_long(stand_ins, machine):
    walk(machine, stand_ins, steps=60, times=3)
