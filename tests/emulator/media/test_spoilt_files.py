"""Faults strike a file to the byte, whole or in parts, as they would strike it on its way through a real network."""

import http.client
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stage import Stage, video_task
from understudy.clock import ManualClock
from understudy.server import Server


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    #: Whether the connection ended before the body did.
    cut: bool


@dataclass(frozen=True)
class Film:
    """A video on the server, and what it is without a fault."""

    address: str
    path: str
    content: bytes

    def get(self, fault: str = "", method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection(self.address, timeout=60)
        asked = {name.replace("_", "-"): value for name, value in headers.items()}
        if fault:
            asked["x-understudy-fault"] = fault
        try:
            connection.request(method, self.path, headers=asked)
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            try:
                return Answer(answer.status, named, answer.read(), False)
            except http.client.IncompleteRead as problem:
                return Answer(answer.status, named, problem.partial, True)
        finally:
            connection.close()

    def part(self, asked: str) -> tuple[int, bytes, str]:
        """The status, body and ETag of an undisturbed answer."""
        answer = self.get(range=asked) if asked else self.get()
        return answer.status, answer.body, answer.headers["etag"]


@pytest.fixture(scope="module")
def film(patient_server: tuple[Server, ManualClock]) -> Film:
    stage = Stage(*patient_server, f"test-{uuid.uuid4()}")
    task = video_task()
    stage.post(task)
    stage.clock.advance(3600)
    url = urlsplit(stage.poll(task)["data"][0]["videoURL"])
    content = stage.http.get(url.geturl()).content
    stage.http.close()
    return Film(url.netloc, url.path, content)


PARTS = ("", "bytes=0-99", "bytes=7-7", "bytes=1000-2999", "bytes=-50")


@given(asked=st.sampled_from(PARTS), at=st.integers(0, 4000))
def test_a_file_is_cut_off_after_exactly_so_many_bytes(film: Film, asked: str, at: int) -> None:
    status, body, tag = film.part(asked)
    answer = film.get(f"truncate={at}", **({"range": asked} if asked else {}))
    assert (answer.status, answer.headers["etag"]) == (status, tag)
    assert answer.headers["content-length"] == str(len(body))
    assert (answer.body, answer.cut) == (body[:at], at < len(body))


@pytest.mark.parametrize("asked", PARTS)
def test_a_damaged_file_is_the_same_one_whole_or_in_parts(film: Film, asked: str) -> None:
    damaged = film.get("corrupt").body
    assert len(damaged) == len(film.content)
    assert damaged[:16] == film.content[:16]
    assert sum(one != other for one, other in zip(damaged, film.content, strict=True)) >= len(damaged) // 3 - 16
    answer = film.get("corrupt", **({"range": asked} if asked else {}))
    first, _, last = asked.removeprefix("bytes=").partition("-")
    if not asked:
        assert answer.body == damaged
    elif not first:
        assert answer.body == damaged[-int(last) :]
    else:
        assert answer.body == damaged[int(first) : int(last) + 1]


def test_the_parts_of_an_answer_of_several_are_those_of_the_damaged_file(film: Film) -> None:
    damaged = film.get("corrupt").body
    answer = film.get("corrupt", range="bytes=3-40,100-299,-20")
    kind, _, boundary = answer.headers["content-type"].partition("; boundary=")
    assert (answer.status, kind, len(answer.body)) == (
        206,
        "multipart/byteranges",
        int(answer.headers["content-length"]),
    )
    parts = answer.body.split(f"--{boundary}".encode())
    assert parts[-1] == b"--"
    bodies = [part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for part in parts[1:-1]]
    assert bodies == [damaged[3:41], damaged[100:300], damaged[-20:]]


@pytest.mark.parametrize("asked", ["", "bytes=5-9", "bytes=1-2,5-9", "bytes=99999999-"])
def test_an_empty_file_a_wrong_type_and_a_refusal_are_the_same_whatever_was_asked_for(film: Film, asked: str) -> None:
    headers = {"range": asked} if asked else {}
    empty = film.get("empty", **headers)
    assert (empty.body, empty.headers["content-length"], empty.cut) == (b"", "0", False)
    wrong = film.get("content_type=text/html", **headers)
    right = film.get(**headers)
    assert (wrong.headers["content-type"], wrong.status) == ("text/html", right.status)
    assert len(wrong.body) == len(right.body)
    for status in (403, 404, 410):
        refused = film.get(f"status={status}", **headers)
        assert (refused.status, b"ftyp" in refused.body) == (status, False)
        assert "content-range" not in refused.headers
    assert film.get("expire=0", **headers).status == film.get("expire=0").status >= 400


def test_a_head_tells_of_the_fault_and_has_no_body(film: Film) -> None:
    told = film.get(method="HEAD").headers
    for fault in ("truncate=10", "corrupt", "trickle=10"):
        answer = film.get(fault, "HEAD")
        assert (answer.status, answer.body) == (200, b"")
        assert {name: answer.headers[name] for name in ("etag", "content-length", "content-type")} == {
            name: told[name] for name in ("etag", "content-length", "content-type")
        }
        assert fault.partition("=")[0] in answer.headers["x-understudy-fault"]
    assert film.get("empty", "HEAD").headers["content-length"] == "0"
    assert film.get("status=410", "HEAD").status == 410


def test_a_file_that_trickles_is_the_same_file_and_takes_its_time(film: Film) -> None:
    begun = time.monotonic()
    answer = film.get("trickle=1000", range="bytes=100-399")
    assert answer.body == film.content[100:400]
    assert time.monotonic() - begun >= 0.25


def test_a_fault_leaves_the_kept_file_as_it_was(film: Film) -> None:
    for fault in ("corrupt", "truncate=5", "empty"):
        film.get(fault)
    assert film.get().body == film.content
