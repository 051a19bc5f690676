"""Callers without an HTTP library worth the name: the standard library's, and HTTP/1.1 written by hand."""

import json
import socket
from collections.abc import Iterator
from http.client import HTTPResponse
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from stage import video_task
from understudy.server import Server

pytestmark = pytest.mark.interop

urlopen = build_opener(ProxyHandler({})).open


class Hand:
    """A socket, and what a person would type into it."""

    def __init__(self, server: Server, key: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        self.authority = f"127.0.0.1:{server.port}"
        self.key = key

    def head(self, *lines: str, method: str = "POST", target: str = "/v1") -> bytes:
        first = (f"{method} {target} HTTP/1.1", f"host: {self.authority}", f"authorization: bearer {self.key}")
        return "".join(f"{line}\r\n" for line in (*first, *lines, "")).encode()

    def whole(self, *tasks: Any) -> bytes:
        body = json.dumps(tasks).encode()
        return self.head("content-type: application/json", f"content-length: {len(body)}") + body

    def write(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.socket.sendall(piece)

    def answer(self) -> tuple[int, Any]:
        """The next answer: one is read no further than its end, so that the one after it can be read, too."""
        head = self.until(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        return status, json.loads(self.exactly(int(lengths[0].partition(b":")[2])))

    def until(self, end: bytes) -> bytes:
        seen = b""
        while not seen.endswith(end):
            seen += self.exactly(1)
        return seen

    def exactly(self, length: int) -> bytes:
        seen = b""
        while len(seen) < length:
            more = self.socket.recv(length - len(seen))
            assert more, f"the server hung up after {seen!r}"
            seen += more
        return seen


@pytest.fixture
def hand(server: Server, key: str) -> Iterator[Hand]:
    made = Hand(server, key)
    with made.socket:
        yield made


def acknowledged(*tasks: dict[str, Any]) -> tuple[int, Any]:
    return 200, {"data": [{"taskType": "videoInference", "taskUUID": task["taskUUID"]} for task in tasks]}


def test_urllib_submits_polls_and_reads_a_refusal(server: Server, key: str) -> None:
    def post(*tasks: Any) -> HTTPResponse:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        return urlopen(Request(f"{server.url}/v1", json.dumps(tasks).encode(), headers), timeout=10)

    task = video_task()
    with post(task) as answer:
        assert (answer.status, json.load(answer)) == acknowledged(task)
    with post({"taskType": "getResponse", "taskUUID": task["taskUUID"]}) as answer:
        assert json.load(answer)["data"][0]["status"] in ("processing", "success")
    with pytest.raises(HTTPError) as refusal, post(task):
        pass
    with refusal.value as answer:
        assert answer.status == 400
        assert json.load(answer)["errors"][0]["code"] == "conflictTaskUUID"


def test_a_body_in_chunks_is_put_together(hand: Hand) -> None:
    task = video_task()
    body = json.dumps([task]).encode()
    cuts = [body[:1], body[1:30], body[30:]]
    hand.write(hand.head("content-type: application/json", "transfer-encoding: chunked"))
    hand.write(*(b"%x\r\n%s\r\n" % (len(cut), cut) for cut in cuts), b"0\r\n\r\n")
    assert hand.answer() == acknowledged(task)


def test_a_body_that_is_waited_for_is_asked_for(hand: Hand) -> None:
    task = video_task()
    body = json.dumps([task]).encode()
    lines = ("content-type: application/json", f"content-length: {len(body)}", "expect: 100-continue")
    hand.write(hand.head(*lines))
    assert hand.until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
    hand.write(body)
    assert hand.answer() == acknowledged(task)


def test_a_request_that_arrives_byte_by_byte_is_understood(hand: Hand) -> None:
    task = video_task()
    hand.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    hand.write(*(bytes([byte]) for byte in hand.whole(task)))
    assert hand.answer() == acknowledged(task)


def test_requests_in_a_row_are_answered_in_their_order(hand: Hand) -> None:
    tasks = [video_task() for _ in range(5)]
    hand.write(b"".join(hand.whole(task) for task in tasks))
    assert [hand.answer() for _ in tasks] == [acknowledged(task) for task in tasks]


def test_a_refused_request_leaves_the_connection_usable(hand: Hand) -> None:
    task = video_task()
    hand.write(hand.whole(), hand.whole({**task, "model": "nobody"}), hand.whole(task))
    assert hand.answer()[0] == 400
    assert hand.answer()[0] == 400
    assert hand.answer() == acknowledged(task)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_a_method_that_the_provider_does_not_have_is_refused(hand: Hand, method: str) -> None:
    hand.write(hand.head("content-length: 0", method=method))
    status, document = hand.answer()
    assert status == 405
    assert document == {"error": "Method Not Allowed"}


def test_every_url_in_an_answer_is_where_the_caller_reached_the_server(hand: Hand) -> None:
    task = video_task()
    hand.authority = f"stand-in.example:{hand.socket.getpeername()[1]}"
    hand.write(hand.whole(task))
    assert hand.answer() == acknowledged(task)
    found: dict[str, Any] = {}
    while found.get("status") != "success":
        hand.write(hand.whole({"taskType": "getResponse", "taskUUID": task["taskUUID"]}))
        found = hand.answer()[1]["data"][0]
    assert found["videoURL"].startswith(f"http://{hand.authority}/video/os/")


def test_what_is_not_http_gets_a_400_and_the_server_lives_on(server: Server, key: str) -> None:
    first = Hand(server, key)
    with first.socket:
        first.write(b"good evening, night owls\r\n\r\n")
        assert first.until(b"\r\n").startswith(b"HTTP/1.1 400 ")
    second = Hand(server, key)
    with second.socket:
        task = video_task()
        second.write(second.whole(task))
        assert second.answer() == acknowledged(task)
