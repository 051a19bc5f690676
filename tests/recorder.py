"""A server whose journal can be played again, and things that callers of all three providers do to it."""

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from gateway import AVATAR, call
from stage import video_task
from understudy.journal.document import read
from understudy.journal.export import lines
from understudy.replay import Report, play
from understudy.server import Server

GMI = "/api/v1/ie/requestqueue/apikey"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(600)


def order(text: str = "Good evening, night owls.") -> dict[str, Any]:
    """What GMI's queue accepts."""
    return {
        "model": "heygen-avatar-4",
        "payload": {
            "video_inputs": [
                {
                    "character": {"type": "avatar", "avatar_id": "josh_lite3_20230714", "avatar_style": "normal"},
                    "voice": {"type": "text", "input_text": text, "voice_id": "1bd001e7e50f421d891986aad5158bc8"},
                }
            ]
        },
    }


class Caller:
    """One account at all three providers; what it has made so far can be asked for again."""

    def __init__(self, server: Server, key: str | None = None) -> None:
        self.server = server
        self.key = key or f"key-{uuid.uuid4()}"
        self.http = httpx.Client(base_url=server.url, trust_env=False, verify=False, timeout=30)
        self.bearer = {"authorization": f"Bearer {self.key}"}
        self.tasks: list[str] = []
        self.requests: list[str] = []
        self.calls: list[str] = []

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *exc: object) -> None:
        self.http.close()

    def ask(self, method: str, target: str, **keywords: Any) -> httpx.Response | None:
        """Send something; None when a fault kept the answer from coming."""
        with suppress(httpx.TransportError):
            return self.http.request(method, target, headers={**self.bearer, **keywords.pop("headers", {})}, **keywords)
        return None

    def control(self, method: str, target: str, **document: Any) -> Any:
        answer = self.http.request(method, f"/_understudy/{target}", json=document, headers=self.bearer)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def perform(self, what: str, number: int) -> None:
        """Do one of the things in `DEEDS`; `number` varies it."""
        getattr(self, what)(number)

    def runware_submit(self, number: int) -> None:
        task = video_task(
            taskUUID=str(uuid.UUID(int=(number << 8) + len(self.tasks), version=4)),
            speech={"text": "word " * (number % 9 + 1)},
        )
        if self.ask("POST", "/v1", json=[task]) is not None:
            self.tasks.append(task["taskUUID"])

    def runware_poll(self, number: int) -> None:
        asked = self.tasks[number % len(self.tasks)] if self.tasks else str(uuid.UUID(int=number, version=4))
        self.ask("POST", "/v1", json=[{"taskType": "getResponse", "taskUUID": asked}])

    def runware_details(self, number: int) -> None:
        task = {
            "taskType": "accountManagement",
            "taskUUID": str(uuid.UUID(int=number, version=4)),
            "operation": "getDetails",
        }
        self.http.post("/v1", json=[{"taskType": "authentication", "apiKey": self.key}, task])

    def runware_nonsense(self, number: int) -> None:
        bodies = (
            b'[{"taskType":',
            b"{}",
            b'[{"taskType":"dance"}]',
            b'[{"taskType":"videoInference","model":"none"}]',
            b"\xff\xfe",
        )
        self.ask("POST", "/v1", content=bodies[number % len(bodies)])

    def runware_socket(self, number: int) -> None:
        with suppress(ConnectionClosed), connect(self.server.url.replace("http", "ws") + "/v1") as socket:
            socket.send(json.dumps([{"taskType": "authentication", "apiKey": self.key}]))
            socket.recv(10)
            for _ in range(number % 3 + 1):
                socket.send(
                    json.dumps(
                        [
                            {
                                "taskType": "getResponse",
                                "taskUUID": self.tasks[0] if self.tasks else str(uuid.UUID(int=number, version=4)),
                            }
                        ]
                    )
                )
                with suppress(TimeoutError):
                    # A fault may keep the answer.
                    socket.recv(0.5)

    def gmi_submit(self, number: int) -> None:
        answer = self.ask("POST", f"{GMI}/requests", json=order("word " * (number % 9 + 1)))
        with suppress(ValueError, KeyError, AttributeError):
            self.requests.append(answer.json()["request_id"])  # type: ignore[union-attr]  # that is suppressed

    def gmi_poll(self, number: int) -> None:
        asked = self.requests[number % len(self.requests)] if self.requests else "none"
        self.ask("GET", f"{GMI}/requests/{asked}")

    def gmi_cancel(self, number: int) -> None:
        asked = self.requests[number % len(self.requests)] if self.requests else "none"
        self.ask("DELETE", f"{GMI}/requests/{asked}")

    def gmi_upload(self, number: int) -> None:
        answer = self.ask("POST", f"{GMI}/upload-url", json={"file_type": "png"})
        with suppress(ValueError, KeyError, AttributeError, httpx.TransportError):
            urls = answer.json()  # type: ignore[union-attr]  # that is suppressed
            self.http.put(
                urls["upload_url"], content=PNG + bytes([number % 256]), headers={"content-type": "image/png"}
            )
            self.http.get(urls["public_url"])

    def gmi_sign_in(self, number: int) -> None:
        identity = "/api/v1/me"
        token = self.http.post(
            f"{identity}/auth-tokens", json={"email": f"{self.key}@h.example", "password": f"secret-word-{number}"}
        ).json()["authToken"]
        session = self.http.post(f"{identity}/sessions", json={"authToken": token}).json()
        signed = {"authorization": f"Bearer {session['accessToken']}"}
        organization = self.http.get(f"{identity}/profile", headers=signed).json()["organization"]["id"]
        made = self.http.post(
            f"/api/v1/organizations/{organization}/api-keys", json={"name": "one"}, headers=signed
        ).json()
        self.http.get(f"{GMI}/requests", headers={"authorization": f"Bearer {made['key']}"})

    def segmind_submit(self, number: int) -> None:
        answer = self.ask(
            "POST", f"/v2/{AVATAR}", json=call(script="word " * (number % 9 + 1)), headers={"x-api-key": self.key}
        )
        with suppress(ValueError, KeyError, AttributeError):
            self.calls.append(answer.json()["request_id"])  # type: ignore[union-attr]  # that is suppressed

    def segmind_poll(self, number: int) -> None:
        asked = self.calls[number % len(self.calls)] if self.calls else "none"
        self.ask("GET", f"/v2/requests/{asked}{('/status', '')[number % 2]}", headers={"x-api-key": self.key})

    def segmind_history(self, number: int) -> None:
        for path in ("/v1/get-user-credits", "/inference-request/request-history"):
            self.ask("GET", path, headers={"x-api-key": self.key})

    def segmind_run(self, number: int) -> None:
        """A call that waits for its result, and is brought to its end by an advance."""
        text = "word " * (number % 3 + 1)
        waiting = threading.Thread(
            target=self.ask,
            args=("POST", f"/v1/{AVATAR}"),
            kwargs={"json": call(script=text), "headers": {"x-api-key": self.key}},
        )
        waiting.start()
        deadline = time.monotonic() + 5
        while waiting.is_alive() and time.monotonic() < deadline:
            time.sleep(0.02)
            self.control("POST", "clock/advance", seconds=60)
        waiting.join()

    def advance(self, number: int) -> None:
        self.control("POST", "clock/advance", seconds=(0, 0.5, 3, 40, 900)[number % 5])

    def add_fault(self, number: int) -> None:
        self.control("POST", "faults", **FAULTS[number % len(FAULTS)])

    def credit(self, number: int) -> None:
        self.control("POST", "ledger/credit", amount=number % 7 + 1)

    def reset(self, number: int) -> None:
        self.control("POST", "reset/" + ("jobs", "faults", "money")[number % 3])
        self.tasks, self.requests, self.calls = [], [], []


