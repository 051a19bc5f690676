"""Both GMI clients do the same: each promise here is kept by the sync and by the async one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import httpx
import pytest

from client.either import Either
from client.gmi_provider import MODEL, PAYLOAD, Provider
from understudy_client import (
    AsyncGmiClient,
    AuthError,
    Cancelled,
    ConnectionFailed,
    DeadlineExceeded,
    GmiClient,
    InvalidAnswer,
    Job,
    Poll,
    ProviderError,
    UploadFailed,
)
from understudy_client.gmi_verbs import PREFIX

KEY = "secret-key-4711"
URL = "http://provider"
SOON = Poll(first=0.001, factor=1.0)


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def client(request):
    kinds = (GmiClient, AsyncGmiClient)
    return lambda handler, **options: Either(kinds, request.param, URL, KEY, handler, **options)


class Queue(Provider):
    """A queue over HTTP whose records move on with every look, by a script."""

    def __init__(self, *script: dict) -> None:
        super().__init__()
        self.script, self.requests = list(script), []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        target = request.url.raw_path.decode()
        if request.method == "GET" and "?" not in target and self.records and self.script:
            self.records[-1].update(self.script.pop(0))
        status, body = self.answer(request.method, target, request.content)
        return httpx.Response(status, content=body)


DONE = {"status": "success", "outcome": {"media_urls": [{"id": "0", "url": "http://files/v.mp4"}], "duration": 2.5}}


def test_a_video_is_generated(client):
    queue = Queue({"status": "dispatched"}, {"status": "processing"}, DONE)
    seen = []
    [result] = client(queue).generate(MODEL, PAYLOAD, poll=SOON, on_progress=seen.append)
    assert (result.url, result.duration) == ("http://files/v.mp4", 2.5)
    assert [status.word for status in seen] == ["queued", "dispatched", "processing", "success"]
    assert seen[-1].job.request == {"model": MODEL, "payload": PAYLOAD}


def test_every_request_carries_key_and_organisation_and_goes_to_the_prefix(client):
    queue = Queue(DONE)
    client(queue, organisation="org-1").generate(model=MODEL, payload=PAYLOAD, poll=SOON)
    assert [request.method for request in queue.requests] == ["GET", "POST", "GET"]
    for request in queue.requests:
        assert request.url.path.startswith(f"{PREFIX}/requests")
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert request.headers["x-organization-id"] == "org-1"
    assert json.loads(queue.requests[1].content) == {"model": MODEL, "payload": PAYLOAD}


def test_without_care_a_submit_is_one_request(client):
    queue = Queue()
    job = client(queue, careful=False).submit(MODEL, PAYLOAD)
    assert [request.method for request in queue.requests] == ["POST"]
    assert job == Job(queue.paid[0])


def test_an_answer_that_holds_the_result_needs_no_poll(client):
    def answer(request):
        if request.method == "GET":
            return httpx.Response(200, json={"requests": [], "total": 0, "has_more": False})
        return httpx.Response(200, json={"request_id": "r", "model": MODEL} | DONE)

    [result] = client(answer).generate(MODEL, PAYLOAD, poll=Poll(first=3600))
    assert result.job == "r"


def test_an_answer_that_only_says_success_is_looked_up(client):
    queue = Queue(DONE)
    create = queue.create
    queue.create = lambda body, status="success": create(body, status)
    [result] = client(queue).generate(MODEL, PAYLOAD, poll=SOON)
    assert result.url == "http://files/v.mp4"


def test_a_synchronous_refusal_names_the_request_that_failed(client):
    def answer(request):
        if request.method == "GET":
            return httpx.Response(200, json={"requests": [], "total": 0})
        return httpx.Response(400, json={"error": "failed to fetch image", "request_id": "r"})

    with pytest.raises(ProviderError) as caught:
        client(answer).submit(MODEL, PAYLOAD)
    assert (caught.value.job, caught.value.billed) == (Job("r"), False)


def test_a_failed_request_is_raised_and_never_returned(client):
    queue = Queue({"status": "failed", "outcome": {"error": "Failed to download media"}})
    with pytest.raises(ProviderError, match="Failed to download media") as caught:
        client(queue).generate(MODEL, PAYLOAD, poll=SOON)
    assert caught.value.billed is False


def test_the_deadline_ends_the_wait_and_keeps_the_job(client):
    queue = Queue()
    with pytest.raises(DeadlineExceeded) as caught:
        client(queue).generate(MODEL, PAYLOAD, deadline=0.05, poll=SOON)
    assert caught.value.job == Job(queue.paid[0])


def test_an_answer_to_a_submit_that_is_not_gmis_may_be_billed(client):
    def answer(request):
        if request.method == "GET":
            return httpx.Response(200, json={"requests": [], "total": 0})
        return httpx.Response(200, html="<h1>Sign in to this network</h1>")

    with pytest.raises(InvalidAnswer) as caught:
        client(answer).submit(MODEL, PAYLOAD)
    assert caught.value.billed is None
    assert caught.value.request == {"model": MODEL, "payload": PAYLOAD}


def test_a_question_nobody_answers_is_told_with_its_job(client):
    def answer(request):
        raise httpx.ConnectError("")

    with pytest.raises(ConnectionFailed, match="ConnectError") as caught:
        client(answer, max_retries=0).status("r")
    assert caught.value.job == Job("r")


def test_a_job_id_stays_within_its_path(client):
    seen = []

    def answer(request):
        seen.append(request.url.raw_path.decode())
        return httpx.Response(404, json={"error": "Request not found"})

    with pytest.raises(ProviderError):
        client(answer).status("../models?x")
    assert seen == [f"{PREFIX}/requests/..%2Fmodels%3Fx"]


def upload(put: Callable) -> Callable:
    def answer(request):
        if request.url.host == "provider":
            return httpx.Response(200, json={"upload_url": "http://files/p?sig=secret", "public_url": "http://files/p"})
        return put(request)

    return answer


def test_a_file_is_put_without_the_key_and_with_the_type_it_was_signed_for(client):
    seen = []
    answer = upload(lambda request: seen.append(request) or httpx.Response(200))
    assert client(answer).upload(b"picture", "JPG") == "http://files/p"
    assert (seen[0].method, seen[0].headers["content-type"], seen[0].content) == ("PUT", "image/jpg", b"picture")
    assert "authorization" not in seen[0].headers


def test_a_file_that_does_not_arrive_is_told_without_the_permission_in_its_url(client):
    for put in (lambda request: httpx.Response(400, text="<Code>MalformedSecurityHeader</Code>"), lost):
        with pytest.raises(UploadFailed) as caught:
            client(upload(put), max_retries=0).upload(b"picture", "png")
        assert "secret" not in str(caught.value)


def lost(request):
    raise httpx.ReadError("reset")


def test_a_type_that_is_not_taken_is_told_before_anything_is_sent(client):
    with pytest.raises(ValueError, match="gif"):
        client(lost).upload(b"picture", "gif")
    with pytest.raises(ValueError, match="file_type"):
        client(lost).upload(b"picture")


def test_setting_the_event_cancels_the_wait():
    stop = threading.Event()
    queue = Queue()
    http = httpx.Client(transport=httpx.MockTransport(queue))
    with http, GmiClient(KEY, URL, http=http) as client, pytest.raises(Cancelled) as caught:
        client.generate(MODEL, PAYLOAD, cancel=stop, on_progress=lambda status: stop.set())
    assert caught.value.job == Job(queue.paid[0])


def test_a_page_that_moves_shows_nothing_twice_and_leaves_nothing_out():
    queue = Queue()
    http = httpx.Client(transport=httpx.MockTransport(queue))
    with http, GmiClient(KEY, URL, http=http) as client:
        old = [client.submit(MODEL, {"n": n}).id for n in range(105)]
        listed = client.requests(MODEL)
        first = next(listed).id
        client.submit(MODEL, {"n": "new"})
        assert [first, *(record.id for record in listed)] == old[::-1]


@pytest.mark.parametrize("kind", [GmiClient, AsyncGmiClient])
def test_settings_come_from_the_environment(kind, monkeypatch):
    for name in ("GMI_API_KEY", "GMI_BASE_URL", "GMI_ORG_ID"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(AuthError, match="GMI_API_KEY"):
        kind()
    monkeypatch.setenv("GMI_API_KEY", KEY)
    assert kind().base_url == f"https://console.gmicloud.ai{PREFIX}"
    assert KEY not in repr(kind())
    monkeypatch.setenv("GMI_BASE_URL", f"http://127.0.0.1:8899{PREFIX}/")
    assert kind().base_url == f"http://127.0.0.1:8899{PREFIX}"
    assert kind(base_url="http://127.0.0.1:8899").base_url == f"http://127.0.0.1:8899{PREFIX}"
    with pytest.raises(ValueError, match="chat"):
        kind(base_url="https://api.gmi-serving.com/v1")


@pytest.mark.parametrize("kind", [GmiClient, AsyncGmiClient])
def test_something_empty_is_never_taken_for_the_real_provider_or_another_key(kind, monkeypatch):
    monkeypatch.setenv("GMI_API_KEY", KEY)
    monkeypatch.setenv("GMI_BASE_URL", "")
    with pytest.raises(ValueError, match="GMI_BASE_URL is empty"):
        kind()
    with pytest.raises(ValueError, match="base_url is empty"):
        kind(base_url="")
    with pytest.raises(AuthError, match="api_key is empty"):
        kind("", URL)


def test_an_empty_organisation_is_none_whatever_the_environment_says(monkeypatch, client):
    monkeypatch.setenv("GMI_ORG_ID", "org-1")
    queue = Queue()
    client(queue, organisation="").submit(MODEL, PAYLOAD)
    client(queue).submit(MODEL, PAYLOAD)
    assert [request.headers.get("x-organization-id") for request in queue.requests] == [None, None, "org-1", "org-1"]


def test_a_submit_is_waited_for_longer_than_a_question():
    asked = []

    def answer(request):
        asked.append((request.method, request.extensions["timeout"]["read"]))
        return httpx.Response(200, json={"requests": [], "request_id": "r", "status": "queued"})

    http = httpx.Client(transport=httpx.MockTransport(answer))
    with http, GmiClient(KEY, URL, http=http, timeout=7, submit_timeout=99) as client:
        client.submit(MODEL, PAYLOAD)
    assert asked == [("GET", 7), ("POST", 99)]
