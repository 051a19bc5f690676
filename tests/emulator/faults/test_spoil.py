"""What becomes of an answer on its way out: as messages, and as a client on a real socket sees it."""

import asyncio
import json
import random
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from understudy.clock import FlowingClock, ManualClock
from understudy.connection import Connection, Reined
from understudy.faults import Facts, FaultTable, Strike, meet
from understudy.faults.spoil import spoil, spoilt_text, unanswered

_JSON = json.dumps({"data": [{"taskUUID": "x", "status": "processing"}], "n": 1.5}).encode()


def _strike(**effects: Any) -> Strike:
    """What a rule with these effects does to a request."""
    table = FaultTable(random.Random(0))
    table.add({"operation": "poll", **effects}, 0.0)
    return meet((table,), Facts("gmi", "poll"), 0.0)


class _Reins:
    """A connection that nobody holds."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.gone = asyncio.Event()

    def reset(self) -> None:
        self.done.append("reset")
        self.gone.set()

    def close(self) -> None:
        self.done.append("close")
        self.gone.set()

    async def until_gone(self) -> None:
        await self.gone.wait()


@dataclass
class _Out:
    """What went out."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    complete: bool = False
    done: list[str] = field(default_factory=list)

    def header(self, name: bytes) -> bytes | None:
        values = [value for known, value in self.headers if known == name]
        assert len(values) < 2, values
        return values[0] if values else None


def _played(
    strike: Strike, chunks: list[bytes], headers: list[tuple[bytes, bytes]] | None = None, *, header: bool = True
) -> _Out:
    """An answer of these chunks, as it goes out."""
    out = _Out()
    if headers is None:
        headers = [(b"Content-Type", b"application/json"), (b"content-length", b"%d" % sum(map(len, chunks)))]

    async def send(message: Message) -> None:
        assert not out.complete
        if message["type"] == "http.response.start":
            out.status, out.headers = message["status"], message["headers"]
        else:
            assert out.status
            out.body += message["body"]
            out.complete = not message["more_body"]

    async def play() -> None:
        reins = _Reins()
        spoilt = spoil(strike, send, clock=FlowingClock(1000), reins=reins, header=header)
        await spoilt({"type": "http.response.start", "status": 200, "headers": headers})
        for chunk in chunks[:-1]:
            await spoilt({"type": "http.response.body", "body": chunk, "more_body": True})
        await spoilt({"type": "http.response.body", "body": chunks[-1] if chunks else b""})
        out.done = reins.done

    asyncio.run(play())
    return out


def _cut(body: bytes, places: list[int]) -> list[bytes]:
    """A body in pieces, some of them empty."""
    ends = sorted(place % (len(body) + 1) for place in places)
    return [body[start:end] for start, end in zip([0, *ends], [*ends, len(body)], strict=True)]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
_places = st.lists(st.integers(0, 10_000), max_size=4)


@given(_json, _places)
def test_corrupt_json_does_not_parse_and_is_as_long_as_was_said(document: Any, places: list[int]) -> None:
    body = json.dumps(document).encode()
    out = _played(_strike(corrupt=True), _cut(body, places))
    assert out.complete
    assert len(out.body) == len(body) == int(out.header(b"content-length") or b"")
    with pytest.raises(json.JSONDecodeError):
        json.loads(out.body)


@given(st.binary(min_size=40, max_size=120), _places, st.integers(0, 40))
def test_corrupt_media_are_the_same_however_they_are_sent_and_whichever_part(
    body: bytes, places: list[int], first: int
) -> None:
    plain = [(b"content-type", b"video/mp4")]
    out = _played(_strike(corrupt=True), _cut(body, places), plain)
    assert out.body[:16] == body[:16]
    assert all(out.body[place] != body[place] for place in range(18, len(body), 3))
    part = [*plain, (b"content-range", b"bytes %d-%d/%d" % (first, len(body) - 1, len(body)))]
    assert _played(_strike(corrupt=True), _cut(body[first:], places), part).body == out.body[first:]


