"""The outermost parts of a media file: which container it is, and what in it comes first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

_KNOWN: Final = {"mov,mp4,m4a,3gp,3g2,mj2": "mp4", "matroska,webm": "webm"}


def format_of(container: str, path: Path | None, codec: str | None = None) -> str:
    """One word for what ffmpeg has several for: mp4, mov, webm, mkv, mp3, wav, png, jpeg …

    `codec` is that of its picture, if it has any.
    """
    word = _KNOWN.get(container, container.removesuffix("_pipe"))
    if word == "image2" and codec is not None:
        # Of a JPEG with much before its picture, ffmpeg only believes the ending of its name.
        return "jpeg" if codec == "mjpeg" else codec
    if path is None or word not in ("mp4", "webm"):
        return word
    with path.open("rb") as file:
        begin = file.read(64)
    if word == "mp4":
        return "mov" if begin[4:12] == b"ftypqt  " else word
    return word if b"webm" in begin else "mkv"


def starts_fast(path: Path) -> bool:
    """Whether an MP4 or MOV says where everything is before the first of it: `moov` stands before `mdat`."""
    return next((name for name in boxes(path) if name in (b"moov", b"mdat")), b"") == b"moov"


def boxes(path: Path) -> Iterator[bytes]:
    """The names of an MP4's outermost boxes (ISO 14496-12, 4.2), as far as they can be read."""
    end, at = path.stat().st_size, 0
    with path.open("rb") as file:
        while at + 8 <= end:
            file.seek(at)
            head = file.read(16)
            yield head[4:8]
            size = int.from_bytes(head[:4], "big")
            if size == 1:
                size = int.from_bytes(head[8:16], "big")
            if size < 8:
                return
            at += size
