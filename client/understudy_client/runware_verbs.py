"""What one can ask of Runware, each verb a flow: decided here, carried out by a driver."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from . import runware_codec as codec
from .errors import ConnectionFailed, DeadlineExceeded, InvalidAnswer, UnderstudyError
from .flow import Answer, Backoff, Deadline, Flow, Lost, Reply, Request, Sleep, persist, retry_after
from .jobs import Job, JobStatus, VideoResult
from .refusals import refusal

#: Told after every look at a job.
Progress = Callable[[JobStatus], object]

#: Seconds a video may take before one stops asking: the provider's SDKs give it 20 minutes.
PATIENCE = 1200.0

#: Statuses with which a poll may report that its job failed; the SDKs take 200 and 400 alike.
_TELLS_OF_JOB = (200, 400, 404)


@dataclass(frozen=True, slots=True)
class Poll:
    """How often to ask: the provider's SDKs start at a second and slow down by half to ten."""

    first: float = 1.0
    factor: float = 1.5
    cap: float = 10.0

    def pauses(self) -> Iterator[float]:
        """Seconds between one look and the next, for ever."""
        pause = self.first
        while True:
            yield min(pause, self.cap)
            pause = min(pause * self.factor, self.cap)


@dataclass(frozen=True, slots=True)
class Verbs:
    """Runware's verbs at one URL."""

    url: str
    backoff: Backoff
    clock: Callable[[], float] = time.monotonic

    def submit(self, task: Mapping[str, Any], deadline: Deadline | None = None) -> Flow[Job]:
        """Hand in a task that has its UUID. However often it is sent, at most one job comes of it."""
        job = codec.job_of(task)
        with _about(job):
            reply = yield from self._post(task, deadline)
            answer = self._heard(reply, job, submitting=True)
            said = codec.decode(answer).about(job.id)
            if (said.problems or answer.status >= 400) and not _acknowledged(said):
                if reply.repeated and any(p.code == "conflictTaskUUID" for p in said.problems):
                    # The task exists, and an earlier attempt of ours is what made it.
                    return job
                raise refusal(
                    codec.PROVIDER,
                    said.problems,
                    answer,
                    job=job,
                    about="submit",
                    repeated=reply.repeated,
                    retry_after=retry_after(answer.headers),
                )
        return job

    def status(self, job: Job, deadline: Deadline | None = None) -> Flow[JobStatus]:
        """Look at a job once. A failed video is part of the status; only a refused question is raised."""
        with _about(job):
            reply = yield from self._post({"taskType": "getResponse", "taskUUID": job.id}, deadline)
            answer = self._heard(reply, job)
            said = codec.decode(answer)
            own = said.about(job.id)
            of_job = answer.status in _TELLS_OF_JOB and any(p.task for p in own.problems)
            if answer.status >= 400 and not of_job:
                # Not the job went wrong but the question: the key, the gateway, the rate.
                raise refusal(
                    codec.PROVIDER,
                    own.problems,
                    answer,
                    job=job,
                    about="question",
                    retry_after=retry_after(answer.headers),
                )
        return codec.status_of(job, said)

    def wait(
        self, job: Job, deadline: Deadline, poll: Poll, on_progress: Progress | None = None
    ) -> Flow[list[VideoResult]]:
        """Look at a job until all its videos are there, and return them."""
        finished: dict[str, VideoResult] = {}
        pauses = poll.pauses()
        with _about(job, finished):
            while True:
                try:
                    status = yield from self.status(job, deadline)
                except UnderstudyError as error:
                    if error.retryable and deadline.remaining() == 0:
                        raise self._late(job, deadline, len(finished)) from error
                    raise
                # A video once finished stays finished, whatever a later answer leaves out.
                finished.update((result.id, result) for result in status.results)
                if on_progress is not None:
                    on_progress(replace(status, results=tuple(finished.values())))
                if status.errors and status.done:
                    raise refusal(codec.PROVIDER, status.errors, None, job=job)
                if status.done or len(finished) >= job.count:
                    return list(finished.values())
                left = deadline.remaining()
                if left == 0:
                    raise self._late(job, deadline, len(finished))
                pause = next(pauses)
                yield Sleep(pause if left is None else min(pause, left))

    def generate(
        self, task: Mapping[str, Any], deadline: Deadline, poll: Poll, on_progress: Progress | None = None
    ) -> Flow[list[VideoResult]]:
        """Submit a task and wait for its videos."""
        job = yield from self.submit(task, deadline)
        return (yield from self.wait(job, deadline, poll, on_progress))

    def price(self, request: Mapping[str, Any]) -> Flow[Decimal]:
        """Ask what a task would cost, without a job and without a bill."""
        # A fresh UUID: should the provider remember it, the real submit must not meet a conflict.
        task = {**request, "taskUUID": str(uuid.uuid4()), "includeCost": True}
        job = codec.job_of(task)
        with _about(job):
            reply = yield from self._post(task, None, {"X-Runware-Dry-Run": "1"})
            answer = self._heard(reply, job, submitting=True)
            said = codec.decode(answer).about(job.id)
            if said.problems or answer.status >= 400:
                raise refusal(codec.PROVIDER, said.problems, answer, job=job, about="submit")
            cost = _cost(said)
            if cost is None:
                raise InvalidAnswer(
                    "the dry run was answered without a cost",
                    provider=codec.PROVIDER,
                    request=task,
                    response=answer,
                )
        return cost

    def _post(
        self, task: Mapping[str, Any], deadline: Deadline | None, headers: Mapping[str, str] | None = None
    ) -> Flow[Reply]:
        request = Request(
            "POST",
            self.url,
            codec.encode(task),
            {"content-type": "application/json", "accept": "application/json", **(headers or {})},
            authorized=True,
        )
        return persist(request, self.backoff, deadline or Deadline(None, self.clock), codec.is_whole)

    def _heard(self, reply: Reply, job: Job, *, submitting: bool = False) -> Answer:
        outcome = reply.outcome
        if not isinstance(outcome, Lost):
            return outcome
        unheard = submitting and not outcome.sent and not reply.repeated
        raise ConnectionFailed(
            f"no answer from {self.url}: {_reason(outcome.cause)}",
            provider=codec.PROVIDER,
            request=job.request,
            job=job,
            retryable=outcome.retryable,
            billed=False if unheard else None,
        ) from outcome.cause

    def _late(self, job: Job, deadline: Deadline, finished: int) -> DeadlineExceeded:
        return DeadlineExceeded(
            f"job {job.id} had {finished} of {job.count} videos after {deadline.seconds:g} s",
            provider=codec.PROVIDER,
            request=job.request,
            job=job,
        )


def _reason(cause: Exception) -> str:
    # Some errors of httpx have no text, and an empty reason reads as a bug.
    return str(cause) or type(cause).__name__


@contextmanager
def _about(job: Job, finished: Mapping[str, VideoResult] | None = None) -> Iterator[None]:
    """Name the job in every error that passes, cancellation included."""
    try:
        yield
    except UnderstudyError as error:
        error.job = error.job or job
        error.request = error.request or job.request
        error.results = error.results or tuple((finished or {}).values())
        raise


def _acknowledged(said: codec.Envelope) -> bool:
    """Say whether the task exists although a problem came along that names no task."""
    return bool(said.data) and not any(p.task for p in said.problems)


def _cost(said: codec.Envelope) -> Decimal | None:
    costs = [codec.money(item.get("cost")) for item in said.data]
    known = [cost for cost in costs if cost is not None]
    if known:
        return sum(known, Decimal(0))
    top = said.raw if isinstance(said.raw, Mapping) else {}
    return codec.money(top.get("cost")) or codec.money(top.get("totalCost"))
