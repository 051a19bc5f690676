"""Writing encoded frames, each with what makes it transparent, into a file that ffmpeg can pack from by copying.

Of the formats ffmpeg reads only Matroska keeps the second picture, that of the transparency, beside the first
(RFC 9559, BlockAdditions), so what is transparent is put in a row here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import BinaryIO, Final

#: Milliseconds of what is kept under one time of day, within what a block's 16 bits can say.
_CLUSTER: Final = 30_000


def write(
    file: BinaryIO, size: tuple[int, int], frames: Iterable[tuple[bytes, bytes, bool]], milliseconds: int
) -> None:
    """Write VP9 frames of `milliseconds` each: the picture, its transparency, and whether it needs no other."""
    width, height = size
    file.write(_element(0x1A45DFA3, _text(0x4282, "matroska"), _number(0x4287, 4), _number(0x4285, 2)))
    # A segment of unknown size: it goes on to the end of the file.
    file.write(b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff")
    file.write(_element(0x1549A966, _number(0x2AD7B1, 1_000_000), _text(0x4D80, "-"), _text(0x5741, "-")))
    picture = _element(0xE0, _number(0xB0, width), _number(0xBA, height), _number(0x53C0, 1))
    kind = (_number(0xD7, 1), _number(0x73C5, 1), _number(0x83, 1), _number(0x9C, 0), _text(0x86, "V_VP9"))
    file.write(_element(0x1654AE6B, _element(0xAE, *kind, _number(0x55EE, 1), picture)))
    cluster: list[bytes] = []
    begun = 0
    for count, (frame, alpha, key) in enumerate(frames):
        now = count * milliseconds
        if cluster and now - begun >= _CLUSTER:
            file.write(_element(0x1F43B675, _number(0xE7, begun), *cluster))
            cluster = []
        if not cluster:
            begun = now
        more = _element(0x75A1, _element(0xA6, _number(0xEE, 1), _element(0xA5, alpha)))
        parts = [_element(0xA1, b"\x81", struct.pack(">hB", now - begun, 0), frame), more, _number(0x9B, milliseconds)]
        if not key:
            parts.append(_signed(0xFB, -milliseconds))
        cluster.append(_element(0xA0, *parts))
    file.write(_element(0x1F43B675, _number(0xE7, begun), *cluster))


def _element(name: int, *content: bytes) -> bytes:
    size = sum(map(len, content))
    # Eight bytes for every size: simple, and nobody ships this file.
    return name.to_bytes((name.bit_length() + 7) // 8, "big") + struct.pack(">Q", size | 1 << 56) + b"".join(content)


def _number(name: int, value: int) -> bytes:
    return _element(name, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def _signed(name: int, value: int) -> bytes:
    return _element(name, struct.pack(">h", value))


def _text(name: int, value: str) -> bytes:
    return _element(name, value.encode())
