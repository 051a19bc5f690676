"""What callers give is read from where it may be read, made harmless, and kept once."""

import asyncio
import base64
import io
import random
import struct
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from attachments import data_uri, wav
from understudy.media.given import LARGEST_SIDE, MOST_RECORDINGS, Given, Intake, check_name
from understudy.media.shelf import Shelf
from website import Handler, website


def picture(size: tuple[int, int] = (64, 48), kind: str = "PNG", mode: str = "RGB", colour: object = "navy") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, colour).save(buffer, kind)  # type: ignore[arg-type]
    return buffer.getvalue()


PNG, WAV = picture(), wav(2.5)


class Site(Handler):
    protocol_version = "HTTP/1.1"
    stuck = threading.Event()
    asked: list[str] = []  # noqa: RUF012 - one for all, as the server makes a handler for each connection

    def get(self) -> None:
        Site.asked.append(self.path)
        content = {"/face.png": PNG, "/page.html": b"<html>" + b" " * 100}.get(self.path, WAV)
        if self.path == "/slow":
            self.stuck.wait(30)
        if self.path == "/away":
            self.answer(status=302, headers={"location": "http://example.com/talk.wav"})
        else:
            self.answer(content, 404 if self.path == "/missing" else 200)


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with website(Site) as url:
        yield url
        Site.stuck.set()


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("shelf"), 1 << 28)


@pytest.fixture
def intake(shelf: Shelf) -> Intake:
    return Intake(shelf, fetches=True)


def nobodys(source: str) -> Path | None:
    return None


async def taken(intake: Intake, pictures: Mapping[str, str] | None = None, recordings: Sequence[str] = ()) -> Given:
    return await intake.take(pictures or {}, recordings, nobodys)


async def kept(intake: Intake, shelf: Shelf, source: str) -> Image.Image | None:
    """The picture that is kept of a source, decoded."""
    name = (await taken(intake, {"subject": source})).names.get("subject")
    if name is None:
        return None
    with Image.open(shelf.root / name) as image:
        image.load()
        return image


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
@pytest.mark.parametrize("plain", [False, True])
async def test_a_picture_is_kept_as_it_looks_whatever_its_format(
    intake: Intake, shelf: Shelf, kind: str, plain: bool
) -> None:
    content = picture((640, 480), kind, colour=(200, 30, 90))
    source = base64.b64encode(content).decode() if plain else data_uri(content, f"image/{kind.lower()}")
    image = await kept(intake, shelf, source)
    assert image is not None
    assert image.size == (640, 480)
    assert image.format in ("PNG", "JPEG")
    red, green, blue = image.convert("RGB").getpixel((320, 240))  # type: ignore[misc]
    assert abs(red - 200) + abs(green - 30) + abs(blue - 90) < 12


