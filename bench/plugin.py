"""What the pytest plugin costs: a run that does not use it, and the end of a test that does."""

import json
import os
import subprocess
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from . import tasks
from .effort import Effort
from .measure import Aim, Measure, Say, ratios

#: How many jobs a test has made when it ends.
_JOBS = 10


def plugin(effort: Effort, say: Say) -> list[Measure]:
    """A run of one empty test with and without the plugin, and forgetting an account against asking anything at all."""
    return [_unused(effort, say), _end(effort, say)]


def _unused(effort: Effort, say: Say) -> Measure:
    ours, theirs = [], []
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as name:
        test = Path(name) / "test_nothing.py"
        test.write_text("def test_nothing(): pass\n")
        # The first of each only fills the machine's caches and the interpreter's.
        for turn in range(effort.starts + 1):
            say(f"plugin: round {turn} of {effort.starts}")
            ours.append(_run(test, "-p", "understudy.pytest_plugin"))
            theirs.append(_run(test))
    figures = {"ours": _milliseconds(ours[1:]), "baseline": _milliseconds(theirs[1:])}
    what = "test run with the plugin unused / without"
    return Measure("plugin", what, "×", ratios(ours[1:], theirs[1:]), Aim("below", 1.1), figures)


def _run(test: Path, *arguments: str) -> float:
    """Seconds that a run worked: a processor's where they are told, for a busy machine disturbs them less."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, str(test)]
    variables = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    before = os.times()
    subprocess.run(command, check=True, cwd=test.parent, env=variables, stdout=subprocess.DEVNULL)
    after = os.times()
    worked = after.children_user + after.children_system - before.children_user - before.children_system
    return worked or after.elapsed - before.elapsed


def _end(effort: Effort, say: Say) -> Measure:
    # Late: whoever measures something else need not wait for a server's imports.
    from understudy.pytest_plugin.account import opened
    from understudy.pytest_plugin.options import Options
    from understudy.pytest_plugin.servers import Servers

    ours, theirs = [], []
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as name, Servers(lambda: Path(name)) as running:
        for turn in range(effort.ends + 1):
            say(f"plugin: test {turn} of {effort.ends}")
            with opened(running, Options(), f"test {turn}") as account:
                _use(account.url, account.api_key)
                _, control = running.of(Options())
                began = time.perf_counter()
                control.health()
                theirs.append(time.perf_counter() - began)
                began = time.perf_counter()
            ours.append(time.perf_counter() - began)
    figures = {"ours": _milliseconds(ours[1:]), "baseline": _milliseconds(theirs[1:])}
    what = "end of a test / one question to the server"
    return Measure("plugin-end", what, "×", ratios(ours[1:], theirs[1:]), Aim("below", 5), figures)


def _use(url: str, key: str) -> None:
    connection = HTTPConnection(urlsplit(url).netloc)
    try:
        for _ in range(_JOBS):
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            connection.request("POST", "/v1", json.dumps([tasks.example()]), headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"a task was answered with a {answer.status}")
    finally:
        connection.close()


def _milliseconds(times: list[float]) -> str:
    return f"{median(times) * 1000:,.1f} ms"
