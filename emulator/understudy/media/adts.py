"""AAC frames one after another, each with the short head that says how long it is (ISO 13818-7, 6.2)."""

from __future__ import annotations

from .errors import MediaError

_HEAD = 7


def frames(stream: bytes) -> list[bytes]:
    """The frames of a stream, each with its head.

    Raises:
        MediaError: it is no such stream, or breaks off.
    """
    found, at = [], 0
    while at < len(stream):
        head = stream[at : at + _HEAD]
        length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5 if len(head) == _HEAD else 0
        if length < _HEAD or head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or at + length > len(stream):
            raise MediaError("the sound on the shelf is no AAC, or breaks off")
        found.append(stream[at : at + length])
        at += length
    return found
