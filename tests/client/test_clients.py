"""Both clients do the same: each promise here is kept by the sync and by the async one."""

from __future__ import annotations

import json
import threading

import anyio
import httpx
import pytest

from client.either import Either
from understudy_client import (
    AsyncRunwareClient,
    AuthError,
    Cancelled,
    ConnectionFailed,
    ContentRefused,
    DeadlineExceeded,
    DownloadFailed,
    InvalidAnswer,
    Job,
    Poll,
    ProviderTimeout,
    RateLimited,
    RunwareClient,
    ServerError,
    ValidationError,
)

KEY = "secret-key-4711"
URL = "http://provider/v1"
SOON = Poll(first=0.001, factor=1.0)
REQUEST = {"model": "heygen:avatar@4", "speech": {"text": "Good evening."}}


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def client(request):
    kinds = (RunwareClient, AsyncRunwareClient)
    return lambda handler, **options: Either(kinds, request.param, URL, KEY, handler, **options)


class Script:
    """A provider that acknowledges, then answers polls by the script, repeating its last line."""

    def __init__(self, *polls) -> None:
        self.polls, self.requests = list(polls), []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        [task] = json.loads(request.content)
        self.requests.append(request)
        if task["taskType"] != "getResponse":
            return httpx.Response(200, json={"data": [{"taskType": "videoInference", "taskUUID": task["taskUUID"]}]})
        line = self.polls.pop(0) if len(self.polls) > 1 else self.polls[0]
        if isinstance(line, Exception):
            raise line
        if isinstance(line, httpx.Response):
            return line
        return httpx.Response(200, json=json.loads(json.dumps(line).replace("$", task["taskUUID"])))


def video(name: str, **more) -> dict:
    return {"taskType": "videoInference", "taskUUID": "$", "status": "success", "videoUUID": name,
            "videoURL": f"http://provider/{name}.mp4"} | more  # fmt: skip


RUNNING = {"taskType": "videoInference", "taskUUID": "$", "status": "processing"}
FAILED = {"code": "timeoutProvider", "message": "It took too long.", "taskUUID": "$", "status": "error"}


def test_a_video_is_generated(client):
    script = Script({"data": [RUNNING]}, {"data": []}, {"data": [video("v", cost=2.41)]})
    seen = []
    [result] = client(script).generate(REQUEST, poll=SOON, on_progress=seen.append, includeCost=True)
    assert (result.id, str(result.cost)) == ("v", "2.41")
    assert [status.state for status in seen] == ["processing", "processing", "success"]


def test_every_request_carries_the_key_and_the_name_of_the_client(client):
    script = Script({"data": [video("v")]})
    client(script).generate(REQUEST, poll=SOON)
    for request in script.requests:
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert request.headers["user-agent"].startswith("understudy-client/")
        assert request.headers["content-type"] == "application/json"


def test_all_videos_are_waited_for(client):
    script = Script({"data": [RUNNING, RUNNING]}, {"data": [video("a"), RUNNING]}, {"data": [video("a"), video("b")]})
    results = client(script).generate(REQUEST, poll=SOON, numberResults=2)
    assert [result.id for result in results] == ["a", "b"]


def test_a_finished_video_is_kept_although_a_later_answer_leaves_it_out(client):
    script = Script({"data": [video("a")]}, {"data": []}, {"data": [video("b")]})
    results = client(script).generate(REQUEST, poll=SOON, numberResults=2)
    assert [result.id for result in results] == ["a", "b"]


def test_a_failed_video_is_raised_with_its_finished_siblings(client):
    script = Script({"data": [video("a"), RUNNING], "errors": [FAILED]},
                    {"data": [video("a"), video("b")], "errors": [FAILED]})  # fmt: skip
    with pytest.raises(ProviderTimeout) as caught:
        client(script).generate(REQUEST, poll=SOON, numberResults=3)
    assert [result.id for result in caught.value.results] == ["a", "b"]
    assert caught.value.job is not None
    assert caught.value.request["model"] == "heygen:avatar@4"


def test_a_failure_inside_data_is_raised_and_never_returned(client):
    inside = {"taskUUID": "$", "status": "error", "error": {"code": "invalidProviderContent", "message": "No."}}
    with pytest.raises(ContentRefused):
        client(Script({"data": [inside]})).generate(REQUEST, poll=SOON)


