"""Recording what an HTTP client hears: three lines in anybody's own test suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import anyio
import httpx

from understudy_contracts.checks import Exchange, violations

URL = "https://console.gmicloud.ai/api/v1/ie/requestqueue/apikey"


def provider(request: httpx.Request) -> httpx.Response:
    if request.method == "PUT":
        return httpx.Response(200, content=b"\x00\x01", headers={"Content-Type": "video/mp4"})
    if request.url.path.endswith("/models"):
        return httpx.Response(200, json={"model_ids": ["heygen-avatar-4"]})
    return httpx.Response(404, json={"error": "Request not found"})


def client(hook: Callable[[httpx.Response], Any]) -> httpx.Client:
    transport = httpx.MockTransport(provider)
    return httpx.Client(transport=transport, event_hooks={"response": [hook]}, headers={"Authorization": "Bearer k"})


def test_an_event_hook_records_whatever_a_client_hears_and_the_record_can_be_judged() -> None:
    seen: list[Exchange] = []
    with client(lambda answer: seen.append(Exchange.of(answer, provider="gmi"))) as http:
        http.get(f"{URL}/models")
        assert http.post(f"{URL}/requests?limit=2", json={"model": "heygen-avatar-4"}).json() == seen[1].body
    assert [one.status for one in seen] == [200, 404]
    assert seen[0].at < seen[1].at
    first, second = seen
    assert (first.method, first.path, first.request) == ("GET", f"{URL}/models", None)
    assert first.body == {"model_ids": ["heygen-avatar-4"]}
    assert (second.method, second.path, second.request) == (
        "POST",
        f"{URL}/requests?limit=2",
        {"model": "heygen-avatar-4"},
    )
    assert violations(first) == []
    assert [finding.rule for finding in violations(second)] == ["errors.declared"]


def test_a_file_is_kept_as_bytes_and_no_key_is_kept_at_all() -> None:
    seen: list[Exchange] = []
    with client(lambda answer: seen.append(Exchange.of(answer, provider="gmi", at=3, operation="putFile"))) as http:
        http.put(f"{URL}/file", content=b"abc", headers={"X-Api-Key": "secret", "X-More": "1"})
    (one,) = seen
    assert (one.body, one.content, one.at, one.operation) == (None, b"\x00\x01", 3, "putFile")
    assert one.headers["content-type"] == "video/mp4"
    assert one.sent["x-more"] == "1"
    assert not {"authorization", "x-api-key"} & one.sent.keys()
    assert one.seconds >= 0


def test_a_body_that_went_out_as_a_stream_can_be_told() -> None:
    def stream() -> Iterator[bytes]:
        yield b"{}"

    answer = httpx.Response(200, json={}, request=httpx.Request("POST", f"{URL}/requests", content=stream()))
    assert Exchange.of(answer, provider="gmi").request is None
    assert Exchange.of(answer, provider="gmi", request={"model": "m"}).request == {"model": "m"}


def test_an_asynchronous_client_is_recorded_as_well() -> None:
    seen: list[Exchange] = []

    async def hook(answer: httpx.Response) -> None:
        await answer.aread()
        seen.append(Exchange.of(answer, provider="gmi"))

    async def ask() -> None:
        transport = httpx.MockTransport(provider)
        async with httpx.AsyncClient(transport=transport, event_hooks={"response": [hook]}) as http:
            await http.get(f"{URL}/models")

    anyio.run(ask)
    assert [one.body for one in seen] == [{"model_ids": ["heygen-avatar-4"]}]


def test_an_answer_made_by_hand_took_no_time() -> None:
    answer = httpx.Response(200, json={"model_ids": []}, request=httpx.Request("GET", f"{URL}/models"))
    assert Exchange.of(answer, provider="gmi").seconds == 0
