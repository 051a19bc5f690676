"""Both Segmind clients do the same: each promise here is kept by the sync and by the async one."""

from __future__ import annotations

import json
import threading

import httpx
import pytest

from client.either import Either
from client.segmind_provider import FIELDS, FILE, MODEL, Provider
from understudy_client import (
    AsyncSegmindClient,
    AuthError,
    Cancelled,
    ConnectionFailed,
    ContentRefused,
    DeadlineExceeded,
    DownloadFailed,
    InvalidAnswer,
    Job,
    Poll,
    ProviderError,
    SegmindClient,
    TaskNotFound,
    UploadFailed,
    ValidationError,
)

KEY = "SG_0123456789abcdef"
URL = "http://provider/v1"
SOON = Poll(first=0.001, factor=1.0)


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def client(request):
    kinds = (SegmindClient, AsyncSegmindClient)
    return lambda handler, url=URL, **options: Either(kinds, request.param, url, KEY, handler, **options)


class Service(Provider):
    """The provider over HTTP, whose jobs go through some words."""

    def __init__(self, *words: str, url: str = "http://provider") -> None:
        super().__init__(url)
        self.words = list(words) or self.words
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        status, headers, body = self.answer(request.method, str(request.url), request.content)
        return httpx.Response(status, headers=headers, content=body)


def test_a_video_is_generated_with_its_cost_and_what_is_left(client):
    service, seen = Service("QUEUED", "PROCESSING", "COMPLETED"), []
    made = client(service).generate(MODEL, FIELDS, poll=SOON, on_progress=seen.append)
    assert (made.url, str(made.cost), str(made.remaining_credits)) == ("http://files/v.mp4", "0.25", "9.75")
    assert made.metrics["inference_time"] == 2.01
    assert [status.word for status in seen] == ["QUEUED", "PROCESSING", "COMPLETED"]
    assert seen[-1].results == made.media


def test_every_request_carries_the_key_as_segmind_takes_it(client):
    service = Service()
    client(service).generate(MODEL, {"fit": "cover"}, video_title="t", poll=SOON)
    assert [request.url.path for request in service.requests[:2]] == [
        "/inference-request/request-history", f"/v2/{MODEL}"
    ]  # fmt: skip
    for request in service.requests:
        assert request.headers["x-api-key"] == KEY
        assert "authorization" not in request.headers
    assert json.loads(service.requests[1].content) == {"fit": "cover", "video_title": "t"}


def test_the_key_never_follows_an_answer_to_another_host(client):
    service = Service(url="http://elsewhere")
    client(service).generate(MODEL, FIELDS, poll=SOON)
    assert {request.url.host for request in service.requests} == {"provider"}


def test_the_providers_own_hosts_are_called_each_for_its_part(client):
    hosts = []

    def answer(request):
        hosts.append(request.url.host)
        return httpx.Response(
            200, json={"requests": [], "credits": 1.5, "free-credits": 0.5, "file_urls": ["http://f"]}
        )

    provider = client(answer, "https://api.segmind.com/v1")
    assert str(provider.credits().credits) == "1.5"
    provider.history(), provider.models(), provider.upload(b"x", media_type="image/png")
    assert hosts == ["api.segmind.com"] + 2 * ["api.spotprod.segmind.com"] + ["workflows-api.segmind.com"]


def test_a_failed_job_is_raised_with_what_was_measured_and_never_returned(client):
    with pytest.raises(ValidationError, match="Prompt is required") as caught:
        client(Service("PROCESSING", "FAILED")).generate(MODEL, FIELDS, poll=SOON)
    error = caught.value
    assert (error.status, error.billed, error.metrics["queue_time"]) == (422, False, 0.025989)
    assert error.job.request == {"model": MODEL, "fields": FIELDS}
    service = Service("FAILED")
    job = client(service).submit(MODEL, FIELDS)
    assert client(service).status(job).state == "error"
    with pytest.raises(ValidationError):
        client(service).result(job)


def test_a_job_that_is_gone_is_not_found_and_told_when_that_happens(client):
    with pytest.raises(TaskNotFound, match="an hour") as caught:
        client(Service()).wait("r", poll=SOON)
    assert caught.value.job == Job("r")


def test_a_result_that_is_not_there_yet_is_no_result(client):
    service = Service("PROCESSING")
    job = client(service).submit(MODEL, FIELDS)
    with pytest.raises(DeadlineExceeded, match="PROCESSING"):
        client(service).result(job)
    with pytest.raises(DeadlineExceeded) as caught:
        client(service).wait(job, deadline=0.02, poll=SOON)
    assert caught.value.job == job
    service.words = ["COMPLETED"]
    assert client(service).result(job.id).url == client(service).wait(job, poll=SOON).url


def test_a_job_id_stays_within_its_path(client):
    seen = []

    def answer(request):
        seen.append(request.url.raw_path.decode())
        return httpx.Response(404, json={"error": "Request ../x not found"})

    for verb in ("status", "request"):
        with pytest.raises(ProviderError):
            getattr(client(answer), verb)("../models?x")
    assert seen == [
        "/v2/requests/..%2Fmodels%3Fx/status", "/inference-request/request-history/..%2Fmodels%3Fx"
    ]  # fmt: skip


