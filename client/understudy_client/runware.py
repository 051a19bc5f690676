"""Runware's clients: one for threads, one for async code, one logic (`runware_verbs.py`) behind both."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from . import runware_codec as codec
from .client import AsyncDriver, Driver
from .download import Arrival, fetch
from .errors import AuthError
from .flow import Backoff, Deadline
from .jobs import Job, JobStatus, VideoResult
from .runware_verbs import PATIENCE, Poll, Progress, Verbs
from .webhooks import WebhookEvent, parse_webhook

#: Where the provider lives (its authentication page).
PRODUCTION = "https://api.runware.ai/v1"

DEFAULT_TIMEOUT = httpx.Timeout(60.0, connect=10.0)


class _Settings:
    """What both clients are told, and the verbs made of it."""

    def __init__(
        self, api_key: str | None, base_url: str | None, timeout: float | httpx.Timeout, max_retries: int
    ) -> None:
        key = api_key or os.environ.get("RUNWARE_API_KEY")
        if not key:
            raise AuthError("there is no API key", provider=codec.PROVIDER, billed=False)
        if not key.isascii() or not key.isprintable() or " " in key:
            # Said here, because HTTP libraries print the header they cannot send, key and all.
            raise AuthError("the API key has a space or a sign that no key has", provider=codec.PROVIDER, billed=False)
        url = (base_url or os.environ.get("RUNWARE_BASE_URL") or PRODUCTION).rstrip("/")
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"base_url must start with http:// or https://, not {url!r}")
        self.base_url = url
        self.backoff = Backoff(retries=max_retries)
        self.verbs = Verbs(url, self.backoff)
        self.key = key
        self.timeout = timeout if isinstance(timeout, httpx.Timeout) else httpx.Timeout(timeout)


def _job(job: Job | str) -> Job:
    return job if isinstance(job, Job) else Job(job)


def _url(result: VideoResult | str) -> str:
    return result if isinstance(result, str) else result.url


class RunwareClient:
    """Make videos with Runware.

        with RunwareClient() as client:
            [video] = client.generate(
                model="heygen:avatar@4",
                inputs={"avatar": "man_casual_young_adult_2"},
                speech={"text": "Good evening, night owls."},
            )
            client.download(video, "owls.mp4")

    api_key: or the variable RUNWARE_API_KEY. base_url: or RUNWARE_BASE_URL, or the provider's own.
    timeout: seconds each step of an exchange may take. max_retries: how often a request is sent again after
    408, 429, any 5xx or a lost connection; a submit carries the same taskUUID each time, so no retry pays
    twice. http: an httpx client of yours (proxies, certificates); it stays open when this one closes.

    Raises AuthError when there is no key, or one that cannot be sent; ValueError for a base_url that is none.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float | httpx.Timeout = DEFAULT_TIMEOUT,
        max_retries: int = 4,
        http: httpx.Client | None = None,
    ) -> None:
        settings = _Settings(api_key, base_url, timeout, max_retries)
        self.base_url = settings.base_url
        self._verbs, self._backoff = settings.verbs, settings.backoff
        self._owns_http = http is None
        self._driver = Driver(http or httpx.Client(timeout=settings.timeout), settings.key, settings.timeout)

    def __repr__(self) -> str:
        return f"RunwareClient(base_url={self.base_url!r})"

    def __enter__(self) -> RunwareClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, unless they are of a client that you passed in."""
        if self._owns_http:
            self._driver.http.close()

    def submit(self, request: Mapping[str, Any] | None = None, /, **fields: Any) -> Job:
        """Hand in a task and return at once; at most one job comes of it, however bad the connection.

        request, fields: the task in the provider's own words, as one mapping, as keywords, or both. taskType
        and deliveryMethod may be left out, and so may taskUUID, which then is a fresh one.

        Raises ProviderError when it is refused, TaskConflict when its taskUUID was used before, and
        ConnectionFailed when no answer came: `error.billed` then says whether a job may exist, and its
        description how to find out.
        """
        return self._driver.run(self._verbs.submit(codec.prepare(request or {}, fields)))

    def status(self, job: Job | str) -> JobStatus:
        """Look at a job once: finished videos, failures, and how many are still to come."""
        return self._driver.run(self._verbs.status(_job(job)))

    def wait(
        self,
        job: Job | str,
        *,
        deadline: float | None = PATIENCE,
        poll: Poll | None = None,
        cancel: threading.Event | None = None,
        on_progress: Progress | None = None,
    ) -> list[VideoResult]:
        """Wait for all videos of a job and return them.

        deadline: seconds to wait at most, None for ever. cancel: set it from anywhere to stop waiting.
        on_progress: called with a JobStatus after every look.

        Raises ProviderError when a video failed, with the finished ones in `error.results`; DeadlineExceeded
        and Cancelled when the wait ended first. The job itself cannot be stopped: the provider has no call
        for it.
        """
        flow = self._verbs.wait(_job(job), Deadline(deadline), poll or Poll(), on_progress)
        return self._driver.run(flow, cancel)

    def generate(
        self,
        request: Mapping[str, Any] | None = None,
        /,
        *,
        deadline: float | None = PATIENCE,
        poll: Poll | None = None,
        cancel: threading.Event | None = None,
        on_progress: Progress | None = None,
        **fields: Any,
    ) -> list[VideoResult]:
        """Submit a task and wait for its videos: `submit` and `wait` in one, with the errors of both."""
        task = codec.prepare(request or {}, fields)
        flow = self._verbs.generate(task, Deadline(deadline), poll or Poll(), on_progress)
        return self._driver.run(flow, cancel)

    def download(
        self,
        result: VideoResult | str,
        path: str | os.PathLike[str],
        *,
        on_progress: Callable[[int, int | None], object] | None = None,
        resume: bool = True,
    ) -> Path:
        """Fetch a video, or any URL, into a file that appears whole or not at all.

        Bytes gather in `<path>.part`. With `resume`, a broken transfer goes on where it stopped, also one of
        an earlier run, as long as the server says it is still the same file.
        on_progress: called with bytes so far, and bytes in all when the server says how many.

        Raises DownloadFailed when the URL has expired or the transfer stays broken.
        """
        arrival = Arrival(Path(path), on_progress, resume)
        return self._driver.run(fetch(_url(result), arrival, self._backoff))

    def price(self, request: Mapping[str, Any] | None = None, /, **fields: Any) -> Decimal:
        """Ask what a task would cost in US dollars, without making it (header `X-Runware-Dry-Run: 1`).

        Raises ProviderError when the task would be refused, InvalidAnswer when the answer names no cost: how
        it looks is not documented.
        """
        return self._driver.run(self._verbs.price(codec.prepare(request or {}, fields)))

    def parse_webhook(self, body: bytes | str | Mapping[str, Any]) -> WebhookEvent:
        """Read what the provider posted to your webhookURL; see `webhooks.parse_webhook`."""
        return parse_webhook(body)


class AsyncRunwareClient:
    """Make videos with Runware from async code; everything is as `RunwareClient` has it, awaited.

    Waiting is cancelled as any await is: by its task, or by `anyio.move_on_after`.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float | httpx.Timeout = DEFAULT_TIMEOUT,
        max_retries: int = 4,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        settings = _Settings(api_key, base_url, timeout, max_retries)
        self.base_url = settings.base_url
        self._verbs, self._backoff = settings.verbs, settings.backoff
        self._owns_http = http is None
        client = http or httpx.AsyncClient(timeout=settings.timeout)
        self._driver = AsyncDriver(client, settings.key, settings.timeout)

    def __repr__(self) -> str:
        return f"AsyncRunwareClient(base_url={self.base_url!r})"

    async def __aenter__(self) -> AsyncRunwareClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections that are this client's own."""
        if self._owns_http:
            await self._driver.http.aclose()

    async def submit(self, request: Mapping[str, Any] | None = None, /, **fields: Any) -> Job:
        """Hand in a task; see `RunwareClient.submit`."""
        return await self._driver.run(self._verbs.submit(codec.prepare(request or {}, fields)))

    async def status(self, job: Job | str) -> JobStatus:
        """Look at a job once; see `RunwareClient.status`."""
        return await self._driver.run(self._verbs.status(_job(job)))

    async def wait(
        self,
        job: Job | str,
        *,
        deadline: float | None = PATIENCE,
        poll: Poll | None = None,
        on_progress: Progress | None = None,
    ) -> list[VideoResult]:
        """Wait for all videos of a job; see `RunwareClient.wait`."""
        flow = self._verbs.wait(_job(job), Deadline(deadline), poll or Poll(), on_progress)
        return await self._driver.run(flow)

    async def generate(
        self,
        request: Mapping[str, Any] | None = None,
        /,
        *,
        deadline: float | None = PATIENCE,
        poll: Poll | None = None,
        on_progress: Progress | None = None,
        **fields: Any,
    ) -> list[VideoResult]:
        """Submit a task and wait for its videos; see `RunwareClient.generate`."""
        task = codec.prepare(request or {}, fields)
        flow = self._verbs.generate(task, Deadline(deadline), poll or Poll(), on_progress)
        return await self._driver.run(flow)

    async def download(
        self,
        result: VideoResult | str,
        path: str | os.PathLike[str],
        *,
        on_progress: Callable[[int, int | None], object] | None = None,
        resume: bool = True,
    ) -> Path:
        """Fetch a video into a file; see `RunwareClient.download`."""
        arrival = Arrival(Path(path), on_progress, resume)
        return await self._driver.run(fetch(_url(result), arrival, self._backoff))

    async def price(self, request: Mapping[str, Any] | None = None, /, **fields: Any) -> Decimal:
        """Ask what a task would cost; see `RunwareClient.price`."""
        return await self._driver.run(self._verbs.price(codec.prepare(request or {}, fields)))

    def parse_webhook(self, body: bytes | str | Mapping[str, Any]) -> WebhookEvent:
        """Read what the provider posted to your webhookURL; see `webhooks.parse_webhook`."""
        return parse_webhook(body)
