"""Runware's clients: one for threads, one for async code, one logic (`runware_verbs.py`) behind both."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, TypeAlias

import httpx

from . import runware_codec as codec
from .flow import Deadline
from .jobs import Job, JobStatus, MediaResult
from .runware_line import Manners
from .runware_places import REST, rest_url, socket_url
from .runware_socket import AsyncSocketDriver, SocketDriver
from .runware_verbs import Verbs
from .session import AsyncSession, Session, job_named
from .settings import DEFAULT_TIMEOUT, Provider, Settings
from .waiting import PATIENCE, Poll, Progress
from .webhooks import WebhookEvent, parse_webhook

#: Where Runware lives (its authentication page), and the variables its SDKs read.
PROVIDER = Provider(codec.PROVIDER, REST, "RUNWARE_API_KEY", "RUNWARE_BASE_URL", read_url=rest_url)

#: How tasks travel: each in a request of its own, or all on one connection that stays open.
Transport: TypeAlias = Literal["rest", "websocket"]


class RunwareClient(Session):
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

    transport: `rest`, or `websocket` for one connection that carries all tasks, whichever thread they are of; a
    base_url may be written for either. The socket opens with the first task and is kept alive from then on. When it
    breaks, it is opened anew, and what was on its way is asked again. It takes its proxy and certificates from the
    environment, unless the `http` you passed has `trust_env=False`. Results and errors are those of REST; `.status`
    of an error is the one that REST gives its code. A client that is closed while others wait on it fails them with
    ConnectionFailed.

    Threads may share a client. A process that is forked off makes a socket of its own, but like any lock, that of
    the client must not be held by another thread at that moment: make clients after the fork where you can.

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
        transport: Transport = "rest",
    ) -> None:
        settings = Settings(PROVIDER, api_key, base_url, timeout, max_retries)
        over_socket = _is_socket(transport)
        super().__init__(settings, http)
        self._sockets: SocketDriver | None = None
        if over_socket:
            http = self._driver.http
            manners = Manners(settings.timeout, http.trust_env)
            self.base_url = socket_url(settings.base_url)
            self._driver = self._sockets = SocketDriver(http, settings.key, manners, self.base_url)
        self._verbs = Verbs(self.base_url, settings.backoff)

    def close(self) -> None:
        """Close the connections, unless they are of an httpx client that you passed in."""
        if self._sockets is not None:
            self._sockets.close_sockets()
        super().close()

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
        return self._driver.run(self._verbs.status(job_named(job)))

    def wait(
        self,
        job: Job | str,
        *,
        deadline: float | None = PATIENCE,
        poll: Poll | None = None,
        cancel: threading.Event | None = None,
        on_progress: Progress | None = None,
    ) -> list[MediaResult]:
        """Wait for all videos of a job and return them.

        deadline: seconds to wait at most, None for ever. cancel: set it from anywhere to stop waiting.
        on_progress: called with a JobStatus after every look.

        Raises ProviderError when a video failed, with the finished ones in `error.results`; DeadlineExceeded
        and Cancelled when the wait ended first. The job itself cannot be stopped: the provider has no call
        for it.
        """
        flow = self._verbs.wait(job_named(job), Deadline(deadline), poll or Poll(), on_progress)
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
    ) -> list[MediaResult]:
        """Submit a task and wait for its videos: `submit` and `wait` in one, with the errors of both."""
        task = codec.prepare(request or {}, fields)
        flow = self._verbs.generate(task, Deadline(deadline), poll or Poll(), on_progress)
        return self._driver.run(flow, cancel)

    def price(self, request: Mapping[str, Any] | None = None, /, **fields: Any) -> Decimal:
        """Ask what a task would cost in US dollars, without making it (header `X-Runware-Dry-Run: 1`).

        Raises ProviderError when the task would be refused, InvalidAnswer when the answer names no cost: how
        it looks is not documented.
        """
        return self._driver.run(self._verbs.price(codec.prepare(request or {}, fields)))

    def parse_webhook(self, body: bytes | str | Mapping[str, Any]) -> WebhookEvent:
        """Read what the provider posted to your webhookURL; see `webhooks.parse_webhook`."""
        return parse_webhook(body)


class AsyncRunwareClient(AsyncSession):
    """Make videos with Runware from async code; everything is as `RunwareClient` has it, awaited.

    Waiting is cancelled as any await is: by its task, or by `anyio.move_on_after`. `transport="websocket"` needs
    asyncio, and serves one event loop.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float | httpx.Timeout = DEFAULT_TIMEOUT,
        max_retries: int = 4,
        http: httpx.AsyncClient | None = None,
        transport: Transport = "rest",
    ) -> None:
        settings = Settings(PROVIDER, api_key, base_url, timeout, max_retries)
        over_socket = _is_socket(transport)
        super().__init__(settings, http)
        self._sockets: AsyncSocketDriver | None = None
        if over_socket:
            http = self._driver.http
            manners = Manners(settings.timeout, http.trust_env)
            self.base_url = socket_url(settings.base_url)
            self._driver = self._sockets = AsyncSocketDriver(http, settings.key, manners, self.base_url)
        self._verbs = Verbs(self.base_url, settings.backoff)

    async def close(self) -> None:
        """Close the connections that are this client's own."""
        if self._sockets is not None:
            await self._sockets.close_sockets()
        await super().close()

    async def submit(self, request: Mapping[str, Any] | None = None, /, **fields: Any) -> Job:
        """Hand in a task; see `RunwareClient.submit`."""
        return await self._driver.run(self._verbs.submit(codec.prepare(request or {}, fields)))

    async def status(self, job: Job | str) -> JobStatus:
        """Look at a job once; see `RunwareClient.status`."""
        return await self._driver.run(self._verbs.status(job_named(job)))

    async def wait(
        self,
        job: Job | str,
        *,
        deadline: float | None = PATIENCE,
        poll: Poll | None = None,
        on_progress: Progress | None = None,
    ) -> list[MediaResult]:
        """Wait for all videos of a job; see `RunwareClient.wait`."""
        flow = self._verbs.wait(job_named(job), Deadline(deadline), poll or Poll(), on_progress)
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
    ) -> list[MediaResult]:
        """Submit a task and wait for its videos; see `RunwareClient.generate`."""
        task = codec.prepare(request or {}, fields)
        flow = self._verbs.generate(task, Deadline(deadline), poll or Poll(), on_progress)
        return await self._driver.run(flow)

    async def price(self, request: Mapping[str, Any] | None = None, /, **fields: Any) -> Decimal:
        """Ask what a task would cost; see `RunwareClient.price`."""
        return await self._driver.run(self._verbs.price(codec.prepare(request or {}, fields)))

    def parse_webhook(self, body: bytes | str | Mapping[str, Any]) -> WebhookEvent:
        """Read what the provider posted to your webhookURL; see `webhooks.parse_webhook`."""
        return parse_webhook(body)


def _is_socket(transport: str) -> bool:
    if transport not in ("rest", "websocket"):
        raise ValueError(f"transport must be 'rest' or 'websocket', not {transport!r}")
    return transport == "websocket"