def test_without_care_a_submit_is_one_request(client):
    service = Service()
    assert client(service, careful=False).submit(MODEL, FIELDS) == Job(service.paid[0])
    assert [request.method for request in service.requests] == ["POST"]


def test_an_answer_to_a_submit_that_is_not_segminds_may_be_billed(client):
    with pytest.raises(InvalidAnswer) as caught:
        client(lambda request: httpx.Response(200, html="<h1>Sign in</h1>")).submit(MODEL, FIELDS)
    assert caught.value.billed is None


def test_a_question_nobody_answers_is_told_with_its_job_and_no_password(client):
    def answer(request):
        raise httpx.ConnectError("")

    with pytest.raises(ConnectionFailed, match="ConnectError") as caught:
        client(answer, "http://me:secret@provider", max_retries=0).status("r")
    assert caught.value.job == Job("r")
    assert "secret" not in str(caught.value)


def test_a_file_comes_as_the_answer_itself(client, tmp_path):
    seen = []
    out = tmp_path / "new" / "v.mp4"
    made = client(Service()).generate_sync(
        MODEL, FIELDS, out=out, on_progress=lambda done, total: seen.append((done, total))
    )
    assert out.read_bytes() == FILE
    assert (made.path, made.size, made.content_type) == (out, len(FILE), "video/mp4")
    assert (str(made.cost), str(made.remaining_credits), made.generation_time) == ("0.25", "9.75", 2.01)
    assert seen[-1] == (len(FILE), len(FILE))
    assert list(out.parent.iterdir()) == [out]


def test_an_answer_that_names_a_url_has_its_file_fetched_without_the_key(client, tmp_path):
    asked = []

    def answer(request):
        asked.append(request)
        if request.url.host == "files":
            return httpx.Response(200, content=FILE)
        video = {"url": "http://files/v.mp4", "content_type": "video/mp4"}
        metrics = {"cost": 0.25, "remaining_credits": 9.75, "inference_time": 2.0}
        return httpx.Response(200, json={"status": "COMPLETED", "request_id": "r", "video": video, "metrics": metrics})

    made = client(answer).generate_sync(MODEL, FIELDS, out=tmp_path / "v.mp4")
    assert made.path.read_bytes() == FILE
    assert (made.request_id, str(made.cost), made.generation_time, made.content_type) == ("r", "0.25", 2.0, "video/mp4")
    assert "x-api-key" not in asked[1].headers


def test_a_file_that_was_named_and_cannot_be_fetched_is_paid_and_its_url_is_kept(client, tmp_path):
    def answer(request):
        body = {"request_id": "r", "output": "http://files/v.mp4"}
        return httpx.Response(404) if request.url.host == "files" else httpx.Response(200, json=body)

    with pytest.raises(DownloadFailed) as caught:
        client(answer).generate_sync(MODEL, FIELDS, out=tmp_path / "v.mp4")
    assert (caught.value.billed, caught.value.job) == (True, Job("r"))
    assert caught.value.results[0].url == "http://files/v.mp4"


def test_a_model_that_writes_leaves_its_answer_in_the_file(client, tmp_path):
    body = {"choices": [{"message": {"content": "See http://x/"}}]}

    def answer(request):
        return httpx.Response(200, json=body, headers={"x-cost": "0.01"})

    made = client(answer).generate_sync("gpt-5.5", prompt="Hi.", out=tmp_path / "a.json")
    assert json.loads(made.path.read_bytes()) == body
    assert (made.content_type, str(made.cost)) == ("application/json", "0.01")


def test_a_no_inside_a_yes_is_a_no(client, tmp_path):
    def answer(request):
        return httpx.Response(200, json={"error": "It breaks our policy."})

    with pytest.raises(ContentRefused):
        client(answer).generate_sync(MODEL, FIELDS, out=tmp_path / "v.mp4")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("page", [(200, "<h1>Sign in</h1>"), (302, ""), (202, "")])
def test_what_is_no_answer_of_segminds_is_no_file(client, tmp_path, page):
    with pytest.raises(InvalidAnswer) as caught:
        client(lambda request: httpx.Response(page[0], html=page[1])).generate_sync(
            MODEL, FIELDS, out=tmp_path / "v.mp4"
        )
    assert caught.value.billed is None
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_no_file_and_was_paid(client, tmp_path):
    def answer(request):
        return httpx.Response(200, content=b"", headers={"content-type": "video/mp4", "x-request-id": "r"})

    with pytest.raises(ConnectionFailed, match="empty") as caught:
        client(answer).generate_sync(MODEL, FIELDS, out=tmp_path / "v.mp4")
    assert caught.value.billed is True
    assert "client.request('r')" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_takes_no_file_is_told_before_anything_is_sent(client, tmp_path):
    service = Service()
    (tmp_path / "a-file").write_bytes(b"")
    for place in (tmp_path, tmp_path / "a-file" / "v.mp4"):
        with pytest.raises(OSError):
            client(service).generate_sync(MODEL, FIELDS, out=place)
    assert service.requests == []


