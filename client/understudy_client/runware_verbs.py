"""What one can ask of Runware, each verb a flow: decided here, carried out by a driver."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from . import runware_codec as codec
from .errors import ConnectionFailed, InvalidAnswer, UnderstudyError
from .flow import Answer, Backoff, Deadline, Flow, Lost, Reply, Request, persist, retry_after
from .jobs import Job, JobStatus, MediaResult
from .json_body import is_whole
from .refusals import refusal
from .waiting import Poll, Progress, Waiting, about, reason

#: Statuses with which a poll may report that its job failed; the SDKs take 200 and 400 alike.
_TELLS_OF_JOB = (200, 400)

#: The header that asks for a price and no video (Runware's agent skills; on a socket, it is a query).
DRY_RUN = "x-runware-dry-run"


@dataclass(frozen=True, slots=True)
class Verbs:
    """Runware's verbs at one URL."""

    url: str
    backoff: Backoff
    clock: Callable[[], float] = time.monotonic

    def submit(self, task: Mapping[str, Any], deadline: Deadline | None = None) -> Flow[Job]:
        """Hand in a task that has its UUID. However often it is sent, at most one job comes of it."""
        job = codec.job_of(task)
        with about(job):
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
        with about(job):
            # A job known by no more than its id may have any number of results.
            parts = job.count if job.request else 0
            reply = yield from self._post({"taskType": "getResponse", "taskUUID": job.id}, deadline, parts=parts)
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
    ) -> Flow[list[MediaResult]]:
        """Look at a job until all its videos are there, and return them."""
        return Waiting(codec.PROVIDER, self.status, _fault).wait(job, deadline, poll, on_progress)

    def generate(
        self, task: Mapping[str, Any], deadline: Deadline, poll: Poll, on_progress: Progress | None = None
    ) -> Flow[list[MediaResult]]:
        """Submit a task and wait for its videos."""
        job = yield from self.submit(task, deadline)
        return (yield from self.wait(job, deadline, poll, on_progress))

    def price(self, request: Mapping[str, Any]) -> Flow[Decimal]:
        """Ask what a task would cost, without a job and without a bill."""
        # A fresh UUID: should the provider remember it, the real submit must not meet a conflict.
        task = {**request, "taskUUID": str(uuid.uuid4()), "includeCost": True}
        job = codec.job_of(task)
        with about(job):
            reply = yield from self._post(task, None, {DRY_RUN: "1"})
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
        self,
        task: Mapping[str, Any],
        deadline: Deadline | None,
        headers: Mapping[str, str] | None = None,
        parts: int = 1,
    ) -> Flow[Reply]:
        request = Request(
            "POST",
            self.url,
            codec.encode(task),
            {"content-type": "application/json", "accept": "application/json", **(headers or {})},
            authorized=True,
            parts=parts,
        )
        return persist(request, self.backoff, deadline or Deadline(None, self.clock), is_whole)

    def _heard(self, reply: Reply, job: Job, *, submitting: bool = False) -> Answer:
        outcome = reply.outcome
        if not isinstance(outcome, Lost):
            return outcome
        unheard = submitting and not outcome.sent and not reply.repeated
        raise ConnectionFailed(
            f"no answer from {self.url}: {reason(outcome.cause)}",
            provider=codec.PROVIDER,
            request=job.request,
            job=job,
            retryable=outcome.retryable,
            billed=False if unheard else None,
        ) from outcome.cause


def _fault(status: JobStatus) -> UnderstudyError:
    return refusal(codec.PROVIDER, status.errors, None, job=status.job)


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
