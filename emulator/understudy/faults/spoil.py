"""Spoils an answer on its way out: late, damaged, cut off, from a gateway instead, or never."""

import asyncio
import re
from collections.abc import Coroutine, Iterable
from typing import Any, Protocol

from starlette.types import Message, Send

from understudy.clock import Clock, live_until

from .strike import Strike

#: What tells a caller which faults touched an answer.
NAMES = b"x-understudy-fault"

#: So many of them at most, for clients take no longer headers; the journal has all.
_NAMED = 50

#: From which byte on media are damaged: the first of them say what kind of file it is, and stay.
_SIGNATURE = 16

#: Of the bytes of damaged media, every so manieth is another.
_STRIDE = 3

_FLIPPED = bytes(byte ^ 0xA5 for byte in range(256))

#: How often a slow body gets a piece, in seconds, unless a byte takes longer.
_BEAT = 0.1

_MEDIA = (b"video/", b"audio/", b"image/", b"application/octet-stream", b"application/zip")

_RANGE = re.compile(rb"bytes (\d+)-")

#: What stands before each part of a file in an answer of several (RFC 9110, 14.6).
_PARTS = b"multipart/byteranges"
_PART = re.compile(rb"--.*?content-range: bytes (\d+)-(\d+)", re.IGNORECASE | re.DOTALL)


class Reins(Protocol):
    """A hold on the connection that an answer goes out on."""

    def reset(self) -> None:
        """Break it off at once: the caller sees a reset."""
        ...

    def close(self) -> None:
        """Close it once what was written is gone."""
        ...

    async def until_gone(self) -> None:
        """Return when the connection is no more."""
        ...


def spoil(
    strike: Strike, send: Send, *, clock: Clock, reins: Reins | None, header: bool = True, until: float | None = None
) -> Send:
    """An ASGI `send` for one HTTP answer that does to it what a strike says.

    A `delay` is on the emulator's clock, from now on or over as soon as that has lived `until` then; a `trickle` is in
    real seconds: it is the caller's patience that it tries. With `header` the answer says what struck it. A connection
    is broken off by its `reins`; on a server that lends none, a ConnectionAbortedError ends the application instead,
    on which servers close it.
    """
    return _Spoiler(strike, send, clock, clock.lived() + strike.delay if until is None else until, reins, header)


