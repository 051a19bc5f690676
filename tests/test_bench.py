"""The bench runs, and reports every measure."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from bench.measure import Aim
from bench.placeholder import encoded_whole, example
from PIL import ImageChops, ImageStat

from understudy.media.ffmpeg import Ffmpeg
from understudy.media.inspect import frame, inspect
from understudy.media.render import Renderer
from understudy.media.shelf import Shelf

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
    "media-4k",
    "media-long",
    "media-copy",
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
    return subprocess.run(command, cwd=ROOT, env=wide, capture_output=True, encoding="utf-8", timeout=600)


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


def test_one_pass_encodes_the_very_picture_and_sound_it_is_compared_by(tmp_path: Path) -> None:
    clip = replace(example(2), width=640, height=360)
    ours = Renderer(Shelf(tmp_path / "shelf", 1 << 30), Ffmpeg()).render(clip)
    theirs = tmp_path / "whole.mp4"
    assert encoded_whole(clip, ours, theirs) > 0
    looked = [inspect(path) for path in (ours, theirs)]
    assert looked[0].frames == looked[1].frames == 50
    for at in (0.0, 0.6, 1.9):
        one, other = (frame(path, at).convert("RGB") for path in (ours, theirs))
        foot = (0, one.height - 16, *one.size)
        assert max(ImageStat.Stat(ImageChops.difference(one, other)).mean) < 1
        assert max(ImageStat.Stat(ImageChops.difference(one.crop(foot), other.crop(foot))).mean) < 6
    loud = [info.loudness for info in looked]
    assert loud[0] is not None
    assert loud[1] is not None
    assert loud[0].mean == pytest.approx(loud[1].mean, abs=1.5)


def test_an_aim_is_met_on_its_own_side_of_the_limit() -> None:
    assert (Aim("at least", 0.6).met(0.6), Aim("at least", 0.6).met(0.59)) == (True, False)
    assert (Aim("below", 2.5).met(2.4), Aim("below", 2.5).met(2.5)) == (True, False)


def test_a_measure_that_does_not_exist_is_refused_by_name() -> None:
    done = bench("--only", "coffee")
    assert done.returncode == 2
    assert "'coffee' is not one of" in done.stderr