FAULTS: list[dict[str, Any]] = [
    {"provider": "runware", "error": "timeoutProvider", "probability": 0.5},
    {"provider": "gmi", "gateway": 503, "nth": 2},
    {"operation": "poll", "corrupt": True, "times": 1},
    {"operation": "submit", "truncate": 20, "times": 1},
    {"operation": "poll", "reset": True, "times": 1},
    {"operation": "submit", "slow": 3.0},
    {"limit": "3/60"},
    {"operation": "poll", "empty": True, "probability": 0.3},
]

DEEDS = (
    "runware_submit", "runware_poll", "runware_details", "runware_nonsense", "runware_socket", "gmi_submit", "gmi_poll",
    "gmi_cancel", "gmi_upload", "gmi_sign_in", "segmind_submit", "segmind_poll", "segmind_history", "segmind_run",
    "advance", "add_fault", "credit", "reset",
)  # fmt: skip

deed = st.tuples(st.sampled_from(DEEDS), st.integers(0, 2**20))


def settled(server: Server) -> None:
    """Wait until the server is done with what it was asked, as far as that goes on the record after the answer."""
    deadline = time.monotonic() + 5
    while server._uvicorn.server_state.tasks and time.monotonic() < deadline:
        time.sleep(0.005)


def written_down(server: Server, *keys: str) -> bytes:
    """The journal of some accounts, or of the whole server."""
    settled(server)
    engine = server.engine
    accounts = [engine.accounts.of(key) for key in keys] if keys else [*engine.accounts.all()]
    journals = [account.journal for account in accounts if account is not None]
    return b"".join(lines(engine, journals if keys else [engine.strangers, *journals]))


def replayed(document: bytes) -> Report:
    header, exchanges = read(document)
    return asyncio.run(play(header, exchanges))


def told(report: Report) -> str:
    return "\n".join(report.difference.lines()) if report.difference is not None else ""


def each(document: bytes) -> Iterator[dict[str, Any]]:
    """The exchanges of a document."""
    for line in document.splitlines()[1:]:
        yield json.loads(line)
