"""Rules and headers on the wire of each provider: the fault is seen, and the provider did what it is said to have done."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from gateway import call
from stage import Stage, video_task
from understudy.clock import ManualClock
from understudy.config import Settings
from understudy.jobs import Job
from understudy.server import Server
from website import Handler, website

_GMI = "/api/v1/ie/requestqueue/apikey/requests"
_SEGMENT = {
    "character": {"type": "avatar", "avatar_id": "josh_lite3_20230714", "avatar_style": "normal"},
    "voice": {"type": "text", "input_text": "Good evening.", "voice_id": "1bd001e7e50f421d891986aad5158bc8"},
}


@dataclass(frozen=True)
class Line:
    """How one provider is spoken to by an account under a clock that the test moves."""

    provider: str
    stage: Stage

    @property
    def http(self) -> httpx.Client:
        return self.stage.http

    def submit(self, **headers: str) -> httpx.Response:
        match self.provider:
            case "runware":
                return self.http.post("/v1", json=[video_task()], headers=headers)
            case "gmi":
                body = {"model": "heygen-avatar-4", "payload": {"video_inputs": [_SEGMENT]}}
                return self.http.post(_GMI, json=body, headers=headers)
            case _:
                return self.http.post("/v2/heygen-avatar-iv", json=call(), headers={**self._key, **headers})

    def submit_with_picture(self, url: str) -> httpx.Response:
        match self.provider:
            case "runware":
                return self.http.post("/v1", json=[video_task(inputs={"image": url})])
            case "gmi":
                segment = {**_SEGMENT, "background": {"type": "image", "url": url}}
                return self.http.post(_GMI, json={"model": "heygen-avatar-4", "payload": {"video_inputs": [segment]}})
            case _:
                return self.http.post("/v2/heygen-avatar-iv", json=call(image_url=url), headers=self._key)

    def poll(self, submitted: httpx.Response, **headers: str) -> httpx.Response:
        told = submitted.json()
        match self.provider:
            case "runware":
                task = {"taskType": "getResponse", "taskUUID": told["data"][0]["taskUUID"]}
                return self.http.post("/v1", json=[task], headers=headers)
            case "gmi":
                return self.http.get(f"{_GMI}/{told['request_id']}", headers=headers)
            case _:
                return self.http.get(told["response_url"], headers={**self._key, **headers})

    def file(self) -> str:
        """The address of a finished job's file."""
        submitted = self.submit()
        self.stage.clock.advance(1_000)
        answer = self.poll(submitted).text
        return next(text for text in _texts(json.loads(answer)) if text.startswith("http") and ".mp4" in text)

    @property
    def jobs(self) -> Mapping[str, Job]:
        account = self.stage.server.engine.accounts.of(self.stage.key)
        assert account is not None
        return account.jobs(self.provider)

    def lasts(self, submitted: httpx.Response) -> float:
        """How many emulator seconds the newest job takes."""
        assert submitted.is_success
        job = list(self.jobs.values())[-1]
        return job.finishes_at - job.submitted_at

    def add(self, **rule: Any) -> str:
        answer = self.http.post("/_understudy/faults", json={"provider": self.provider, **rule})
        assert answer.status_code == 201, answer.text
        name: str = answer.json()["id"]
        return name

    @property
    def _key(self) -> dict[str, str]:
        return {"x-api-key": self.stage.key}


def _texts(document: Any) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    for inner in document.values() if isinstance(document, dict) else document if isinstance(document, list) else ():
        yield from _texts(inner)


@pytest.fixture(params=["runware", "gmi", "segmind"])
def line(request: pytest.FixtureRequest, stage: Stage) -> Line:
    return Line(request.param, stage)


def test_a_request_that_is_cut_off_was_worked_on_or_never_came_as_the_rule_says(line: Line) -> None:
    for effect, came in (({"reset": True}, 1), ({"reset": "before"}, 1), ({"gateway": 503}, 1), ({"truncate": 5}, 2)):
        line.add(operation="submit", times=1, **effect)
        if "gateway" in effect:
            answer = line.submit()
            assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html")
            assert "<html>" in answer.text
        else:
            with pytest.raises(httpx.TransportError):
                line.submit()
        assert len(line.jobs) == came, effect
    assert line.submit().is_success


