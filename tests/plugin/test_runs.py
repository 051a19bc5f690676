"""A run of a whole project with the plugin, on two workers, in processes of its own."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parent / "project"
REAL = "rw-live-9f8e7d6c5b4a39281706f5e4d3c2b1a0"


class Canary:
    """Whoever is between the tests and the world, and must hear nothing."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            client, _ = self._listener.accept()
            with client:
                client.settimeout(5)
                said = client.recv(65536)
                if said == b"enough":
                    return
                self.heard.append(said)

    def hears(self, said: bytes) -> None:
        with socket.create_connection(self._listener.getsockname()) as client:
            client.sendall(said)

    def close(self) -> None:
        self.hears(b"enough")
        self._thread.join()
        self._listener.close()


@dataclass
class Run:
    output: str
    #: How each test ended, by its name.
    ended: dict[str, str]
    #: What each process told of what was left in it.
    left: dict[str, dict[str, Any]]
    heard: bytes


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Run:
    """One run for all the tests here: under xdist, the worker that comes first makes it, and others wait for it."""
    folder = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        folder = folder.parent
    folder = folder / "plugin-project"
    try:
        shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    except FileExistsError:
        until = time.monotonic() + 110
        while not (folder / "output.txt").exists():
            assert time.monotonic() < until, "the other worker's run does not end"
            time.sleep(0.05)
    else:
        perform(folder)
    output = (folder / "output.txt").read_text()
    ended = {name: word for word, name in re.findall(r"^([A-Z]+) test_\w+\.py::(\S+)", output, re.MULTILINE)}
    assert ended, output
    left = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    return Run(output, ended, left, (folder / "heard").read_bytes())


def perform(folder: Path) -> None:
    """Run the project, with a real key in its environment and a proxy that must not hear of it."""
    # Its tests are its own: nothing that our run was told is for them.
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTEST_") and not name.lower().endswith("_proxy")
    }
    canary = Canary()
    variables |= dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), canary.url)
    variables |= {"RUNWARE_API_KEY": REAL, "GMI_CLOUD_APIKEY": REAL, "OWN_HEADER": f"Bearer {REAL}"}
    variables["OF_THIS_TEST"] = REAL
    output = "there was no run"
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-n", "2", "-rA", "--tb=short", "--timeout=60"],
            cwd=folder, env=variables, capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        output = done.stdout + done.stderr
    finally:
        canary.close()
        (folder / "heard").write_bytes(b"".join(canary.heard))
        draft = folder / "output.draft"
        draft.write_text(output)
        draft.rename(folder / "output.txt")


def test_each_test_has_an_account_of_its_own_whatever_its_worker(run):
    assert {run.ended[f"test_alone[{turn}]"] for turn in range(6)} == {"PASSED"}


def test_each_worker_has_a_server_of_its_own(run):
    told = [left["opened"] for left in run.left.values()]
    urls = [{url for name, url in opened.items() if name.startswith("test_alone")} for opened in told]
    assert sorted(len(each) for each in urls) == [0, 1, 1]
    assert len(set().union(*urls)) == 2


def test_no_thread_and_no_port_is_left_at_the_end(run):
    assert set(run.left) == {"controller", "gw0", "gw1"}
    assert [(left["answering"], left["threads"]) for left in run.left.values()] == [([], [])] * 3


def test_settings_come_from_the_configuration_file_and_nearer_ones_from_markers(run):
    assert run.ended["test_configured"] == run.ended["TestMarked::test_nearest_marker_wins"] == "PASSED"


@pytest.mark.parametrize("library", ["asyncio", "anyio"])
def test_an_asynchronous_test_uses_the_same_fixtures(run, library):
    assert run.ended[f"test_{library}"] == "PASSED"


def test_a_real_key_never_leaves(run):
    assert run.ended["test_leak"] == "PASSED"
    assert run.heard == b""


def test_the_canary_hears_what_it_is_told():
    canary = Canary()
    canary.hears(REAL.encode())
    canary.close()
    assert canary.heard == [REAL.encode()]


def test_the_environment_is_as_before_once_a_test_is_over(run):
    assert run.ended["test_restored"] == "PASSED"


def shown(run: Run, name: str) -> str | None:
    """What is told of the stand-in where a test's failure is told."""
    failures = run.output.partition("= FAILURES =")[2].partition("= PASSES =")[0]
    told = re.split(r"^_+ (\S+) _+$", failures, flags=re.MULTILINE)
    of_test = dict(zip(told[1::2], told[2::2], strict=True))[name]
    found = re.search(r"^-+ understudy: what was said last -+\n(.*)", of_test, re.MULTILINE | re.DOTALL)
    return found[1] if found else None


def test_a_failed_test_shows_what_was_said_last(run):
    section = shown(run, "test_talkative")
    assert section.splitlines()[0] == "…"
    assert "Good evening, 12 times." in section
    assert "Good evening, 1 times." not in section
    assert "runware submit: POST /v1 -> 404" in section
    assert "rule-1 never struck, " in section
    assert len(section) < 10_000


def test_what_is_shown_has_no_secret_in_it(run):
    section = shown(run, "test_talkative")
    key = re.search(r"^its key is (understudy-\w+)", run.output, re.MULTILINE)[1]
    assert "authentication" in section
    assert key not in section


def test_a_failed_test_that_asked_nothing_says_so(run):
    assert "nothing was asked with this test's API key" in shown(run, "test_silent")


def test_nothing_is_shown_of_tests_that_passed_or_never_came(run):
    assert (run.ended["test_passing"], run.ended["test_unaware"]) == ("PASSED", "FAILED")
    assert shown(run, "test_unaware") is None
    assert run.output.count("understudy: what was said last") == 2


HEAVY = {"httpx", "uvicorn", "starlette", "asyncio", "ssl", "orjson", "jsonschema", "hypothesis", "PIL", "cryptography"}

UNUSED = """
import sys, pytest
before = set(sys.modules)
import understudy.pytest_plugin
print(*sorted(set(sys.modules) - before))
"""


def test_who_does_not_use_it_imports_two_small_modules():
    done = subprocess.run([sys.executable, "-c", UNUSED], capture_output=True, text=True, check=True)
    imported = done.stdout.split()
    assert {name.partition(".")[0] for name in imported}.isdisjoint(HEAVY)
    assert [name for name in imported if name.startswith("understudy")] == ["understudy", "understudy.pytest_plugin"]


def test_understudy_needs_no_pytest():
    hidden = (
        "import sys; sys.modules['pytest'] = sys.modules['_pytest'] = None; import understudy.cli, understudy.server"
    )
    subprocess.run([sys.executable, "-c", f"{hidden}; from understudy import Control"], check=True)
