"""What can be asked of GMI with some settings, and where it is: verbs of more than one question, each a flow."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from .errors import TaskCancelled, UnderstudyError
from .flow import Deadline, Flow
from .gmi_codec import PROVIDER as NAME
from .gmi_codec import asked_pause
from .gmi_queue import Queue
from .gmi_records import Record
from .gmi_submit import Submit
from .jobs import Job, JobStatus, MediaResult
from .refusals import refusal
from .session import job_named
from .settings import Provider, Settings
from .waiting import Poll, Progress, Waiting

#: Where GMI lives (its page for `heygen-avatar-4`), and the variables that other clients of it read.
PROVIDER = Provider(NAME, "https://console.gmicloud.ai", "GMI_API_KEY", "GMI_BASE_URL", asked_pause)

#: Where the queue is on a GMI host.
PREFIX = "/api/v1/ie/requestqueue/apikey"


class Verbs:
    """What can be asked of GMI with some settings, each a flow."""

    def __init__(self, settings: Settings, organisation: str | None, careful: bool, submit_timeout: float) -> None:
        if organisation is None:
            organisation = os.environ.get("GMI_ORG_ID")
        self.queue = Queue(settings.base_url, settings.backoff, organisation)
        self._submit = Submit(self.queue, careful=careful, patience=submit_timeout)
        self._waiting = Waiting(NAME, self.queue.status, _fault)

    def submit(self, model: str, payload: Mapping[str, Any]) -> Flow[Job]:
        """Hand in a request."""
        record = yield from self._submit.submit(model, payload, Deadline(None))
        return _job(record, model, payload)

    def wait(
        self, job: Job | str, deadline: float | None, poll: Poll | None, show: Progress | None
    ) -> Flow[list[MediaResult]]:
        """Look at a job until its results are there, and return them."""
        return self._waiting.wait(job_named(job), Deadline(deadline), poll or Poll(), show)

    def generate(
        self,
        model: str,
        payload: Mapping[str, Any],
        deadline: float | None,
        poll: Poll | None,
        show: Progress | None,
    ) -> Flow[list[MediaResult]]:
        """Hand in a request and wait for what it makes."""
        until = Deadline(deadline)
        record = yield from self._submit.submit(model, payload, until)
        job = _job(record, model, payload)
        # Models that deliver at once have told it all in their answer.
        return (yield from self._waiting.wait(job, until, poll or Poll(), show, record.status(job)))


def _job(record: Record, model: str, payload: Mapping[str, Any]) -> Job:
    return Job(record.id, request={"model": model, "payload": payload})


def _fault(status: JobStatus) -> UnderstudyError:
    if status.cancelled:
        return TaskCancelled(f"request {status.job.id} was cancelled", provider=NAME, job=status.job)
    error = refusal(NAME, status.errors, None, job=status.job)
    # A failed request is given back what was charged in advance (live records of a deployed client, 2026).
    error.billed = False
    return error


def settings_of(api_key: str | None, base_url: str | None, timeout: float | httpx.Timeout, retries: int) -> Settings:
    """Settle the settings of a client, whose base URL becomes the queue's. Raises as `Settings` does."""
    settings = Settings(PROVIDER, api_key, base_url, timeout, retries)
    if urlsplit(settings.base_url).path.rstrip("/").endswith("/v1"):
        raise ValueError(f"base_url {settings.base_url!r} is that of GMI's chat models; the queue is at …{PREFIX}")
    if "/requestqueue" not in settings.base_url:
        settings.base_url += PREFIX
    return settings
