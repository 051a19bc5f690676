"""Reading the messages of a WebSocket out of the bytes that pass by, without being one of its ends (RFC 6455, RFC 7692)."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_TEXT, _BINARY, _CLOSE = 1, 2, 8

#: What a sender leaves out at the end of each compressed message.
_DEFLATE_TAIL = b"\x00\x00\xff\xff"


@dataclass(frozen=True, slots=True)
class Message:
    """One whole message or control frame, decompressed and without its mask."""

    opcode: int
    payload: bytes

    @property
    def text(self) -> str:
        """What a text message says; nothing for any other."""
        return self.payload.decode() if self.opcode == _TEXT else ""

    @property
    def is_close(self) -> bool:
        return self.opcode == _CLOSE


class MessageReader:
    """Cuts one direction of a connection into the handshake and its messages.

    `feed` yields the raw bytes of each piece that is complete, with the message they are, or None for the handshake.
    A connection that turns out to be no WebSocket is passed on as it comes.
    """

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._is_websocket: bool | None = None
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        #: The message whose last fragment has not come: opcode, whether it is compressed, payload and raw bytes so far.
        self._begun: tuple[int, bool, bytearray, bytearray] | None = None

    def feed(self, chunk: bytes) -> Iterator[tuple[bytes, Message | None]]:
        self._waiting += chunk
        if self._is_websocket is None:
            head, end, _ = self._waiting.partition(b"\r\n\r\n")
            if not end:
                return
            self._is_websocket = b"\r\nsec-websocket-" in head.lower()
            yield self._take(len(head) + len(end)), None
        if not self._is_websocket:
            if self._waiting:
                yield self._take(len(self._waiting)), None
            return
        while (whole := self._frame()) is not None:
            yield from self._assembled(*whole)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._waiting[:count])
        del self._waiting[:count]
        return taken

    def _frame(self) -> tuple[int, bytes, bytes] | None:
        """The next frame, once it is there: its first byte, its payload, and all its bytes."""
        seen = self._waiting
        if len(seen) < 2:
            return None
        length, at = seen[1] & 0x7F, 2
        if length >= 126:
            at = 4 if length == 126 else 10
            length = int.from_bytes(seen[2:at])
        masked = seen[1] >> 7
        end = at + 4 * masked + length
        if len(seen) < end:
            return None
        payload = bytes(seen[end - length : end])
        if masked:
            mask = (bytes(seen[at : at + 4]) * (length // 4 + 1))[:length]
            payload = (int.from_bytes(payload) ^ int.from_bytes(mask)).to_bytes(length)
        return seen[0], payload, self._take(end)

    def _assembled(self, first: int, payload: bytes, raw: bytes) -> Iterator[tuple[bytes, Message]]:
        """The message that a frame completes; a control frame may come between two fragments of another message."""
        final, compressed, opcode = bool(first & 0x80), bool(first & 0x40), first & 0x0F
        if opcode > _BINARY:
            yield raw, Message(opcode, payload)
            return
        if self._begun is None:
            self._begun = opcode, compressed, bytearray(), bytearray()
        opcode, compressed, content, bytes_so_far = self._begun
        content += payload
        bytes_so_far += raw
        if final:
            self._begun = None
            plain = self._inflate.decompress(bytes(content) + _DEFLATE_TAIL) if compressed else bytes(content)
            yield bytes(bytes_so_far), Message(opcode, plain)