def test_status_shows_a_failure_without_raising_it(client):
    status = client(Script({"errors": [FAILED]})).status("5893b754-1341-468b-a130-0c8c07d4e68f")
    assert status.state == "error"


def test_a_poll_outlives_a_bad_moment(client):
    script = Script(
        httpx.Response(503, headers={"retry-after": "0"}, html="<h1>Busy</h1>"),
        httpx.ReadError("reset"),
        {"data": [video("v")]},
    )
    [result] = client(script).wait("5893b754-1341-468b-a130-0c8c07d4e68f", poll=SOON)
    assert result.id == "v"


def test_a_poll_that_stays_unanswered_is_raised_and_names_the_job(client):
    job = Job("5893b754-1341-468b-a130-0c8c07d4e68f")
    with pytest.raises(ConnectionFailed) as caught:
        client(Script(httpx.ConnectError("")), max_retries=0).wait(job)
    assert caught.value.job == job
    assert caught.value.billed is None
    assert "ConnectError" in str(caught.value)


def test_the_deadline_ends_the_wait_and_keeps_the_job(client):
    with pytest.raises(DeadlineExceeded) as caught:
        client(Script({"data": [RUNNING]})).wait("5893b754-1341-468b-a130-0c8c07d4e68f", deadline=0.02, poll=SOON)
    assert caught.value.job == Job("5893b754-1341-468b-a130-0c8c07d4e68f")
    assert "wait(error.job)" in str(caught.value)


def test_the_deadline_ends_the_retries_too(client):
    with pytest.raises(DeadlineExceeded) as caught:
        client(Script(httpx.Response(503, json={"errors": []}))).wait("5893b754", deadline=0.0)
    assert isinstance(caught.value.__cause__, ServerError)


def test_a_refused_key_ends_the_wait_without_a_word_on_the_bill(client):
    error = {"code": "invalidApiKey", "message": "Invalid API key.", "parameter": "apiKey"}
    with pytest.raises(AuthError) as caught:
        client(Script(httpx.Response(401, json={"errors": [error]}))).wait("5893b754")
    assert caught.value.billed is None


@pytest.mark.parametrize(("status", "kind"), [(429, RateLimited), (503, ServerError), (401, AuthError)])
def test_a_question_that_is_refused_is_no_failure_of_the_job_though_it_names_it(client, status, kind):
    codes = {429: "rateLimitExceeded", 503: "serviceUnavailable", 401: "invalidApiKey"}
    error = {"code": codes[status], "message": "Not now.", "taskUUID": "5893b754"}
    script = Script(httpx.Response(status, json={"errors": [error]}))
    with pytest.raises(kind) as caught:
        client(script, max_retries=0).status("5893b754")
    assert caught.value.billed is None


@pytest.mark.parametrize("status", [200, 400])
def test_a_failed_job_is_told_by_either_status(client, status):
    script = Script(httpx.Response(status, json={"errors": [FAILED | {"taskUUID": "5893b754"}]}))
    assert client(script).status("5893b754").state == "error"


def test_a_limit_that_stays_is_raised_with_the_pause_asked_for(client):
    script = Script(httpx.Response(429, headers={"retry-after": "600"}, json={"errors": []}))
    with pytest.raises(RateLimited) as caught:
        client(script).status("5893b754")
    assert caught.value.retry_after == 600.0


def test_errors_inside_http_200_refuse_a_submit(client):
    error = {"code": "invalidSpeechSpeed", "message": "Too fast.", "parameter": "speech.speed"}
    with pytest.raises(ValidationError) as caught:
        client(lambda request: httpx.Response(200, json={"data": [], "errors": [error]})).submit(REQUEST)
    assert (caught.value.parameter, caught.value.billed, caught.value.status) == ("speech.speed", False, None)


def test_errors_of_another_task_do_not_refuse_a_submit(client):
    def answer(request):
        [task] = json.loads(request.content)
        other = {"code": "invalidModel", "message": "No.", "taskUUID": "5893b754-1341-468b-a130-0c8c07d4e68f"}
        return httpx.Response(200, json={"data": [{"taskUUID": task["taskUUID"]}], "errors": [other]})

    assert client(answer).submit(REQUEST).count == 1


def test_an_acknowledgement_outweighs_an_error_that_names_no_task(client):
    def answer(request):
        [task] = json.loads(request.content)
        return httpx.Response(200, json={"data": [{"taskUUID": task["taskUUID"]}], "errors": [{"code": "x"}]})

    assert client(answer).submit(REQUEST).count == 1


