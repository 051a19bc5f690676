"""`understudy listen`: a receiver in a process of its own, as a person or a script meets it."""

import errno
import io
import json
import os
import re
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from program import program
from sink import Sink
from stage import video_task
from understudy.cli import main
from understudy.commands.listen import _Kept, printable
from understudy.listener import Arrival, Listener, Manner
from understudy.port import Uvicorn, address, listen


@contextmanager
def listening(tmp_path, *arguments, **environment):
    """`understudy listen` on a free port: yields its process and a client that speaks to it."""
    env = {**os.environ, "COLUMNS": "200", **environment}
    with (
        program("listen", "--port", "0", *arguments, port_file=tmp_path / "port", env=env) as (process, url),
        httpx.Client(base_url=url, trust_env=False, verify=False, timeout=30) as client,
    ):
        yield process, client


@contextmanager
def hearing(**manner):
    """The receiver in this process: yields what it was sent and a client that speaks to it."""
    arrivals = []
    listener = Listener(Manner(**manner), arrived=lambda arrival: None, answered=arrivals.append)
    ready = threading.Event()
    taken = listen("127.0.0.1", 0)
    server = Uvicorn(
        uvicorn.Config(listener, access_log=False, log_config=None, ws="none", lifespan="on", server_header=False),
        ready.set,
    )
    thread = threading.Thread(target=server.run, args=([taken],), daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        url = address("127.0.0.1", taken.getsockname()[1])
        with httpx.Client(base_url=url, trust_env=False, verify=False, timeout=30) as client:
            yield arrivals, client
    finally:
        server.stop()
        thread.join(20)
        taken.close()


def stopped(process):
    """What it printed until it was stopped."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    return out


def test_each_delivery_is_printed_and_counted(tmp_path):
    with listening(tmp_path) as (process, client):
        answers = [
            client.post("/hook?token=t", json={"data": [{"taskUUID": "u", "status": "success"}]}),
            client.put("/bucket/film.mp4", content=bytes(range(256))),
            client.get("/"),
            client.post("/long", json=list(range(500))),
        ]
        assert [(answer.status_code, answer.content) for answer in answers] == [(200, b"")] * 4
        out = stopped(process)
    assert f"Listening at {client.base_url}".rstrip("/") in out
    assert re.search(r"^\d\d:\d\d:\d\d  POST /hook\?token=t  200  \d+ bytes$", out, re.MULTILINE)
    assert '"taskUUID": "u",' in out
    assert re.search(r"PUT /bucket/film.mp4  200  256 bytes$", out, re.MULTILINE)
    assert "… 478 more lines" in out
    assert len(out.splitlines()) < 50
    assert out.endswith("4 deliveries received.\n")


def test_it_stops_on_a_signal_with_an_answer_outstanding(tmp_path):
    with listening(tmp_path, "--delay", "60") as (process, client):
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(client.get, "/")
            time.sleep(0.3)
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=20)
            assert asking.exception(timeout=20) is not None or asking.result().status_code >= 500
        assert process.returncode == 0
        assert "1 delivery received." in out


def test_answers_are_as_told():
    with hearing(status=418, fail_first=2, delay=0.1) as (_, client):
        started = time.monotonic()
        assert [client.post("/").status_code for _ in range(4)] == [503, 503, 418, 418]
        assert time.monotonic() - started >= 0.4


def test_as_json_there_is_a_document_a_line_on_standard_output_and_in_the_file(tmp_path):
    file = tmp_path / "deliveries.jsonl"
    file.write_text('{"earlier": true}\n')
    bodies = [b'{"a": 1}', "grüß".encode(), b"\xff\xfe", b""]
    with listening(tmp_path, "--json", "--output", str(file)) as (process, client):
        for body in bodies:
            client.post("/path?q=1", content=body, headers={"X-Kind": "one"})
        out = stopped(process)
    lines = [json.loads(line) for line in out.splitlines()]
    earlier, *kept = [json.loads(line) for line in file.read_text().splitlines()]
    assert earlier == {"earlier": True}
    assert kept == lines
    assert [line["number"] for line in lines] == [1, 2, 3, 4]
    assert [(line["encoding"], line["body"]) for line in lines] == [
        ("json", {"a": 1}), ("text", "grüß"), ("base64", "//4="), ("text", ""),
    ]  # fmt: skip
    assert all((line["method"], line["target"], line["status"]) == ("POST", "/path?q=1", 200) for line in lines)
    assert all(["x-kind", "one"] in line["headers"] for line in lines)
    assert all(line["seconds"] >= 0 for line in lines)


@pytest.mark.parametrize("arguments", [[], ["--json"]], ids=["shown", "as JSON"])
def test_what_is_nested_deep_is_taken_like_anything_else(tmp_path, arguments):
    deep = "[" * 900 + "]" * 900
    with listening(tmp_path, *arguments) as (process, client):
        assert client.post("/", content=deep).status_code == 200
        assert deep in stopped(process)


def test_whatever_comes_is_shown_where_only_ascii_can_be(tmp_path):
    said = json.dumps({"said": "grüß dich, 你好"}, ensure_ascii=False).encode()
    with Sink([201, 201]) as sink, listening(
        tmp_path, "--forward", sink.url, PYTHONIOENCODING="ascii", PYTHONUTF8="0"
    ) as (process, client):  # fmt: skip
        assert [client.post("/", content=said).status_code for _ in range(2)] == [201, 201]
        out = stopped(process)
    assert out.isascii()
    assert out.count("  -> 201  in ") == 2
    assert "gr\\xfc\\xdf dich, \\u4f60\\u597d" in out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk to be had here")
def test_a_full_disk_is_said_once_and_keeps_nothing_from_being_answered(tmp_path):
    with listening(tmp_path, "--json", "--output", "/dev/full") as (process, client):
        assert [client.post("/", json=[number]).status_code for number in range(3)] == [200] * 3
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert [json.loads(line)["body"] for line in out.splitlines()] == [[0], [1], [2]]
    [said] = err.splitlines()
    assert said.startswith("cannot write /dev/full: No space left on device; from delivery 1 on")


def test_what_was_torn_by_a_full_disk_spoils_no_later_line(tmp_path, capsys):
    class Filling(io.FileIO):
        room = 10

        def write(self, data):
            if not self.room:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            taken = super().write(data[: self.room])
            self.room -= taken
            return taken

    path = tmp_path / "deliveries.jsonl"
    arrivals = [Arrival(number, 0.0, "POST", "/", (), b"{}", 200, seconds=0.1) for number in range(1, 6)]
    with Filling(str(path), "ab") as file:
        kept = _Kept(file)
        for arrival in arrivals[:2]:
            kept.answered(arrival)
        file.room = 100_000
        for arrival in arrivals[2:]:
            kept.answered(arrival)
    torn, *whole = path.read_text().splitlines()
    assert len(torn) == 10
    assert [json.loads(line)["number"] for line in whole] == [3, 4, 5]
    assert capsys.readouterr().err.count("No space left") == 1


def test_what_is_forwarded_arrives_unchanged_and_its_answer_comes_back():
    body = bytes(range(256)) * 3_000
    with Sink([201, 302, 404]) as sink:
        with hearing(forward=sink.url) as (arrivals, client):
            for number in range(3):
                headers = {"X-Signature": "abc", "Content-Type": "x/y", "User-Agent": "somebody"}
                client.put(f"/deep/path?n={number}", content=body, headers=headers)
        [first, *_] = sink.received
        assert [(each.status, each.forwarded) for each in arrivals] == [(201, True), (302, True), (404, True)]
    assert [(one.method, one.path) for one in sink.received] == [
        ("PUT", f"/deep/path?n={number}") for number in range(3)
    ]
    assert {one.body for one in sink.received} == {body}
    assert set(first.headers) == {
        "accept", "accept-encoding", "content-length", "content-type", "host", "user-agent", "x-signature",
    }  # fmt: skip
    assert (first.headers["x-signature"], first.headers["content-type"]) == ("abc", "x/y")
    assert first.headers["user-agent"] == "somebody"
    assert first.headers["host"] == sink.url.removeprefix("http://")


def test_the_headers_and_the_body_of_the_answer_come_back():
    def answer(listener):
        for _ in range(2):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
                    b"Content-Length: 5\r\nConnection: close\r\n\r\nhello"
                )

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/only/here?x=1"
        with hearing(forward=url, fail_first=1) as (_, client):
            assert client.post("/anywhere").status_code == 503
            answers = [client.post("/anywhere?y=2") for _ in range(2)]
    for one in answers:
        assert (one.content, one.headers["content-type"]) == (b"hello", "text/x")
        assert one.headers.get_list("set-cookie") == ["a=1", "b=2"]
        assert len(one.headers.get_list("date")) == 1


def test_nothing_is_lost_when_nobody_is_there_to_forward_to():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with hearing(forward=f"http://127.0.0.1:{unused.getsockname()[1]}") as (arrivals, client):
            assert client.post("/", json={}).status_code == 502
    [only] = arrivals
    assert (only.status, only.body) == (502, b"{}")
    assert only.problem.startswith("ConnectError")


@pytest.mark.parametrize(
    ("forward", "target", "address"),
    [
        ("http://localhost:3000", "/a/b?c=d", "http://localhost:3000/a/b?c=d"),
        ("http://localhost:3000/", "/a", "http://localhost:3000/a"),
        ("http://localhost:3000/hooks", "/a?b", "http://localhost:3000/hooks"),
        ("http://localhost:3000/?only=this", "/a?b", "http://localhost:3000/?only=this"),
    ],
)
def test_an_address_with_a_path_is_taken_as_it_is(forward, target, address):
    assert Manner(forward=forward).address(target) == address


def test_a_delivery_that_is_cut_off_is_shown_as_far_as_it_came():
    with hearing() as (arrivals, client):
        with socket.create_connection(("127.0.0.1", client.base_url.port)) as sender:
            sender.sendall(b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n" + b'{"a":')
            time.sleep(0.1)
        client.get("/")
    cut = next(each.shown() for each in arrivals if each.target == "/hook")
    assert (cut["body"], cut["size"]) == ('{"a":', 5)
    assert cut["problem"] == "the sender hung up after 5 bytes of its body"


@given(st.text())
def test_nothing_that_is_printed_can_drive_a_terminal(text):
    shown = printable(text + "\x1b]0;title\x07\x9b31m\u202e")
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 or character == "\u202e" for character in shown)
    plain = "plain ümlaut 你好 😀"
    assert printable(plain) == plain


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--forward", "ftp://x"], "an http or https URL"),
        (["--forward", "localhost:3000"], "an http or https URL"),
        (["--forward", "http://127.0.0.1:1", "--status", "500"], "exclude each other"),
        (["--status", "99"], "200<=x<=599"),
        (["--delay", "-1"], "0<=x<=3600"),
        (["--port", "0", "--output", "/nowhere/at/all"], "cannot write"),
        (["--port", "0", "--port-file", "/nowhere/at/all"], "there is no folder"),
        (["--host", "203.0.113.7", "--port", "0"], "cannot listen on"),
    ],
)
def test_what_makes_no_sense_is_said_before_it_listens(arguments, said):
    result = CliRunner().invoke(main, ["listen", *arguments])
    assert result.exit_code in (1, 2)
    assert said in result.output


def test_it_does_not_forward_to_itself():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    result = CliRunner().invoke(main, ["listen", "--port", port, "--forward", f"http://127.0.0.1:{port}"])
    assert (result.exit_code, "leads back here" in result.output) == (2, True)


def test_a_webhook_of_the_stand_in_arrives_there_and_is_passed_on(tmp_path, stage):
    with Sink([500]) as sink, listening(tmp_path, "--forward", sink.url, "--fail-first", "1") as (process, client):
        task = video_task(webhookURL=f"{str(client.base_url).rstrip('/')}/hook")
        stage.post(task)
        stage.http.post("/_understudy/clock/advance", json={"seconds": 3_600}).raise_for_status()
        out = stopped(process)
    assert [one.path for one in sink.received] == ["/hook", "/hook"]
    [delivery] = stage.deliveries()
    assert [attempt["status"] for attempt in delivery["attempts"]] == [503, 500, 200]
    assert out.count(f'"taskUUID": "{task["taskUUID"]}"') == 3
    assert re.findall(r"(?:POST /hook|→) +(\d+)\b(?! bytes)", out) == ["503", "500", "200"]