def test_silence_is_seen_as_silence(line: Line) -> None:
    submitted = line.submit()
    line.add(operation="poll", silent=True, times=1)
    line.stage.http.timeout = httpx.Timeout(5, read=0.2)
    with pytest.raises(httpx.ReadTimeout):
        line.poll(submitted)
    line.stage.http.timeout = httpx.Timeout(30)
    assert line.poll(submitted).is_success


def test_a_spoilt_answer_is_spoilt_and_says_by_what(line: Line) -> None:
    submitted = line.submit()
    name = line.add(operation="poll", corrupt=True, content_type="text/plain", after=1, times=1)
    assert "x-understudy-fault" not in line.poll(submitted).headers
    spoilt = line.poll(submitted)
    assert (spoilt.headers["content-type"], spoilt.headers["x-understudy-fault"]) == ("text/plain", name)
    with pytest.raises(json.JSONDecodeError):
        spoilt.json()
    line.add(operation="poll", empty=True, times=1)
    assert line.poll(submitted).content == b""
    assert line.poll(submitted).json()


def test_a_limit_answers_in_the_providers_own_words_until_time_has_passed(line: Line) -> None:
    line.add(operation="submit", limit="2/60")
    first, second, third = (line.submit() for _ in range(3))
    assert (first.is_success, second.is_success, third.status_code) == (True, True, 429)
    assert len(line.jobs) == 2
    line.stage.clock.advance(29)
    assert line.submit().status_code == 429
    line.stage.clock.advance(1)
    assert line.submit().is_success
    assert line.submit().status_code == 429


def test_a_job_is_stuck_or_slow(line: Line) -> None:
    takes = line.lasts(line.submit())
    name = line.add(stuck=True)
    stuck = line.submit()
    line.http.delete(f"/_understudy/faults/{name}").raise_for_status()
    line.add(slow=10)
    slow = line.submit()
    line.stage.clock.advance(9.9 * takes)
    before = line.poll(slow).text
    line.stage.clock.advance(0.2 * takes)
    after = line.poll(slow).text
    assert (".mp4" in before, ".mp4" in after, ".mp4" in line.poll(stuck).text) == (False, True, False)


def test_an_answer_is_late_by_the_emulators_time(line: Line) -> None:
    submitted = line.submit()
    line.add(operation="poll", delay=60, times=1)
    line.stage.http.timeout = httpx.Timeout(5, read=0.3)
    with pytest.raises(httpx.ReadTimeout):
        line.poll(submitted)
    line.stage.http.timeout = httpx.Timeout(30)
    assert line.poll(submitted).is_success


def until(holds: Callable[[], object]) -> None:
    ends = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.005)


@contextmanager
def under_way(line: Line, rule: str, ask: Callable[[], httpx.Response]) -> Iterator[Future[httpx.Response]]:
    """A request that a rule struck, and that nobody has answered yet."""
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask)
        until(lambda: line.http.get(f"/_understudy/faults/{rule}").json()["struck"])
        yield asked


def test_time_that_passes_while_an_answer_is_made_passes_for_a_late_one_too(line: Line) -> None:
    shown = threading.Event()

    class Gallery(Handler):
        def get(self) -> None:
            shown.wait(30)
            self.answer(status=404)

    rule = line.add(operation="submit", delay=60)
    with (
        website(Gallery) as url,
        under_way(line, rule, lambda: line.submit_with_picture(f"{url}/portrait.png")) as asked,
    ):
        line.stage.clock.advance(60)
        shown.set()
        assert asked.result(20).is_success


