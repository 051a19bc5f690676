"""One account's owner, who speaks to all three providers and to the control API over one connection."""

import uuid
from typing import Any

import httpx

from gateway import call
from stage import video_task
from understudy.server import Server

PROVIDERS = ("runware", "gmi", "segmind")

_QUEUE = "/api/v1/ie/requestqueue/apikey/requests"


class Customer:
    """Hands in the same kind of video everywhere, and asks for it as each provider wants to be asked."""

    def __init__(self, server: Server, key: str) -> None:
        self.server = server
        self.key = key
        self.http = self._connect()

    def restart(self) -> None:
        """Go on as a program does that was stopped: it knows its key and the ids of its jobs, and nothing else."""
        self.http.close()
        self.http = self._connect()

    def _connect(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.key}", "x-api-key": self.key}
        return httpx.Client(base_url=self.server.url, headers=headers, trust_env=False, verify=False, timeout=30)

    def submit(
        self, provider: str, said: str = "Hello there.", name: uuid.UUID | None = None, **more: Any
    ) -> httpx.Response:
        match provider:
            case "runware":
                task = video_task(taskUUID=str(name or uuid.uuid4()), speech={"text": said}, includeCost=True, **more)
                return self.http.post("/v1", json=[task])
            case "gmi":
                voice = {"type": "text", "voice_id": "1bd001e7e50f421d891986aad5158bc8", "input_text": said}
                segment = {"character": {"type": "avatar", "avatar_id": "josh_lite3_20230714"}, "voice": voice}
                return self.http.post(_QUEUE, json={"model": "heygen-avatar-4", "payload": {"video_inputs": [segment]}})
            case _:
                return self.http.post("/v2/heygen-avatar-iv", json=call(script=said))

    @staticmethod
    def job(response: httpx.Response) -> str | None:
        """The id of the job that a submit was answered with, if there is one."""
        told = response.json()
        if response.status_code != 200:
            return None
        return told["request_id"] if "request_id" in told else told["data"][0]["taskUUID"]

    def poll(self, provider: str, job: str) -> httpx.Response:
        match provider:
            case "runware":
                return self.http.post("/v1", json=[{"taskType": "getResponse", "taskUUID": job}])
            case "gmi":
                return self.http.get(f"{_QUEUE}/{job}")
            case _:
                return self.http.get(f"/v2/requests/{job}")

    def state(self, provider: str, job: str) -> tuple[str, float]:
        """Where a job stands, in one word for all providers, and what it is said to have cost, in US dollars."""
        told = self.poll(provider, job).json()
        match provider:
            case "runware":
                items = told.get("data", [])
                if any(item["status"] == "processing" for item in items):
                    return "running", sum(item.get("cost", 0.0) for item in items)
                done = any(item["status"] == "success" for item in items)
                return "done" if done else "failed", sum(item.get("cost", 0.0) for item in items)
            case "gmi":
                words = {"success": "done", "failed": "failed", "cancelled": "cancelled"}
                return words.get(told["status"], "running"), 0.0
            case _:
                words = {"COMPLETED": "done", "FAILED": "failed"}
                if "status" not in told:
                    # An hour after its end a request is only told of in the history.
                    told = self.http.get(f"/inference-request/request-history/{job}").json()
                    return words[told["model_status"]], told["credits_deduction"]
                return words.get(told["status"], "running"), told["metrics"].get("cost", 0.0)

    def cancel(self, job: str) -> httpx.Response:
        return self.http.delete(f"{_QUEUE}/{job}")

    def control(self, method: str, path: str, document: Any = None) -> httpx.Response:
        return self.http.request(method, f"/_understudy/{path}", json=document)

    def advance(self, seconds: float) -> None:
        """Let time pass for this account alone."""
        response = self.control("POST", "clock/advance", {"seconds": seconds})
        assert response.status_code == 200, response.text

    def ledger(self) -> dict[str, Any]:
        """The ledger with all its money in micro-dollars."""
        told = self.control("GET", "ledger").json()
        for one in (told, *told["entries"]):
            one.update(
                {name: round(one[name] * 1_000_000) for name in ("amount", "balance", "available") if name in one}
            )
        return told

    def close(self) -> None:
        self.http.close()
