"""The whole GMI client against the stand-in, on a real port."""

from __future__ import annotations

import io

import anyio
import pytest
from rich.console import Console

from client.gmi_provider import MODEL
from client.meanings import EXPECTED
from understudy.clock import ManualClock
from understudy_client import (
    AsyncGmiClient,
    AuthError,
    ConnectionFailed,
    GmiClient,
    NotFound,
    Poll,
    ProviderError,
    TaskCancelled,
    TaskNotFound,
    UnderstudyError,
    ValidationError,
    read_video,
)
from understudy_client.demo import perform_gmi
from understudy_contracts.errors import catalogue
from understudy_contracts.models import models

SOON = Poll(first=0.02, factor=1.2, cap=0.2)
PAYLOAD = {
    "video_inputs": [
        {
            "character": {"type": "avatar", "avatar_id": "josh_lite3_20230714"},
            "voice": {"type": "text", "input_text": "Good evening.", "voice_id": "1bd001e7e50f421d891986aad5158bc8"},
        }
    ],
    "dimension": {"width": 320, "height": 180},
}


@pytest.fixture
def client(server, key, http):
    with GmiClient(key, server.url, http=http) as client:
        yield client


def test_a_video_is_made_downloaded_and_as_long_as_announced(client, tmp_path):
    words = []
    [result] = client.generate(MODEL, PAYLOAD, poll=SOON, on_progress=lambda status: words.append(status.word))
    video = read_video(client.download(result, tmp_path / "owls.mp4"))
    assert (video.width, video.height, video.has_sound) == (320, 180, True)
    assert result.duration == pytest.approx(video.seconds, abs=0.08)
    assert result.thumbnail
    assert words[-1] == "success"


async def test_the_async_client_does_the_same_at_the_whole_prefix(server, key, tmp_path):
    async with AsyncGmiClient(key, f"{server.url}/api/v1/ie/requestqueue/apikey") as client:
        job = await client.submit(MODEL, PAYLOAD)
        [result] = await client.wait(job, poll=SOON)
        path = await client.download(result, tmp_path / "owls.mp4")
        status = await client.status(job.id)
        page = await client.list(MODEL)
        records = [record async for record in client.requests(MODEL)]
        assert MODEL in await client.models()
        assert (await client.model(MODEL)).id == MODEL
        generated = await client.generate(MODEL, PAYLOAD, poll=SOON)
        assert (await client.upload(b"RIFF", "wav")).startswith("http")
    assert status.results == (result,)
    assert [record.id for record in page.records] == [record.id for record in records] == [job.id]
    assert generated[0].job != job.id
    assert await anyio.Path(path).exists()


async def test_the_async_client_cancels_what_has_not_finished(patient_server, key):
    server, _ = patient_server
    async with AsyncGmiClient(key, server.url) as client:
        assert (await client.cancel(await client.submit(MODEL, PAYLOAD))).done


def test_a_model_that_delivers_at_once_needs_no_poll(client):
    name = next(name for name, model in models("gmi").items() if model.output.delivery == "sync")
    assert client.model(name).delivery == "sync"
    payload = {"prompt": "An owl.", "text": "Good evening."}
    seen = []
    results = client.generate(name, payload, poll=SOON, on_progress=seen.append)
    assert len(results) >= 1
    assert [status.word for status in seen] == ["success"]


def test_pages_go_through_all_requests_once_newest_first(client):
    jobs = [client.submit(MODEL, PAYLOAD).id for _ in range(3)]
    page = client.list(MODEL, limit=2)
    assert (page.total, page.has_more, len(page.records)) == (3, True, 2)
    assert [record.id for record in client.requests(MODEL)] == jobs[::-1]
    assert client.list(MODEL, limit=2, offset=2).has_more is False
    assert page.records[0].payload == PAYLOAD


def test_a_model_is_described_with_its_price(client):
    detail = client.model(MODEL)
    assert (detail.price, detail.unit) == (models("gmi")[MODEL].price.usd, models("gmi")[MODEL].price.unit)
    assert "video_inputs" in {parameter["name"] for parameter in detail.parameters}
    with pytest.raises(NotFound):
        client.model("nobody-has-this")


@pytest.mark.parametrize(
    "name", ["face.jpg", "face.jpeg", "face.png", "voice.mp3", "voice.wav", "clip.mp4", "clip.mov"]
)
def test_a_file_is_uploaded_without_the_key_and_is_where_it_says(client, http, tmp_path, name):
    (tmp_path / name).write_bytes(b"bytes of " + name.encode())
    url = client.upload(tmp_path / name)
    assert http.get(url).content == b"bytes of " + name.encode()


