"""The whole Segmind client against the stand-in, on a real port."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from rich.console import Console

from client.meanings import EXPECTED
from client.segmind_provider import MODEL
from understudy.clock import ManualClock
from understudy.config import Speed
from understudy_client import (
    AsyncSegmindClient,
    AuthError,
    ConnectionFailed,
    InsufficientCredits,
    NotFound,
    PermissionDenied,
    Poll,
    ProviderError,
    RateLimited,
    SegmindClient,
    TaskNotFound,
    UnderstudyError,
    ValidationError,
    read_video,
)
from understudy_client.demo import perform_segmind
from understudy_contracts.errors import catalogue
from understudy_contracts.models import models
from understudy_contracts.switches import switches

SOON = Poll(first=0.02, factor=1.2, cap=0.2)
FIELDS = {
    "image_url": "https://pictures.example/face.png",
    "video_title": "Evening",
    "script": "Good evening.",
    "voice_id": "26b2064088674c80b1e5fc5ab1a068ea",
}


@pytest.fixture
def client(server, key, http):
    with SegmindClient(key, f"{server.url}/v1", http=http) as client:
        yield client


def test_a_video_is_made_downloaded_and_costs_what_everything_says(client, tmp_path):
    before, words = client.credits().credits, []
    made = client.generate(MODEL, FIELDS, poll=SOON, on_progress=lambda status: words.append(status.word))
    video = read_video(client.download(made, tmp_path / "owls.mp4"))
    assert (video.width, video.height, video.has_sound) == (1280, 720, True)
    assert words[-1] == "COMPLETED"
    price = models("segmind")[MODEL].price
    assert abs(price.cost(video.seconds) - made.cost) <= price.usd * Decimal("0.08")
    assert client.credits().credits == made.remaining_credits == before - made.cost
    assert client.request(made.job).cost == made.cost


def test_a_blocking_call_brings_the_file_with_its_cost(client, tmp_path):
    made = client.generate_sync(MODEL, FIELDS, video_orientation="portrait", out=tmp_path / "owls.mp4")
    video = read_video(made.path)
    assert (video.width, video.height, video.size) == (720, 1280, made.size)
    row = client.request(made.request_id)
    assert (row.cost, row.word, row.request["video_orientation"]) == (made.cost, "COMPLETED", "portrait")
    assert client.credits().credits == made.remaining_credits
    assert made.content_type == "video/mp4"
    assert made.generation_time > 0


async def test_the_async_client_does_the_same(server, key, tmp_path):
    async with AsyncSegmindClient(key, server.url) as client:
        job = await client.submit(MODEL, FIELDS)
        made = await client.wait(job, poll=SOON)
        assert read_video(await client.download(made, tmp_path / "owls.mp4")).width == 1280
        assert await client.result(job.id) == made
        assert (await client.status(job)).results == made.media
        assert (await client.generate(MODEL, FIELDS, poll=SOON)).job != job
        delivery = await client.generate_sync(MODEL, FIELDS, out=tmp_path / "at-once.mp4")
        rows = [row.id async for row in client.requests(model_name=MODEL)]
        assert rows[0] == delivery.request_id
        assert rows[-1] == job.id
        assert (await client.history(per_page=1)).has_more
        assert (await client.request(job)).url == made.url
        assert MODEL in [model.slug for model in await client.models()]
        [url] = await client.upload(b"\x89PNG", media_type="image/png")
        assert (await client.generate(MODEL, FIELDS | {"image_url": url}, poll=SOON)).media
        assert (await client.credits()).credits > 0


def test_an_upload_can_be_fetched_and_used(client, http, tmp_path):
    (tmp_path / "face.png").write_bytes(b"\x89PNG and more")
    [url] = client.upload(tmp_path / "face.png")
    assert http.get(url).content == b"\x89PNG and more"


def test_a_picture_and_a_text_are_made_too(client, tmp_path):
    picture = client.generate("seedream-4.5", prompt="An owl.", poll=SOON)
    assert client.download(picture, tmp_path / "owl.jpg").read_bytes()[:2] == b"\xff\xd8"
    text = client.generate("gpt-5.5", prompt="Good evening.", poll=SOON)
    assert text.media == ()
    assert "Good evening." in text.output
    written = client.generate_sync("gpt-5.5", prompt="Good evening.", out=tmp_path / "text.json")
    assert "choices" in written.path.read_text("utf-8")


@pytest.mark.parametrize(
    ("fields", "parameter"),
    [({"fit": "squeeze"}, "fit"), ({"video_title": None}, "video_title"), ({"voice_id": 7}, "voice_id")],
)
def test_a_wrong_field_is_named_and_costs_nothing_whichever_way_it_is_sent(client, tmp_path, fields, parameter):
    wrong = {name: value for name, value in (FIELDS | fields).items() if value is not None}
    with pytest.raises(ValidationError) as at_once:
        client.generate_sync(MODEL, wrong, out=tmp_path / "v.mp4")
    with pytest.raises(ValidationError) as queued:
        client.generate(MODEL, wrong, poll=SOON)
    for caught in (at_once, queued):
        assert (caught.value.parameter, caught.value.billed) == (parameter, False)
    assert queued.value.status == 422
    assert "queue_time" in queued.value.metrics
    assert list(tmp_path.iterdir()) == []
    assert not any(row.cost for row in client.requests())


def test_what_nobody_has_is_not_found(client):
    with pytest.raises(NotFound) as caught:
        client.submit("nobody-has-this", {})
    assert caught.value.billed is False
    with pytest.raises(TaskNotFound):
        client.status("a1b2c3d4-e5f6-7890-abcd-ef1234567890")
    with pytest.raises(TaskNotFound):
        client.request("a1b2c3d4-e5f6-7890-abcd-ef1234567890")


def test_a_request_is_forgotten_after_an_hour_and_still_in_the_history(make_server, key, http):
    clock = ManualClock()
    client = SegmindClient(key, make_server(clock).url, http=http)
    job = client.submit(MODEL, FIELDS)
    clock.advance(600)
    assert client.result(job).media
    clock.advance(3700)
    with pytest.raises(TaskNotFound, match="an hour"):
        client.result(job)
    assert client.request(job).url


def test_a_blocking_call_that_came_too_late_is_found_in_the_history_as_its_error_says(make_server, key, http, tmp_path):
    clock = ManualClock()
    client = SegmindClient(key, make_server(clock).url, http=http, timeout=0.3, sync_timeout=0.3)
    with pytest.raises(ConnectionFailed, match=r"client\.history\(model_name='heygen-avatar-iv'\)") as caught:
        client.generate_sync(MODEL, FIELDS, out=tmp_path / "v.mp4")
    assert (caught.value.billed, caught.value.retryable) == (None, False)
    clock.advance(600)
    patient = SegmindClient(key, client.base_url, http=http)
    [row] = patient.history(model_name=MODEL).rows
    assert (row.word, row.request) == ("COMPLETED", FIELDS)
    assert read_video(patient.download(row, tmp_path / "v.mp4")).width == 1280


# What is assumed strikes at endpoints that these clients do not call. Of a queued call, only what leaves open whether
# there is a job now is of interest here.
CASES = [
    pytest.param(case, way, id=f"{case.id}-{way}")
    for case in catalogue("segmind").values()
    if case.confidence != "assumed" and case.strikes != "poll"
    for way in (["generate", "generate_sync"] if (case.status or 0) >= 500 else ["generate_sync"])
]


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(("case", "way"), CASES)
def test_an_error_of_the_catalogue_is_raised_and_never_paid(server, key, http, tmp_path, case, way):
    client = SegmindClient(key, server.url, max_retries=0, http=http)
    fields = FIELDS | {"script": f"Good evening. [[error:{case.id}]]"}
    how = {"poll": SOON, "deadline": 20} if way == "generate" else {"out": tmp_path / "v.mp4"}
    with pytest.raises(UnderstudyError) as caught:
        getattr(client, way)(MODEL, fields, **how)
    error = caught.value
    assert error.request == {"model": MODEL, "fields": fields}
    assert all(row.fell_through for row in client.requests())
    assert list(tmp_path.iterdir()) == []
    if case.kind in ("server", "timeout"):
        assert error.billed in (False, None)
    elif (case.status, way) == (422, "generate_sync"):
        # Only a poll knows this status, and no source says what v1 makes of it.
        assert isinstance(error, ProviderError)
        assert error.billed is False
    else:
        assert isinstance(error, PermissionDenied if case.status == 403 else EXPECTED[case.kind])
        assert error.billed is False


#: The switches that change what these clients read. What no key or credit does is tried on its own.
SEEN = {"v1-answer", "v2-validation", "request-id", "upload-answer", "values", "speech", "unknown-field"}


@pytest.mark.parametrize(
    ("switch", "value"),
    [
        (name, value)
        for name, switch in switches("segmind").items()
        for value in switch.values
        if name in SEEN and value != switch.default
    ],
)
def test_the_client_understands_the_stand_in_whichever_way_a_switch_is_set(
    make_server, key, http, tmp_path, switch, value
):
    server = make_server(speed=Speed(1.0, 0.0), switches={f"segmind.{switch}": value})
    client = SegmindClient(key, f"{server.url}/v1", http=http, careful=False)
    made = client.generate(MODEL, FIELDS, poll=SOON, deadline=20)
    assert client.request(made.job).cost == made.cost
    delivery = client.generate_sync(MODEL, FIELDS, out=tmp_path / "v.mp4")
    assert read_video(delivery.path).width == 1280
    assert delivery.cost == made.cost
    assert delivery.request_id
    assert client.upload(b"\x89PNG", media_type="image/png")
    with pytest.raises(ProviderError):
        client.generate(MODEL, FIELDS | {"fit": "squeeze"}, poll=SOON, deadline=20)


def test_a_limit_names_its_end(make_server, key, http):
    server = make_server(ManualClock(), switches={"segmind.rate-limit": "free"})
    client = SegmindClient(key, server.url, http=http, max_retries=0, careful=False)
    for _ in range(5):
        client.submit(MODEL, FIELDS)
    with pytest.raises(RateLimited) as caught:
        client.submit(MODEL, FIELDS)
    assert caught.value.billed is False
    assert len(client.history().rows) == 5


def test_an_empty_account_is_told_from_a_wrong_field(make_server, key, http, tmp_path):
    server = make_server(balance=0.01)
    client = SegmindClient(key, server.url, http=http)
    with pytest.raises(InsufficientCredits) as queued:
        client.submit(MODEL, FIELDS)
    with pytest.raises(InsufficientCredits) as at_once:
        client.generate_sync(MODEL, FIELDS, out=tmp_path / "v.mp4")
    assert (queued.value.status, at_once.value.status) == (402, 406)
    assert (queued.value.billed, at_once.value.billed) == (False, False)


def test_a_refused_key_is_told(scripted, reply):
    scripted.answer = lambda call: reply(b'{"error": "Unauthorized. API key is invalid or may have expired..."}', 401)
    with SegmindClient("k", scripted.url) as client, pytest.raises(AuthError) as caught:
        client.submit(MODEL, FIELDS)
    assert caught.value.billed is False


def test_the_demo_brings_both_videos(server, key, tmp_path):
    screen = Console(file=io.StringIO(), width=120)
    assert perform_segmind(f"{server.url}/v1", key, tmp_path, screen), screen.file.getvalue()
    assert [file.name for file in sorted(tmp_path.iterdir())] == [
        "segmind-hello-avatar-portrait-at-once.mp4", "segmind-hello-avatar-queued.mp4"
    ]  # fmt: skip
    shown = screen.file.getvalue()
    assert "720x1280" in shown
    assert "1280x720" in shown
    assert shown.count("$") == 2


def test_a_demo_that_is_refused_is_no_success(scripted, reply, tmp_path):
    scripted.answer = lambda call: reply(b'{"error": "Unauthorized [sic]"}', 401)
    screen = Console(file=io.StringIO(), width=120)
    assert not perform_segmind(scripted.url, "key", tmp_path, screen)
    assert screen.file.getvalue().count("Unauthorized [sic]") == 2
