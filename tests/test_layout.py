"""The shape of the house: who may know whom is `make check`'s; what is promised about files is here."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(path for root in ("contracts", "client", "emulator") for path in (ROOT / root).rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_small_and_has_a_name_that_says_something(path):
    assert len(path.read_text("utf-8").splitlines()) <= 400
    assert path.stem not in {"utils", "util", "helpers", "common", "misc", "manager"}


def test_only_the_clock_asks_the_machine_for_the_time():
    asking = re.compile(r"\btime\.time\(|datetime\.(now|utcnow)\(")
    found = {path.name for path in SOURCES if asking.search(path.read_text("utf-8"))}
    assert found == {"clock.py"}


def test_the_ci_script_can_be_run_and_does_what_a_contributor_does():
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert {"make check", "make test"} <= set(script.read_text("utf-8").splitlines())


def test_client_and_emulator_are_found_by_name_not_by_import():
    for path in SOURCES:
        text = path.read_text("utf-8")
        if path.is_relative_to(ROOT / "emulator"):
            assert "understudy_client" not in text, path
        if path.is_relative_to(ROOT / "client"):
            assert not re.search(r"^\s*(from|import) understudy(\.| )", text, re.MULTILINE), path


def test_no_word_of_the_machine_it_was_written_on():
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.fail("the tests need a git checkout to know which files are the project's")
    private = re.compile(r"(^|[\s\"'=(])/(work|root|home)/[a-z]")
    for name in filter(None, tracked.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and path.suffix in {".py", ".md", ".toml", ".json", ".yml", ""}:
            assert not private.search(path.read_text("utf-8", "replace")), name
