"""What a script brings along: each of these stands alone, and is written into the scripts that name it."""

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from understudy import Control
from understudy_contracts import checks
from understudy_contracts.checks import Exchange, Webhook

__all__ = ["Expected", "Line", "Receiver", "broken_promises", "late", "picture"]


class Expected:
    """An error that the block has to end with: of this class, with the provider's own code and words."""

    def __init__(self, kind: type[Exception], code: str = "", said: str = "") -> None:
        self.kind, self.code, self.said = kind, code, said

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: Any) -> bool:
        assert error is not None, f"{self.kind.__name__} was not raised"
        if not isinstance(error, self.kind):
            return False
        assert self.code in ("", error.code), f"its code is {error.code!r}, not {self.code!r}: {error}"
        assert self.said in error.message, f"it does not say {self.said!r}: {error}"
        self.error = error
        return True


class Line:
    """A way to a server of this machine that breaks in the midst of what is said, where it is told to."""

    def __init__(self, port: int) -> None:
        self.port = port
        #: The direction of the next cut, `up` to the server or `down` from it, and how many bytes still arrive.
        self.cutting: list[Any] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self, way: str, count: int) -> None:
        """Break after so many more bytes of a direction, once."""
        self.cutting = [way, count]

    def hang_up(self) -> None:
        """Break every connection there is."""
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._ends = []

    def _listen(self) -> None:
        # It ends when the listener is closed.
        with suppress(OSError):
            while True:
                near = self._listener.accept()[0]
                threading.Thread(target=self._connect, args=(near,), daemon=True).start()

    def _connect(self, near: socket.socket) -> None:
        with near, suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as far:
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._ends += [near, far]
            back = threading.Thread(target=self._carry, args=("down", far, near), daemon=True)
            back.start()
            self._carry("up", near, far)
            back.join()

    def _carry(self, way: str, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(65536):
                # The other way may end it at any moment.
                whole, cutting = len(chunk), self.cutting
                if cutting and cutting[0] == way:
                    chunk = chunk[: cutting[1]]
                    cutting[1] -= len(chunk)
                    if len(chunk) < whole:
                        self.cutting = []
                target.sendall(chunk)
                if len(chunk) < whole:
                    break
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()


class Receiver:
    """Receives what is posted to `url`, and keeps the bodies."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def late(control: Control, fault: str, seconds: float, ask: Callable[[], Any]) -> Any:
    """Ask for something whose answer a fault holds back, and let so much time pass, since it does not by itself."""
    struck = control.fault(fault)["struck"]
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask)
        while control.fault(fault)["struck"] == struck and not answer.done():
            time.sleep(0.002)
        control.advance(seconds)
        return answer.result()


def picture(number: int) -> bytes:
    """A PNG of one dot; two of different numbers are different."""
    dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    return base64.b64decode(dot) + str(number).encode()


def broken_promises(provider: str, journal: Iterable[dict[str, Any]], webhooks: Iterable[Any] = ()) -> list[str]:
    """What the checks of the contract find wrong with everything that was said."""
    heard, acknowledged = [], set()
    for shown in journal:
        asked, answer = shown["request"], shown["response"]
        if shown["provider"] != provider or answer is None or asked["method"] in ("PUSH", "CLOSE"):
            continue
        if shown["transport"] == "websocket" and shown["operation"] not in ("submit", "poll"):
            # What may have got lost is told once more after the login, and was judged when it was told first.
            continue
        if shown["transport"] == "websocket" and shown["operation"] == "submit":
            # So is a task acknowledged that is sent once more.
            if shown["job"] in acknowledged:
                continue
            acknowledged.add(shown["job"])
        body, content = answer.get("body"), b""
        if "frames" in answer:
            items = [(key, item) for frame in answer["frames"] for key in frame for item in frame[key]]
            body = {key: [item for other, item in items if other == key] for key in dict(items)}
        if shown["faults"] and (shown["operation"] == "poll" or not isinstance(body, dict)):
            # What was spoilt on purpose says nothing, such as that a job is gone which is there.
            continue
        if isinstance(body, str):
            body, content = None, body.encode()
        socketed = shown["transport"] == "websocket"
        refused = isinstance(body, dict) and not body.get("data")
        heard.append(
            Exchange(
                request=asked.get("body"),
                status=(400 if refused else 200) if socketed else answer["status"] or 0,
                body=body,
                at=shown["time"],
                method="POST" if socketed else asked["method"],
                path=asked["target"],
                headers=dict(answer["headers"]),
                provider=provider,
                transport=shown["transport"],
                sent=dict(asked["headers"]),
                content=content,
            )
        )
    # They were there at the end; when each came is not told.
    end = max((exchange.at for exchange in heard), default=0.0)
    told = [Webhook(body, end, provider) for body in webhooks]
    return [f"{found.rule}: {found.message}" for found in checks.violations(heard, told, provider=provider)]
