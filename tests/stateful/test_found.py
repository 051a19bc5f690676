"""A bug is found, and what is left of the way to it is a short program that shows the same wherever it is run."""

import ast
import os
import re
import subprocess
import sys

import pytest
from hypothesis import Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from stateful.plants import PLANTS
from stateful.script import ADVICE

#: How soon a bug is found and its script is short is a matter of luck, from seconds to many minutes; that is not what is
#: tried here.
SEED = 4

pytestmark = [pytest.mark.timeout(600), pytest.mark.usefixtures("hurry")]


def found(plant, stand_ins):
    """The shortest script by which a machine shows a bug, and its error."""
    with plant.grown(), pytest.raises(AssertionError) as caught:
        run_state_machine_as_test(
            seed(SEED)(lambda: plant.machine(stand_ins)),
            settings=settings(
                # A bug that is surely found has to be met first.
                max_examples=20 * settings.default.max_examples,
                stateful_step_count=plant.within,
                report_multiple_bugs=False,
                phases=(Phase.generate, Phase.shrink),
                database=None,
            ),
        )
    [note] = [note for note in caught.value.__notes__ if note.startswith(ADVICE)]
    return note.removeprefix(ADVICE).lstrip(), caught.value


def run(script, folder, plant=None):
    """What becomes of the script as a program of its own, in a Python that has the bug or has not."""
    (folder / "script.py").write_text(script, "utf-8")
    (folder / "sitecustomize.py").write_text("" if plant is None else plant.written(), "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, "script.py"], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize(
    "name",
    [name if name == "a job is charged twice" else pytest.param(name, marks=pytest.mark.slow) for name in PLANTS],
)
def test_a_planted_bug_is_found_and_told_as_a_short_script_that_shows_it(name, stand_ins, tmp_path):
    plant = PLANTS[name]
    script, error = found(plant, stand_ins)
    block = ast.parse(script).body[-1]
    assert isinstance(block, ast.With)
    opened = [ast.unparse(step) for step in block.body]
    steps = opened[1 + opened.index("stack.callback(lambda: client.close())") :]
    assert any(plant.shown_by in step for step in steps), script
    with_the_bug = run(script, tmp_path, plant)
    assert with_the_bug.returncode == 1, with_the_bug.stderr
    assert f"{type(error).__name__}: " in with_the_bug.stderr, with_the_bug.stderr
    *_, failing = re.findall(r'script\.py", line (\d+), in <module>', with_the_bug.stderr)
    assert block.body[-1].lineno <= int(failing) <= block.body[-1].end_lineno, with_the_bug.stderr
    without = run(script, tmp_path)
    assert without.returncode == 0, without.stderr
    assert len(steps) <= plant.steps, script
