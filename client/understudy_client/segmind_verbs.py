"""What can be asked of Segmind with some settings: verbs of more than one question, each a flow."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from .claims import Claims
from .flow import Deadline, Flow
from .jobs import Job
from .segmind_codec import PROVIDER as NAME
from .segmind_codec import asked_pause
from .segmind_places import PRODUCTION, Places
from .segmind_queue import Queue, failure, generation
from .segmind_records import Delivery, Generation
from .segmind_submit import Submit
from .segmind_sync import Call
from .session import Received, job_named
from .settings import Provider, Settings
from .waiting import Poll, Progress, Waiting


def api_key(key: str) -> dict[str, str]:
    """Carry a key as Segmind takes it everywhere; it refuses most bearer tokens."""
    return {"x-api-key": key}


#: Where Segmind lives (its model pages), the variable its SDK reads for the key, and the one that clients of it read
#: for the URL.
PROVIDER = Provider(NAME, PRODUCTION, "SEGMIND_API_KEY", "SEGMIND_BASE_URL", asked_pause, api_key)


class Verbs:
    """What can be asked of Segmind with some settings, each a flow."""

    def __init__(self, settings: Settings, careful: bool, sync_timeout: float) -> None:
        self.queue = Queue(Places.at(settings.base_url), settings.backoff)
        self._claims = Claims()
        self._submit = Submit(self.queue, self._claims, careful)
        self._patience = sync_timeout
        self._waiting = Waiting(NAME, self.queue.status, failure)

    def submit(self, model: str, fields: Mapping[str, Any]) -> Flow[Job]:
        """Hand in a request."""
        return self._submit.submit(model, fields, Deadline(None))

    def wait(
        self, job: Job | str, deadline: float | None, poll: Poll | None, show: Progress | None
    ) -> Flow[Generation]:
        """Look at a job until it has ended, and return what it made."""
        settled = yield from self._waiting.settle(job_named(job), Deadline(deadline), poll or Poll(), show)
        return Generation.of(settled)

    def generate(
        self,
        model: str,
        fields: Mapping[str, Any],
        deadline: float | None,
        poll: Poll | None,
        show: Progress | None,
    ) -> Flow[Generation]:
        """Hand in a request and wait for what it makes."""
        until = Deadline(deadline)
        job = yield from self._submit.submit(model, fields, until)
        return Generation.of((yield from self._waiting.settle(job, until, poll or Poll(), show)))

    def generate_sync(
        self, model: str, fields: Mapping[str, Any], out: str | os.PathLike[str], show: Received | None
    ) -> Flow[Delivery]:
        """Call a model and put its answer into a file."""
        task = {"model": model, "fields": fields}
        return Call(self.queue, task, Path(out), self._patience, self._claims, show).run()

    def result(self, job: Job | str) -> Flow[Generation]:
        """Fetch what a finished job made."""
        return generation((yield from self.queue.result(job_named(job), Deadline(None))))


def settings_of(api_key: str | None, base_url: str | None, timeout: float | httpx.Timeout, retries: int) -> Settings:
    """Settle the settings of a client, whose base URL is the host, whichever version it was given with.

    Raises as `Settings` does.
    """
    settings = Settings(PROVIDER, api_key, base_url, timeout, retries)
    settings.base_url = Places.at(settings.base_url).api
    return settings


def fields_of(params: Mapping[str, Any] | None, named: Mapping[str, Any]) -> dict[str, Any]:
    """Put the fields of a request together, given as a mapping, by name, or both."""
    return {**(params or {}), **named}
