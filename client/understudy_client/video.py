"""What an MP4 or MOV file says of itself, read by walking its boxes (ISO/IEC 14496-12); no decoder needed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import BinaryIO

_HEADER = Struct(">I4s")
_LONG = Struct(">Q")
_SHORT = Struct(">I")


class NotAVideo(ValueError):
    """The file is no MP4 or MOV, is cut short, or holds no picture."""


@dataclass(frozen=True, slots=True)
class Video:
    """The measures of one video file."""

    width: int
    height: int
    #: Length of the presentation in seconds.
    seconds: float
    #: Size of the file in bytes.
    size: int
    has_sound: bool


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    start: int
    end: int


def read_video(path: str | os.PathLike[str]) -> Video:
    """Measure an MP4 or MOV file.

    Raises NotAVideo when it is neither, and OSError when it cannot be read.
    """
    with Path(path).open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        moov = _first(file, b"moov", 0, size)
        seconds = _seconds(file, moov)
        tracks = [box for box in _boxes(file, moov.start, moov.end) if box.kind == b"trak"]
        kinds = {_handler(file, track): track for track in reversed(tracks)}
        if b"vide" not in kinds:
            raise NotAVideo(f"{os.fspath(path)} has no video track")
        width, height = _dimensions(file, kinds[b"vide"])
        return Video(width, height, seconds, size, b"soun" in kinds)


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[_Box]:
    while start + _HEADER.size <= end:
        size, kind = _HEADER.unpack(_read(file, start, _HEADER.size))
        body = start + _HEADER.size
        if size == 1:
            (size,) = _LONG.unpack(_read(file, body, _LONG.size))
            body += _LONG.size
        stop = end if size == 0 else start + size
        if stop < body or stop > end:
            raise NotAVideo(f"a box at byte {start} is not as long as it says; the file is cut short or no video")
        yield _Box(kind, body, stop)
        start = stop


def _first(file: BinaryIO, kind: bytes, start: int, end: int) -> _Box:
    for box in _boxes(file, start, end):
        if box.kind == kind:
            return box
    raise NotAVideo(f"there is no {kind.decode()} box; the file is cut short, or no MP4 or MOV")


def _read(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    data = file.read(count)
    if len(data) < count:
        raise NotAVideo("the file ends inside a box")
    return data


def _seconds(file: BinaryIO, moov: _Box) -> float:
    header = _first(file, b"mvhd", moov.start, moov.end)
    # Version 1 has 64-bit times and length; the timescale sits between creation times and length.
    wide = _read(file, header.start, 1) == b"\x01"
    at = header.start + (20 if wide else 12)
    (timescale,) = _SHORT.unpack(_read(file, at, 4))
    number = _LONG if wide else _SHORT
    (length,) = number.unpack(_read(file, at + 4, number.size))
    if timescale == 0:
        raise NotAVideo("its timescale is zero")
    return float(length / timescale)


def _handler(file: BinaryIO, track: _Box) -> bytes:
    media = _first(file, b"mdia", track.start, track.end)
    handler = _first(file, b"hdlr", media.start, media.end)
    return _read(file, handler.start + 8, 4)


def _dimensions(file: BinaryIO, track: _Box) -> tuple[int, int]:
    header = _first(file, b"tkhd", track.start, track.end)
    # Width and height are its last eight bytes, as 16.16 fixed-point numbers.
    at = header.start + (88 if _read(file, header.start, 1) == b"\x01" else 76)
    data = _read(file, at, 8)
    return _SHORT.unpack_from(data)[0] >> 16, _SHORT.unpack_from(data, 4)[0] >> 16
