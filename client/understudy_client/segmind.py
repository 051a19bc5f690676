"""Segmind's clients: one for threads, one for async code, one logic (`segmind_verbs.py`) behind both."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Unpack

import httpx

from .flow import Deadline
from .jobs import Job, JobStatus
from .segmind_records import Credits, Delivery, Filters, Generation, HistoryPage, HistoryRow, SegmindModel, Turning
from .segmind_submit import PAGE
from .segmind_upload import upload
from .segmind_verbs import Verbs, fields_of, settings_of
from .session import AsyncSession, Received, Session, job_named
from .settings import DEFAULT_TIMEOUT
from .waiting import PATIENCE, Poll, Progress

#: Seconds the answer of v1 may take to begin: what the provider's page waits for `heygen-avatar-iv`.
SYNC_TIMEOUT = 900.0


class SegmindClient(Session):
    """Make videos, pictures, sounds and texts with Segmind.

        with SegmindClient() as client:
            made = client.generate(
                "heygen-avatar-iv",
                image_url="https://…/face.png",
                video_title="Evening",
                script="Good evening.",
            )
            client.download(made, "evening.mp4")
            print(made.cost, made.remaining_credits)

    api_key: or the variable SEGMIND_API_KEY. base_url: with `/v1` or without; or SEGMIND_BASE_URL, or the provider's
    own. With the provider's own, the history, the models and the uploads are at its other hosts; any other base_url
    serves all of them.
    timeout: seconds each step of an exchange may take; sync_timeout: seconds the answer of `generate_sync` may take
    to begin, since it comes with the result. max_retries: how often a request is sent again after 408, 429, any 5xx
    or a lost connection.
    careful: Segmind has no idempotency key, so a submit looks at the history before it, and when its answer is lost,
    finds its own request there before it may submit again: no retry pays twice (`submission.py`). False spares the
    look, and then a submit whose answer is lost is never sent again but raised.
    http: an httpx client of yours (proxies, certificates); it stays open when this one closes.

    Raises AuthError when there is no key, or one that cannot be sent; ValueError for a base_url that is none.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float | httpx.Timeout = DEFAULT_TIMEOUT,
        sync_timeout: float = SYNC_TIMEOUT,
        max_retries: int = 4,
        careful: bool = True,
        http: httpx.Client | None = None,
    ) -> None:
        settings = settings_of(api_key, base_url, timeout, max_retries)
        super().__init__(settings, http)
        self._verbs = Verbs(settings, careful, sync_timeout)
        self._queue = self._verbs.queue

    def generate(
        self,
        model: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        deadline: float | None = PATIENCE,
        poll: Poll | None = None,
        cancel: threading.Event | None = None,
        on_progress: Progress | None = None,
        **fields: Any,
    ) -> Generation:
        """Submit a request and wait for what it makes: `submit` and `wait` in one, with the errors of both."""
        flow = self._verbs.generate(model, fields_of(params, fields), deadline, poll, on_progress)
        return self._driver.run(flow, cancel)

    def generate_sync(
        self,
        model: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        out: str | os.PathLike[str],
        on_progress: Received | None = None,
        **fields: Any,
    ) -> Delivery:
        """Call a model by v1, which answers with the file itself, and put it into `out`, whole or not at all.

        A model that writes leaves its JSON there; an answer that only names a URL has its file fetched.
        on_progress: called with bytes so far, and bytes in all when the server says how many.

        Raises OSError before anything is sent when `out` cannot be written, ProviderError when it is refused. A lost
        or late answer is never asked for again, since it may be paid: ConnectionFailed then has `billed` None, or
        True when the answer broke off, and says how to look it up.
        """
        return self._driver.run(self._verbs.generate_sync(model, fields_of(params, fields), out, on_progress))

    def submit(self, model: str, params: Mapping[str, Any] | None = None, /, **fields: Any) -> Job:
        """Hand in a request; at most one that is paid comes of it, however bad the connection.

        model: its slug. params, fields: its fields in the provider's own words, as a mapping, as keywords, or both.
        Segmind looks at most of them only when it carries the request out, so a wrong one fails the job.

        Raises ProviderError when it is refused, and ConnectionFailed when no answer came: `error.billed` then says
        whether a request may exist, and its text how to find out.
        """
        return self._driver.run(self._verbs.submit(model, fields_of(params, fields)))

    def status(self, job: Job | str) -> JobStatus:
        """Look at a job once: where it stands, what it made, or why it failed.

        Raises TaskNotFound for one that is unknown or ended more than an hour ago; see `request` for those.
        """
        return self._driver.run(self._queue.status(job_named(job), Deadline(None)))

    def result(self, job: Job | str) -> Generation:
        """Fetch what a finished job made. Raises ProviderError when it failed, DeadlineExceeded when it is not done."""
        return self._driver.run(self._verbs.result(job))

    def wait(
        self,
        job: Job | str,
        *,
        deadline: float | None = PATIENCE,
        poll: Poll | None = None,
        cancel: threading.Event | None = None,
        on_progress: Progress | None = None,
    ) -> Generation:
        """Wait for what a job makes and return it.

        deadline: seconds to wait at most, None for ever. cancel: set it from anywhere to stop waiting.
        on_progress: called with a JobStatus after every look.

        Raises ProviderError when the job failed, with the provider's `metrics`; DeadlineExceeded and Cancelled when
        the wait ended first. The job itself cannot be stopped: the provider has no call for it.
        """
        return self._driver.run(self._verbs.wait(job, deadline, poll, on_progress), cancel)

    def upload(self, *files: str | os.PathLike[str] | bytes, media_type: str | None = None) -> list[str]:
        """Leave files with the provider and return their public URLs, to be used in a request.

        media_type: such as image/png, for all of them; of a path its ending says so.

        Raises ValueError for a type that is not known, OSError for a file that is not there, UploadFailed when
        nothing arrives, ProviderError when they are refused.
        """
        return self._driver.run(upload(self._queue, files, media_type, Deadline(None)))

    def credits(self) -> Credits:
        """Ask what the account can spend, in US dollars."""
        return self._driver.run(self._queue.credits(Deadline(None)))

    def history(self, *, page: int = 1, per_page: int = 20, **filters: Unpack[Filters]) -> HistoryPage:
        """List the account's requests, one page of them, failed and unfinished ones included.

        per_page: 1 to 100. filters: `from_date`, `to_date`, `model_name`, `status`, `user_id`, `user_email`,
        `sort_by` and `sort_order`; without dates, the last 7 days. A request of several outputs has a row for each,
        every one with the cost of the whole.
        """
        return self._driver.run(self._queue.history(filters, page, per_page, Deadline(None)))

    def requests(self, **filters: Unpack[Filters]) -> Iterator[HistoryRow]:
        """Go through the history, page by page, each row once although new ones move the pages; see `history`."""
        turning = Turning()
        while turning.more:
            yield from turning.unseen(self.history(page=turning.page, per_page=PAGE, **filters))

    def request(self, job: Job | str) -> HistoryRow:
        """Look a request up in the history: what was asked, what it cost and where its output is, at any age."""
        return self._driver.run(self._queue.row(job_named(job), Deadline(None)))

    def models(self) -> list[SegmindModel]:
        """List all models."""
        return self._driver.run(self._queue.models(Deadline(None)))


