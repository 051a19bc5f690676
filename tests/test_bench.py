"""The bench runs, and reports every measure."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MEASURES = {"polls", "submits", "start", "memory", "media", "media-cold"}


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench", "--quick", *arguments]
    wide = {**os.environ, "COLUMNS": "160"}
    return subprocess.run(command, cwd=ROOT, env=wide, capture_output=True, encoding="utf-8", timeout=60)


def test_one_run_reports_every_measure_and_whether_its_aim_is_met(tmp_path: Path) -> None:
    done = bench("--json", str(tmp_path / "found.json"))
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    found = json.loads((tmp_path / "found.json").read_text())
    assert {measure["name"] for measure in found["measures"]} >= MEASURES
    for measure in found["measures"]:
        assert measure["rounds"]
        assert min(measure["rounds"]) <= measure["value"] <= max(measure["rounds"])
        assert measure["what"] in done.stdout
        assert (measure["met"] is None) == (measure["aim"] is None)
    assert {measure["name"] for measure in found["measures"] if measure["aim"]} == MEASURES - {"media-cold"}


def test_a_measure_that_does_not_exist_is_refused_by_name() -> None:
    done = bench("--only", "coffee")
    assert done.returncode == 2
    assert "'coffee' is not one of" in done.stderr
