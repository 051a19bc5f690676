"""Waiting for a job, whichever provider has it: when to look again, and when to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from .errors import DeadlineExceeded, UnderstudyError
from .flow import Deadline, Flow, Sleep
from .jobs import Job, JobStatus, MediaResult

#: Told after every look at a job.
Progress: TypeAlias = Callable[[JobStatus], object]

#: Seconds a video may take before one stops asking: Runware's SDKs give it 20 minutes.
PATIENCE = 1200.0


@dataclass(frozen=True, slots=True)
class Poll:
    """How often to ask: Runware's SDKs start at a second and slow down by half to ten, GMI's pages do the same
    in words (every second in the example, every five to ten in the advice)."""

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
class Waiting:
    """How one waits at a provider: its way to look at a job, and its way to say what became of one."""

    provider: str
    look: Callable[[Job, Deadline], Flow[JobStatus]]
    #: Makes the error for a job that ended without all its results.
    fault: Callable[[JobStatus], UnderstudyError]

    def wait(
        self,
        job: Job,
        deadline: Deadline,
        poll: Poll,
        on_progress: Progress | None = None,
        known: JobStatus | None = None,
    ) -> Flow[list[MediaResult]]:
        """Look at a job until all its results are there, and return them; see `settle`."""
        settled = yield from self.settle(job, deadline, poll, on_progress, known)
        return list(settled.results)

    def settle(
        self,
        job: Job,
        deadline: Deadline,
        poll: Poll,
        on_progress: Progress | None = None,
        known: JobStatus | None = None,
    ) -> Flow[JobStatus]:
        """Look at a job until all its results are there, and return where it stands then.

        known: what the answer to its submit already told, in place of the first look.
        """
        finished: dict[str, MediaResult] = {}
        pauses = poll.pauses()
        with about(job, finished=finished):
            while True:
                try:
                    status = known or (yield from self.look(job, deadline))
                    known = None
                except UnderstudyError as error:
                    if error.retryable and deadline.remaining() == 0:
                        raise self._late(job, deadline, len(finished)) from error
                    raise
                # A result once finished stays finished, whatever a later answer leaves out.
                finished.update((result.id, result) for result in status.results)
                status = replace(status, results=tuple(finished.values()))
                if on_progress is not None:
                    on_progress(status)
                if status.done and (status.errors or status.cancelled):
                    raise self.fault(status)
                if status.done or len(finished) >= job.count:
                    return status
                left = deadline.remaining()
                if left == 0:
                    raise self._late(job, deadline, len(finished))
                pause = next(pauses)
                yield Sleep(pause if left is None else min(pause, left))

    def _late(self, job: Job, deadline: Deadline, finished: int) -> DeadlineExceeded:
        return DeadlineExceeded(
            f"job {job.id} had {finished} of {job.count} results after {deadline.seconds:g} s",
            provider=self.provider,
            request=job.request,
            job=job,
        )


@contextmanager
def about(
    job: Job | None,
    *,
    request: Mapping[str, Any] | None = None,
    finished: Mapping[str, MediaResult] | None = None,
) -> Iterator[None]:
    """Name the job, or at least the request, in every error that passes, cancellation included."""
    try:
        yield
    except UnderstudyError as error:
        error.job = error.job or job
        error.request = error.request or (job.request if job is not None else request)
        error.results = error.results or tuple((finished or {}).values())
        raise


def reason(cause: Exception) -> str:
    """Say why a connection failed; some errors of httpx have no text, and an empty reason reads as a bug."""
    return str(cause) or type(cause).__name__