@given(st.binary(max_size=100), _places, st.integers(0, 120), st.sampled_from([None, "reset"]))
def test_a_truncated_answer_has_exactly_its_bytes_and_no_end(
    body: bytes, places: list[int], count: int, how: str | None
) -> None:
    effects = {"truncate": count} | ({} if how is None else {how: True})
    out = _played(_strike(**effects), _cut(body, places))
    assert out.body == body[:count]
    assert out.complete == (len(body) <= count)
    assert out.done == ([] if out.complete else [how or "close"])
    assert out.header(b"content-length") == b"%d" % len(body)


@given(st.binary(min_size=1, max_size=100), _places)
def test_a_slow_body_is_the_same_body(body: bytes, places: list[int]) -> None:
    out = _played(_strike(trickle=50_000), _cut(body, places))
    assert (out.body, out.complete) == (body, True)


def test_an_empty_answer_says_that_it_is_empty() -> None:
    out = _played(_strike(empty=True), [_JSON])
    assert (out.status, out.body, out.complete, out.header(b"content-length")) == (200, b"", True, b"0")


@pytest.mark.parametrize(("status", "words"), [(502, b"502 Bad Gateway"), (503, b"503 Service"), (504, b"504 Gateway")])
def test_a_gateway_answers_with_its_page(status: int, words: bytes) -> None:
    out = _played(_strike(gateway=status), [_JSON, b"more"])
    assert (out.status, out.header(b"content-type"), out.complete) == (status, b"text/html", True)
    assert words in out.body
    assert out.header(b"content-length") == b"%d" % len(out.body)


def test_a_content_type_takes_the_place_of_the_true_one() -> None:
    assert _played(_strike(content_type="text/plain"), [_JSON]).header(b"content-type") == b"text/plain"


def test_an_answer_says_what_struck_it_unless_it_must_not() -> None:
    assert _played(_strike(delay=1), [_JSON]).header(b"x-understudy-fault") == b"rule-1"
    out = _played(_strike(delay=1), [_JSON], header=False)
    assert out.header(b"x-understudy-fault") is None
    assert out.body == _JSON


def test_an_answer_is_late_where_nothing_is_known_of_the_connection() -> None:
    clock, sent = FlowingClock(1000), []

    async def send(message: Message) -> None:
        sent.append(clock.now())

    async def play() -> None:
        start = {"type": "http.response.start", "status": 200}
        await spoil(_strike(delay=20), send, clock=clock, reins=None)(start)

    began = clock.now()
    asyncio.run(play())
    assert sent[0] - began >= 20


def test_nothing_is_sent_to_who_is_gone_before_it_was_due() -> None:
    async def send(message: Message) -> None:
        raise AssertionError

    async def play() -> None:
        reins = _Reins()
        spoilt = spoil(_strike(delay=1), send, clock=ManualClock(), reins=reins)
        waiting = asyncio.ensure_future(unanswered(spoilt))
        await asyncio.sleep(0)
        assert not waiting.done()
        reins.gone.set()
        await waiting

    asyncio.run(play())


def test_what_is_no_part_of_an_answer_passes_untouched() -> None:
    passed = []

    async def send(message: Message) -> None:
        passed.append(message)

    hint: Message = {"type": "http.response.debug", "info": {}}
    asyncio.run(spoil(_strike(corrupt=True), send, clock=ManualClock(), reins=None)(hint))  # type: ignore[arg-type]
    assert passed == [hint]


@pytest.mark.parametrize("effect", ["reset", "silent"])
def test_what_cannot_be_done_to_a_connection_ends_the_application(effect: str) -> None:
    async def send(message: Message) -> None:
        raise AssertionError

    async def play() -> None:
        await unanswered(spoil(_strike(**{effect: True}), send, clock=ManualClock(), reins=None))

    with pytest.raises(ConnectionAbortedError):
        asyncio.run(play())


@pytest.mark.parametrize(
    ("effects", "text"),
    [
        ({"silent": True}, None),
        ({"reset": True}, None),
        ({"empty": True}, ""),
        ({"truncate": 3}, '{"'),
        ({"truncate": 99}, '{"ü": 1}'),
        ({"corrupt": True}, '{"ü": 1,'),
        ({"delay": 1}, '{"ü": 1}'),
    ],
)
def test_a_message_on_a_socket_is_spoilt_likewise(effects: dict[str, Any], text: str | None) -> None:
    assert spoilt_text(_strike(**effects), '{"ü": 1}') == text


