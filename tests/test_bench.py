"""The bench runs, and reports every measure."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bench.measure import Aim

ROOT = Path(__file__).resolve().parent.parent
MEASURES = {
    "polls",
    "submits",
    "start",
    "plugin",
    "plugin-end",
    "memory",
    "media",
    "media-cold",
    "sockets",
    "sockets-plain",
    "socket-polls",
    "deliveries",
    "rules",
    "journey",
}


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", "--quick", *arguments]
    wide = {**os.environ, "COLUMNS": "160"}
    return subprocess.run(command, cwd=ROOT, env=wide, capture_output=True, encoding="utf-8", timeout=60)


@pytest.mark.slow
def test_a_quick_run_reports_every_measure_and_judges_none(tmp_path: Path) -> None:
    done = bench("--json", str(tmp_path / "found.json"))
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    found = json.loads((tmp_path / "found.json").read_text())
    assert {measure["name"] for measure in found["measures"]} >= MEASURES
    for measure in found["measures"]:
        assert measure["rounds"]
        assert min(measure["rounds"]) <= measure["value"] <= max(measure["rounds"])
        assert measure["what"] in done.stdout
        assert measure["met"] is None


def test_an_aim_is_met_on_its_own_side_of_the_limit() -> None:
    assert (Aim("at least", 0.6).met(0.6), Aim("at least", 0.6).met(0.59)) == (True, False)
    assert (Aim("below", 2.5).met(2.4), Aim("below", 2.5).met(2.5)) == (True, False)


def test_a_measure_that_does_not_exist_is_refused_by_name() -> None:
    done = bench("--only", "coffee")
    assert done.returncode == 2
    assert "'coffee' is not one of" in done.stderr
