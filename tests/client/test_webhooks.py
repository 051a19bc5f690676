from __future__ import annotations

import json
from http.client import HTTPConnection

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy_client import InvalidAnswer, WebhookReceiver, parse_webhook

JOB = "5893b754-1341-468b-a130-0c8c07d4e68f"
VIDEO = {
    "taskType": "videoInference",
    "taskUUID": JOB,
    "videoUUID": "8729f343-87a3-459a-8dc9-e18054b595ed",
    "videoURL": "https://vm.runware.ai/video/os/a18d05/ws/5/vi/8729f343-87a3-459a-8dc9-e18054b595ed.mp4",
    "cost": 2.413,
}
ERROR = {"code": "inferenceError", "message": "It failed.", "taskUUID": JOB}


@pytest.mark.parametrize(
    "body",
    [{"data": [VIDEO]}, VIDEO, VIDEO | {"status": "success"}, {"data": VIDEO}, {"data": [VIDEO, VIDEO]}],
    ids=["wrapped", "flat", "flat with status", "wrapped without a list", "listed twice"],
)
@pytest.mark.parametrize(
    "form", [dict, json.dumps, lambda body: json.dumps(body).encode()], ids=["dict", "str", "bytes"]
)
def test_a_finished_video_is_read_in_every_shape_and_form(body, form):
    event = parse_webhook(form(body))
    assert [result.url for result in event.results] == [VIDEO["videoURL"]]
    assert (event.job, event.errors) == (JOB, ())
    assert event.key == (JOB, VIDEO["videoUUID"])


@pytest.mark.parametrize(
    "body",
    [
        {"errors": [ERROR]},
        {"data": [], "errors": [ERROR]},
        ERROR,
        {"error": ERROR},
        {"data": [{"taskUUID": JOB, "status": "error", "error": ERROR}]},
        {"taskUUID": JOB, "status": "error", "error": ERROR},
    ],
    ids=["wrapped", "with empty data", "flat", "singular", "inside data", "flat item"],
)
def test_a_failure_is_read_in_every_shape(body):
    event = parse_webhook(body)
    assert [problem.code for problem in event.errors] == ["inferenceError"]
    assert (event.job, event.results) == (JOB, ())


@given(st.binary() | st.text() | st.recursive(st.none() | st.integers(), st.lists).map(json.dumps))
def test_what_is_no_webhook_is_an_invalid_answer(body):
    with pytest.raises(InvalidAnswer):
        parse_webhook(body)


def test_the_receiver_keeps_what_it_is_told_and_answers_204():
    with WebhookReceiver() as receiver:
        for _ in range(2):
            assert httpx.post(receiver.url, json={"data": [VIDEO]}).status_code == 204
        [event] = receiver.wait(JOB, timeout=5)
        assert event.job == JOB
        assert len(receiver.events) == 2


def test_the_receiver_can_refuse_at_first():
    with WebhookReceiver(refusals=1) as receiver:
        answers = [httpx.post(receiver.url, json=VIDEO).status_code for _ in range(2)]
    assert answers == [503, 204]


def test_the_receiver_refuses_what_is_no_webhook():
    with WebhookReceiver() as receiver:
        assert httpx.post(receiver.url, content=b"<html>").status_code == 400
        assert httpx.post(receiver.url, content=iter([b"no length"])).status_code == 411
        connection = HTTPConnection(httpx.URL(receiver.url).netloc.decode())
        connection.request("POST", "/webhook", headers={"content-length": str(1 << 30)})
        assert connection.getresponse().status == 413
        connection.close()
        assert receiver.events == []


def test_waiting_ends_when_nothing_comes():
    with WebhookReceiver() as receiver:
        assert receiver.wait(JOB, timeout=0.01) == []
