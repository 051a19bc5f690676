"""What the emulator sends by itself: webhooks and uploads, in time, in order, and again when nobody took them."""

import json
import socket
import time

import httpx
import pytest

from sink import Sink, gated
from stage import video_task
from understudy.config import Speed
from understudy.deliveries import RetryPolicy
from understudy.media.inspect import inspect
from understudy.providers.runware.callbacks import WEBHOOK_RETRIES

SMALL = {"width": 320, "height": 180}


def settled(stage, count, timeout=20):
    """The account's deliveries, once none is waiting; time is moved on whenever one waits for its next try."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        deliveries = stage.deliveries()
        assert len(deliveries) == count
        if all(delivery["state"] != "waiting" for delivery in deliveries):
            return deliveries
        stage.clock.advance(1)
        time.sleep(0.01)
    raise AssertionError(deliveries)


def test_each_finished_result_is_told_once_as_a_poll_would_tell_it(stage):
    with Sink() as sink:
        task = video_task(numberResults=3, includeCost=True, webhookURL=f"{sink.url}/hook?token=t")
        stage.post(task)
        stage.clock.advance(3600)
        received = sink.wait(3)
        settled(stage, 3)
    polled = stage.poll(task)["data"]
    assert len(sink.received) == 3
    for one in received:
        assert (one.method, one.path) == ("POST", "/hook?token=t")
        assert one.headers["content-type"] == "application/json"
        assert "authorization" not in one.headers
        [item] = json.loads(one.body)["data"]
        assert item in polled
    assert len({one.body for one in received}) == 3


def test_no_webhook_is_sent_before_its_result_is_done(stage):
    with Sink() as sink:
        task = video_task(numberResults=2, webhookURL=sink.url)
        stage.post(task)
        job = stage.server.engine.accounts.of(stage.key).jobs("runware")[task["taskUUID"]]
        stage.clock.advance(job.results[0].finishes_at - stage.clock.now())
        sink.wait(1)
        assert [item["status"] for item in stage.poll(task)["data"]] == ["success", "processing"]
        assert len(sink.received) == 1
        stage.clock.advance(job.finishes_at - stage.clock.now())
        sink.wait(2)


def test_a_failed_task_is_told_as_an_error(stage):
    with Sink() as sink:
        task = video_task(positivePrompt="[[error:invalidProviderContent]]", webhookURL=sink.url)
        stage.post(task)
        stage.clock.advance(3600)
        [told] = sink.wait(1)
    assert json.loads(told.body) == {"errors": stage.poll(task)["errors"]}


def test_a_receiver_that_refuses_is_tried_again_until_it_accepts(stage):
    with Sink([500, 302, 404]) as sink:
        task = video_task(webhookURL=sink.url)
        stage.post(task)
        stage.clock.advance(3600)
        [delivery] = settled(stage, 1)
    assert delivery["state"] == "delivered"
    assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 302, 404, 200]
    assert len({one.body for one in sink.received}) == 1
    times = [attempt["at"] for attempt in delivery["attempts"]]
    assert times == sorted(times)


def test_a_receiver_that_never_answers_in_time_is_given_up_after_the_last_attempt(stage, monkeypatch):
    monkeypatch.setattr("understudy.providers.runware.callbacks.WEBHOOK_RETRIES", RetryPolicy(0.25, 8, 3, 0.05))
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        task = video_task(webhookURL=f"http://127.0.0.1:{silent.getsockname()[1]}/")
        stage.post(task)
        stage.clock.advance(3600)
        [delivery] = settled(stage, 1)
    assert delivery["state"] == "given up"
    assert [attempt["problem"] for attempt in delivery["attempts"]] == ["no answer within 0.05 s"] * 3
    assert stage.poll(task)["data"][0]["status"] == "success", "the result can still be polled"


def test_a_receiver_that_is_not_there_is_recorded_and_harms_nobody(stage):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
    task = video_task(webhookURL=url)
    stage.post(task)
    stage.clock.advance(3600)
    [delivery] = settled(stage, 1)
    assert delivery["state"] == "given up"
    assert len(delivery["attempts"]) == WEBHOOK_RETRIES.attempts
    assert "ConnectError" in delivery["attempts"][0]["problem"]


def test_waits_between_attempts_double_up_to_a_cap_and_jitter_only_shortens_them():
    policy = RetryPolicy(first=0.25, cap=8.0, attempts=10, timeout=5)
    longest = [policy.delay(attempt, 0.0) for attempt in range(1, 9)]
    assert longest == [0.25, 0.5, 1, 2, 4, 8, 8, 8]
    assert [policy.delay(attempt, 1.0) for attempt in range(1, 9)] == [wait / 2 for wait in longest]
    assert policy.delay(10_000, 0.0) == 8


def test_the_file_is_uploaded_before_the_webhook_says_so(stage, tmp_path):
    with Sink() as sink:
        task = video_task(uploadEndpoint=f"{sink.url}/bucket/key?sig=1", webhookURL=f"{sink.url}/hook", **SMALL)
        stage.post(task)
        stage.clock.advance(3600)
        upload, webhook = sink.wait(2)
    assert (upload.method, upload.path, upload.headers["content-type"]) == ("PUT", "/bucket/key?sig=1", "video/mp4")
    assert upload.headers["content-length"] == str(len(upload.body))
    assert "transfer-encoding" not in upload.headers
    assert (webhook.method, webhook.path) == ("POST", "/hook")
    [item] = json.loads(webhook.body)["data"]
    assert stage.http.get(item["videoURL"]).content == upload.body
    path = tmp_path / "uploaded.mp4"
    path.write_bytes(upload.body)
    assert inspect(path).video_codec == "h264"


@pytest.mark.parametrize(("container", "content_type"), [("WEBM", "video/webm"), ("MOV", "video/quicktime")])
def test_an_upload_has_the_content_type_of_its_format(stage, container, content_type):
    with Sink() as sink:
        stage.post(video_task(uploadEndpoint=sink.url, outputFormat=container, **SMALL))
        stage.clock.advance(3600)
        [upload] = sink.wait(1)
    assert upload.headers["content-type"] == content_type


def test_a_bucket_that_refuses_does_not_keep_the_webhook_back(stage):
    with Sink() as hook, Sink([403] * 50) as bucket:
        task = video_task(uploadEndpoint=bucket.url, webhookURL=hook.url, **SMALL)
        stage.post(task)
        stage.clock.advance(3600)
        upload, webhook = settled(stage, 2)
    assert (upload["kind"], upload["state"]) == ("upload", "given up")
    assert (webhook["kind"], webhook["state"]) == ("webhook", "delivered")
    assert len(bucket.received) == len(upload["attempts"]) > 1


def test_a_failed_result_uploads_nothing(stage):
    with Sink() as sink:
        stage.post(video_task(positivePrompt="[[error:taskFailed]]", uploadEndpoint=sink.url, webhookURL=sink.url))
        stage.clock.advance(3600)
        [only] = sink.wait(1)
        settled(stage, 1)
    assert only.method == "POST"


def test_a_name_that_turns_out_to_be_a_metadata_address_is_never_called(stage, monkeypatch):
    # The name passes at submit; what it resolves to is judged when it is about to be called.
    monkeypatch.setattr("understudy.targets._METADATA_NAMES", frozenset())
    monkeypatch.setattr("understudy.targets.is_forbidden", lambda address: True)
    with Sink() as sink:
        stage.post(video_task(webhookURL=sink.url.replace("127.0.0.1", "localhost")))
        stage.clock.advance(3600)
        [delivery] = settled(stage, 1)
    assert delivery["state"] == "refused"
    assert "link-local or metadata" in delivery["attempts"][0]["problem"]
    assert sink.received == []


def test_a_slow_receiver_delays_nobody_else(stage):
    with gated() as (slow, gate), Sink() as quick:
        stage.post(video_task(webhookURL=slow.url), video_task(webhookURL=quick.url))
        stage.clock.advance(3600)
        quick.wait(1)
        gate.set()
        settled(stage, 2)


def test_many_uploads_that_hang_delay_no_webhook_of_anybody_else(stage, monkeypatch):
    monkeypatch.setattr("understudy.providers.runware.callbacks.UPLOAD_RETRIES", RetryPolicy(0.25, 8, 1, 60))
    with socket.socket() as silent, Sink() as healthy:
        silent.bind(("127.0.0.1", 0))
        silent.listen(200)
        hung = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        # Equal clips are one render: what is tried here is the sending.
        stage.post(*[video_task(uploadEndpoint=hung, **SMALL) for _ in range(70)])
        stage.clock.advance(3600)
        stage.post(video_task(webhookURL=healthy.url))
        stage.clock.advance(3600)
        healthy.wait(1, timeout=30)


def test_a_mistake_of_ours_ends_a_delivery_and_is_logged(stage, monkeypatch, caplog):
    async def broken(*args):
        raise RuntimeError("boom")

    monkeypatch.setattr("understudy.sender.Sender.send", broken)
    stage.post(video_task(webhookURL="http://127.0.0.1:9/"))
    stage.clock.advance(3600)
    [delivery] = settled(stage, 1)
    assert delivery["state"] == "given up"
    assert "boom" in delivery["attempts"][0]["problem"]
    assert "a mistake of understudy's" in caplog.text


def test_webhooks_in_flight_at_the_end_do_not_keep_the_server_from_stopping(make_server, key, caplog, monkeypatch):
    monkeypatch.setattr("understudy.providers.runware.callbacks.WEBHOOK_RETRIES", RetryPolicy(0.25, 8, 1, 60))
    server = make_server(speed=Speed.parse("instant"))
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        headers = {"Authorization": f"Bearer {key}"}
        httpx.post(f"{server.url}/v1", json=[video_task(webhookURL=url)], headers=headers, trust_env=False)
        taken, _ = silent.accept()
        started = time.monotonic()
        server.__exit__(None, None, None)
        assert time.monotonic() - started < 30
        taken.close()
    assert "1 webhooks or uploads not delivered" in caplog.text