def test_an_mp3_is_uploaded_whichever_type_its_url_is_signed_for(make_server, key, http):
    server = make_server(switches={"gmi.mp3-upload-type": "audio/mp3"})
    url = GmiClient(key, server.url, http=http).upload(b"ID3", "mp3")
    assert http.get(url).content == b"ID3"


def test_a_refusal_names_the_parameter_and_is_not_billed(client):
    wrong = {"video_inputs": [{"character": PAYLOAD["video_inputs"][0]["character"]}]}
    with pytest.raises(ValidationError) as caught:
        client.submit(MODEL, wrong)
    assert "voice" in caught.value.parameter
    assert caught.value.billed is False
    assert client.list(MODEL).total == 0


def test_a_model_nobody_has_is_not_found_and_makes_nothing(client):
    with pytest.raises(NotFound, match="does not exist") as caught:
        client.submit("nobody-has-this", {})
    assert caught.value.billed is False


def test_a_request_nobody_made_is_not_found(client):
    with pytest.raises(TaskNotFound):
        client.status("a1b2c3d4-e5f6-7890-abcd-ef1234567890")


def test_a_cancelled_request_is_told_from_a_failed_one(make_server, key, http):
    server = make_server()
    client = GmiClient(key, server.url, http=http)
    job = client.submit(MODEL, PAYLOAD)
    assert client.cancel(job).state == "cancelled"
    with pytest.raises(TaskCancelled) as caught:
        client.wait(job)
    assert caught.value.job == job


# What leaves open whether there is a job now, so that the client looks for it.
CASES = [case for case in catalogue("gmi").values() if (case.status or 0) >= 500]


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_an_error_that_leaves_a_submit_open_is_raised_and_never_paid(make_server, server, key, http, case):
    client = GmiClient(key, server.url, max_retries=0, http=http)
    payload = {**PAYLOAD, "title": f"[[error:{case.id}]]"}
    payload["video_inputs"] = [
        segment | {"voice": segment["voice"] | {"input_text": f"Good evening. [[error:{case.id}]]"}}
        for segment in PAYLOAD["video_inputs"]
    ]
    with pytest.raises(UnderstudyError) as caught:
        client.generate(MODEL, payload, poll=SOON, deadline=20)
    error = caught.value
    assert error.request == {"model": MODEL, "payload": payload}
    assert all(record.fell_through for record in client.list(MODEL).records)
    if case.kind in ("server", "timeout") and case.status in (500, 502, 503, 504) and "request_id" not in case.extra:
        assert isinstance(error, ConnectionFailed | ProviderError)
        assert error.billed in (False, None)
    else:
        assert isinstance(error, EXPECTED[case.kind])
        assert (error.billed, error.status) == (False, case.status)


@pytest.mark.parametrize(("shape", "top"), [("string", "on"), ("object", "on"), ("string", "off"), ("object", "off")])
def test_every_shape_of_a_failed_record_tells_why(make_server, key, http, shape, top):
    clock = ManualClock()
    server = make_server(clock, switches={"gmi.failed-outcome": shape, "gmi.failed-top-level-error": top})
    client = GmiClient(key, server.url, http=http)
    payload = {"video_inputs": [dict(PAYLOAD["video_inputs"][0])]}
    payload["video_inputs"][0]["voice"] = payload["video_inputs"][0]["voice"] | {
        "input_text": "[[error:downloadFailed]]"
    }
    job = client.submit(MODEL, payload)
    clock.advance(3600)
    with pytest.raises(ProviderError, match="Failed to download media") as caught:
        client.wait(job, poll=SOON, deadline=20)
    assert caught.value.billed is False


def test_a_refused_key_is_told_before_anything_is_submitted(scripted, reply):
    scripted.answer = lambda call: reply(b'{"error": "Unauthorized"}', 401)
    with GmiClient("k", scripted.url) as client, pytest.raises(AuthError) as caught:
        client.submit(MODEL, PAYLOAD)
    assert caught.value.billed is False
    assert [call.method for call in scripted.calls] == ["GET"]


def test_the_demo_brings_both_videos(server, key, tmp_path):
    screen = Console(file=io.StringIO(), width=120)
    assert perform_gmi(f"{server.url}/api/v1/ie/requestqueue/apikey", key, tmp_path, screen), screen.file.getvalue()
    assert len(list(tmp_path.glob("*.mp4"))) == 2
    assert "$" in screen.file.getvalue()


def test_a_demo_that_is_refused_is_no_success(scripted, reply, tmp_path):
    scripted.answer = lambda call: reply(b'{"error": "Unauthorized [sic]"}', 401)
    screen = Console(file=io.StringIO(), width=120)
    assert not perform_gmi(scripted.url, "key", tmp_path, screen)
    assert screen.file.getvalue().count("Unauthorized [sic]") == 2
