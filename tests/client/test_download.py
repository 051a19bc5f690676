from __future__ import annotations

import json
import random

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from understudy_client import DownloadFailed
from understudy_client.client import Driver
from understudy_client.download import Arrival, fetch
from understudy_client.flow import Backoff

FILM = random.Random(4).randbytes(5000)
EAGER = Backoff(retries=2, first=0.0)


class Files:
    """A file server after RFC 9110: Range, If-Range, 416."""

    def __init__(self, reply, content: bytes = FILM, etag: str = '"one"') -> None:
        self.reply, self.content, self.etag, self.ranged = reply, content, etag, True

    def __call__(self, call):
        size, wanted = len(self.content), call.headers.get("range")
        headers = {"etag": self.etag} if self.etag else {}
        if not (self.ranged and wanted and call.headers.get("if-range") == self.etag):
            return self.reply(self.content, 200, headers)
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start >= size:
            return self.reply(b"", 416, {"content-range": f"bytes */{size}"})
        headers["content-range"] = f"bytes {start}-{size - 1}/{size}"
        return self.reply(self.content[start:], 206, headers)


@pytest.fixture
def files(scripted, reply) -> Files:
    files = Files(reply)
    scripted.answer = files
    return files


@pytest.fixture
def get(scripted, http, tmp_path):
    def get(name="v.mp4", on_progress=None, resume=True, backoff=EAGER):
        arrival = Arrival(tmp_path / name, on_progress, resume)
        return Driver(http, "key", httpx.Timeout(5.0)).run(fetch(f"{scripted.url}/v.mp4", arrival, backoff))

    return get


def breaking(files, cuts):
    """Break off answers after so many bytes of their body, then behave."""
    coming = iter(cuts)

    def answer(call):
        reply = files(call)
        cut = next(coming, None)
        reply.cut = None if cut is None else len(reply.encode()) - len(reply.body) + cut
        return reply

    return answer


def test_a_file_arrives_whole_and_leaves_nothing_beside_it(files, get, tmp_path):
    seen = []
    path = get("deep/er/v.mp4", lambda received, total: seen.append((received, total)))
    assert path.read_bytes() == FILM
    assert [found.name for found in path.parent.iterdir()] == ["v.mp4"]
    assert seen[-1] == (len(FILM), len(FILM))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 4999), max_size=4), ranged=st.booleans(), etag=st.sampled_from(['"one"', ""]))
def test_a_file_arrives_whole_wherever_the_line_breaks(scripted, reply, http, tmp_path_factory, cuts, ranged, etag):
    files = Files(reply, etag=etag)
    files.ranged = ranged
    scripted.answer = breaking(files, cuts)
    arrival = Arrival(tmp_path_factory.mktemp("film") / "v.mp4")
    flow = fetch(f"{scripted.url}/v.mp4", arrival, Backoff(retries=5, first=0.0))
    path = Driver(http, "key", httpx.Timeout(5.0)).run(flow)
    assert path.read_bytes() == FILM


def test_only_the_missing_rest_is_fetched(scripted, files, get):
    scripted.answer = breaking(files, [1000, 500])
    assert get().read_bytes() == FILM
    assert [call.headers.get("range") for call in scripted.calls] == [None, "bytes=1000-", "bytes=1500-"]


def test_tries_count_anew_as_long_as_bytes_arrive(scripted, files, get):
    scripted.answer = breaking(files, [400] * 10)
    assert get().read_bytes() == FILM


def test_a_later_run_goes_on_where_an_earlier_one_stopped(scripted, files, get, tmp_path):
    scripted.answer = breaking(files, [1000, 0, 0, 0])
    with pytest.raises(DownloadFailed) as caught:
        get()
    assert caught.value.part == tmp_path / "v.mp4.part"
    assert caught.value.retryable
    assert not (tmp_path / "v.mp4").exists()
    assert get().read_bytes() == FILM
    assert scripted.calls[-1].headers["range"] == "bytes=1000-"


