"""GMI Cloud's clients: one for threads, one for async code, one logic (`gmi_verbs.py`) behind both."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, TypeAlias

import httpx

from .flow import Deadline
from .gmi_queue import PAGE
from .gmi_records import ModelDetail, Page, Record, Walk
from .gmi_upload import Upload
from .gmi_verbs import Verbs, settings_of
from .jobs import Job, JobStatus, MediaResult
from .session import AsyncSession, Session, job_named
from .settings import DEFAULT_TIMEOUT
from .waiting import PATIENCE, Poll, Progress

#: The clients have a verb `list`, which hides the type of that name from their signatures.
Results: TypeAlias = list[MediaResult]
Names: TypeAlias = list[str]


class GmiClient(Session):
    """Make videos, pictures and recordings with GMI Cloud's request queue.

        with GmiClient() as client:
            [video] = client.generate(
                model="heygen-avatar-4",
                payload={
                    "video_inputs": [
                        {
                            "character": {"type": "avatar", "avatar_id": "josh_lite3_20230714"},
                            "voice": {"type": "text", "input_text": "Good evening.", "voice_id": "1bd001e7…"},
                        }
                    ]
                },
            )
            client.download(video, "evening.mp4")

    api_key: or the variable GMI_API_KEY. base_url: the host, or the queue's whole prefix on it; or GMI_BASE_URL,
    or the provider's own. organisation: its UUID, for keys of several; or GMI_ORG_ID.
    timeout: seconds each step of an exchange may take; submit_timeout: seconds the answer to a submit may take,
    since some models answer with the result. max_retries: how often a request is sent again after 408, 429, any
    5xx or a lost connection.
    careful: GMI has no idempotency key, so a submit looks at the list of requests before it, and when its answer
    is lost, finds its own request there before it may submit again: no retry pays twice (`gmi_submit.py`). False
    spares the look, and then a submit whose answer is lost is never sent again but raised.
    http: an httpx client of yours (proxies, certificates); it stays open when this one closes.

    Raises AuthError when there is no key, or one that cannot be sent; ValueError for a base_url that is none.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        organisation: str | None = None,
        timeout: float | httpx.Timeout = DEFAULT_TIMEOUT,
        submit_timeout: float = 600.0,
        max_retries: int = 4,
        careful: bool = True,
        http: httpx.Client | None = None,
    ) -> None:
        settings = settings_of(api_key, base_url, timeout, max_retries)
        super().__init__(settings, http)
        self._verbs = Verbs(settings, organisation, careful, submit_timeout)
        self._queue = self._verbs.queue

    def submit(self, model: str, payload: Mapping[str, Any]) -> Job:
        """Hand in a request; at most one that is paid comes of it, however bad the connection.

        payload: the model's fields in the provider's own words. With models that deliver at once this takes as
        long as the making does.

        Raises ProviderError when it is refused, and ConnectionFailed when no answer came: `error.billed` then
        says whether a request may exist, and its text how to find out.
        """
        return self._driver.run(self._verbs.submit(model, payload))

    def status(self, job: Job | str) -> JobStatus:
        """Look at a job once: where it stands, what it made, or why it failed."""
        return self._driver.run(self._queue.status(job_named(job), Deadline(None)))

    def wait(
        self,
        job: Job | str,
        *,
        deadline: float | None = PATIENCE,
        poll: Poll | None = None,
        cancel: threading.Event | None = None,
        on_progress: Progress | None = None,
    ) -> Results:
        """Wait for what a job makes and return it.

        deadline: seconds to wait at most, None for ever. cancel: set it from anywhere to stop waiting.
        on_progress: called with a JobStatus after every look.

        Raises ProviderError when the job failed, TaskCancelled when it was called off; DeadlineExceeded and
        Cancelled when the wait ended first. A model whose outcome is no file (some return data) gives an empty
        list: see `status(job).raw["outcome"]`.
        """
        return self._driver.run(self._verbs.wait(job, deadline, poll, on_progress), cancel)

    def generate(
        self,
        model: str,
        payload: Mapping[str, Any],
        *,
        deadline: float | None = PATIENCE,
        poll: Poll | None = None,
        cancel: threading.Event | None = None,
        on_progress: Progress | None = None,
    ) -> Results:
        """Submit a request and wait for what it makes: `submit` and `wait` in one, with the errors of both."""
        return self._driver.run(self._verbs.generate(model, payload, deadline, poll, on_progress), cancel)

    def cancel(self, job: Job | str) -> JobStatus:
        """Call a job off and see what became of it; one that is over already stays as it is.

        No page of the provider's describes this call (`DELETE /requests/{id}`), and nobody has seen it answered:
        the real one may refuse it with ProviderError.
        """
        return self._driver.run(self._queue.cancel(job_named(job), Deadline(None)))

    def list(self, model: str, *, limit: int = PAGE, offset: int = 0) -> Page:
        """List a model's requests of this account, one page of them, newest first.

        `limit` and `offset` are observed, not documented.
        """
        return self._driver.run(self._queue.page(model, limit, offset, Deadline(None)))

    def requests(self, model: str) -> Iterator[Record]:
        """Go through all requests of a model, page by page, each once although new ones move the pages."""
        walk = Walk()
        while walk.more:
            yield from walk.unseen(self.list(model, offset=walk.offset))

    def models(self) -> Names:
        """List the ids of all models. Upper and lower case matter in them."""
        return self._driver.run(self._queue.models(Deadline(None)))

    def model(self, model: str) -> ModelDetail:
        """Look up a model: its fields, its price, and whether it delivers at once. Raises NotFound."""
        return self._driver.run(self._queue.model(model, Deadline(None)))

    def upload(self, file: str | os.PathLike[str] | bytes, file_type: str | None = None) -> str:
        """Leave a file with the provider and return its public URL, to be used in a payload.

        file_type: jpg, jpeg, png, mp4, mp3 or wav; of a path its ending says so. mov is sent as mp4.

        Raises ValueError for another type, OSError for a file that is not there, UploadFailed when it does not
        arrive.
        """
        return self._driver.run(Upload.of(file, file_type).send(self._queue, Deadline(None)))


