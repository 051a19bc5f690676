"""A job carries its whole plan from the moment of submit; where it stands is a pure function of time."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from understudy_contracts.errors import ErrorCase

State = Literal["processing", "success", "error"]

#: What most jobs have of the caller's media, so that they need not have it each.
NO_MEDIA: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Result:
    """One output of a job: when it finishes, and how."""

    id: str
    seed: int
    finishes_at: float
    error: ErrorCase | None = None

    def state(self, now: float) -> State:
        """Where this result stands at `now`."""
        if now < self.finishes_at:
            return "processing"
        return "success" if self.error is None else "error"


@dataclass(frozen=True, slots=True)
class Job:
    """A submitted task with its plan.

    `request` is the task as JSON; each result lasts `seconds`, costs `cost` micro-dollars, is a file of type
    `container` for `expires_after` seconds, and carries `extras` in the answers that show it. `steps` are the
    provider's names for what it does before it finishes, each with the moment it begins.
    """

    id: str
    provider: str
    model: str
    container: str
    request: bytes
    origin: str
    submitted_at: float
    seconds: float
    cost: int
    results: tuple[Result, ...]
    expires_after: float
    extras: Mapping[str, Any]
    steps: tuple[tuple[str, float], ...] = ()
    cancelled_at: float | None = None
    #: Width over height of the picture it is made from, where that must be remembered.
    aspect: float | None = None
    #: What its polls are answered with instead of its state, from the moment that error strikes.
    refused: ErrorCase | None = None
    #: What the caller's pictures and recordings are kept as, by the part they play.
    given: Mapping[str, str] = field(default_factory=lambda: NO_MEDIA)

    @property
    def finishes_at(self) -> float:
        """When the last of its results finishes."""
        return max(result.finishes_at for result in self.results)

    def step(self, now: float) -> str:
        """The step it is at, for a job that has not finished: the last one begun."""
        return next(name for name, begins in reversed(self.steps) if begins <= now)

    def refusal(self, now: float) -> ErrorCase | None:
        """What a poll at `now` is answered with instead of the job's state, if anything."""
        if self.refused is not None and (self.refused.strikes == "poll" or now >= self.finishes_at):
            return self.refused
        return None

    def expired(self, result: Result, now: float) -> bool:
        """Whether the result's file is gone: its time to live, counted from when it finished, is over."""
        return now >= result.finishes_at + self.expires_after

    def cancelled(self, now: float) -> "Job":
        """The same job, called off now."""
        return replace(self, cancelled_at=now)