def test_an_empty_acknowledgement_is_one(client):
    assert client(lambda request: httpx.Response(200, json={"data": []})).submit(REQUEST, numberResults=3).count == 3


@pytest.mark.parametrize(
    "answer",
    [
        lambda: httpx.Response(200, html="<h1>Sign in to this network</h1>"),
        lambda: httpx.Response(200, json=["data"]),
        lambda: httpx.Response(200, json={"jobs": []}),
        lambda: httpx.Response(301, headers={"location": "http://elsewhere/"}),
    ],
    ids=["a page", "a list", "another shape", "a redirect"],
)
def test_an_answer_that_is_not_the_providers_is_told(client, answer):
    with pytest.raises(InvalidAnswer) as caught:
        client(lambda request: answer(), max_retries=0).submit(REQUEST)
    assert caught.value.job is not None
    assert caught.value.billed is None


@pytest.mark.parametrize(
    "body",
    [{"data": [{"taskUUID": "$", "cost": 2.8866}]}, {"data": [], "cost": 2.8866}, {"data": [], "totalCost": 2.8866}],
)
def test_a_price_is_asked_for_without_a_job(client, body):
    requests = []

    def answer(request):
        requests.append(request)
        name = json.loads(request.content)[0]["taskUUID"]
        return httpx.Response(200, json=json.loads(json.dumps(body).replace("$", name)))

    task = REQUEST | {"taskUUID": "5893b754-1341-468b-a130-0c8c07d4e68f"}
    assert str(client(answer).price(task)) == "2.8866"
    assert requests[0].headers["x-runware-dry-run"] == "1"
    # The real submit must be free to use its UUID.
    assert json.loads(requests[0].content)[0]["taskUUID"] != task["taskUUID"]


def test_a_dry_run_without_a_cost_or_refused_is_told(client):
    with pytest.raises(InvalidAnswer):
        client(lambda request: httpx.Response(200, json={"data": []})).price(REQUEST)
    error = {"code": "invalidModel", "message": "No."}
    with pytest.raises(ValidationError):
        client(lambda request: httpx.Response(400, json={"errors": [error]})).price(REQUEST)


def test_a_key_never_follows_a_redirect_nor_goes_to_a_file_host(client, tmp_path):
    seen = []

    def answer(request):
        seen.append(request)
        if request.url.host == "provider":
            return httpx.Response(302, headers={"location": "http://files/v.mp4"})
        return httpx.Response(200, content=b"video")

    path = client(answer).download("http://provider/v.mp4", tmp_path / "v.mp4")
    assert path.read_bytes() == b"video"
    assert [request.url.host for request in seen] == ["provider", "files"]
    assert all("authorization" not in request.headers for request in seen)


def test_webhooks_are_parsed_by_the_clients_too():
    body = {"data": [video("v")]}
    with RunwareClient(KEY, URL, http=httpx.Client()) as blocking:
        other = AsyncRunwareClient(KEY, URL, http=httpx.AsyncClient())
        assert blocking.parse_webhook(body) == other.parse_webhook(body)


def test_setting_the_event_cancels_the_wait():
    stop = threading.Event()

    def look(status):
        stop.set()

    http = httpx.Client(transport=httpx.MockTransport(Script({"data": []})))
    with http, RunwareClient(KEY, URL, http=http) as client, pytest.raises(Cancelled) as caught:
        client.wait("5893b754", cancel=stop, on_progress=look)
    assert caught.value.job == Job("5893b754")
    assert "billed" in (type(caught.value).__doc__ or "")


def test_a_cancelled_wait_does_not_sleep_to_the_end():
    stop = threading.Event()
    http = httpx.Client(transport=httpx.MockTransport(Script({"data": []})))
    threading.Timer(0.05, stop.set).start()
    with http, RunwareClient(KEY, URL, http=http) as client, pytest.raises(Cancelled):
        client.wait("5893b754", cancel=stop, poll=Poll(first=3600, cap=3600))


async def test_an_await_is_cancelled_as_any_other():
    http = httpx.AsyncClient(transport=httpx.MockTransport(Script({"data": []})))
    async with http, AsyncRunwareClient(KEY, URL, http=http) as client:
        with anyio.move_on_after(0.02) as scope:
            await client.wait("5893b754")
    assert scope.cancelled_caught


