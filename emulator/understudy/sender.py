"""Puts one delivery on the wire: resolves and judges the address, sends, and says what came back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx

from . import __version__
from .deliveries import Attempt, Content, Delivery, Headers
from .faults import NOTHING, Strike
from .targets import resolve

_CHUNK = 256 * 1024

#: Real seconds that anything may take at most.
_LONGEST = 120.0

#: How many clients without work are kept, and what each keeps: the connection it had last.
_CLIENTS = 64
_ONE = httpx.Limits(max_connections=None, max_keepalive_connections=1)

#: Real seconds for which the rest of an answer is waited for, once its status is known.
_ANSWER = 1.0


class Sender:
    """The HTTP client behind the outbox. It follows no redirects and uses no proxy."""

    def __init__(self, *, allow_all_targets: bool = False) -> None:
        self._allow_all_targets = allow_all_targets
        self._verify = httpx.create_ssl_context(trust_env=False)
        # Each delivery has a client to itself: with every connection that a client has it takes longer to choose one.
        self._idle: list[httpx.AsyncClient] = []

    async def close(self) -> None:
        """Close every connection."""
        for client in self._idle:
            await client.aclose()

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[httpx.AsyncClient]:
        if self._idle:
            client = self._idle.pop()
        else:
            # Each delivery brings its own, shorter patience.
            client = httpx.AsyncClient(
                trust_env=False, timeout=_LONGEST, follow_redirects=False, verify=self._verify, limits=_ONE
            )
        try:
            yield client
        finally:
            if len(self._idle) < _CLIENTS:
                self._idle.append(client)
            else:
                await client.aclose()

    async def send(self, delivery: Delivery, content: Content, attempt: Attempt) -> None:
        """Send what a delivery carries, spoilt where a fault says so, and fill in what was sent and answered.

        Raises ForbiddenTarget for an address that may not be called, OSError (TimeoutError among them) when
        the receiver could not be reached or did not answer in time.
        """
        parcel = _Parcel(delivery, content)
        async with self._client() as client:
            await self._send(client, delivery, parcel, attempt)

    async def _send(self, client: httpx.AsyncClient, delivery: Delivery, parcel: "_Parcel", attempt: Attempt) -> None:
        patience = delivery.policy.timeout
        try:
            # The receiver is a real program on a real machine: its time to answer is counted in real seconds.
            async with asyncio.timeout(patience + parcel.seconds):
                response = await self._exchange(client, delivery, parcel, attempt)
        except TimeoutError as reason:
            raise TimeoutError(f"no answer within {patience:g} s") from reason
        except _CutShort as reason:
            raise ConnectionError(str(reason)) from reason
        except (httpx.HTTPError, httpx.InvalidURL) as reason:
            raise ConnectionError(f"{type(reason).__name__}: {reason}") from reason
        attempt.status = response.status_code
        attempt.response_headers = _headers(response)
        try:
            # What a receiver says beside its status is nice to know, and changes nothing.
            with suppress(TimeoutError, httpx.HTTPError):
                async with asyncio.timeout(_ANSWER):
                    async for piece in response.aiter_raw():
                        attempt.response_body += piece[: Attempt.RESPONSE_KEPT - len(attempt.response_body)]
                        if len(attempt.response_body) == Attempt.RESPONSE_KEPT:
                            break
        finally:
            await response.aclose()

    async def _exchange(
        self, client: httpx.AsyncClient, delivery: Delivery, parcel: "_Parcel", attempt: Attempt
    ) -> httpx.Response:
        target = await resolve(delivery.url, allow_all=self._allow_all_targets)
        request = client.build_request(
            delivery.method,
            target.url,
            content=parcel.content,
            headers={
                "Host": target.host,
                "User-Agent": f"understudy/{__version__}",
                "Accept-Encoding": "identity",
                "Content-Type": parcel.content_type,
                "Content-Length": str(parcel.size),
            },
            extensions={"sni_hostname": target.server_name},
        )
        attempt.request_headers, attempt.request_size = _headers(request), parcel.going
        attempt.request_body = None if parcel.body is None else parcel.body[: min(parcel.going, Attempt.REQUEST_KEPT)]
        return await client.send(request, stream=True)


class _CutShort(Exception):
    """A fault ends the connection in the middle of a body."""


class _Parcel:
    """The content of a delivery, as it goes out."""

    def __init__(self, delivery: Delivery, content: Content) -> None:
        strike = delivery.strike or NOTHING
        self.content_type = strike.content_type or delivery.content_type
        #: The bytes, None for a file.
        self.body: bytes | None = None
        #: Real seconds that sending takes on purpose.
        self.seconds = 0.0
        self.content: bytes | AsyncIterator[bytes]
        if isinstance(content, Path):
            self.size = self.going = content.stat().st_size
            self.content = _chunks(content)
            return
        self.content = self.body = body = _spoilt(content, strike)
        self.size = len(body)
        # A connection breaks once: the next try is whole. What a provider sends wrongly is the same each time.
        cut = strike.truncate if not delivery.tries else None
        #: How many bytes go out of those that are announced.
        self.going = self.size if cut is None else min(cut, self.size)
        if strike.trickle is not None:
            self.seconds = min(self.size / strike.trickle, _LONGEST)
        if strike.trickle is not None or self.going < self.size:
            self.content = _slowly(body, strike.trickle, cut)


def _spoilt(body: bytes, strike: Strike) -> bytes:
    if strike.empty:
        return b""
    # JSON never ends with a comma, and is as long as was said.
    return body[:-1] + b"," if strike.corrupt and body else body


async def _slowly(body: bytes, rate: float | None, cut: int | None) -> AsyncIterator[bytes]:
    """A body at so many bytes a real second, or its beginning if the connection is to end in the middle of it."""
    for piece in _pieces(body[:cut], rate):
        yield piece
        if rate is not None:
            await asyncio.sleep(len(piece) / rate)
    if cut is not None and cut < len(body):
        raise _CutShort(f"the connection was ended after {cut} of {len(body)} bytes, as a fault asked")


def _pieces(body: bytes, rate: float | None) -> Iterator[bytes]:
    size = _CHUNK if rate is None else max(1, int(rate / 10))
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            yield chunk


def _headers(message: httpx.Request | httpx.Response) -> Headers:
    return tuple((str(name, "latin-1"), str(value, "latin-1")) for name, value in message.headers.raw)
