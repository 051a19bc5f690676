"""What a request's audio and images are really like: what they hold, how long one is, and the shape of the other."""

from __future__ import annotations

import asyncio
import base64
import io
import ipaddress
import re
import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, unquote_to_bytes

_DATA_URI: Final = re.compile(r"data:([^,]{0,512}),", re.IGNORECASE)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+", re.ASCII)
_URL_ALPHABET: Final = str.maketrans("-_", "+/")

#: The formats of pictures that are read.
IMAGE_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
#: The EXIF tag that says how the camera was held, and its values for a picture lying on its side.
_ORIENTATION: Final = 0x0112
_QUARTER_TURNS: Final = frozenset({5, 6, 7, 8})


#: How files begin: the bytes, where they are, and what that makes of the file.
_SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"GIF8", 0, "image/gif"),
    (b"BM", 0, "image/bmp"),
    (b"WEBP", 8, "image/webp"),
    (b"WAVE", 8, "audio/wav"),
    (b"ID3", 0, "audio/mpeg"),
    (b"\xff\xfb", 0, "audio/mpeg"),
    (b"OggS", 0, "audio/ogg"),
    (b"fLaC", 0, "audio/flac"),
    (b"ftyp", 4, "video/mp4"),
    (b"\x1aE\xdf\xa3", 0, "video/webm"),
)


def image_aspect(picture: bytes) -> float | None:
    """Width divided by height of a JPEG, PNG, WEBP, GIF or BMP, as it is shown; None when it cannot be read here.

    Only the header is read, never the pixels, so a picture that claims a monstrous size costs nothing. Never raises.
    """
    from PIL import Image  # late: start-up time

    try:
        with warnings.catch_warnings():
            # The warning about decompression bombs is for those who go on to decompress.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(picture), formats=IMAGE_FORMATS) as image:
                width, height = image.size
                # Asked of another format, the orientation could mean decoding the pixels.
                turned = image.format == "JPEG" and image.getexif().get(_ORIENTATION) in _QUARTER_TURNS
    except Exception:  # noqa: BLE001 - decoders of hostile bytes raise whatever they like, and None is the answer
        return None
    if turned:
        width, height = height, width
    return width / height if width > 0 and height > 0 else None


@dataclass(frozen=True, slots=True)
class Content:
    """Media as bytes, and what they are."""

    data: bytes
    type: str


async def content_of(source: str, *, timeout: float = 5.0, limit: int = 50 * 1024 * 1024) -> Content | None:
    """The media that a data URI or plain base64 holds, or an http URL on loopback leads to; None for anything else.

    No other host is ever contacted. Plain base64 and what a URL led to are told by their first bytes.
    """
    if match := _DATA_URI.match(source):
        data = await asyncio.to_thread(_decoded, match)
        named = match[1].partition(";")[0].strip().lower()
        return None if data is None else Content(data, named or "text/plain")
    data = await _fetched(source, timeout, limit) if on_loopback(source) else None
    if data is None and "://" not in source:
        data = await asyncio.to_thread(_from_base64, source)
    return Content(data, kind_of(data)) if data else None


def kind_of(data: bytes) -> str:
    """The media type that the first bytes of a file tell."""
    for start, place, kind in _SIGNATURES:
        if data[place : place + len(start)] == start:
            return kind
    return "application/octet-stream"


def duration(recording: bytes) -> float | None:
    """How long a WAV, MP3, M4A, OGG or FLAC is, in seconds; None when it cannot be read here. Never raises."""
    from tinytag import TinyTag  # late: start-up time

    try:
        seconds = TinyTag.get(file_obj=io.BytesIO(recording), tags=False).duration
    except Exception:  # noqa: BLE001 - decoders of hostile bytes raise whatever they like, and None is the answer
        return None
    # An absurd length is a broken header; so is a not-a-number, which fails any comparison.
    return seconds if seconds is not None and 0 < seconds < 7 * 24 * 3600 else None


async def _fetched(url: str, patience: float, limit: int) -> bytes | None:
    import ssl  # late, as httpx: start-up time

    import httpx

    # Only plain http is spoken; an empty context spares httpx the reading of every certificate authority.
    no_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    data = bytearray()
    try:
        async with (
            asyncio.timeout(patience),
            httpx.AsyncClient(trust_env=False, verify=no_tls, follow_redirects=False, timeout=patience) as client,
            client.stream("GET", url) as response,
        ):
            if response.status_code != 200:
                return None
            async for chunk in response.aiter_bytes():
                data += chunk
                if len(data) > limit:
                    return None
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError, ValueError):
        return None
    return bytes(data)


def on_loopback(url: str) -> bool:
    """Whether a URL leads to this machine by plain http, which is the only place anything is ever fetched from."""
    import httpx  # late: start-up time

    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return False
    if parsed.scheme != "http":
        return False
    if parsed.host == "localhost":
        return True
    try:
        return ipaddress.ip_address(parsed.host).is_loopback
    except ValueError:
        # A name other than localhost may lead anywhere, and asking where would already be contacting someone.
        return False


def _decoded(match: re.Match[str]) -> bytes | None:
    """The bytes of the data URI that begins so."""
    body = match.string[match.end() :]
    if match[1].lower().rstrip().endswith(";base64"):
        return _from_base64(body)
    try:
        return unquote_to_bytes(body)
    except UnicodeEncodeError:
        return None


def _from_base64(text: str) -> bytes | None:
    """Decode base64 as found in the wild: line breaks, a missing end, the URL alphabet, percent signs."""
    if text:
        # Mostly it is as it should be, and then nobody else has to wait while it is looked through.
        with suppress(ValueError):
            return base64.b64decode(text, validate=True)
    compact = "".join(unquote(text).split()).rstrip("=").translate(_URL_ALPHABET)
    if not _BASE64.fullmatch(compact):
        return None
    # One character left over holds six bits of a byte that was cut off.
    whole = compact[:-1] if len(compact) % 4 == 1 else compact
    return base64.b64decode(whole + "=" * (-len(whole) % 4))
