"""The whole client against the stand-in, on a real port."""

from __future__ import annotations

import anyio
import httpx
import pytest

from understudy_client import (
    AsyncRunwareClient,
    DownloadFailed,
    Poll,
    RunwareClient,
    TaskConflict,
    ValidationError,
    WebhookReceiver,
    read_video,
)
from understudy_contracts.models import models

SOON = Poll(first=0.02, factor=1.2, cap=0.2)
REQUEST = {
    "model": "heygen:avatar@4",
    "inputs": {"avatar": "man_casual_young_adult_2"},
    "speech": {"text": "Good evening, night owls.", "voice": "radio_rick_male_english"},
    "width": 320,
    "height": 180,
    "includeCost": True,
}


@pytest.fixture(params=["rest", "websocket"])
def transport(request):
    return request.param


@pytest.fixture
def client(server, key, http, transport):
    with RunwareClient(key, f"{server.url}/v1", http=http, transport=transport) as client:
        yield client


def test_a_video_is_made_downloaded_and_as_long_as_it_cost(client, tmp_path):
    [result] = client.generate(REQUEST, poll=SOON)
    video = read_video(client.download(result, tmp_path / "owls.mp4"))
    model = models("runware")["heygen:avatar@4"]
    assert (video.width, video.height, video.has_sound) == (320, 180, True)
    assert result.cost == model.price.cost(model.duration.seconds(REQUEST))
    assert float(result.cost / model.price.usd) == pytest.approx(video.seconds, abs=0.08)


async def test_the_async_client_does_the_same(server, key, transport, tmp_path):
    async with AsyncRunwareClient(key, f"{server.url}/v1", transport=transport) as client:
        job = await client.submit(REQUEST)
        [result] = await client.wait(job, poll=SOON)
        path = await client.download(result, tmp_path / "owls.mp4")
        status = await client.status(job.id)
    assert status.results == (result,)
    assert await anyio.Path(path).exists()


def test_each_variation_has_a_video_of_its_own(client):
    results = client.generate(REQUEST, poll=SOON, numberResults=3)
    assert len({result.id for result in results}) == 3
    assert len({result.url for result in results}) == 3


def test_polls_and_webhooks_tell_the_same(client):
    with WebhookReceiver() as receiver:
        job = client.submit(REQUEST, numberResults=2, webhookURL=receiver.url)
        results = client.wait(job, poll=SOON)
        events = receiver.wait(job.id, count=2)
    told = {result for event in events for result in event.results}
    assert told == set(results)


def test_a_refusal_names_the_parameter_and_is_not_billed(client):
    with pytest.raises(ValidationError) as caught:
        client.submit(REQUEST, speech={"text": "Hello.", "speed": 9})
    assert caught.value.parameter == "speech.speed"
    assert caught.value.billed is False


def test_a_task_is_made_once(client):
    job = client.submit(REQUEST)
    with pytest.raises(TaskConflict) as caught:
        client.submit(job.request)
    assert client.wait(caught.value.job, poll=SOON)


def test_a_price_is_that_of_the_video_and_makes_no_job(client, server, key):
    price = client.price(REQUEST)
    before = client.status("5893b754-1341-468b-a130-0c8c07d4e68f")
    [result] = client.generate(REQUEST, poll=SOON)
    assert price == result.cost
    assert before.results == ()


def test_a_download_goes_on_where_it_stopped(client, tmp_path, http):
    [result] = client.generate(REQUEST, poll=SOON)
    whole = http.get(result.url)
    note = httpx.Response(200, json={"url": result.url, "validator": whole.headers["etag"]})
    (tmp_path / "v.mp4.part").write_bytes(whole.content[:1000])
    (tmp_path / "v.mp4.part.json").write_bytes(note.content)
    seen = []
    path = client.download(result, tmp_path / "v.mp4", on_progress=lambda received, total: seen.append(received))
    assert path.read_bytes() == whole.content
    assert seen[0] > 1000


def test_a_file_that_is_not_there_is_told(client, server, tmp_path):
    with pytest.raises(DownloadFailed):
        client.download(f"{server.url}/video/os/a04d20/ws/5/vi/nothing.mp4", tmp_path / "v.mp4")