class AsyncSegmindClient(AsyncSession):
    """Make videos with Segmind from async code; everything is as `SegmindClient` has it, awaited.

    Waiting is cancelled as any await is: by its task, or by `anyio.move_on_after`.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float | httpx.Timeout = DEFAULT_TIMEOUT,
        sync_timeout: float = SYNC_TIMEOUT,
        max_retries: int = 4,
        careful: bool = True,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        settings = settings_of(api_key, base_url, timeout, max_retries)
        super().__init__(settings, http)
        self._verbs = Verbs(settings, careful, sync_timeout)
        self._queue = self._verbs.queue

    async def generate(
        self,
        model: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        deadline: float | None = PATIENCE,
        poll: Poll | None = None,
        on_progress: Progress | None = None,
        **fields: Any,
    ) -> Generation:
        """Submit a request and wait for what it makes; see `SegmindClient.generate`."""
        return await self._driver.run(
            self._verbs.generate(model, fields_of(params, fields), deadline, poll, on_progress)
        )

    async def generate_sync(
        self,
        model: str,
        params: Mapping[str, Any] | None = None,
        /,
        *,
        out: str | os.PathLike[str],
        on_progress: Received | None = None,
        **fields: Any,
    ) -> Delivery:
        """Call a model by v1, which answers with the file; see `SegmindClient.generate_sync`."""
        return await self._driver.run(self._verbs.generate_sync(model, fields_of(params, fields), out, on_progress))

    async def submit(self, model: str, params: Mapping[str, Any] | None = None, /, **fields: Any) -> Job:
        """Hand in a request; see `SegmindClient.submit`."""
        return await self._driver.run(self._verbs.submit(model, fields_of(params, fields)))

    async def status(self, job: Job | str) -> JobStatus:
        """Look at a job once; see `SegmindClient.status`."""
        return await self._driver.run(self._queue.status(job_named(job), Deadline(None)))

    async def result(self, job: Job | str) -> Generation:
        """Fetch what a finished job made; see `SegmindClient.result`."""
        return await self._driver.run(self._verbs.result(job))

    async def wait(
        self,
        job: Job | str,
        *,
        deadline: float | None = PATIENCE,
        poll: Poll | None = None,
        on_progress: Progress | None = None,
    ) -> Generation:
        """Wait for what a job makes; see `SegmindClient.wait`."""
        return await self._driver.run(self._verbs.wait(job, deadline, poll, on_progress))

    async def upload(self, *files: str | os.PathLike[str] | bytes, media_type: str | None = None) -> list[str]:
        """Leave files with the provider; see `SegmindClient.upload`."""
        return await self._driver.run(upload(self._queue, files, media_type, Deadline(None)))

    async def credits(self) -> Credits:
        """Ask what the account can spend; see `SegmindClient.credits`."""
        return await self._driver.run(self._queue.credits(Deadline(None)))

    async def history(self, *, page: int = 1, per_page: int = 20, **filters: Unpack[Filters]) -> HistoryPage:
        """List a page of the account's requests; see `SegmindClient.history`."""
        return await self._driver.run(self._queue.history(filters, page, per_page, Deadline(None)))

    async def requests(self, **filters: Unpack[Filters]) -> AsyncIterator[HistoryRow]:
        """Go through the history; see `SegmindClient.requests`."""
        turning = Turning()
        while turning.more:
            for row in turning.unseen(await self.history(page=turning.page, per_page=PAGE, **filters)):
                yield row

    async def request(self, job: Job | str) -> HistoryRow:
        """Look a request up in the history; see `SegmindClient.request`."""
        return await self._driver.run(self._queue.row(job_named(job), Deadline(None)))

    async def models(self) -> list[SegmindModel]:
        """List all models; see `SegmindClient.models`."""
        return await self._driver.run(self._queue.models(Deadline(None)))
