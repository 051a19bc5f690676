"""As much of Segmind as a call meets: every POST makes a request, and the history shows all of them."""

from __future__ import annotations

import json
import threading
import uuid
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

MODEL = "heygen-avatar-iv"
FIELDS = {
    "image_url": "https://pictures.example/face.png",
    "video_title": "Evening",
    "script": "Good evening, “owls”.",
    "enhance_custom_motion_prompt": False,
}
FILE = b"\0\0\0\x18ftypisom" + bytes(range(256)) * 4


class Provider:
    def __init__(self, url: str = "http://provider", *, shows: bool = True, adds: bool = False) -> None:
        self.url, self.shows, self.adds = url, shows, adds
        self.rows: list[dict] = []
        self.now = 1762215580
        self.words = ["COMPLETED"]
        self._lock = threading.Lock()

    @property
    def paid(self) -> list[str]:
        """The ids of all requests that are or will be charged."""
        return [row["request_id"] for row in self.rows if row["model_status"] != "FAILED"]

    def create(self, target: str, body: bytes, status: str = "PENDING") -> tuple[int, dict, bytes]:
        fields, id_ = json.loads(body), str(uuid.uuid4())
        version, model = urlsplit(target).path.strip("/").split("/")
        row = {
            "request_id": id_,
            "model_name": model,
            "model_status": status,
            "request_body": (fields | {"seed": 7} if self.adds else fields) if self.shows else None,
            "generation_url": None,
            "credits_deduction": 0.25,
            "latency_ms": 2010,
            "created_at": datetime.fromtimestamp(self.now, UTC).isoformat(),
        }
        with self._lock:
            self.rows.append(row)
        if version == "v1":
            headers = {"content-type": "video/mp4", "x-request-id": id_, "x-cost": "0.25",
                       "x-remaining-credits": "9.75", "x-generation-time": "2.01"}  # fmt: skip
            return 200, headers, FILE
        links = {"status_url": f"{self.url}/v2/requests/{id_}/status", "response_url": f"{self.url}/v2/requests/{id_}"}
        return 200, {}, json.dumps({"request_id": id_, "status": "QUEUED", **links}).encode()

    def answer(self, method: str, target: str, body: bytes = b"") -> tuple[int, dict, bytes]:
        parts = urlsplit(target)
        if method == "POST":
            return self.create(target, body)
        if parts.path.endswith("/request-history"):
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            return 200, {}, json.dumps(self.history(query)).encode()
        if "/v2/requests/" in parts.path:
            return self.standing(parts.path)
        return 404, {}, b'{"error": "Request nobody not found"}'

    def standing(self, path: str) -> tuple[int, dict, bytes]:
        id_ = path.split("/")[3]
        if id_ not in [row["request_id"] for row in self.rows]:
            return 404, {}, json.dumps({"error": f"Request {id_} not found"}).encode()
        word = self.words[0]
        if path.endswith("/status"):
            word = self.words.pop(0) if len(self.words) > 1 else word
        told = {"status": word, "request_id": id_, "metrics": {}}
        if word == "FAILED":
            metrics = {"inference_time": 0.003372, "queue_time": 0.025989}
            told = {"status": word, "error": "Prompt is required for video generation.", "metrics": metrics}
            return 422, {}, json.dumps(told).encode()
        if word == "COMPLETED" and not path.endswith("/status"):
            told |= {"error": None, "output": "http://files/v.mp4", "video": {"url": "http://files/v.mp4"},
                     "metrics": {"cost": 0.25, "remaining_credits": 9.75, "inference_time": 2.01}}  # fmt: skip
        return 200, {}, json.dumps(told).encode()

    def history(self, query: dict) -> dict:
        page, size = int(query["page"]), int(query["per_page"])
        with self._lock:
            own = [row for row in self.rows if query.get("model_name", "") in row["model_name"]][::-1]
        return {"requests": own[(page - 1) * size : page * size], "total": len(own), "page": page, "per_page": size}
