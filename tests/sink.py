"""A receiver that keeps every request it gets, byte for byte, and answers as it was told."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    #: Many may come at once, and the machine may be slow to see to them.
    request_queue_size = 128


class Sink:
    """Listens on a free loopback port; `answers` are the statuses of the first requests, then 200.

    With `decide` the status depends on what was received instead. A body that ends too soon is kept as far as it came.
    """

    def __init__(
        self, answers: Iterable[int | Callable[[], int]] = (), decide: Callable[[Received], int] | None = None
    ) -> None:
        self.received: list[Received] = []
        self._answers = iter(answers)
        self._news = threading.Condition()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _take(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = next(sink._answers, 200)
                received = Received(self.command, self.path, headers, body)
                with sink._news:
                    sink.received.append(received)
                    sink._news.notify_all()
                if decide is not None:
                    answer = decide(received)
                status = answer() if callable(answer) else answer
                self.send_response(status)
                self.send_header("content-length", "0")
                if 300 <= status < 400:
                    self.send_header("location", "/elsewhere")
                self.end_headers()

            do_POST = do_PUT = do_GET = _take  # noqa: N815

            def log_message(self, *args: Any) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def wait(self, count: int, timeout: float = 20) -> list[Received]:
        """Everything received once it is so many; fails when they do not come."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.received) >= count, timeout), f"{len(self.received)} came"
            return list(self.received)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def gated(status: int = 200) -> Iterator[tuple[Sink, threading.Event]]:
    """A receiver that answers what comes first only once the gate is open, and that gate."""
    gate = threading.Event()

    def answer() -> int:
        gate.wait(20)
        return status

    with Sink([answer]) as sink:
        try:
            yield sink, gate
        finally:
            gate.set()
