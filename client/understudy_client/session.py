"""What the clients of all providers have in common: connections, and files fetched over them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import httpx

from .client import AsyncDriver, Driver
from .download import Arrival, fetch
from .jobs import Job
from .settings import Settings
from .trust import trusted

#: Told bytes so far, and bytes in all when the server says how many.
Received = Callable[[int, int | None], object]


def job_named(job: Job | str) -> Job:
    """Take a job as it is, or by its id."""
    return job if isinstance(job, Job) else Job(job)


class Located(Protocol):
    """Something that is at a URL, as every result is."""

    @property
    def url(self) -> str:
        """Where it is."""


def _url(result: Located | str) -> str:
    return result if isinstance(result, str) else result.url


class Session:
    """Connections that block, closed at the end of a `with`."""

    def __init__(self, settings: Settings, http: httpx.Client | None) -> None:
        self.base_url = settings.base_url
        self._backoff = settings.backoff
        self._owns_http = http is None
        self._driver = Driver(
            http or httpx.Client(timeout=settings.timeout, verify=trusted()),
            settings.key,
            settings.timeout,
            settings.credential,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, unless they are of a client that you passed in."""
        if self._owns_http:
            self._driver.http.close()

    def download(
        self,
        result: Located | str,
        path: str | os.PathLike[str],
        *,
        on_progress: Received | None = None,
        resume: bool = True,
    ) -> Path:
        """Fetch a result, or any URL, into a file that appears whole or not at all.

        Bytes gather in `<path>.part`. With `resume`, a broken transfer goes on where it stopped, also one of
        an earlier run, as long as the server says it is still the same file.
        on_progress: called with bytes so far, and bytes in all when the server says how many.

        Raises DownloadFailed when the URL has expired or the transfer stays broken.
        """
        arrival = Arrival(Path(path), on_progress, resume)
        return self._driver.run(fetch(_url(result), arrival, self._backoff))


class AsyncSession:
    """Connections for async code, closed at the end of an `async with`."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient | None) -> None:
        self.base_url = settings.base_url
        self._backoff = settings.backoff
        self._owns_http = http is None
        client = http or httpx.AsyncClient(timeout=settings.timeout, verify=trusted())
        self._driver = AsyncDriver(client, settings.key, settings.timeout, settings.credential)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections that are this client's own."""
        if self._owns_http:
            await self._driver.http.aclose()

    async def download(
        self,
        result: Located | str,
        path: str | os.PathLike[str],
        *,
        on_progress: Received | None = None,
        resume: bool = True,
    ) -> Path:
        """Fetch a result into a file; see `Session.download`."""
        arrival = Arrival(Path(path), on_progress, resume)
        return await self._driver.run(fetch(_url(result), arrival, self._backoff))