@given(st.integers(1, 9000), st.integers(1, 300))
async def test_a_picture_keeps_its_shape_and_has_no_side_that_is_too_long(
    tmp_path_factory: pytest.TempPathFactory, long: int, short: int
) -> None:
    shelf = Shelf(tmp_path_factory.mktemp("shelf"), 1 << 28)
    image = await kept(Intake(shelf, fetches=True), shelf, data_uri(picture((long, short), mode="L", colour=9)))
    assert image is not None
    assert max(image.size) == min(LARGEST_SIDE, max(long, short))
    if max(long, short) <= LARGEST_SIDE:
        assert image.size == (long, short)


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_a_photo_is_turned_as_its_camera_says_and_tells_nothing_else(
    intake: Intake, shelf: Shelf, orientation: int
) -> None:
    upright = Image.new("RGB", (64, 32), "white")
    upright.paste((255, 0, 0), (0, 0, 16, 16))
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    lying = upright if orientation == 1 else upright.transpose(Image.Transpose(back[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "where I live"
    buffer = io.BytesIO()
    lying.save(buffer, "JPEG", quality=95, exif=exif)
    image = await kept(intake, shelf, data_uri(buffer.getvalue(), "image/jpeg"))
    assert image is not None
    assert image.size == (64, 32)
    assert not image.getexif()
    red, green, _ = image.convert("RGB").getpixel((6, 6))  # type: ignore[misc]
    assert (red > 200, green < 60) == (True, True)
    assert image.convert("RGB").getpixel((50, 26))[1] > 200  # type: ignore[index]


async def test_transparency_is_kept(intake: Intake, shelf: Shelf) -> None:
    image = await kept(intake, shelf, data_uri(picture((40, 30), mode="RGBA", colour=(10, 20, 30, 0))))
    assert image is not None
    assert image.mode == "RGBA"
    assert image.getpixel((3, 3))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("mode", "kind"), [("I;16", "PNG"), ("1", "PNG"), ("P", "GIF"), ("LA", "PNG"), ("CMYK", "JPEG")]
)
async def test_pixels_of_every_kind_become_such_as_can_be_shown(
    intake: Intake, shelf: Shelf, mode: str, kind: str
) -> None:
    colour = {"I;16": 32768, "1": 1, "P": 3, "LA": (128, 255), "CMYK": (0, 0, 0, 128)}[mode]
    image = await kept(intake, shelf, data_uri(picture((40, 30), kind, mode, colour)))
    assert image is not None
    assert image.mode in ("RGB", "RGBA")
    if mode in ("I;16", "LA", "CMYK"):
        assert abs(image.convert("RGB").getpixel((5, 5))[0] - 128) < 6  # type: ignore[index]


@pytest.mark.parametrize("side", [8_000, 12_000, 100_000, 2**31 - 1])
async def test_a_picture_that_claims_a_monstrous_size_is_not_decoded(intake: Intake, shelf: Shelf, side: int) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(side % 100_000))) + chunk(b"IEND", b"")
    assert await kept(intake, shelf, data_uri(bomb)) is None


@given(st.binary(max_size=300), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF"]))
async def test_bytes_that_are_nothing_are_not_kept(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, start: bytes
) -> None:
    root = tmp_path_factory.getbasetemp() / "nothing"
    intake = Intake(Shelf(root, 1 << 20), fetches=True)
    source = data_uri(start + content)
    assert await taken(intake, {"subject": source, "backdrop": source}, [source]) == Given()
    assert list(root.iterdir()) == []


@given(st.integers(0, 4000), st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "BMP"]))
async def test_a_picture_cut_off_anywhere_breaks_nothing(
    tmp_path_factory: pytest.TempPathFactory, length: int, kind: str
) -> None:
    noisy = Image.frombytes("RGB", (40, 30), random.Random(1).randbytes(3600))
    buffer = io.BytesIO()
    noisy.save(buffer, kind)
    intake = Intake(Shelf(tmp_path_factory.getbasetemp() / "cut", 1 << 24), fetches=True)
    names = (await taken(intake, {"subject": data_uri(buffer.getvalue()[:length])})).names
    assert set(names) <= {"subject"}


async def test_the_same_bytes_are_kept_once_and_under_one_name(intake: Intake, shelf: Shelf, site: str) -> None:
    sources = {"subject": data_uri(PNG), "backdrop": f"{site}/face.png"}
    names = (await taken(intake, sources)).names
    assert names["subject"] == names["backdrop"] == check_name(names["subject"])
    before = (shelf.root / names["subject"]).stat().st_ino
    again = await taken(intake, sources)
    assert again.names == names
    assert (shelf.root / names["subject"]).stat().st_ino == before


async def test_a_recording_is_fetched_once_kept_as_it_came_and_its_length_known(
    intake: Intake, shelf: Shelf, site: str
) -> None:
    Site.asked.clear()
    source = f"{site}/talk.wav"
    found = await taken(intake, recordings=[source, source])
    assert Site.asked == ["/talk.wav"]
    assert found.lengths == {source: pytest.approx(2.5)}
    assert (shelf.root / found.names["recording 0"]).read_bytes() == WAV


async def test_recordings_are_numbered_in_their_order_whatever_cannot_be_read(intake: Intake) -> None:
    sources = [data_uri(wav(1), "audio/wav"), "http://example.com/a.wav", data_uri(b"no", "audio/wav"), data_uri(WAV)]
    found = await taken(intake, recordings=sources)
    assert list(found.names) == ["recording 0", "recording 3"]
    assert found.lengths == {sources[0]: pytest.approx(1), sources[3]: pytest.approx(2.5)}


