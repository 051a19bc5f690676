"""As much of GMI's queue as a submit meets: every POST makes a request, and the list shows all of them."""

from __future__ import annotations

import json
import threading
import uuid
from urllib.parse import parse_qs, urlsplit

MODEL = "heygen-avatar-4"
PAYLOAD = {
    "video_inputs": [
        {
            "character": {"type": "avatar", "avatar_id": "josh_lite3_20230714", "scale": 1.0},
            "voice": {"type": "text", "input_text": "Good evening, “owls”.", "voice_id": "v", "speed": 1.0},
        }
    ],
    "caption": False,
}


class Provider:
    def __init__(self, *, echo: bool = True, oldest_first: bool = False) -> None:
        self.records: list[dict] = []
        self.now = 1762215580
        self.echo, self.oldest_first = echo, oldest_first
        self._lock = threading.Lock()

    @property
    def paid(self) -> list[str]:
        """The ids of all requests that are or will be charged."""
        return [record["request_id"] for record in self.records if record["status"] != "failed"]

    def create(self, body: bytes, status: str = "queued") -> tuple[int, bytes]:
        task = json.loads(body)
        times = dict.fromkeys(("created_at", "updated_at", "queued_at"), self.now)
        keys = {"request_id": str(uuid.uuid4()), "model": task["model"], "status": status, **times}
        with self._lock:
            self.records.append(keys | {"payload": task["payload"] if self.echo else {}, "outcome": None})
        return 200, json.dumps(keys).encode()

    def answer(self, method: str, target: str, body: bytes = b"") -> tuple[int, bytes]:
        parts = urlsplit(target)
        if method == "POST":
            return self.create(body)
        if parts.path.endswith("/requests"):
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            return 200, json.dumps(self.list(query["model_id"], int(query["limit"]), int(query["offset"]))).encode()
        name = parts.path.rsplit("/", 1)[1]
        found = [record for record in self.records if record["request_id"] == name]
        return (200, json.dumps(found[0]).encode()) if found else (404, b'{"error": "Request not found"}')

    def list(self, model: str, limit: int, offset: int) -> dict:
        with self._lock:
            own = [record for record in self.records if record["model"] == model]
        own = own if self.oldest_first else own[::-1]
        page = own[offset : offset + limit]
        return {"requests": page, "total": len(own), "has_more": offset + len(page) < len(own)}
