"""Moving H.264 frames of a strip to the foot of a larger picture, so that what moves is all that is ever encoded.

A frame of which most stands still says so with one number: how many blocks to skip before the first that is told
anew. Raising that number by the blocks above the strip makes a frame of the strip one of the larger picture. That
holds as long as no block of the strip leans on what is above it: its first row of blocks must stand still, and
blocks without a history may not look at their neighbours with one (`constrained-intra`).

The syntax is that of ITU-T H.264 (7.3.3 slice header, 7.3.4 slice data), as x264 writes it without B-frames:
one slice a frame, one reference, CAVLC, frame numbers of four bits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import MediaError

_START = b"\x00\x00\x00\x01"
#: What begins every frame in a stream with access unit delimiters.
ACCESS_UNIT = b"\x00\x00\x00\x01\x09"
_SLICE, _FRAME_NUMBER_BITS = 1, 4
#: Bytes of a slice among which its header is.
_LONGEST_HEADER = 32
#: What must not stand in a payload (7.4.1), and is told apart by a three.
_LIKE_A_START = re.compile(rb"\x00\x00(?=[\x00-\x03])")


def frames_of(stream: bytes) -> list[bytes]:
    """Cut a stream into its frames."""
    return [ACCESS_UNIT + unit for unit in stream.split(ACCESS_UNIT)[1:]]


@dataclass(frozen=True, slots=True)
class Moved:
    """A frame of a strip, ready to be put at the foot of a picture under any frame number."""

    opening: bytes
    #: The bits up to the frame number, those between it and the first block that is told, and what follows.
    before: str
    between: str
    rest: int
    rest_bits: int

    @classmethod
    def of(cls, frame: bytes, columns: int, rows_above: int) -> Moved:
        """Move a frame down by rows of blocks, of which each has `columns`.

        Raises:
            MediaError: the frame is none that can be moved.
        """
        at = next((i for i in _units(frame) if frame[i] & 0x1F == _SLICE), None)
        if at is None:
            raise MediaError("a frame of the strip has no slice")
        payload = frame[at + 1 :].replace(b"\x00\x00\x03", b"\x00\x00").rstrip(b"\x00")
        reader = _Reader("".join(f"{byte:08b}" for byte in payload[:_LONGEST_HEADER]))
        for _ in range(3):  # first block, kind, parameter set
            reader.exponential()
        number_at = reader.at
        reader.at += _FRAME_NUMBER_BITS
        if reader.bit() or reader.bit():
            raise MediaError("a frame of the strip chooses its references")
        if frame[at] >> 5 and reader.bit():
            raise MediaError("a frame of the strip marks its references")
        reader.exponential()  # the quantizer
        if reader.exponential() != 1:
            raise MediaError("a frame of the strip is smoothed across its blocks")
        skip_at = reader.at
        skipped = reader.exponential()
        if skipped < columns:
            raise MediaError("the first row of the strip moves")
        # What ends a slice is a one, and zeros up to the byte.
        whole = int.from_bytes(payload, "big")
        filling = (whole & -whole).bit_length() - 1
        rest_bits = len(payload) * 8 - filling - reader.at
        return cls(
            opening=ACCESS_UNIT + b"\xf0" + _START + frame[at : at + 1],
            before=reader.bits[:number_at],
            between=reader.bits[number_at + _FRAME_NUMBER_BITS : skip_at]
            + _exponential(skipped + columns * rows_above),
            rest=whole >> filling & (1 << rest_bits) - 1,
            rest_bits=rest_bits,
        )

    def numbered(self, number: int) -> bytes:
        """The frame as the stream holds it, under a frame number."""
        head = f"{self.before}{number % 16:04b}{self.between}"
        bits = len(head) + self.rest_bits
        size = -(-bits // 8)
        payload = (int(head, 2) << self.rest_bits | self.rest) << size * 8 - bits
        return self.opening + _LIKE_A_START.sub(b"\x00\x00\x03", payload.to_bytes(size, "big"))


class _Reader:
    """Reads bits from left to right."""

    def __init__(self, bits: str) -> None:
        self.bits = bits
        self.at = 0

    def bit(self) -> bool:
        self.at += 1
        return self.bits[self.at - 1] == "1"

    def exponential(self) -> int:
        """An Exp-Golomb number (9.1); a signed one is given as its unsigned code."""
        one = self.bits.index("1", self.at)
        end = 2 * one - self.at + 1
        value = int(self.bits[one:end], 2) - 1
        self.at = end
        return value


def _exponential(value: int) -> str:
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits


def _units(frame: bytes) -> list[int]:
    """Where the units of a frame begin, their start codes skipped."""
    found, at = [], frame.find(b"\x00\x00\x01")
    while at >= 0:
        found.append(at + 3)
        at = frame.find(b"\x00\x00\x01", at + 3)
    return found