class H11Connection(Reined, H11Protocol):
    """The same where there is no compiled parser."""


class _Theatre:
    """A server of the test's own: what it answers, and what strikes it, is said before each request."""

    def __init__(self, protocol: type[asyncio.Protocol], loop: Any) -> None:
        self.clock = ManualClock()
        self.ended: list[str] = []
        self.answer: tuple[Strike, list[bytes], list[tuple[bytes, bytes]]] = (Strike(), [], [])
        config = uvicorn.Config(
            self._app,
            interface="asgi3",
            http=protocol,
            loop=loop,
            log_config=None,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],))
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        strike, chunks, headers = self.answer
        spoilt = spoil(strike, send, clock=self.clock, reins=scope["extensions"]["understudy"])
        try:
            if not strike.reached:
                await unanswered(spoilt)
                return
            await spoilt({"type": "http.response.start", "status": 200, "headers": headers})
            for chunk in chunks:
                await spoilt({"type": "http.response.body", "body": chunk, "more_body": True})
            await spoilt({"type": "http.response.body", "body": b""})
        finally:
            self.ended.append(scope["path"])

    def open(self, path: str, strike: Strike, *chunks: bytes, kind: bytes = b"application/json") -> socket.socket:
        """Ask for this path, to be answered like this."""
        length = (b"content-length", b"%d" % sum(map(len, chunks)))
        self.answer = (strike, list(chunks), [(b"content-type", kind), length])
        client = socket.create_connection(self._listener.getsockname(), 10)
        client.sendall(f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        return client

    def until_ended(self, path: str) -> None:
        """Return once the application is done with a path."""
        deadline = time.monotonic() + 10
        while path not in self.ended:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def _read(client: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """A whole answer, or as much of it as comes before the connection ends; raises ConnectionResetError."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = client.recv(65_536)
        if not piece:
            return 0, {}, data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    while len(body) < int(headers["content-length"]):
        piece = client.recv(65_536)
        if not piece:
            break
        body += piece
    return int(first.split()[1]), headers, body


def _until_end(client: socket.socket) -> bytes:
    """Everything until the connection ends; raises ConnectionResetError."""
    data = b""
    while piece := client.recv(65_536):
        data += piece
    return data


@pytest.fixture(scope="module", params=["uvloop and httptools", "asyncio and h11"])
def theatre(request: pytest.FixtureRequest) -> Iterator[_Theatre]:
    both = {"uvloop and httptools": (Connection, "uvloop"), "asyncio and h11": (H11Connection, "asyncio")}
    made = _Theatre(*both[request.param])
    yield made
    made.stop()


def test_a_reset_is_seen_as_a_reset(theatre: _Theatre, caplog: pytest.LogCaptureFixture) -> None:
    for path, strike in (("/after", _strike(reset=True)), ("/before", _strike(reset="before"))):
        with theatre.open(path, strike, _JSON) as client, pytest.raises(ConnectionResetError):
            _read(client)
        theatre.until_ended(path)
    assert not caplog.records


def test_a_reset_can_come_in_the_midst_of_a_body(theatre: _Theatre, caplog: pytest.LogCaptureFixture) -> None:
    with theatre.open("/midst", _strike(reset=True, truncate=8), _JSON) as client, pytest.raises(ConnectionResetError):
        _until_end(client)
    theatre.until_ended("/midst")
    assert not caplog.records


def test_a_truncated_answer_ends_too_early_for_what_it_promised(
    theatre: _Theatre, caplog: pytest.LogCaptureFixture
) -> None:
    body = bytes(range(256)) * 4_000
    for count in (0, 10, 300_000):
        with theatre.open(f"/{count}", _strike(truncate=count), body[:100_000], body[100_000:]) as client:
            status, headers, got = _read(client)
            assert client.recv(1) == b""
        assert (status, headers["content-length"], got) == (200, str(len(body)), body[:count])
        theatre.until_ended(f"/{count}")
    assert not caplog.records


def test_silence_lasts_until_the_caller_goes(theatre: _Theatre, caplog: pytest.LogCaptureFixture) -> None:
    for path, strike in (("/silent", _strike(silent=True)), ("/early", _strike(silent="before"))):
        with theatre.open(path, strike, _JSON) as client:
            client.settimeout(0.2)
            with pytest.raises(TimeoutError):
                client.recv(1)
            assert path not in theatre.ended
        theatre.until_ended(path)
    assert not caplog.records


def test_silence_ends_with_the_server() -> None:
    own = _Theatre(Connection, "asyncio")
    with own.open("/silent", _strike(silent=True), _JSON) as client:
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(1)
        own.stop()
    assert own.ended == ["/silent"]


def test_a_delay_is_over_when_the_emulators_time_has_come(theatre: _Theatre) -> None:
    with theatre.open("/late", _strike(delay=3600), _JSON) as client:
        client.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.recv(1)
        theatre.clock.advance(3599)
        with pytest.raises(TimeoutError):
            client.recv(1)
        theatre.clock.advance(1)
        client.settimeout(10)
        assert _read(client)[2] == _JSON


def test_who_hangs_up_during_a_delay_is_not_waited_for(theatre: _Theatre) -> None:
    theatre.open("/hung-up", _strike(delay=3600), _JSON).close()
    theatre.until_ended("/hung-up")


def test_a_slow_body_comes_slowly_and_ends_when_the_caller_goes(theatre: _Theatre) -> None:
    body = b"x" * 100
    began = time.monotonic()
    with theatre.open("/slow", _strike(trickle=200), body) as client:
        assert _read(client)[2] == body
    assert time.monotonic() - began > 0.4
    with theatre.open("/slowest", _strike(trickle=0.001), body) as client:
        came = b""
        while not came.endswith(b"\r\n\r\nx"):
            came += client.recv(1_000)
    theatre.until_ended("/slowest")


def test_an_answer_after_a_spoilt_one_comes_on_the_same_connection(theatre: _Theatre) -> None:
    with theatre.open("/1", _strike(corrupt=True), _JSON) as client:
        assert _read(client)[2][-1:] == b","
        for strike, status, end in (
            (_strike(gateway=502), 502, b"</html>"),
            (_strike(empty=True), 200, b""),
            (Strike(), 200, _JSON),
        ):
            theatre.answer = (strike, *theatre.answer[1:])
            client.sendall(b"GET /2 HTTP/1.1\r\nhost: x\r\n\r\n")
            answered, headers, body = _read(client)
            assert (answered, headers.get("x-understudy-fault")) == (status, "rule-1" if strike else "")
            assert body.endswith(end)
            assert bool(body) == bool(end)


def test_an_answer_to_a_head_request_is_not_spoilt_beyond_its_headers(
    theatre: _Theatre, caplog: pytest.LogCaptureFixture
) -> None:
    for strike, status in ((_strike(corrupt=True, trickle=5), 200), (_strike(gateway=504), 504)):
        theatre.answer = (strike, [], [(b"content-length", b"5")])
        with socket.create_connection(theatre._listener.getsockname(), 10) as client:
            client.sendall(b"HEAD /head HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            answer = _until_end(client)
        assert answer.startswith(f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode())
        assert answer.endswith(b"\r\n\r\n")


def _noticed(kind: str, body: bytes, file: Path) -> bool:
    """Whether a decoder finds something wrong with a file."""
    file.write_bytes(_played(_strike(corrupt=True), [body], [(b"content-type", kind.encode())]).body)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-xerror", "-i", str(file), "-f", "null", "-"]
    found = subprocess.run(command, capture_output=True, timeout=60)
    return bool(found.returncode or found.stderr)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_decoder_notices_that_a_picture_is_corrupt(form: str, tmp_path: Path) -> None:
    picture = BytesIO()
    Image.effect_mandelbrot((160, 90), (-2, -1, 1, 1), 30).save(picture, form)
    assert _noticed(f"image/{form.lower()}", picture.getvalue(), tmp_path / "picture")
    assert picture.getvalue()[:16] == (tmp_path / "picture").read_bytes()[:16]


def test_a_decoder_notices_that_a_video_is_corrupt(tmp_path: Path) -> None:
    source, file = tmp_path / "clip.mp4", tmp_path / "corrupt.mp4"
    make = [
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=160x90:d=1",
        "-movflags",
        "+faststart",
        "-pix_fmt",
        "yuv420p",
    ]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), *make, str(source)], check=True, timeout=60)
    assert _noticed("video/mp4", source.read_bytes(), file)