async def unanswered(send: Send) -> None:
    """Play out, on a spoilt `send`, what becomes of a request that never reaches the provider."""
    await send({"type": "http.response.start", "status": 502, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def spoilt_text(strike: Strike, text: str) -> str | None:
    """What becomes of a message on a WebSocket; None when it is never sent. Resets and delays are the sender's."""
    if strike.connection is not None and strike.truncate is None:
        return None
    if strike.empty:
        return ""
    if strike.corrupt:
        text = text[:-1] + ","
    if strike.truncate is not None:
        text = text.encode()[: strike.truncate].decode("utf-8", "ignore")
    return text


def _told(names: tuple[str, ...]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(names if rest <= 0 else (*names[:_NAMED], f"and {rest} more"))


class _Spoiler:
    """One answer."""

    __slots__ = (
        *("_clock", "_header", "_held", "_left", "_media", "_of_part", "_over", "_position", "_reins", "_send"),
        *("_strike", "_until"),
    )

    def __init__(
        self, strike: Strike, send: Send, clock: Clock, until: float, reins: Reins | None, header: bool
    ) -> None:
        self._strike = strike
        self._send = send
        self._clock = clock
        self._until = until
        self._reins = reins
        self._header = header
        #: Nothing more of the answer goes out.
        self._over = False
        self._media = False
        #: Where in a file the next byte of the body is.
        self._position = 0
        #: How much of a part of it is still to come, in an answer of several.
        self._of_part: int | None = None
        #: The last byte of JSON so far: it is another if none follows.
        self._held = b""
        self._left = strike.truncate

    async def __call__(self, message: Message) -> None:
        """Send a part of the answer."""
        if self._over:
            return
        if message["type"] == "http.response.start":
            await self._start(message)
        elif message["type"] == "http.response.body":
            await self._body(message.get("body", b""), message.get("more_body", False))
        else:
            await self._send(message)

    async def _start(self, message: Message) -> None:
        strike = self._strike
        if strike.delay:
            await self._while_there(live_until(self._clock, self._until))
            if self._over:
                return
        if strike.connection is not None and (strike.truncate is None or not strike.reached):
            await self._end()
            return
        status, headers = message["status"], [(name.lower(), value) for name, value in message.get("headers", ())]
        page = None
        if strike.gateway is not None:
            page, status = strike.page.encode(), strike.gateway
            headers = [(b"content-type", b"text/html"), (b"content-length", b"%d" % len(page))]
        if strike.empty and status not in (204, 304):
            page = b""
            headers = [*_without(headers, b"content-length", b"transfer-encoding"), (b"content-length", b"0")]
        kind = _value(headers, b"content-type")
        self._media = kind.startswith((*_MEDIA, _PARTS))
        self._of_part = 0 if kind.startswith(_PARTS) else None
        if part := _RANGE.match(_value(headers, b"content-range")):
            self._position = int(part[1])
        if strike.content_type is not None:
            headers = [*_without(headers, b"content-type"), (b"content-type", strike.content_type.encode("latin-1"))]
        if self._header:
            headers.append((NAMES, _told(strike.names).encode("latin-1")))
        await self._send({**message, "status": status, "headers": headers})
        if page is not None:
            await self._body(page, False)
            self._over = True

    async def _body(self, body: bytes, more: bool) -> None:
        strike = self._strike
        if strike.corrupt:
            body = self._damaged(body, more)
        if self._left is not None:
            if len(body) > self._left:
                await self._write(body[: self._left], True)
                await self._end()
                return
            self._left -= len(body)
        await self._write(body, more)

    def _damaged(self, body: bytes, more: bool) -> bytes:
        if not self._media:
            # JSON never ends with a comma, and is as long as was said.
            body, self._held = self._held + body, b""
            if more:
                body, self._held = body[:-1], body[-1:]
                return body
            return body[:-1] + b"," if body else body
        if self._of_part is not None:
            if not self._of_part:
                # What is between the parts says where they belong, and is the connection's rather than the file's.
                if part := _PART.match(body):
                    self._position = int(part[1])
                    self._of_part = int(part[2]) - self._position + 1
                return body
            self._of_part -= len(body)
        first = max(0, _SIGNATURE - self._position)
        first += -(self._position + first) % _STRIDE
        damaged = bytearray(body)
        damaged[first::_STRIDE] = damaged[first::_STRIDE].translate(_FLIPPED)
        self._position += len(body)
        return bytes(damaged)

    async def _write(self, body: bytes, more: bool) -> None:
        rate = self._strike.trickle
        if rate is not None:
            size = max(1, int(rate * _BEAT))
            while len(body) > size and not self._over:
                await self._send({"type": "http.response.body", "body": body[:size], "more_body": True})
                body = body[size:]
                await self._while_there(asyncio.sleep(size / rate))
            if body and not self._over:
                await self._while_there(asyncio.sleep(len(body) / rate))
        if not self._over:
            await self._send({"type": "http.response.body", "body": body, "more_body": more})
            self._over = not more

    async def _end(self) -> None:
        """End the connection in the midst of the answer, or leave it as it is for as long as the caller waits."""
        self._over = True
        reins, connection = self._reins, self._strike.connection
        if reins is None:
            raise ConnectionAbortedError("a fault breaks the connection off here")
        if connection == "reset":
            reins.reset()
        elif connection is None:
            reins.close()
        await reins.until_gone()

    async def _while_there(self, wait: Coroutine[Any, Any, None]) -> None:
        """Wait, but for nobody: a caller who is gone gets nothing more."""
        if self._reins is None:
            await wait
            return
        waits = [asyncio.ensure_future(wait), asyncio.ensure_future(self._reins.until_gone())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            self._over = waits[1].done()
        finally:
            for one in waits:
                one.cancel()


def _without(headers: Iterable[tuple[bytes, bytes]], *names: bytes) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name not in names]


def _value(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes:
    return next((value for known, value in headers if known == name), b"")
