import base64
import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from attachments import data_uri, wav
from understudy.media.sources import content_of, duration, image_aspect


def picture(size: tuple[int, int], kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "navy").save(buffer, kind, **options)
    return buffer.getvalue()


async def aspect(source: str) -> float | None:
    found = await content_of(source)
    return None if found is None else image_aspect(found.data)


@given(st.integers(1, 40))
def test_an_audio_has_its_real_length(quarters: int) -> None:
    assert duration(wav(quarters / 4)) == pytest.approx(quarters / 4)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_audio_have_no_length(content: bytes) -> None:
    assert duration(b"RIFF" + content) is None


@given(st.binary(min_size=1, max_size=100), st.booleans(), st.integers(0, 4))
async def test_base64_as_found_in_the_wild_is_read(content: bytes, for_urls: bool, missing: int) -> None:
    text = (base64.urlsafe_b64encode if for_urls else base64.b64encode)(content).decode()
    ended = text.rstrip("=") if missing else text
    broken = "\n".join(ended[at : at + 76] for at in range(0, len(ended), 76))
    found = await content_of(f"data:image/png;base64,{broken}")
    assert found is not None
    assert found.data == content


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
@pytest.mark.parametrize("plain", [False, True])
async def test_an_image_has_the_aspect_it_is_shown_with(kind: str, plain: bool) -> None:
    content = picture((64, 48), kind)
    source = base64.b64encode(content).decode() if plain else data_uri(content, "image/any")
    assert await aspect(source) == pytest.approx(4 / 3)


async def test_a_photo_held_upright_is_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert await aspect(data_uri(picture((64, 48), "JPEG", exif=exif), "image/jpeg")) == pytest.approx(3 / 4)


@pytest.mark.parametrize("side", [12_000, 100_000, 2**31 - 1])
async def test_an_image_that_claims_a_monstrous_size_costs_nothing(side: int) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    assert await aspect(data_uri(bomb, "image/png")) in (1.0, None)


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: data_uri(b, "image/png")))
async def test_no_string_whatever_makes_it_raise(source: str) -> None:
    assert await aspect(source) is None


@given(st.integers(0, 400), st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "BMP"]))
async def test_a_picture_cut_off_anywhere_does_not_make_it_raise(length: int, kind: str) -> None:
    assert await aspect(data_uri(picture((64, 48), kind)[:length], "image/any")) in (None, 64 / 48)
