"""Many who read one file at once, slowly, from a server in a process of its own."""

import os
import resource
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from stage import video_task

SIZE = 16 << 20

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads how much memory a process takes from /proc")


class Emulator:
    """`understudy serve`, with a file of 16 MiB behind a URL."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, cache: Path) -> None:
        self.process = process
        self.port = port
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, verify=False, timeout=60) as http:
            http.headers["authorization"] = f"Bearer {uuid.uuid4()}"
            task = video_task()
            assert http.post("/v1", json=[task]).status_code == 200
            asked = [{"taskType": "getResponse", "taskUUID": task["taskUUID"]}]
            while not (url := http.post("/v1", json=asked).json()["data"][0].get("videoURL")):
                time.sleep(0.02)
            self.path = urlsplit(url).path
            content = http.get(url).content
        # Another file in its place: one as large would take long to make.
        kept = next(file for file in cache.iterdir() if file.suffix == ".mp4" and file.read_bytes() == content)
        self.content = os.urandom(1 << 16) * (SIZE >> 16)
        kept.write_bytes(self.content)

    def memory(self) -> int:
        """Bytes that its process takes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024

    def read(self, stack: ExitStack) -> socket.socket:
        """Ask for the file with a buffer that takes little of it, and stop after the answer's first line."""
        reader = stack.enter_context(socket.socket())
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.settimeout(60)
        reader.connect(("127.0.0.1", self.port))
        reader.sendall(f"GET {self.path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n".encode())
        return reader


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    port_file, cache = tmp_path / "port", tmp_path / "cache"
    words = ["serve", "--port", "0", "--port-file", str(port_file), "--cache-dir", str(cache), "--speed", "instant"]
    # Allowed fewer files than the readers will take: it has to ask for more itself.
    limited = ("/bin/sh", "-c", 'ulimit -Sn 128 && exec "$@"', "sh", sys.executable, "-m", "understudy")
    process = subprocess.Popen([*limited, *words], stdout=subprocess.DEVNULL)
    try:
        while not port_file.exists():
            assert process.poll() is None
            time.sleep(0.02)
        yield Emulator(process, int(port_file.read_text()), cache)
    finally:
        process.terminate()
        process.wait()


@linux
@pytest.mark.parametrize("count", [100, pytest.param(2000, marks=pytest.mark.slow)])
def test_many_slow_readers_of_a_file_cost_a_small_part_of_it_each_and_keep_nobody_else_waiting(
    emulator: Emulator, count: int
) -> None:
    ours, servers = resource.getrlimit(resource.RLIMIT_NOFILE)
    if ours < count + 100 or servers < 2 * count + 100:
        pytest.skip(f"this machine does not let a process open {2 * count} files")
    before = emulator.memory()
    with ExitStack() as stack:
        readers = [emulator.read(stack) for _ in range(count)]
        assert {reader.recv(12) for reader in readers} == {b"HTTP/1.1 200"}
        assert (emulator.memory() - before) / count < SIZE / 32
        hasty = emulator.read(stack)
        parts = []
        while part := hasty.recv(1 << 20):
            parts.append(part)
        assert b"".join(parts).partition(b"\r\n\r\n")[2] == emulator.content
