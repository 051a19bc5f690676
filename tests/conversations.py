"""A conversation with each provider that keeps every promise and gives every check something to see, by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from understudy_contracts.checks import Exchange, Webhook
from understudy_contracts.provider import contract

JSON = {"content-type": "application/json"}
A, B, C = (f"b8a0b08e-e8d5-433c-8527-4397dfa7680{number}" for number in (6, 7, 8))
V1, V2 = "86bea572-6922-45f9-81a8-217810634bfc", "8729f343-87a3-459a-8dc9-e18054b595ed"

#: Exchanges and webhooks by name.
Talk = dict[str, Any]


def result(uuid: str, video: str) -> dict[str, Any]:
    """What Runware tells of a finished video."""
    url = f"https://vm.runware.ai/video/os/a04d20/ws/5/vi/{video}.mp4"
    about = {"taskType": "videoInference", "taskUUID": uuid, "status": "success"}
    return {**about, "videoUUID": video, "videoURL": url, "cost": 2.8866}


def runware() -> Talk:
    """Two tasks, one of them of two results, and one that is refused."""
    example = contract("runware").examples[0]["request"]
    task = {**example, "taskUUID": A, "numberResults": 2, "includeCost": True}
    other = {**example, "taskUUID": B, "includeCost": True, "numberResults": 1}
    wrong = {**example, "taskUUID": C, "steps": 1}
    running = {"taskType": "videoInference", "taskUUID": A, "status": "processing"}
    failed = {"code": "timeoutProvider", "message": "too slow", "status": "error", "taskUUID": A}
    failed |= {"taskType": "videoInference"}
    refusal = {"code": "unsupportedParameter", "message": "unsupported use of 'steps' parameter", "parameter": "steps"}
    refusal |= {"taskType": "videoInference", "taskUUID": C}

    def told(at: float, request: Any, status: int, body: Any) -> Exchange:
        return Exchange(request, status, body, at, "POST", "https://api.runware.ai/v1", JSON, "runware")

    def poll(at: float, *data: Any, uuid: str = A, **more: Any) -> Exchange:
        return told(at, [{"taskType": "getResponse", "taskUUID": uuid}], 200, {"data": list(data), **more})

    taken = [{"taskType": "videoInference", "taskUUID": uuid} for uuid in (A, B)]
    about = {"taskType": "getTaskDetails", "taskUUID": A}
    details = {**about, "request": [task], "response": {"data": [result(A, V1)]}}
    return {
        "submit": told(0, [task, other, wrong], 200, {"data": taken, "errors": [refusal]}),
        "refused": told(1, [wrong], 400, {"data": [], "errors": [refusal]}),
        "running": poll(2, running, running),
        "half": poll(3, result(A, V1), running),
        "ended": poll(4, result(A, V1), errors=[failed]),
        "again": poll(5, result(A, V1), errors=[failed]),
        "other": poll(6, result(B, V2), uuid=B),
        "details": told(7, [about], 200, {"data": [details]}),
        "success hook": Webhook({"data": [result(A, V1)]}, 3.5, "runware"),
        "failure hook": Webhook({"errors": [failed]}, 4.5, "runware"),
    }


def gmi() -> Talk:
    """One request of the own, of exactly as much silence as is asked for, and a failed one of somebody else."""
    submit, status, *_ = contract("gmi").examples
    uuid, keys = submit["response"]["request_id"], submit["response"]
    character = submit["request"]["payload"]["video_inputs"][0]["character"]
    silence = {"character": character, "voice": {"type": "silence", "duration": 12.5}}
    asked = {"model": "heygen-avatar-4", "payload": {"video_inputs": [silence]}}
    done = {**status["response"], "payload": asked["payload"]}
    queued = {**done, "status": "queued", "outcome": None, "updated_at": done["created_at"]}
    # A list is newest first.
    moment = done["created_at"] + 9
    failure = {"request_id": B, "status": "failed", "error": "no", "outcome": {"error": "no"}}
    failed = {**done, **failure, "created_at": moment, "queued_at": moment}
    numbers = {"limit_type": "RPM", "limit": 2, "interval_seconds": 60, "retry_after_ms": 29970}
    words = "Rate limit exceeded for model heygen-avatar-4: 2 requests per 60 seconds. Retry in 29970 ms."

    def told(at: float, method: str, path: str, body: Any, status: int = 200, request: Any = None) -> Exchange:
        prefix = "https://console.gmicloud.ai/api/v1/ie/requestqueue/apikey"
        return Exchange(request, status, body, at, method, prefix + path, JSON, "gmi")

    return {
        "submit": told(0, "POST", "/requests", keys, request=asked),
        "refused": told(1, "POST", "/requests", {"error": words, "rate_limit": numbers}, 429, asked),
        "queued": told(2, "GET", f"/requests/{uuid}", queued),
        "running": told(3, "GET", f"/requests/{uuid}", {**queued, "status": "processing"}),
        "ended": told(4, "GET", f"/requests/{uuid}", done),
        "list": told(
            6,
            "GET",
            "/requests?model_id=heygen-avatar-4&limit=2",
            {"requests": [failed, done], "total": 2, "has_more": False},
        ),
        "unknown": told(7, "GET", f"/requests/{C}", {"error": "Request not found"}, 404),
        "model": told(8, "GET", "/models/heygen-avatar-4", contract("gmi").models["heygen-avatar-4"].detail),
    }


def segmind() -> Talk:
    """One job that completes, one that fails, and one call that waits for its file."""
    _, submit, running, done, result, failed, _ = (example["response"] for example in contract("segmind").examples)
    uuid = submit["request_id"]
    other = uuid[:-1] + "0"
    asked = {"image_url": "https://a.invalid/a.png", "video_title": "t", "script": "Hello there."}
    metrics = {**done["metrics"], "cost": 0.097}
    event = {"request_id": uuid, "model_name": "heygen-avatar-iv", "status": "COMPLETED", "metrics": {}}
    event |= {"output": result["output"], "error": None}
    row = {"request_id": uuid, "model_name": "heygen-avatar-iv", "model_status": "COMPLETED"}
    row |= {"credits_deduction": 0.097, "request_body": asked, "generation_url": result["output"], "latency_ms": 38200}
    row |= {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:01:00Z"}
    headers = {"content-type": "video/mp4", "x-cost": "0.097", "x-remaining-credits": "9.75"}
    headers |= {"x-request-id": B, "x-generation-time": "36.2"}

    def told(at: float, method: str, path: str, body: Any, status: int = 200, request: Any = None) -> Exchange:
        return Exchange(request, status, body, at, method, f"https://api.segmind.com{path}", JSON, "segmind")

    def history(at: float, body: Any) -> Exchange:
        address = f"https://api.spotprod.segmind.com/inference-request/request-history/{body['request_id']}"
        return replace(told(at, "GET", "", body), path=address)

    begun = {name: value.replace(uuid, other) for name, value in submit.items()}
    nothing = {"model_status": "FAILED", "credits_deduction": 0, "generation_url": None, "request_id": other}
    return {
        "submit": told(0, "POST", "/v2/heygen-avatar-iv", submit, request=asked),
        "other submit": told(1, "POST", "/v2/heygen-avatar-iv", begun, request=asked),
        "running": told(2, "GET", f"/v2/requests/{uuid}/status", running),
        "ended": told(3, "GET", f"/v2/requests/{uuid}/status", {**done, "metrics": metrics}),
        "result": told(4, "GET", f"/v2/requests/{uuid}", {**result, "metrics": metrics}),
        "again": told(5, "GET", f"/v2/requests/{uuid}", {**result, "metrics": metrics}),
        "failed": told(6, "GET", f"/v2/requests/{other}/status", {**failed, "request_id": other}, 422),
        "unknown": told(7, "GET", f"/v2/requests/{C}", {"error": f"Request {C} not found"}, 404),
        "row": history(8, row),
        "failed row": history(9, {**row, **nothing}),
        "file": replace(told(10, "POST", "/v1/heygen-avatar-iv", None, request=asked), headers=headers, content=b"mp4"),
        "hook": Webhook(
            {"event_type": "GENERATION", "event_id": "e", "timestamp": "2026-01-01T00:00:00Z", "data": event},
            5,
            "segmind",
        ),
    }


def heygen() -> Talk:
    """Both listings, and a wrong key."""
    avatars, voices = (contract("heygen").document(name) for name in ("avatars", "voices"))

    def told(at: float, path: str, body: Any, status: int = 200) -> Exchange:
        return Exchange(None, status, body, at, "GET", f"https://api.heygen.com{path}", JSON, "heygen")

    refusal = {"data": None, "error": {"code": "unauthorized", "message": "Unauthorized"}}
    return {
        "avatars": told(0, "/v2/avatars", avatars),
        "voices": told(1, "/v2/voices", voices),
        "refused": told(2, "/v2/voices", refusal, 401),
    }


TALKS = {"runware": runware, "gmi": gmi, "segmind": segmind, "heygen": heygen}
