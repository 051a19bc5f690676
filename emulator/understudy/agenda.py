"""What the jobs of some accounts have before them, in the order in which it comes."""

import heapq
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .jobs import Job, Result

if TYPE_CHECKING:
    from .accounts import Account
    from .engine import Engine

#: What happens at one moment is told in this order.
STEP, RESULT, MONEY, SENT, EXPIRY = range(5)


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that will happen to a job, by its plan."""

    account: "Account"
    #: What its provider files the job under.
    name: str
    job: Job
    result: Result | None
    at: float
    kind: str
    rank: int

    @property
    def holds(self) -> bool:
        """Whether it is still to happen: nobody called the job off, or took it away."""
        job = self.account.jobs(self.job.provider).get(self.name)
        return job is not None and job.id == self.job.id and (job.cancelled_at is None or self.at <= job.cancelled_at)


class Agenda:
    """The points of every job of the accounts that `wanted` takes; `moment` is when one comes, by one clock for all.

    Looking at every job is done once. What is handed in later is found by what is new on the shelf.
    """

    def __init__(self, engine: "Engine", accounts: "Iterable[Account]", moment: "Callable[[Account, float], float]",
                 wanted: "Callable[[Account], bool]", until: float) -> None:  # fmt: skip
        self._shelf = engine.shelf
        self._moment = moment
        self._wanted = wanted
        self._until = until
        #: With what is no job's, nothing but when it comes: time stops there as well.
        self._points: list[tuple[float, int, int, Point | None]] = []
        self._order = itertools.count()
        #: Callers choose ids: two accounts can have jobs of one id.
        self._known: set[tuple[Account, str, str]] = set()
        self._last = next(reversed(self._shelf), None)
        for account in accounts:
            for provider in account.providers:
                for name, job in account.jobs(provider).items():
                    self._add(account, name, job)
            for keeper in engine.keepers.values():
                for plan in keeper.plans(account):
                    self._stop_at(account, [at for _, at in plan.steps])

    @property
    def next(self) -> float:
        """When something happens next; infinite when nothing does."""
        return self._points[0][0] if self._points else math.inf

    def come(self, now: float) -> Iterator[tuple[float, Point]]:
        """Take out what has happened by now, each with when."""
        while self._points and self._points[0][0] <= now:
            moment, _, _, point = heapq.heappop(self._points)
            if point is not None and point.holds:
                yield moment, point

    def look_again(self) -> None:
        """Take in the jobs that were handed in since."""
        shelf, last = self._shelf, next(reversed(self._shelf), None)
        if last == self._last:
            return
        for result_id in reversed(shelf):
            if result_id == self._last:
                break
            account, job, _ = shelf[result_id]
            if (account, job.provider, job.id) not in self._known and self._wanted(account):
                # It is among the last that were filed.
                filed = reversed(account.jobs(job.provider).items())
                if (name := next((name for name, each in filed if each.id == job.id), None)) is not None:
                    self._add(account, name, job)
        self._last = last

    def _add(self, account: "Account", name: str, job: Job) -> None:
        self._known.add((account, job.provider, job.id))
        now = account.clock.now()
        for step, begins in job.steps:
            self._put(account, name, job, None, begins, f"job.{step.lower()}", STEP, now)
        for result in job.results:
            how = "succeeded" if result.error is None else "failed"
            self._put(account, name, job, result, result.finishes_at, f"result.{how}", RESULT, now)
            if result.error is None:
                gone = result.finishes_at + job.expires_after
                self._put(account, name, job, result, gone, "result.expired", EXPIRY, now)

    def _put(
        self, account: "Account", name: str, job: Job, result: Result | None, at: float, kind: str, rank: int,
        now: float,
    ) -> None:  # fmt: skip
        if now < at < math.inf and (moment := self._moment(account, at)) <= self._until:
            point = Point(account, name, job, result, at, kind, rank)
            heapq.heappush(self._points, (moment, rank, next(self._order), point))

    def _stop_at(self, account: "Account", moments: Iterable[float]) -> None:
        now = account.clock.now()
        for at in moments:
            if now < at < math.inf and (moment := self._moment(account, at)) <= self._until:
                heapq.heappush(self._points, (moment, STEP, next(self._order), None))