@pytest.mark.parametrize("kind", [RunwareClient, AsyncRunwareClient])
def test_the_key_is_in_no_representation(kind):
    client = kind(KEY, URL)
    assert KEY not in repr(client)
    assert URL in repr(client)


@pytest.mark.parametrize("kind", [RunwareClient, AsyncRunwareClient])
def test_key_and_url_come_from_the_environment(kind, monkeypatch):
    monkeypatch.delenv("RUNWARE_API_KEY", raising=False)
    monkeypatch.delenv("RUNWARE_BASE_URL", raising=False)
    with pytest.raises(AuthError, match="RUNWARE_API_KEY"):
        kind()
    monkeypatch.setenv("RUNWARE_API_KEY", KEY)
    assert kind().base_url == "https://api.runware.ai/v1"
    monkeypatch.setenv("RUNWARE_BASE_URL", "http://127.0.0.1:8899/v1/")
    assert kind().base_url == "http://127.0.0.1:8899/v1"
    with pytest.raises(ValueError, match="http"):
        kind(base_url="127.0.0.1:8899")


@pytest.mark.parametrize("url", ["", " "])
@pytest.mark.parametrize("kind", [RunwareClient, AsyncRunwareClient])
def test_an_empty_url_is_never_taken_for_the_real_provider(kind, monkeypatch, url):
    monkeypatch.setenv("RUNWARE_BASE_URL", "http://127.0.0.1:8899/v1")
    with pytest.raises(ValueError, match=r"base_url is empty: .*https://api\.runware\.ai/v1"):
        kind(KEY, url)
    monkeypatch.setenv("RUNWARE_BASE_URL", url)
    with pytest.raises(ValueError, match=r"RUNWARE_BASE_URL is empty: .*unset RUNWARE_BASE_URL"):
        kind(KEY)


@pytest.mark.parametrize("kind", [RunwareClient, AsyncRunwareClient])
def test_an_empty_key_is_never_replaced_by_another(kind, monkeypatch):
    monkeypatch.setenv("RUNWARE_API_KEY", KEY)
    with pytest.raises(AuthError, match="api_key is empty"):
        kind("", URL)
    monkeypatch.setenv("RUNWARE_API_KEY", "")
    with pytest.raises(AuthError, match="RUNWARE_API_KEY is empty"):
        kind(base_url=URL)


@pytest.mark.parametrize("url", ["http://[::1", "http://x:99999999", "http://", "https://:80/v1", "http://a..b/v1"])
def test_a_url_that_cannot_be_called_is_told_in_a_sentence(url):
    with pytest.raises(ValueError, match="base_url") as caught:
        RunwareClient(KEY, url)
    assert type(caught.value) is ValueError
    assert url in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://[::1", "gopher://x/v.mp4", "http://a..b/v.mp4", "http://x:99999/v.mp4", "v.mp4"]
)
def test_a_file_at_a_url_that_cannot_be_called_is_given_up_at_once(tmp_path, url):
    with RunwareClient(KEY, URL) as blocking, pytest.raises(DownloadFailed, match="cannot be fetched") as caught:
        blocking.download(url, tmp_path / "v.mp4")
    assert caught.value.retryable is False

    async def go():
        async with AsyncRunwareClient(KEY, URL) as client:
            await client.download(url, tmp_path / "v.mp4")

    with pytest.raises(DownloadFailed, match="cannot be fetched"):
        anyio.run(go)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel"])
def test_a_key_that_cannot_be_sent_is_refused_without_being_printed(key):
    with pytest.raises(AuthError) as caught:
        RunwareClient(key, URL)
    assert key not in str(caught.value)


def test_an_http_client_that_was_passed_in_stays_open():
    http = httpx.Client()
    RunwareClient(KEY, URL, http=http).close()
    assert not http.is_closed
    http.close()


@pytest.mark.parametrize("timeout", [0.05, httpx.Timeout(0.05)])
def test_a_server_that_never_answers_ends_in_a_timeout(scripted, reply, timeout):
    release = threading.Event()

    def answer(call):
        release.wait(20)
        return reply()

    scripted.answer = answer
    client = RunwareClient(KEY, scripted.url, timeout=timeout, max_retries=0)
    with client, pytest.raises(ConnectionFailed) as caught:
        client.submit(REQUEST)
    release.set()
    assert caught.value.billed is None
