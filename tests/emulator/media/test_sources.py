import base64
import http.server
import io
import struct
import threading
import wave
import zlib
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from understudy.media.sources import audio_seconds, image_aspect


def wav(seconds: float) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(int(seconds * 8000) * 2))
    return buffer.getvalue()


def data_uri(content: bytes, kind: str = "audio/wav") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def picture(size: tuple[int, int], kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "navy").save(buffer, kind, **options)
    return buffer.getvalue()


class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stuck = threading.Event()

    def do_GET(self) -> None:
        content = wav(2.5)
        if self.path == "/away":
            self.send_response(302)
            self.send_header("location", "http://example.com/talk.wav")
            content = b""
        elif self.path == "/missing":
            self.send_response(404)
        else:
            self.send_response(200)
        if self.path == "/slow":
            self.stuck.wait(30)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        Site.stuck.set()
        server.shutdown()
        thread.join()


@given(st.integers(1, 40))
async def test_an_audio_in_a_data_uri_has_its_real_length(quarters: int) -> None:
    assert await audio_seconds(data_uri(wav(quarters / 4))) == pytest.approx(quarters / 4)


async def test_a_data_uri_without_base64_is_read_too() -> None:
    plain = "data:audio/wav," + "".join(f"%{byte:02x}" for byte in wav(0.25))
    assert await audio_seconds(plain) == pytest.approx(0.25)


async def test_an_audio_on_loopback_has_its_real_length(site: str) -> None:
    assert await audio_seconds(f"{site}/talk.wav") == pytest.approx(2.5)
    assert await audio_seconds(f"{site}/talk.wav".replace("127.0.0.1", "localhost")) == pytest.approx(2.5)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/talk.wav",
        "https://127.0.0.1/talk.wav",
        "http://169.254.169.254/",
        "http://10.0.0.1/",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1@example.com/",
        "http://[",
        "http://0.0.0.0/",
        "file:///etc/hosts",
        "ftp://localhost/talk.wav",
        "3b241101-e2bb-4255-8caf-4136c566a962",
        "",
    ],
)
async def test_nobody_but_loopback_is_ever_asked(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    asked: list[object] = []

    async def record(_: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(200, content=wav(1))

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", record)
    assert await audio_seconds(url) is None
    assert asked == []


async def test_a_redirect_off_loopback_is_not_followed(site: str) -> None:
    assert await audio_seconds(f"{site}/away") is None


@pytest.mark.parametrize("path", ["/missing", "/slow"])
async def test_an_audio_that_does_not_come_has_no_length(site: str, path: str) -> None:
    assert await audio_seconds(site + path, timeout=0.2) is None


async def test_an_audio_over_the_limit_is_not_read_to_its_end(site: str) -> None:
    assert await audio_seconds(f"{site}/talk.wav", limit=1000) is None
    assert await audio_seconds(data_uri(wav(2.5)), limit=30_000) is None
    assert await audio_seconds(data_uri(wav(2.5)), limit=1000) is None


async def test_a_server_that_is_not_there_has_no_audio() -> None:
    assert await audio_seconds("http://127.0.0.1:9/talk.wav") is None


@given(st.binary(max_size=200))
async def test_bytes_that_are_no_audio_have_no_length(content: bytes) -> None:
    assert await audio_seconds(data_uri(b"RIFF" + content)) is None


@pytest.mark.parametrize("broken", ["data:audio/wav;base64,!!!", "data:audio/wav;base64,", "data:,\ud800"])
async def test_a_broken_data_uri_has_no_length(broken: str) -> None:
    assert await audio_seconds(broken) is None


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
@pytest.mark.parametrize("plain", [False, True])
def test_an_image_has_the_aspect_it_is_shown_with(kind: str, plain: bool) -> None:
    content = picture((64, 48), kind)
    source = base64.b64encode(content).decode() if plain else data_uri(content, "image/any")
    assert image_aspect(source) == pytest.approx(4 / 3)


def test_a_photo_held_upright_is_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert image_aspect(data_uri(picture((64, 48), "JPEG", exif=exif), "image/jpeg")) == pytest.approx(3 / 4)


@pytest.mark.parametrize("side", [12_000, 100_000, 2**31 - 1])
def test_an_image_that_claims_a_monstrous_size_costs_nothing(side: int) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    assert image_aspect(data_uri(bomb, "image/png")) in (1.0, None)


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: data_uri(b, "image/png")))
def test_no_string_whatever_makes_it_raise(source: str) -> None:
    assert image_aspect(source) is None


@given(st.integers(0, 400), st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "BMP"]))
def test_a_picture_cut_off_anywhere_does_not_make_it_raise(length: int, kind: str) -> None:
    assert image_aspect(data_uri(picture((64, 48), kind)[:length], "image/any")) in (None, 64 / 48)
