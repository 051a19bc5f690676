"""Somebody on this machine who takes webhooks, and files, and says thank you."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from understudy_contracts.checks.exchange import Webhook

from .reading import parsed

#: How long somebody who sends may take, in seconds.
_PATIENCE = 30.0


class LocalSink:
    """An address on this machine alone: `with LocalSink() as sink: sink.url`. Stand-ins reach it, providers do not."""

    def __init__(self) -> None:
        #: What came, in order; files apart.
        self.webhooks: list[Webhook] = []
        self.files: list[bytes] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="sink", daemon=True)

    @property
    def url(self) -> str:
        """Where webhooks are to be sent."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/webhooks"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(sink) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = _PATIENCE

            def do_POST(self) -> None:
                content = self._content()
                headers = {name.lower(): value for name, value in self.headers.items()}
                sink.webhooks.append(Webhook(parsed(content), time.monotonic(), headers=headers))
                self._thank()

            def do_PUT(self) -> None:
                sink.files.append(self._content())
                self._thank()

            def _content(self) -> bytes:
                if self.headers.get("transfer-encoding", "").lower() == "chunked":
                    return b"".join(self._chunks())
                return self.rfile.read(int(self.headers.get("content-length", 0)))

            def _chunks(self) -> Any:
                while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
                    yield self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()

            def _thank(self) -> None:
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        return Handler
