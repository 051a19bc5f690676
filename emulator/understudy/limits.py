"""How much may be done: so often in a time, at so many a time, for so much money."""

import heapq
import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, TypeAlias, get_args

#: How an account's cap on spending counts: anew each day or month of UTC, or once and for all.
Period: TypeAlias = Literal["daily", "monthly", "total"]

#: Which cap keeps an account from having something done.
Cap: TypeAlias = Literal["spend", "concurrency"]

_MICRO = 1_000_000
_DAY = 86_400

_MOST_JOBS, _MOST_DOLLARS = 1_000_000, 1_000_000_000

#: The JSON of an account's limits; null lifts one, and one that is left out stays as it is.
LIMITS_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "spend": {
            "description": "What its jobs may cost, by the day on which they are handed in.",
            "type": ["object", "null"],
            "additionalProperties": False,
            "required": ["amount", "period"],
            "properties": {
                "amount": {"description": "In US dollars.", "type": "number", "minimum": 0, "maximum": _MOST_DOLLARS},
                "period": {
                    "description": "What it is for: each day or month, in UTC, or once and for all.",
                    "enum": list(get_args(Period)),
                },
            },
        },
        "concurrency": {
            "description": "How many of its jobs may be under way.",
            "type": ["integer", "null"],
            "minimum": 0,
            "maximum": _MOST_JOBS,
        },
    },
}


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `limit` times in any `interval` seconds."""

    limit: int
    interval: float


@dataclass(slots=True)
class Window:
    """Remembers when something was done, for as long as it matters."""

    rate: Rate
    done: deque[float] = field(default_factory=deque)

    def take(self, now: float) -> float | None:
        """Do it once: None when that is allowed, else the seconds until it will be, and nothing is counted."""
        while self.done and self.done[0] <= now - self.rate.interval:
            self.done.popleft()
        if len(self.done) >= self.rate.limit:
            return self.done[0] + self.rate.interval - now
        self.done.append(now)
        return None


class Running:
    """The jobs that are under way: each until it has finished, or is called off."""

    def __init__(self) -> None:
        self._jobs: dict[str, float] = {}
        self._ends: list[tuple[float, str]] = []

    def begin(self, job: str, finishes_at: float, now: float) -> None:
        """Count a job from now on; one that never finishes counts until it is called off."""
        self.count(now)
        self._jobs[job] = finishes_at
        if finishes_at < math.inf:
            heapq.heappush(self._ends, (finishes_at, job))

    def end(self, job: str) -> None:
        """Count a job no longer."""
        self._jobs.pop(job, None)

    def clear(self) -> None:
        """Count none."""
        self._jobs.clear()
        self._ends.clear()

    def count(self, now: float) -> int:
        """How many there are."""
        while self._ends and self._ends[0][0] <= now:
            end, job = heapq.heappop(self._ends)
            # One that was called off may have begun again.
            if self._jobs.get(job) == end:
                del self._jobs[job]
        return len(self._jobs)

    def wait(self, now: float) -> float | None:
        """Seconds until the next one has finished; None when none ever will."""
        self.count(now)
        while self._ends and self._jobs.get(self._ends[0][1]) != self._ends[0][0]:
            heapq.heappop(self._ends)
        return self._ends[0][0] - now if self._ends else None


class Spending(Protocol):
    """Tells what was spent: a ledger."""

    def spent(self, now: float, since: int | None = None) -> int:
        """What the jobs of a day, counted from 1970, and of those after it cost, in micro-dollars."""
        ...


class BadLimits(ValueError):
    """Limits cannot be what was written; `problems` names everything that is wrong with it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Limits:
    """What an account may spend, and how many jobs it may have under way. True while anything is limited.

    What runs is counted whether it is limited or not, so that a cap counts what ran before it was set.
    """

    def __init__(self) -> None:
        #: In micro-dollars.
        self.spend: int | None = None
        self.period: Period = "total"
        self.concurrency: int | None = None
        self.running = Running()

    def __bool__(self) -> bool:
        return self.spend is not None or self.concurrency is not None

    def set(self, document: Mapping[str, Any]) -> None:
        """Set the limits that a document names and leave the others; raises BadLimits, and then leaves all."""
        problems = list(_problems(document))
        if problems:
            raise BadLimits(problems)
        if "spend" in document:
            spend = document["spend"]
            self.spend = None if spend is None else round(spend["amount"] * _MICRO)
            self.period = "total" if spend is None else spend["period"]
        if "concurrency" in document:
            concurrency = document["concurrency"]
            self.concurrency = None if concurrency is None else int(concurrency)

    def lift(self) -> None:
        """Limit nothing any more."""
        self.spend, self.period, self.concurrency = None, "total", None

    def shown(self) -> dict[str, Any]:
        """The limits as JSON, in the form in which they are set."""
        spend = None if self.spend is None else {"amount": self.spend / _MICRO, "period": self.period}
        return {"spend": spend, "concurrency": self.concurrency}

    def refuses(self, now: float, cost: int, spending: Spending) -> Cap | None:
        """Which limit keeps a job of that price, in micro-dollars, from being taken, if one does.

        Nothing is taken any more from who has spent all, even if it costs nothing.
        """
        if self.spend is not None and spending.spent(now, self._since(now)) + max(cost, 1) > self.spend:
            return "spend"
        if self.concurrency is not None and self.running.count(now) >= self.concurrency:
            return "concurrency"
        return None

    def _since(self, now: float) -> int | None:
        if self.period == "total":
            return None
        today = int(now // _DAY)
        return today if self.period == "daily" else today - datetime.fromtimestamp(now, UTC).day + 1


def _problems(document: object) -> list[str]:
    # Only for who sets limits: judging takes as long to import as everything else here.
    from understudy_contracts.schema import Judge

    return [violation.message for violation in Judge(LIMITS_SCHEMA).violations(document)]