class AsyncGmiClient(AsyncSession):
    """Make videos with GMI Cloud from async code; everything is as `GmiClient` has it, awaited.

    Waiting is cancelled as any await is: by its task, or by `anyio.move_on_after`.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        organisation: str | None = None,
        timeout: float | httpx.Timeout = DEFAULT_TIMEOUT,
        submit_timeout: float = 600.0,
        max_retries: int = 4,
        careful: bool = True,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        settings = settings_of(api_key, base_url, timeout, max_retries)
        super().__init__(settings, http)
        self._verbs = Verbs(settings, organisation, careful, submit_timeout)
        self._queue = self._verbs.queue

    async def submit(self, model: str, payload: Mapping[str, Any]) -> Job:
        """Hand in a request; see `GmiClient.submit`."""
        return await self._driver.run(self._verbs.submit(model, payload))

    async def status(self, job: Job | str) -> JobStatus:
        """Look at a job once; see `GmiClient.status`."""
        return await self._driver.run(self._queue.status(job_named(job), Deadline(None)))

    async def wait(
        self,
        job: Job | str,
        *,
        deadline: float | None = PATIENCE,
        poll: Poll | None = None,
        on_progress: Progress | None = None,
    ) -> Results:
        """Wait for what a job makes; see `GmiClient.wait`."""
        return await self._driver.run(self._verbs.wait(job, deadline, poll, on_progress))

    async def generate(
        self,
        model: str,
        payload: Mapping[str, Any],
        *,
        deadline: float | None = PATIENCE,
        poll: Poll | None = None,
        on_progress: Progress | None = None,
    ) -> Results:
        """Submit a request and wait for what it makes; see `GmiClient.generate`."""
        return await self._driver.run(self._verbs.generate(model, payload, deadline, poll, on_progress))

    async def cancel(self, job: Job | str) -> JobStatus:
        """Call a job off; see `GmiClient.cancel`."""
        return await self._driver.run(self._queue.cancel(job_named(job), Deadline(None)))

    async def list(self, model: str, *, limit: int = PAGE, offset: int = 0) -> Page:
        """List a page of a model's requests; see `GmiClient.list`."""
        return await self._driver.run(self._queue.page(model, limit, offset, Deadline(None)))

    async def requests(self, model: str) -> AsyncIterator[Record]:
        """Go through all requests of a model; see `GmiClient.requests`."""
        walk = Walk()
        while walk.more:
            for record in walk.unseen(await self.list(model, offset=walk.offset)):
                yield record

    async def models(self) -> Names:
        """List the ids of all models; see `GmiClient.models`."""
        return await self._driver.run(self._queue.models(Deadline(None)))

    async def model(self, model: str) -> ModelDetail:
        """Look up a model; see `GmiClient.model`."""
        return await self._driver.run(self._queue.model(model, Deadline(None)))

    async def upload(self, file: str | os.PathLike[str] | bytes, file_type: str | None = None) -> str:
        """Leave a file with the provider; see `GmiClient.upload`."""
        return await self._driver.run(Upload.of(file, file_type).send(self._queue, Deadline(None)))
