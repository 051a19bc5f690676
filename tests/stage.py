"""What tests speak through: a server under a clock that stands still, and tasks everyone accepts."""

import uuid
from typing import Any

import httpx

from understudy.clock import ManualClock
from understudy.server import Server


def unhurried(server: Server) -> Server:
    """The server, rendering only what somebody fetches: of what is begun ahead, hardly anything is wanted here."""
    server.engine.studio.warm = lambda placeholder: None  # type: ignore[method-assign]
    return server


class Stage:
    """A server under a manual clock, and the one caller that a test speaks as."""

    def __init__(self, server: Server, clock: ManualClock, key: str) -> None:
        self.server = server
        self.clock = clock
        self.key = key
        self.http = httpx.Client(
            base_url=server.url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, verify=False, timeout=60
        )

    def post(self, *tasks: Any, **headers: str) -> httpx.Response:
        return self.http.post("/v1", json=list(tasks), headers={k.replace("_", "-"): v for k, v in headers.items()})

    def poll(self, task: dict[str, Any] | str) -> dict[str, Any]:
        name = task if isinstance(task, str) else task["taskUUID"]
        return self.post({"taskType": "getResponse", "taskUUID": name}).json()

    def ledger(self) -> dict[str, Any]:
        return self.http.get("/_understudy/ledger").json()

    def deliveries(self) -> list[dict[str, Any]]:
        return self.http.get("/_understudy/webhooks").json()["deliveries"]


def video_task(**fields: Any) -> dict[str, Any]:
    """A task everyone accepts, with some fields set or, given as None, left out."""
    task: dict[str, Any] = {
        "taskType": "videoInference",
        "taskUUID": str(uuid.uuid4()),
        "model": "heygen:avatar@4",
        "inputs": {"avatar": "man_casual_young_adult"},
        "speech": {"text": "Good evening, night owls."},
        **fields,
    }
    return {name: value for name, value in task.items() if value is not None}


def model_upload(**fields: Any) -> dict[str, Any]:
    """A model everyone takes in, with some fields set."""
    return {
        "taskType": "modelUpload",
        "taskUUID": str(uuid.uuid4()),
        "category": "lora",
        "architecture": "flux1d",
        "format": "safetensors",
        "name": "Night Owls",
        "version": "1",
        "downloadURL": "https://models.example/owls.safetensors",
        "uniqueIdentifier": str(uuid.uuid4()),
        "private": True,
        **fields,
    }
