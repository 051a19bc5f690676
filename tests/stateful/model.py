"""What should be, in plain values: jobs, money, what goes wrong, what was handed in. It knows contracts, and no server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from understudy_contracts.errors import ErrorCase

State = Literal["processing", "success", "error", "cancelled"]

#: Seconds by which two sums of the same moments may differ.
SLACK = 0.002

MICRO = 1_000_000

#: When the clock that stands still begins, and what an account is opened with.
BEGINNING = 1_750_000_000.0
OPENING = 100_000 * MICRO


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that goes wrong with an operation, and what a client makes of it."""

    #: As a rule has it.
    rule: Mapping[str, Any]
    #: The error that a call ends with when it is not tried again, or was for as often as it may; "" for none.
    raises: str = ""
    #: What its code is, and what it says.
    code: str = ""
    said: str = ""
    #: Whether a client that meets it tries again.
    again: bool = False
    #: Whether a submit that meets it is worked on all the same.
    made: bool = False
    #: Whether a client that meets it in a submit finds its job by itself.
    found: bool = False
    #: Of a job that meets it: why it fails, how many times as long it takes.
    fails: ErrorCase | None = None
    pace: float = 1.0
    #: Seconds by which the answer comes late.
    late: float = 0.0


@dataclass(slots=True)
class Fault:
    """A trouble that is on."""

    name: str
    trouble: Trouble
    #: How often it strikes yet; None for always.
    left: int | None

    @property
    def live(self) -> bool:
        """Whether it strikes the next request."""
        return self.left != 0

    def strike(self, attempts: int) -> bool:
        """Let a call meet it that is tried so often at most; whether the last attempt met it, too."""
        met = attempts if self.trouble.again else 1
        if self.left is None:
            return True
        through = self.left >= met
        self.left -= min(self.left, met)
        return through


@dataclass(slots=True)
class Job:
    """A job that was accepted."""

    #: What the script calls it.
    name: str
    model: str
    request: Mapping[str, Any]
    #: Micro-dollars for all of it, in so many parts.
    cost: int
    parts: int
    #: When it was handed in: not before, not after.
    submitted: tuple[float, float]
    #: Seconds after which its first result is there, and its last one at the latest.
    takes: tuple[float, float]
    fails: ErrorCase | None = None
    cancelled: bool = False
    #: Whether the client knows what it asked for, and not only the id.
    remembered: bool = True
    #: Whether its end was seen, which the script calls by its name.
    seen: bool = False
    #: Whether webhooks tell of its results, and how many of each; None where nobody can tell.
    hooked: bool = False
    hooks: int | None = 0

    @property
    def earliest(self) -> float:
        """When it may end."""
        return self.submitted[0] + self.takes[0] - SLACK

    @property
    def latest(self) -> float:
        """When it has ended."""
        return self.submitted[1] + self.takes[1] + SLACK

    def states(self, now: float) -> tuple[State, ...]:
        """Where it may stand."""
        if self.cancelled:
            return ("cancelled",)
        end: State = "error" if self.fails else "success"
        if now < self.earliest:
            return ("processing",)
        return (end,) if now >= self.latest else ("processing", end)

    @property
    def end(self) -> str:
        """The name of its end."""
        return f"end_{self.name.removeprefix('job_')}"


@dataclass(slots=True)
class World:
    """One account at one provider."""

    #: Whether a job is paid when it is handed in, or its price is only held.
    prepaid: bool
    now: float = BEGINNING
    given: int = OPENING
    jobs: list[Job] = field(default_factory=list)
    #: What goes wrong, by operation: one thing at a time.
    faults: dict[str, Fault] = field(default_factory=dict)
    #: Files that were handed in, by the name of their URL.
    uploads: dict[str, int] = field(default_factory=dict)
    names: Counter[str] = field(default_factory=Counter)

    def name(self, kind: str) -> str:
        """A name that nothing has: `job_1`, `fault_2`."""
        self.names[kind] += 1
        return f"{kind}_{self.names[kind]}"

    def meets(self, operation: str) -> Fault | None:
        """What the next request of an operation meets."""
        fault = self.faults.get(operation)
        return fault if fault is not None and fault.live else None

    def spent(self) -> tuple[int, int]:
        """What jobs took out of the account by now, in micro-dollars: not less, not more."""
        least = most = 0
        for job in self.jobs:
            states = job.states(self.now)
            free = [state == "cancelled" or (state == "error" and not _billed(job)) for state in states]
            least += 0 if any(free) else job.cost
            most += 0 if all(free) else job.cost
        return least, most

    def entries(self, job: Job) -> Counter[str] | None:
        """Which entries of the ledger are about a job by now; None where that cannot be told."""
        states = job.states(self.now)
        if len(states) > 1 or not job.cost:
            return None
        [state] = states
        free = state == "cancelled" or (state == "error" and not _billed(job))
        if self.prepaid:
            return Counter(charge=job.parts, **({"refund": job.parts} if free else {}))
        if state == "processing":
            return Counter(hold=job.parts)
        return Counter(hold=job.parts, release=job.parts, **({} if free else {"charge": job.parts}))


def _billed(job: Job) -> bool:
    return job.fails is not None and job.fails.billed
