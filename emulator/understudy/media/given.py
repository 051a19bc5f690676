"""What callers give: their pictures and recordings, kept on the shelf by what they are for placeholders to use."""

from __future__ import annotations

import asyncio
import io
import logging
import re
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from .shelf import Shelf
from .sources import IMAGE_FORMATS, content_of, duration, image_aspect, on_loopback

if TYPE_CHECKING:
    from PIL import Image

log = logging.getLogger("understudy.media")

#: Pixels of the longer side that are kept of a picture.
LARGEST_SIDE: Final = 2048

#: A picture of more pixels is not decoded: it would take more memory than it is worth.
MOST_PIXELS: Final = 50_000_000

#: Bytes of one picture or recording that are read.
MOST_BYTES: Final = 50 * 1024 * 1024

#: How many recordings of one request are looked at.
MOST_RECORDINGS: Final = 32

#: Seconds in which a file on this machine has to be there.
PATIENCE: Final = 2.0

#: How many of them are decoded at a time, for all requests together.
_AT_ONCE: Final = 2

#: Whatever is longer than this is the media itself, and no name of it; what is shorter than that is none.
_LONGEST_NAME: Final = 4096
_SHORTEST_MEDIA: Final = 40

_NAME: Final = re.compile(r"[0-9a-f]{40}\.(?:picture|recording)")

#: The kinds of pixels that can be made fewer as they are.
_DRAWABLE: Final = frozenset({"RGB", "RGBA", "L", "LA", "CMYK", "YCbCr"})

#: Pillow's warnings can only be silenced for all threads together.
_OPENING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Given:
    """What came of the media of a request.

    `lengths` are seconds of each recording by its source, and `names` what the files are kept as by the part they
    play: `subject`, `backdrop`, `recording 0` and so on. What could not be read or kept is in neither. `aspect` is the
    width of the subject divided by its height.
    """

    lengths: Mapping[str, float] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    aspect: float | None = None


NOTHING_GIVEN: Final = Given()


class Intake:
    """Reads what requests give, and keeps it on the shelf: the same bytes once, whoever gives them.

    Media are taken from data URIs, base64, files that were handed in, and http URLs on loopback: no other host is
    ever asked. Where `fetches` is false, others than this machine's people may send requests, and must not see
    through them what only this machine may read: of a recording on loopback then only the length is told.
    """

    def __init__(self, shelf: Shelf, *, fetches: bool) -> None:
        self._shelf = shelf
        self._fetches = fetches
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._untidied = 0

    async def take(
        self, pictures: Mapping[str, str], recordings: Iterable[str], ours: Callable[[str], Path | None]
    ) -> Given:
        """Keep the media of a request: pictures by the part they play, and recordings in their order.

        `ours` knows the file behind a name or a URL that leads back to ourselves. Never raises.
        """
        sources = tuple(islice(dict.fromkeys(recordings), MOST_RECORDINGS))
        if not pictures and not sources:
            # Almost always: and to gather nothing takes a turn of the loop.
            return NOTHING_GIVEN
        shown = [(role, source, path) for role, source in pictures.items() if (path := self._place(source, ours))]
        heard = [(source, path) for source in sources if (path := self._place(source, ours))]
        if not shown and not heard:
            return NOTHING_GIVEN
        seen, listened = await asyncio.gather(
            asyncio.gather(*(self._picture(source, place) for _, source, place in shown)),
            asyncio.gather(*(self._recording(source, place) for source, place in heard)),
        )
        names, lengths, aspect = dict[str, str](), dict[str, float](), None
        for (role, _, _), (name, shape) in zip(shown, seen, strict=True):
            if name is not None:
                names[role] = name
            if role == "subject":
                aspect = shape
        for (source, _), (name, seconds) in zip(heard, listened, strict=True):
            if name is not None:
                names[recording_role(sources.index(source))] = name
            if seconds is not None:
                lengths[source] = seconds
        return Given(lengths, names, aspect)

    def _place(self, source: str, ours: Callable[[str], Path | None]) -> Path | Literal["here", "loopback"] | None:
        """Where a source leads: to a file of ours, to itself, to another program of this machine, or nowhere."""
        if len(source) <= _LONGEST_NAME and source[:5].lower() != "data:":
            own = ours(source)
            if own is not None:
                return own
            if source[:7].lower() == "http://" and on_loopback(source):
                return "loopback"
        is_here = len(source) >= _SHORTEST_MEDIA and "://" not in source[:_LONGEST_NAME]
        return "here" if is_here or source[:5].lower() == "data:" else None

    async def _picture(self, source: str, place: Path | str) -> tuple[str | None, float | None]:
        if place == "loopback" and not self._fetches:
            return None, None
        data = await _read(source, place)
        if data is None:
            return None, None
        async with self._turns:
            return await asyncio.to_thread(self._keep_picture, data)

    async def _recording(self, source: str, place: Path | str) -> tuple[str | None, float | None]:
        data = await _read(source, place)
        if data is None:
            return None, None
        keeps = place != "loopback" or self._fetches
        async with self._turns:
            return await asyncio.to_thread(self._keep_recording, data, keeps)

    def _keep_picture(self, data: bytes) -> tuple[str | None, float | None]:
        aspect = image_aspect(data)
        if aspect is None:
            return None, None
        return self._keep(data, "picture", _redrawn), aspect

    def _keep_recording(self, data: bytes, keeps: bool) -> tuple[str | None, float | None]:
        seconds = duration(data)
        if seconds is None or not keeps:
            return None, seconds
        return self._keep(data, "recording", lambda data: data), seconds

    def _keep(self, data: bytes, kind: str, made: Callable[[bytes], bytes | None]) -> str | None:
        name = f"{sha256(data).hexdigest()[:40]}.{kind}"
        if self._shelf.find(name) is not None:
            return name
        content = made(data)
        if content is None:
            return None
        try:
            with self._shelf.hold(name):
                with self._shelf.draft(name) as path:
                    path.write_bytes(content)
                self._untidied += len(content)
                # To look through the whole shelf after each file would take longer than to keep it.
                if self._untidied > self._shelf.max_bytes // 16:
                    self._untidied = 0
                    self._shelf.tidy()
        except OSError as problem:
            log.warning("A %s that a request gave cannot be kept: %s", kind, problem)
            return None
        return name


