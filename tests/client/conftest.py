"""Servers that behave exactly as badly as a test says."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from understudy_client import client as driver


@dataclass
class Call:
    """One request as it reached a server."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def task(self) -> dict:
        return json.loads(self.body)[0]


@dataclass
class Reply:
    """What to answer, and where to break off: `cut` bytes of it are sent, None for all."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    #: Without a length the end of the connection is the end of the body.
    with_length: bool = True

    def encode(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} Whatever", "connection: close"]
        if self.with_length and "content-length" not in self.headers:
            lines.append(f"content-length: {len(self.body)}")
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        whole = "\r\n".join([*lines, "", ""]).encode() + self.body
        return whole[: self.cut]


class ScriptedServer:
    """A server on a real port that answers each request by the next cue, one connection a request.

    `hear` says after how many bytes of a request to hang up (None: read it all); `answer` makes the reply.
    """

    def __init__(self) -> None:
        self.hear: Callable[[], int | None] = lambda: None
        self.answer: Callable[[Call], Reply] = lambda call: Reply(status=404)
        self.calls: list[Call] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self._talk(connection)
                except OSError:
                    continue  # the client hung up first, as some tests want

    def _talk(self, connection: socket.socket) -> None:
        limit, heard = self.hear(), b""
        while (call := _parse(heard)) is None:
            want = 65536 if limit is None else min(65536, limit - len(heard))
            data = connection.recv(want) if want > 0 else b""
            if not data:
                return
            heard += data
        self.calls.append(call)
        connection.sendall(self.answer(call).encode())


def _parse(heard: bytes) -> Call | None:
    head, end, body = heard.partition(b"\r\n\r\n")
    if not end:
        return None
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    if len(body) < int(headers.get("content-length", "0")):
        return None
    method, path, _ = first.split(" ")
    return Call(method, path, headers, body)


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def reply() -> type[Reply]:
    return Reply


@pytest.fixture
def hurried(monkeypatch):
    """Let blocking clients rest a fiftieth of what they would: the stand-in of the tests is that much quicker."""
    rest = driver._sleep
    monkeypatch.setattr(driver, "_sleep", lambda seconds, cancel: rest(seconds / 50, cancel))


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    """One blocking HTTP client for all: making one reads every certificate there is."""
    with httpx.Client(verify=False) as client:
        yield client
