"""Questions to Segmind that may be asked any number of times, each a flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from . import segmind_codec as codec
from .errors import DeadlineExceeded, ProviderError, TaskNotFound
from .flow import Answer, Backoff, Deadline, Flow, Lost, Request, persist
from .jobs import Job, JobStatus
from .json_body import encode, is_whole
from .refusals import refusal
from .segmind_places import Places
from .segmind_records import Credits, Generation, HistoryPage, HistoryRow, SegmindModel
from .unheard import unheard
from .waiting import about

_HISTORY = "/inference-request/request-history"


@dataclass(frozen=True, slots=True)
class Queue:
    """Segmind's services at one place."""

    places: Places
    backoff: Backoff

    def request(self, url: str, fields: Mapping[str, Any] | None = None, patience: float | None = None) -> Request:
        """Write a request with the key: to POST fields, or to GET."""
        headers = {"accept": "application/json"}
        if fields is None:
            return Request("GET", url, b"", headers, authorized=True)
        headers["content-type"] = "application/json"
        return Request("POST", url, encode(fields), headers, authorized=True, patience=patience)

    def call(self, version: str, task: Mapping[str, Any], patience: float | None = None) -> Request:
        """Write the request that calls a model, of v1 or v2."""
        return self.request(f"{self.places.api}/{version}/{quote(task['model'], safe='')}", task["fields"], patience)

    def status(self, job: Job, deadline: Deadline) -> Flow[JobStatus]:
        """Look at a job once. A failed job is a status; only a refused question is raised."""
        standing = yield from self._look(job, "status_url", "/status", deadline)
        if standing.word != "COMPLETED":
            return standing
        # The status says that there is a result, and never what it is.
        return (yield from self._look(job, "response_url", "", deadline))

    def result(self, job: Job, deadline: Deadline) -> Flow[JobStatus]:
        """Fetch what a job made. Raises DeadlineExceeded when it is not done."""
        standing = yield from self._look(job, "response_url", "", deadline)
        if not standing.done:
            raise DeadlineExceeded(f"job {job.id} is {standing.word}", provider=codec.PROVIDER, job=job)
        return standing

    def credits(self, deadline: Deadline) -> Flow[Credits]:
        """Fetch what the account can spend."""
        return codec.credit((yield from self._get(f"{self.places.api}/v1/get-user-credits", deadline)))

    def history(self, filters: Mapping[str, Any], page: int, per_page: int, deadline: Deadline) -> Flow[HistoryPage]:
        """Fetch a page of the history."""
        given = {name: value for name, value in filters.items() if value is not None}
        query = urlencode({"page": page, "per_page": per_page, **given})
        answer = yield from self._get(f"{self.places.platform}{_HISTORY}?{query}", deadline)
        return codec.history(answer, page, per_page)

    def row(self, job: Job, deadline: Deadline) -> Flow[HistoryRow]:
        """Fetch one request of the history, of any age."""
        with about(job):
            url = f"{self.places.platform}{_HISTORY}/{quote(job.id, safe='')}"
            return codec.row((yield from self._get(url, deadline, job)))

    def models(self, deadline: Deadline) -> Flow[list[SegmindModel]]:
        """Fetch the list of models."""
        return codec.models(
            (yield from self._get(f"{self.places.platform}/inference-model-information/list", deadline))
        )

    def upload(self, uris: Sequence[str], deadline: Deadline) -> Flow[list[str]]:
        """Leave files, as data URIs, and get their URLs."""
        request = self.request(f"{self.places.storage}/upload-asset", {"data_urls": list(uris)})
        return codec.uploaded(_accepted((yield from self._ask(request, deadline))), len(uris))

    def _look(self, job: Job, link: str, tail: str, deadline: Deadline) -> Flow[JobStatus]:
        with about(job):
            url = self.places.of_job(job, link, f"/v2/requests/{quote(job.id, safe='')}{tail}")
            answer = yield from self._ask(self.request(url), deadline, job)
            if not codec.is_terminal(answer):
                try:
                    _accepted(answer, job)
                except TaskNotFound as error:
                    error.message += "; Segmind forgets a request an hour after it ended, so see client.request(id)"
                    raise
            return codec.status(job, answer)

    def _get(self, url: str, deadline: Deadline, job: Job | None = None) -> Flow[Answer]:
        return _accepted((yield from self._ask(self.request(url), deadline, job)), job)

    def _ask(self, request: Request, deadline: Deadline, job: Job | None = None) -> Flow[Answer]:
        reply = yield from persist(request, self.backoff, deadline, is_whole)
        if isinstance(reply.outcome, Lost):
            raise unheard(codec.PROVIDER, request.url.partition("?")[0], reply.outcome, job=job)
        return reply.outcome


def _accepted(answer: Answer, job: Job | None = None) -> Answer:
    """Let an answer pass that is no refusal. Raises ProviderError."""
    if answer.status < 400:
        return answer
    raise refusal(
        codec.PROVIDER,
        codec.problems(answer),
        answer,
        job=job,
        about="question",
        retry_after=codec.asked_pause(answer),
    )


def generation(status: JobStatus) -> Generation:
    """Take what a job made from its last status. Raises ProviderError for one that failed."""
    if status.errors:
        raise failure(status)
    return Generation.of(status)


def failure(status: JobStatus) -> ProviderError:
    """Make the error for a job that failed; nobody is billed for one (Segmind's documentation)."""
    error = refusal(codec.PROVIDER, status.errors, status.answer, job=status.job)
    metrics = status.raw.get("metrics")
    error.metrics = metrics if isinstance(metrics, Mapping) else {}
    error.billed = False
    return error
