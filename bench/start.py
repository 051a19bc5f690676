"""How long a start takes, against importing what the server is built on."""

import subprocess
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from . import servers
from .effort import Effort
from .measure import Aim, Measure, Say, ratios


def start(effort: Effort, say: Say) -> list[Measure]:
    """From the start of the process to the first answer."""
    ours, theirs = [], []
    # The first of each only fills the machine's caches and the interpreter's.
    for turn in range(effort.starts + 1):
        say(f"start: round {turn} of {effort.starts}")
        ours.append(_to_first_answer())
        theirs.append(_to_import())
    figures = {"ours": _milliseconds(ours[1:]), "baseline": _milliseconds(theirs[1:])}
    what = "start / bare import"
    return [Measure("start", what, "×", ratios(ours[1:], theirs[1:]), Aim("below", 2.5), figures)]


def _to_first_answer() -> float:
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as name:
        folder = Path(name)
        began = time.perf_counter()
        with servers.serving(servers.serve_command(folder), folder) as running:
            connection = HTTPConnection("127.0.0.1", running.port)
            try:
                connection.request("GET", "/_understudy/health")
                status = connection.getresponse().status
                took = time.perf_counter() - began
            finally:
                connection.close()
        if status != 200:
            raise RuntimeError(f"the first answer was a {status}")
        return took


def _to_import() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import starlette, uvicorn"], check=True, cwd=servers.ROOT)
    return time.perf_counter() - began


def _milliseconds(times: list[float]) -> str:
    return f"{median(times) * 1000:,.0f} ms"
