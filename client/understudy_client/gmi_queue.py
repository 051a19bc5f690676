"""Questions to GMI's queue that may be asked any number of times, each a flow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from . import gmi_codec as codec
from .flow import Answer, Backoff, Deadline, Flow, Lost, Request, persist
from .gmi_failures import problems
from .gmi_records import ModelDetail, Page, Record
from .jobs import Job, JobStatus
from .json_body import encode, is_whole
from .refusals import refusal
from .unheard import unheard
from .waiting import about

#: How many requests a page of the list holds: what a deployed client asks for.
PAGE = 100


@dataclass(frozen=True, slots=True)
class Queue:
    """GMI's queue at one URL."""

    url: str
    backoff: Backoff
    organisation: str | None = None

    def request(self, method: str, path: str, body: Any = None, patience: float | None = None) -> Request:
        """Write a request, to be sent with the key and for the organisation."""
        headers = {"accept": "application/json"}
        if self.organisation:
            headers["x-organization-id"] = self.organisation
        if body is not None:
            headers["content-type"] = "application/json"
        content = b"" if body is None else encode(body)
        return Request(method, self.url + path, content, headers, authorized=True, patience=patience)

    def record(self, job: Job, deadline: Deadline) -> Flow[Record]:
        """Fetch one request's record."""
        with about(job):
            answer = yield from self._ask(self.request("GET", _path(job)), deadline, job)
            return codec.record(codec.decode(answer), answer)

    def status(self, job: Job, deadline: Deadline) -> Flow[JobStatus]:
        """Look at a job once. A failed job is a status; only a refused question is raised."""
        record = yield from self.record(job, deadline)
        return record.status(job if job.request else None)

    def cancel(self, job: Job, deadline: Deadline) -> Flow[JobStatus]:
        """Call a job off, and look what became of it."""
        with about(job):
            yield from self._ask(self.request("DELETE", _path(job)), deadline, job)
        return (yield from self.status(job, deadline))

    def page(self, model: str, limit: int, offset: int, deadline: Deadline) -> Flow[Page]:
        """Fetch a part of the list of a model's requests."""
        query = urlencode({"model_id": model, "limit": limit, "offset": offset})
        answer = yield from self._ask(self.request("GET", f"/requests?{query}"), deadline)
        return codec.page(answer, offset)

    def models(self, deadline: Deadline) -> Flow[list[str]]:
        """Fetch the ids of all models."""
        return codec.model_ids((yield from self._ask(self.request("GET", "/models"), deadline)))

    def model(self, model: str, deadline: Deadline) -> Flow[ModelDetail]:
        """Fetch what is told of one model."""
        path = f"/models/{quote(model, safe='')}"
        return codec.model_detail((yield from self._ask(self.request("GET", path), deadline)))

    def upload_urls(self, file_type: str, deadline: Deadline) -> Flow[tuple[str, str]]:
        """Ask where to put a file of a type, and where it will be."""
        request = self.request("POST", "/upload-url", {"file_type": file_type})
        return codec.upload_urls((yield from self._ask(request, deadline)))

    def _ask(self, request: Request, deadline: Deadline, job: Job | None = None) -> Flow[Answer]:
        reply = yield from persist(request, self.backoff, deadline, is_whole)
        outcome = reply.outcome
        if isinstance(outcome, Lost):
            raise unheard(codec.PROVIDER, self.url, outcome, job=job)
        if outcome.status >= 400:
            raise refusal(
                codec.PROVIDER,
                problems(outcome),
                outcome,
                job=job,
                about="question",
                retry_after=codec.asked_pause(outcome),
            )
        return outcome


def _path(job: Job) -> str:
    return f"/requests/{quote(job.id, safe='')}"