async def test_of_more_recordings_than_anybody_has_the_rest_is_left_out(intake: Intake) -> None:
    sources = [data_uri(wav(0.1 + index / 100), "audio/wav") for index in range(MOST_RECORDINGS + 3)]
    assert list((await taken(intake, recordings=sources)).lengths) == sources[:MOST_RECORDINGS]


async def test_a_file_that_was_handed_in_is_read_where_it_is(intake: Intake, tmp_path: Path) -> None:
    files = {
        "a-face": tmp_path / "face",
        "https://elsewhere.invalid/talk": tmp_path / "talk",
        "gone": tmp_path / "gone",
    }
    files["a-face"].write_bytes(PNG)
    files["https://elsewhere.invalid/talk"].write_bytes(WAV)
    found = await intake.take({"subject": "a-face", "backdrop": "gone"}, ["https://elsewhere.invalid/talk"], files.get)
    assert set(found.names) == {"subject", "recording 0"}
    assert found.aspect == pytest.approx(4 / 3)


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
async def test_nobody_but_loopback_is_ever_asked(monkeypatch: pytest.MonkeyPatch, intake: Intake, url: str) -> None:
    asked: list[object] = []

    async def record(_: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(200, content=PNG)

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", record)
    assert await taken(intake, {"subject": url, "backdrop": url}, [url]) == Given()
    assert asked == []


async def test_where_others_may_ask_nothing_is_shown_that_only_this_machine_may_read(shelf: Shelf, site: str) -> None:
    Site.asked.clear()
    found = await taken(Intake(shelf, fetches=False), {"subject": f"{site}/face.png"}, [f"{site}/other.wav"])
    assert found == Given(lengths={f"{site}/other.wav": 2.5})
    assert Site.asked == ["/other.wav"]


@pytest.mark.parametrize("path", ["/away", "/missing", "/slow", "/page.html"])
async def test_what_does_not_come_is_left_out(
    monkeypatch: pytest.MonkeyPatch, intake: Intake, site: str, path: str
) -> None:
    monkeypatch.setattr("understudy.media.given.PATIENCE", 0.2)
    assert await taken(intake, {"subject": site + path}, [site + path]) == Given()


async def test_what_is_too_large_is_not_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch, intake: Intake, site: str
) -> None:
    monkeypatch.setattr("understudy.media.given.MOST_BYTES", 1000)
    sources = [f"{site}/long.wav", data_uri(WAV, "audio/wav")]
    assert await taken(intake, recordings=sources) == Given()


async def test_a_server_that_is_not_there_gives_nothing(intake: Intake) -> None:
    url = "http://127.0.0.1:9/a"
    assert await taken(intake, {"subject": url}, [url]) == Given()


async def test_what_is_kept_stays_within_the_bound_of_the_shelf(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "small", 300_000)
    intake = Intake(shelf, fetches=True)
    for seconds in range(1, 30):
        await taken(intake, recordings=[data_uri(wav(seconds), "audio/wav")])
    assert sum(file.stat().st_size for file in shelf.root.iterdir()) < 300_000 + 29 * 16_100


async def test_a_shelf_that_cannot_be_written_to_loses_the_picture_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shelf = Shelf(tmp_path / "gone", 1 << 20)
    (tmp_path / "gone").rmdir()
    found = await taken(Intake(shelf, fetches=True), {"subject": data_uri(PNG)}, [data_uri(WAV, "audio/wav")])
    assert found == Given({data_uri(WAV, "audio/wav"): 2.5}, {}, 64 / 48)
    assert "cannot be kept" in caplog.text


async def test_many_at_once_are_all_kept(intake: Intake) -> None:
    many = [data_uri(picture((100 + index, 50))) for index in range(20)]
    found = await asyncio.gather(*(taken(intake, {"subject": one}) for one in many))
    assert len({one.names["subject"] for one in found}) == len(many)


async def test_of_a_request_without_media_nothing_is_looked_at() -> None:
    broken: Intake = object.__new__(Intake)
    assert await taken(broken) == Given()


@pytest.mark.parametrize("name", ["../../etc/passwd", "a.picture", "0" * 40 + ".png", "0" * 40 + ".picture\n", ""])
def test_no_other_file_of_this_machine_can_be_named(name: str) -> None:
    with pytest.raises(ValueError, match="never called"):
        check_name(name)
