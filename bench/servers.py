"""The two servers, each a process of its own on a free port, and gone when their block ends."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

#: Seconds a server may take to answer, and to end once it was asked to.
_PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers on `port` of this machine."""

    process: subprocess.Popen[bytes]
    port: int

    def resident_bytes(self) -> int:
        """How much memory the process holds."""
        status = Path(f"/proc/{self.process.pid}/status")
        if status.exists():
            line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
            return int(line.split()[1]) * 1024
        said = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self.process.pid)], capture_output=True, check=True, text=True
        )
        return int(said.stdout) * 1024

    def processor_seconds(self) -> float | None:
        """How long a processor has worked for the process, to a hundredth; None where nobody says so exactly."""
        stat = Path(f"/proc/{self.process.pid}/stat")
        if not stat.exists():
            return None
        # The name, in brackets, may hold anything; user and system time are fields 14 and 15 of proc(5).
        fields = stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def emulator(*options: str) -> Iterator[Running]:
    """`understudy serve` with an empty cache, a purse that never empties, and some options."""
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as name:
        folder = Path(name)
        with serving(serve_command(folder, "--balance", "1000000000", *options), folder) as running:
            yield running


@contextmanager
def bare(answers: Sequence[Any]) -> Iterator[Running]:
    """The bare route, answering with these documents in turn."""
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as name:
        folder = Path(name)
        documents = folder / "answers.json"
        documents.write_text(json.dumps(answers))
        command = [sys.executable, "-m", "bench.bare", str(_port_file(folder)), str(documents)]
        with serving(command, folder) as running:
            yield running


def serve_command(folder: Path, *options: str) -> list[str]:
    """The command line of an emulator that keeps its files in a folder."""
    return [
        *(sys.executable, "-m", "understudy", "serve", "--port", "0"),
        *("--port-file", str(_port_file(folder)), "--cache-dir", str(folder / "cache")),
        *options,
    ]


@contextmanager
def serving(command: Sequence[str], folder: Path) -> Iterator[Running]:
    """Run a server that writes its port into the folder, and end it by its process id."""
    port_file = _port_file(folder)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            patience = time.monotonic() + _PATIENCE
            while not port_file.exists():
                if process.poll() is not None or time.monotonic() > patience:
                    raise RuntimeError(f"{' '.join(command)} did not start: exit code {process.returncode}")
                time.sleep(0.001)
            yield Running(process, int(port_file.read_text()))
        finally:
            process.terminate()
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def _port_file(folder: Path) -> Path:
    return folder / "port"
