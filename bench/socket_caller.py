"""A caller that talks WebSocket, no dearer than the one that talks HTTP: messages are built beforehand."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from .caller import Caller, UnexpectedAnswer

#: What the `websockets` package offers, on which the official Python SDKs are built.
_OFFER = "sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n"
_HELLO = (
    "GET /v1 HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    "sec-websocket-version: 13\r\nsec-websocket-key: dW5kZXJzdHVkeS1iZW5jaA==\r\n{offer}\r\n"
)
_TEXT, _COMPRESSED, _MASKED = 0x81, 0xC1, 0x80


def message(*tasks: dict[str, Any]) -> bytes:
    """The bytes of one text message that carries some tasks; its mask is all zeroes, which changes nothing."""
    payload = json.dumps(tasks, separators=(",", ":")).encode()
    length = len(payload)
    if length > 0xFFFF:
        raise ValueError("the load has no need of longer messages")
    size = bytes([_MASKED | length]) if length < 126 else bytes([_MASKED | 126]) + length.to_bytes(2)
    return bytes([_TEXT]) + size + bytes(4) + payload


class SocketCaller(Caller):
    """A socket that was let in, and says its messages one after the other's answer."""

    #: What the handshake asks for beyond a plain socket.
    offer = ""

    def __init__(self, waiting: Iterator[bytes], keep: Callable[[bytes], None] | None = None) -> None:
        super().__init__(waiting, keep)
        self._upgraded = False

    def opened(self) -> None:
        self._transport.write(_HELLO.format(offer=self.offer).encode())

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._upgraded:
            head, end, rest = self._received.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head[:16]:
                self.fail(UnexpectedAnswer(head.decode("utf-8", "replace")))
                return
            self._upgraded, self._received = True, rest
            self._transport.write(message({"taskType": "authentication", "apiKey": "bench"}))
        answer = self._answer()
        if answer is None:
            return
        if self.ready.done():
            self.next()
        else:
            self.ready.set_result(None)

    def _answer(self) -> bytes | None:
        """The payload of the message that was received, once it is whole: there is never more than one."""
        received = self._received
        if len(received) < 2:
            return None
        length, at = received[1], 2
        if length > 125:
            at = 4 if length == 126 else 10
            length = int.from_bytes(received[2:at])
        if len(received) < at + length:
            return None
        payload, self._received = received[at:], b""
        if received[0] not in (_TEXT, _COMPRESSED) or b'"errors"' in payload:
            self.fail(UnexpectedAnswer(received.decode("utf-8", "replace")))
            return None
        return payload


class CompressingCaller(SocketCaller):
    """One that can take compressed messages; what it says itself is as plain as it may be, so the server inflates none.

    Good for being there and saying nothing: it cannot read a compressed error.
    """

    offer = _OFFER