def recording_role(index: int) -> str:
    """What the recording of that number is kept by among the names of a request's media."""
    return f"recording {index}"


def check_name(name: str) -> str:
    """The name of a file that a caller gave, as it is.

    Raises:
        ValueError: no such file is ever called that.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"media that were given are never called {name!r:.100}")
    return name


async def _read(source: str, place: Path | str) -> bytes | None:
    if isinstance(place, Path):
        return await asyncio.to_thread(_read_file, place)
    content = await content_of(source, timeout=PATIENCE, limit=MOST_BYTES)
    return None if content is None or len(content.data) > MOST_BYTES else content.data


def _read_file(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError:
        # It was deleted meanwhile.
        return None
    return data if len(data) <= MOST_BYTES else None


def _redrawn(data: bytes) -> bytes | None:
    """A picture as it is shown, of a bearable size and without anything but its pixels; None when it is no picture."""
    from PIL import Image, ImageOps  # late: start-up time

    try:
        with _OPENING, warnings.catch_warnings():
            # Of pictures that claim to be monstrous we warn nobody: they are not decoded.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=IMAGE_FORMATS)
        with image:
            if image.width * image.height > MOST_PIXELS:
                return None
            lossy = image.format in ("JPEG", "WEBP")
            drawn = image if image.mode in _DRAWABLE else _plain(image)
            drawn.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
            plain = _plain(ImageOps.exif_transpose(drawn))
    except Exception:  # noqa: BLE001 - decoders of hostile bytes raise whatever they like, and None is the answer
        return None
    plain.info.clear()
    written = io.BytesIO()
    if lossy and plain.mode == "RGB":
        plain.save(written, "JPEG", quality=92, subsampling=0)
    else:
        plain.save(written, "PNG", compress_level=1)
    return written.getvalue()


def _plain(image: Image.Image) -> Image.Image:
    """The image in colours of eight bits, with its transparency if it has any."""
    if image.mode.startswith("I"):
        # Sixteen bits of grey; a mere conversion would make white of all but the darkest.
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")