def test_a_disk_that_fills_up_leaves_word_of_what_was_paid(client, tmp_path, monkeypatch):
    def full(self, chunk):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("understudy_client.download.Arrival.write", full)
    service = Service()
    with pytest.raises(DownloadFailed, match="No space left") as caught:
        client(service).generate_sync(MODEL, FIELDS, out=tmp_path / "v.mp4")
    assert (caught.value.billed, caught.value.job) == (True, Job(service.paid[0]))
    assert list(tmp_path.iterdir()) == []


def test_a_late_answer_is_waited_for_and_then_never_asked_for_again(client, tmp_path):
    asked = []

    def answer(request):
        asked.append(request.extensions["timeout"]["read"])
        raise httpx.ReadTimeout("late")

    with pytest.raises(ConnectionFailed, match=r"client\.history\(model_name='heygen-avatar-iv'\)") as caught:
        client(answer, sync_timeout=321).generate_sync(MODEL, FIELDS, out=tmp_path / "v.mp4")
    assert asked == [321]
    assert (caught.value.billed, caught.value.retryable) == (None, False)
    assert "paid" in str(caught.value)


def test_files_are_uploaded_as_they_are_and_in_order(client, tmp_path):
    (tmp_path / "face.png").write_bytes(b"\x89PNG")
    sent = []

    def answer(request):
        sent.extend(json.loads(request.content)["data_urls"])
        return httpx.Response(200, json={"file_urls": ["http://f/1", "http://f/2"]})

    assert client(answer).upload(tmp_path / "face.png", str(tmp_path / "face.png")) == ["http://f/1", "http://f/2"]
    assert sent == 2 * ["data:image/png;base64,iVBORw=="]
    assert client(answer).upload() == []


def test_an_upload_that_cannot_be_is_told_before_anything_is_sent(client, tmp_path):
    def lost(request):
        raise httpx.ReadError("reset")

    (tmp_path / "face.weird").write_bytes(b"")
    for file, kind in ((b"x", ValueError), (tmp_path / "face.weird", ValueError), (tmp_path / "none.png", OSError)):
        with pytest.raises(kind):
            client(lost).upload(file)
    with pytest.raises(UploadFailed):
        client(lost, max_retries=0).upload(b"x", media_type="image/png")


def test_the_history_is_asked_with_the_filters_given(client):
    asked = []

    def answer(request):
        asked.append(dict(request.url.params))
        return httpx.Response(200, json={"requests": [{"request_id": "r", "model_name": MODEL}], "total": 1})

    [row] = client(answer).history(model_name=MODEL, status="FAILED", per_page=5, from_date=None).rows
    assert row.job.request["model"] == MODEL
    assert asked == [{"page": "1", "per_page": "5", "model_name": MODEL, "status": "FAILED"}]


def test_setting_the_event_cancels_the_wait():
    stop, service = threading.Event(), Service("PROCESSING")
    http = httpx.Client(transport=httpx.MockTransport(service))
    with http, SegmindClient(KEY, URL, http=http) as client, pytest.raises(Cancelled) as caught:
        client.generate(MODEL, FIELDS, cancel=stop, on_progress=lambda status: stop.set())
    assert caught.value.job == Job(service.paid[0])


def test_an_event_that_is_set_before_the_submit_lets_nothing_be_submitted():
    stop, service = threading.Event(), Service()
    stop.set()
    http = httpx.Client(transport=httpx.MockTransport(service))
    with http, SegmindClient(KEY, URL, http=http) as client, pytest.raises(Cancelled):
        client.generate(MODEL, FIELDS, cancel=stop)
    assert service.requests == []


def test_pages_that_move_show_nothing_twice_and_leave_nothing_out():
    service = Service()
    http = httpx.Client(transport=httpx.MockTransport(service))
    with http, SegmindClient(KEY, URL, http=http, careful=False) as client:
        old = [client.submit(MODEL, n=n).id for n in range(105)]
        listed = client.requests()
        first = next(listed).id
        client.submit(MODEL, n="new")
        assert [first, *(row.id for row in listed)] == old[::-1]


@pytest.mark.parametrize("kind", [SegmindClient, AsyncSegmindClient])
def test_settings_come_from_the_environment(kind, monkeypatch):
    for name in ("SEGMIND_API_KEY", "SEGMIND_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(AuthError, match="SEGMIND_API_KEY"):
        kind()
    monkeypatch.setenv("SEGMIND_API_KEY", KEY)
    assert kind().base_url == "https://api.segmind.com"
    assert KEY not in repr(kind())
    monkeypatch.setenv("SEGMIND_BASE_URL", "http://127.0.0.1:8899/v1/")
    assert kind().base_url == "http://127.0.0.1:8899"
    monkeypatch.setenv("SEGMIND_BASE_URL", "")
    with pytest.raises(ValueError, match="SEGMIND_BASE_URL is empty"):
        kind()
