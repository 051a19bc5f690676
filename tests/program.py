"""`understudy` as a person or a script starts it: in a process of its own."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def program(
    command: str, *arguments: str, port_file: Path, env: Mapping[str, str], cwd: Path | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A command that listens: its process and where it is, from when it says so. If nobody has ended it, it is killed."""
    port_file.unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "understudy", command, "--port-file", str(port_file), *arguments],
        cwd=cwd,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while not port_file.exists():
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        yield process, f"http://127.0.0.1:{int(port_file.read_text())}"
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
