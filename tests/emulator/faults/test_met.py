"""Rules are about what providers really meet: the table of it is held against requests on the wire."""

import json
import random
import uuid
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from gateway import call
from sink import Sink
from stage import video_task
from understudy import engine, visits
from understudy.accounts import identity
from understudy.clock import ManualClock
from understudy.faults import Facts, FaultTable, meet
from understudy.faults.met import MET
from understudy.providers.runware.meetings import OPERATIONS

_SEGMENT = {
    "character": {"type": "avatar", "avatar_id": "josh_lite3_20230714", "avatar_style": "normal"},
    "voice": {"type": "text", "input_text": "Good evening.", "voice_id": "1bd001e7e50f421d891986aad5158bc8"},
}
_GMI = "/api/v1/ie/requestqueue/apikey"


def _links(document: Any) -> list[str]:
    if isinstance(document, str):
        return [document] if document.startswith("http") and ".mp4" in document else []
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    return [link for one in inner for link in _links(one)]


def _runware(http: httpx.Client, clock: ManualClock, hook: str) -> None:
    task = video_task(webhookURL=hook)
    for kind in OPERATIONS.keys() - {"videoInference", "getResponse"}:
        http.post("/v1", json=[{"taskType": kind, "taskUUID": str(uuid.uuid4()), "model": "x"}])
    http.post("/v1", json=[task])
    clock.advance(1_000)
    told = http.post("/v1", json=[{"taskType": "getResponse", "taskUUID": task["taskUUID"]}]).json()
    http.head(_links(told)[0])
    with connect(f"{http.base_url.copy_with(scheme='ws', path='/v1')}", proxy=None) as socket:
        socket.send(json.dumps([{"taskType": "authentication", "apiKey": http.headers["x-api-key"]}]))
        socket.recv(timeout=20)


def _gmi(http: httpx.Client, clock: ManualClock, hook: str) -> None:
    body = {"model": "heygen-avatar-4", "payload": {"video_inputs": [_SEGMENT]}}
    name = http.post(f"{_GMI}/requests", json=body).json()["request_id"]
    clock.advance(1_000)
    told = http.get(f"{_GMI}/requests/{name}").json()
    http.head(_links(told)[0])
    http.delete(f"{_GMI}/requests/{name}")
    for path in ("requests", "models", "models/heygen-avatar-4"):
        http.get(f"{_GMI}/{path}")
    http.post(f"{_GMI}/upload-url", json={})


def _segmind(http: httpx.Client, clock: ManualClock, hook: str) -> None:
    http.post("/webhook/add", json={"webhook_url": hook, "event": {"types": ["MODEL_INFERENCE"]}})
    told = http.post("/v2/heygen-avatar-iv", json=call(), headers={"x-webhook-url": hook}).json()
    clock.advance(1_000)
    http.head(_links(http.get(told["response_url"]).json())[0])
    for path in ("/v1/get-user-credits", "/inference-request/generations", "/inference-model-information/list"):
        http.get(path)
    http.get("/api/auth/authenticate")
    http.post("/upload-asset", json={})
    for path in ("submit", "list"):
        http.request("POST" if path == "submit" else "GET", f"/finetune/request/{path}", json={})


def _heygen(http: httpx.Client, clock: ManualClock, hook: str) -> None:
    http.get("/v2/avatars")
    http.get("/v2/voices")


_DRIVES = {"runware": _runware, "gmi": _gmi, "segmind": _segmind, "heygen": _heygen}


@pytest.mark.parametrize("provider", MET)
def test_what_a_provider_meets_and_tells_is_in_the_table(
    provider: str, make_server: Any, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    seen: dict[str, set[str]] = {}

    def noted(tables: Any, facts: Facts, *rest: Any, **more: Any) -> Any:
        if facts.provider == provider:
            told = seen.setdefault(facts.operation, set())
            told |= {word for word, known in (("model", facts.model), ("text", facts.text())) if known}
        return meet(tables, facts, *rest, **more)

    monkeypatch.setattr(visits, "meet", noted)
    monkeypatch.setattr(engine, "meet", noted)
    clock = ManualClock()
    server = make_server(clock)
    headers = {"Authorization": f"Bearer {key}", "x-api-key": key}
    with Sink() as sink, httpx.Client(base_url=server.url, headers=headers, trust_env=False, verify=False) as http:
        http.post("/_understudy/faults?account=" + identity(key), json={"delay": 1, "after": 10**9})
        httpx.post(f"{server.url}/_understudy/faults", json={"delay": 1, "after": 10**9}, trust_env=False)
        _DRIVES[provider](http, clock, sink.url)
        http.post("/_understudy/clock/advance", json={"seconds": 1_000})
    # What is told of a request can be nothing, where it could be something; never the other way round.
    assert all(told <= MET[provider].get(operation, set()) for operation, told in seen.items()), seen
    assert seen.keys() == MET[provider].keys()


def test_an_account_is_found_by_a_key_that_looks_like_an_id() -> None:
    table = FaultTable(random.Random(0), shared=True)
    table.add({"account": "0123456789abcdef", "delay": 1}, 0.0)
    for account in ("0123456789abcdef", identity("0123456789abcdef")):
        assert meet((table,), Facts("gmi", "poll", None, account), 0.0).names == ("shared-1",)
    assert meet((table,), Facts("gmi", "poll", None, identity("another")), 0.0).names == ()
