"""A job, what it has produced so far, and the videos that came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from .errors import Problem


@dataclass(frozen=True, slots=True)
class Job:
    """A task the provider was asked to do. `Job("…")` is enough to ask about one from another process."""

    #: The task's UUID at the provider.
    id: str
    #: How many videos it makes.
    count: int = 1
    #: The task as it was sent.
    request: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class VideoResult:
    """One finished video."""

    #: The video's own UUID.
    id: str
    #: The UUID of the job that made it.
    job: str
    url: str
    #: US dollars; None unless the request asked for it with `includeCost`.
    cost: Decimal | None = None
    seed: int | None = None
    #: Whether a safety check found the content unsafe; None when none was made.
    nsfw: bool | None = None
    #: The whole item, with every key the provider added.
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What is known of a job at one moment."""

    job: Job
    results: tuple[VideoResult, ...] = ()
    errors: tuple[Problem, ...] = ()
    #: How many videos are still to come.
    pending: int = 0
    #: Per cent done, 0 to 100, when the provider says so.
    progress: int | None = None

    @property
    def done(self) -> bool:
        """Whether nothing more will happen."""
        return self.pending == 0

    @property
    def state(self) -> Literal["processing", "success", "error"]:
        """The job in one word; `error` as soon as one of its videos failed and the others are settled."""
        if not self.done:
            return "processing"
        return "error" if self.errors else "success"
