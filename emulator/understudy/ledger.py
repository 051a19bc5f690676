"""What an account has, holds and spent: append-only, in whole micro-dollars, as a function of time.

A job's money is settled by its plan at the moment of submit: the whole price is held, and when a result
finishes its part becomes a charge (it succeeded) or is released (it failed).
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["opening", "hold", "release", "charge"]


class InsufficientCredit(Exception):
    """The account cannot pay for this: carries what was asked and what is available, in micro-dollars."""

    def __init__(self, asked: int, available: int) -> None:
        super().__init__(f"asked for {asked} micro-dollars, {available} available")
        self.asked = asked
        self.available = available


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger: `amount` is its effect on what can still be spent, in micro-dollars."""

    at: float
    kind: Kind
    amount: int
    job: str | None = None
    result: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One result's share of a job's price: settled `at`, and `billed` or given back."""

    result: str
    at: float
    amount: int
    billed: bool


@dataclass(frozen=True, slots=True)
class _Posting:
    at: float
    job: str
    parts: tuple[Part, ...]


class Ledger:
    """The money of one account."""

    def __init__(self, opening: int, opened_at: float) -> None:
        self._opening = Entry(opened_at, "opening", opening)
        self._postings: list[_Posting] = []
        self._available = opening
        self._releases: list[tuple[float, int]] = []

    def available(self, now: float) -> int:
        """What a new job may still cost, in micro-dollars."""
        while self._releases and self._releases[0][0] <= now:
            self._available += heapq.heappop(self._releases)[1]
        return self._available

    def balance(self, now: float) -> int:
        """What the account has, holds included, in micro-dollars."""
        return self._opening.amount - self.spent(now)

    def spent(self, now: float) -> int:
        """What has been charged so far, in micro-dollars."""
        return -sum(entry.amount for entry in self.entries(now) if entry.kind == "charge")

    def commit(self, job: str, now: float, parts: tuple[Part, ...]) -> None:
        """Hold a job's price and plan how each part settles; raises InsufficientCredit and changes nothing."""
        asked = sum(part.amount for part in parts)
        available = self.available(now)
        if asked > available:
            raise InsufficientCredit(asked, available)
        self._available = available - asked
        for part in parts:
            if not part.billed:
                heapq.heappush(self._releases, (part.at, part.amount))
        self._postings.append(_Posting(now, job, parts))

    def entries(self, now: float) -> list[Entry]:
        """Every entry up to `now`, oldest first; their sum is what is available."""
        known = [self._opening]
        for posting in self._postings:
            known.extend(entry for entry in _entries(posting) if entry.at <= now)
        return sorted(known, key=lambda entry: entry.at)


def _entries(posting: _Posting) -> Iterator[Entry]:
    for part in posting.parts:
        yield Entry(posting.at, "hold", -part.amount, posting.job, part.result)
        yield Entry(part.at, "release", part.amount, posting.job, part.result)
        if part.billed:
            yield Entry(part.at, "charge", -part.amount, posting.job, part.result)