def test_an_answer_that_brings_the_result_is_late_once_it_is_there(stage: Stage) -> None:
    line = Line("gmi", stage)
    rule = line.add(operation="submit", delay=60)
    picture = {"model": "gpt-image-2-generate", "payload": {"prompt": "An owl at night."}}
    with under_way(line, rule, lambda: line.http.post(_GMI, json=picture)) as asked:
        until(lambda: line.jobs)
        [job] = line.jobs.values()
        stage.clock.advance(job.finishes_at - stage.clock.now() + 59)
        with pytest.raises(TimeoutError):
            asked.result(0.2)
        stage.clock.advance(1)
        assert asked.result(20).is_success


def test_a_request_asks_for_a_fault_of_its_own(line: Line) -> None:
    answer = line.submit(**{"x-understudy-fault": "gateway=502"})
    assert (answer.status_code, answer.headers["x-understudy-fault"]) == (502, "header:gateway")
    submitted = line.submit()
    with pytest.raises(httpx.RemoteProtocolError):
        line.poll(submitted, **{"x-understudy-fault": "truncate=3"})
    refused = line.poll(submitted, **{"x-understudy-fault": "corupt"})
    assert refused.status_code == 400
    assert "did you mean corrupt?" in refused.text


def test_a_download_is_refused_as_a_rule_or_the_request_itself_says(line: Line) -> None:
    url = line.file()
    line.add(status=410, times=1)
    answers = [httpx.head(url, headers=asked, trust_env=False) for asked in ({}, {"x-understudy-fault": "status=403"})]
    assert [answer.status_code for answer in answers] == [410, 403]
    refused = httpx.get(url, headers={"x-understudy-fault": "corupt"}, trust_env=False)
    assert (refused.status_code, "did you mean corrupt?" in refused.text) == (400, True)


def test_a_file_comes_spoilt(stage: Stage) -> None:
    line = Line("gmi", stage)
    url = line.file()
    whole = httpx.get(url, trust_env=False)
    assert whole.headers["content-type"] == "video/mp4"
    line.add(operation="download", truncate=1_000, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(url, trust_env=False)
    line.add(operation="download", corrupt=True, times=2)
    corrupt = httpx.get(url, trust_env=False).content
    assert corrupt[:16] == whole.content[:16]
    assert corrupt != whole.content
    assert httpx.get(url, headers={"range": "bytes=100-199"}, trust_env=False).content == corrupt[100:200]
    line.add(operation="download", empty=True, times=1)
    assert httpx.get(url, trust_env=False).content == b""
    line.add(expire=5_000)
    assert httpx.get(url, trust_env=False).content == whole.content
    stage.clock.advance(5_000)
    assert httpx.get(url, trust_env=False).status_code >= 400


def test_the_journal_names_what_struck_and_why_other_rules_did_not(line: Line) -> None:
    other = line.add(model="*avatar*", operation="poll", gateway=502)
    name = line.add(operation="submit", gateway=504, times=1)
    line.submit()
    page = line.http.get("/_understudy/journal", params={"provider": line.provider}).json()
    exchange = next(iter(page[key] for key in page if isinstance(page[key], list)))[-1]
    assert exchange["faults"] == [name]
    assert [each["rule"] if isinstance(each, dict) else each[0] for each in exchange["considered"]] == [other]


def test_a_rule_of_the_server_strikes_every_account_or_one(make_server: Callable[..., Server], key: str) -> None:
    server = make_server(ManualClock(), fault_header=False)
    mine, other = Stage(server, server.engine.clock, key), Stage(server, server.engine.clock, str(uuid.uuid4()))  # type: ignore[arg-type]
    with mine.http, other.http:
        server.engine.faults.add({"account": key, "gateway": 503}, 0.0)
        server.engine.faults.add({"operation": "submit", "corrupt": True}, 0.0)
        assert Line("gmi", mine).submit().status_code == 503
        spoilt = Line("gmi", other).submit()
        assert spoilt.content.endswith(b",")
        assert "x-understudy-fault" not in spoilt.headers


def test_the_settings_have_the_header_on() -> None:
    assert Settings().fault_header
