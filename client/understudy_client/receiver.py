"""A webhook receiver on loopback, for demos and tests: it listens on a thread and keeps what it was told."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from .errors import InvalidAnswer
from .webhooks import WebhookEvent, parse_webhook

_LARGEST = 1 << 20


class WebhookReceiver:
    """Receive webhooks on a free port of this machine.

        with WebhookReceiver() as receiver:
            job = client.submit(request, webhookURL=receiver.url)
            [event] = receiver.wait(job.id, timeout=60)

    refusals: how many deliveries to answer with 503 before the first is taken, to see them retried.
    """

    def __init__(self, refusals: int = 0) -> None:
        self._events: list[WebhookEvent] = []
        self._refusals = refusals
        self._news = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """What to give as webhookURL."""
        return f"http://127.0.0.1:{self._server.server_port}/webhook"

    @property
    def events(self) -> list[WebhookEvent]:
        """Everything received so far, repeated deliveries included, oldest first."""
        with self._news:
            return list(self._events)

    def wait(self, job: str, *, count: int = 1, timeout: float = 30.0) -> list[WebhookEvent]:
        """Wait for so many different events of a job and return them; fewer when the time is over."""
        with self._news:
            self._news.wait_for(lambda: len(self._of(job)) >= count, timeout)
            return self._of(job)

    def _of(self, job: str) -> list[WebhookEvent]:
        return list({event.key: event for event in self._events if event.job == job}.values())

    def take(self, body: bytes) -> int:
        """Take one delivery and return the HTTP status to answer it with."""
        with self._news:
            if self._refusals > 0:
                self._refusals -= 1
                return 503
            try:
                self._events.append(parse_webhook(body))
            except InvalidAnswer:
                return 400
            self._news.notify_all()
            return 204

    def __enter__(self) -> WebhookReceiver:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler_for(receiver: WebhookReceiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            if not length.isdigit() or int(length) > _LARGEST:
                status = 413 if length.isdigit() else 411
                self.close_connection = True
            else:
                status = receiver.take(self.rfile.read(int(length)))
            self.send_response(status)
            if status != 204:
                self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
            """Say nothing: whoever holds the receiver reads `events`."""

    return Handler