def test_without_resume_a_later_run_starts_afresh(scripted, files, get):
    scripted.answer = breaking(files, [1000, 0, 0, 0])
    with pytest.raises(DownloadFailed):
        get()
    assert get(resume=False).read_bytes() == FILM
    assert "range" not in scripted.calls[-1].headers


def test_two_versions_of_a_file_are_never_mixed(scripted, files, get):
    scripted.answer = breaking(files, [1000, 0, 0, 0])
    with pytest.raises(DownloadFailed):
        get()
    files.content, files.etag = FILM[::-1], '"two"'
    assert get().read_bytes() == FILM[::-1]


def test_two_urls_are_never_mixed(scripted, files, get, tmp_path):
    (tmp_path / "v.mp4.part").write_bytes(b"another film")
    note = {"url": "http://elsewhere/v.mp4", "validator": '"one"'}
    (tmp_path / "v.mp4.part.json").write_text(json.dumps(note))
    assert get().read_bytes() == FILM


@pytest.mark.parametrize("note", [b"", b"[]", b"{"])
def test_a_broken_note_starts_afresh(files, get, tmp_path, note):
    (tmp_path / "v.mp4.part").write_bytes(b"something")
    (tmp_path / "v.mp4.part.json").write_bytes(note)
    assert get().read_bytes() == FILM


def test_a_weak_tag_is_no_promise_of_the_same_bytes(scripted, files, get):
    files.etag = 'W/"one"'
    scripted.answer = breaking(files, [1000])
    assert get().read_bytes() == FILM
    assert [call.headers.get("range") for call in scripted.calls] == [None, None]


def test_a_file_that_was_whole_but_not_in_place_is_put_there(scripted, files, get, tmp_path):
    (tmp_path / "v.mp4.part").write_bytes(FILM)
    note = {"url": f"{scripted.url}/v.mp4", "validator": '"one"'}
    (tmp_path / "v.mp4.part.json").write_text(json.dumps(note))
    assert get().read_bytes() == FILM


@pytest.mark.parametrize(("status", "word"), [(403, "expired"), (404, "expired"), (410, "gone"), (400, "400")])
def test_a_url_that_is_over_is_told_at_once(scripted, reply, get, tmp_path, status, word):
    scripted.answer = lambda call: reply(b"no", status)
    with pytest.raises(DownloadFailed, match=word) as caught:
        get()
    assert (caught.value.status, caught.value.retryable, caught.value.part) == (status, False, None)
    assert len(scripted.calls) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_bad_moment_of_the_server_is_outlived(scripted, reply, files, get):
    replies = iter([reply(b"", 503), reply(b"", 429, {"retry-after": "0"})])
    scripted.answer = lambda call: next(replies, None) or files(call)
    assert get().read_bytes() == FILM


def test_a_server_that_stays_bad_is_told(scripted, reply, get):
    scripted.answer = lambda call: reply(b"", 503)
    with pytest.raises(DownloadFailed, match="503"):
        get()


@pytest.mark.parametrize(
    "headers",
    [{"content-range": "bytes 7-9/10"}, {"content-range": "nonsense"}, {}],
    ids=["elsewhere", "nonsense", "none"],
)
def test_a_part_that_does_not_fit_is_never_appended(scripted, reply, files, get, tmp_path, headers):
    scripted.answer = lambda call: reply(b"xyz", 206, headers)
    with pytest.raises(DownloadFailed, match="announced"):
        get()
    assert not (tmp_path / "v.mp4").exists()


def test_without_a_length_the_end_of_the_answer_is_the_end_of_the_file(scripted, reply, get):
    scripted.answer = lambda call: reply(FILM, with_length=False)
    assert get().read_bytes() == FILM


def test_bytes_come_only_after_an_answer(tmp_path):
    with pytest.raises(RuntimeError):
        Arrival(tmp_path / "v.mp4").write(b"x")
