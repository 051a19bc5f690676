"""A provider on a WebSocket that says exactly what a test has it say."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

SESSION = "2b7e1c1c-0f0e-4e0a-9d43-3f1c2f0f7a11"
UUID = "5893b754-1341-468b-a130-0c8c07d4e68f"


class SocketProvider:
    """Lets everyone in, answers heartbeats, and leaves each task to `answer`, which tells frames by `say`."""

    def __init__(self, answer: Callable[[SocketProvider, ServerConnection, dict], Any], **options: Any) -> None:
        self.answer = answer
        #: All tasks heard, those of login and heartbeats too, and the connections they came on.
        self.heard: list[dict] = []
        self.connections: list[ServerConnection] = []
        self.refusal: dict | None = None
        #: Frames told once more to whoever goes on with a session.
        self.owed: list[dict] = []
        self.changed = threading.Condition()
        self._server = serve(self._talk, "127.0.0.1", 0, **options)
        self._thread = threading.Thread(target=self._server.serve_forever)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/v1"

    def heard_of(self, kind: str) -> list[dict]:
        return [task for task in self.heard if task["taskType"] == kind]

    def wait_for(self, kind: str, count: int = 1) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.heard_of(kind)) >= count, 10), self.heard

    @staticmethod
    def say(line: ServerConnection, **document: Any) -> None:
        line.send(json.dumps(document))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        for line in self.connections:
            line.close()
        self._thread.join()

    def _talk(self, line: ServerConnection) -> None:
        self.connections.append(line)
        try:
            for frame in line:
                for task in json.loads(frame):
                    self._hear(line, task)
        except ConnectionClosed:
            return

    def _hear(self, line: ServerConnection, task: dict) -> None:
        with self.changed:
            self.heard.append(task)
            self.changed.notify_all()
        if task["taskType"] == "authentication":
            self.say(line, **(self.refusal or accepted()))
            for frame in self.owed if "connectionSessionUUID" in task else ():
                self.say(line, **frame)
        elif task["taskType"] == "ping":
            self.say(line, data=[{"taskType": "ping", "pong": True}])
        else:
            self.answer(self, line, task)


def accepted() -> dict:
    return {"data": [{"taskType": "authentication", "connectionSessionUUID": SESSION}]}


def acknowledged(task: str) -> dict:
    return {"taskType": "videoInference", "taskUUID": task}


def finished(task: str, name: str = "v1") -> dict:
    return acknowledged(task) | {"status": "success", "videoUUID": name, "videoURL": f"http://files/{name}.mp4"}


def failed(task: str) -> dict:
    return acknowledged(task) | {"status": "error", "code": "inferenceError", "message": "It broke."}
