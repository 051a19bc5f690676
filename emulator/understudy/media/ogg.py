"""Opus packets in Ogg pages, read and written (RFC 3533 and RFC 7845): a row of packets that ffmpeg can read."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from .errors import MediaError

_PAGE: Final = struct.Struct("<4sBBqIIIB")
_CHECKSUM: Final = 22
_FIRST, _LAST = 2, 4

#: Packets of a page: few enough that their lengths fit into it whatever the packets are like.
_PACKETS: Final = 40

_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def packets(stream: bytes) -> list[bytes]:
    """The packets of a stream, the two of its head among them.

    Raises:
        MediaError: it is no Ogg, or breaks off.
    """
    found: list[bytes] = []
    part, at = b"", 0
    while at < len(stream):
        if len(stream) - at < _PAGE.size or not stream.startswith(b"OggS", at):
            raise MediaError("the sound on the shelf is no Ogg")
        count = stream[at + _PAGE.size - 1]
        at += _PAGE.size + count
        lengths = stream[at - count : at]
        for length in lengths:
            part += stream[at : at + length]
            at += length
            if length < 255:
                found.append(part)
                part = b""
    if at > len(stream) or part or len(found) < 2:
        raise MediaError("the sound on the shelf breaks off")
    return found


def pages(head: Sequence[bytes], row: Iterable[bytes], count: int, samples: int) -> Iterator[bytes]:
    """Pages of a stream: the two packets of its head, then `count` more, each of so many samples."""
    yield _page(head[:1], 0, 0, _FIRST)
    yield _page(head[1:], 0, 1, 0)
    left = iter(row)
    for number, begun in enumerate(range(0, count, _PACKETS), 2):
        ended = min(count, begun + _PACKETS)
        yield _page(list(islice(left, _PACKETS)), ended * samples, number, _LAST if ended == count else 0)


def _page(packets: Sequence[bytes], moment: int, number: int, kind: int) -> bytes:
    lengths = b"".join(b"\xff" * (len(packet) // 255) + bytes((len(packet) % 255,)) for packet in packets)
    page = b"".join((_PAGE.pack(b"OggS", 0, kind, moment, 0, number, 0, len(lengths)), lengths, *packets))
    return page[:_CHECKSUM] + struct.pack("<I", _checksum(page)) + page[_CHECKSUM + 4 :]


def _checksum(page: bytes) -> int:
    """Ogg's CRC: that of zlib with every bit the other way round, and neither end inverted."""
    mirrored = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_REVERSED), "big")
