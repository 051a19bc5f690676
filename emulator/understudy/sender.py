"""Puts one delivery on the wire: resolves and judges the address, sends, and says what came back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from . import __version__
from .deliveries import Content, Delivery
from .targets import resolve

_CHUNK = 256 * 1024


class Sender:
    """The HTTP client behind the outbox. It follows no redirects and uses no proxy."""

    def __init__(self, *, allow_all_targets: bool = False) -> None:
        self._allow_all_targets = allow_all_targets
        # Each delivery brings its own, shorter patience.
        self._http = httpx.AsyncClient(trust_env=False, timeout=60.0, follow_redirects=False)

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def send(self, delivery: Delivery, content: Content) -> int:
        """Send what a delivery carries and return the receiver's status.

        Raises ForbiddenTarget for an address that may not be called, OSError (TimeoutError among them) when
        the receiver could not be reached or did not answer in time.
        """
        patience = delivery.policy.timeout
        try:
            # The receiver is a real program on a real machine: its time to answer is counted in real seconds.
            async with asyncio.timeout(patience):
                return await self._exchange(delivery, content)
        except TimeoutError as reason:
            raise TimeoutError(f"no answer within {patience:g} s") from reason
        except (httpx.HTTPError, httpx.InvalidURL) as reason:
            raise ConnectionError(f"{type(reason).__name__}: {reason}") from reason

    async def _exchange(self, delivery: Delivery, content: Content) -> int:
        target = await resolve(delivery.url, allow_all=self._allow_all_targets)
        request = self._http.build_request(
            delivery.method,
            target.url,
            content=content if isinstance(content, bytes) else _chunks(content),
            headers={
                "Host": target.host,
                "User-Agent": f"understudy/{__version__}",
                "Content-Type": delivery.content_type,
                "Content-Length": str(_size(content)),
            },
            extensions={"sni_hostname": target.server_name},
        )
        response = await self._http.send(request, stream=True)
        await response.aclose()
        return response.status_code


def _size(content: Content) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            yield chunk
