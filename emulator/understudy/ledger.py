"""What an account has, holds and spent: append-only, in whole micro-dollars, as a function of time.

A job's money is settled by its plan at the moment of submit. Either its price is held, and each result becomes
a charge when it succeeds or is released when it fails; or, prepaid, it is charged at once and what fails is
refunded. Only a cancellation changes a plan, and only what has not happened yet.
"""

import heapq
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

Kind = Literal["opening", "hold", "release", "charge", "refund"]

#: The kinds that change what an account has, not only what it may spend.
SETTLED = ("opening", "charge", "refund")


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
    prepaid: bool

    def entries(self) -> Iterator[Entry]:
        for part in self.parts:
            asked: Kind = "charge" if self.prepaid else "hold"
            yield Entry(self.at, asked, -part.amount, self.job, part.result)
            if not self.prepaid:
                yield Entry(part.at, "release", part.amount, self.job, part.result)
                if part.billed:
                    yield Entry(part.at, "charge", -part.amount, self.job, part.result)
            elif not part.billed:
                yield Entry(part.at, "refund", part.amount, self.job, part.result)


class _Settled:
    """The running sum of what was settled: added up when somebody asks, each entry once."""

    def __init__(self, opening: Entry) -> None:
        self._read = 0
        self._planned: list[tuple[float, int]] = []
        self._moments, self._sums = array("d", [opening.at]), array("q", [opening.amount])

    def at(self, moment: float, postings: list[_Posting]) -> int:
        """The sum at a moment that has come; `postings` only ever grow."""
        for posting in islice(postings, self._read, None):
            for entry in posting.entries():
                if entry.kind in SETTLED:
                    heapq.heappush(self._planned, (entry.at, entry.amount))
        self._read = len(postings)
        while self._planned and self._planned[0][0] <= moment:
            at, amount = heapq.heappop(self._planned)
            self._moments.append(at)
            self._sums.append(self._sums[-1] + amount)
        index = bisect_right(self._moments, moment)
        return self._sums[index - 1] if index else 0


class Ledger:
    """The money of one account."""

    def __init__(self, opening: int, opened_at: float) -> None:
        self._opening = Entry(opened_at, "opening", opening)
        self._postings: list[_Posting] = []
        self._available = opening
        self._returns: list[tuple[float, int]] = []
        self._settled = _Settled(self._opening)

    @property
    def opened_at(self) -> float:
        """When the account was opened."""
        return self._opening.at

    def available(self, now: float) -> int:
        """What a new job may still cost, in micro-dollars."""
        while self._returns and self._returns[0][0] <= now:
            self._available += heapq.heappop(self._returns)[1]
        return self._available

    def balance(self, now: float) -> int:
        """What the account has, or had at an earlier moment, holds included, in micro-dollars."""
        return self._settled.at(now, self._postings)

    def commit(self, job: str, now: float, parts: tuple[Part, ...], *, prepaid: bool = False) -> None:
        """Take on a job's price and plan how each part settles; raises InsufficientCredit and changes nothing."""
        asked = sum(part.amount for part in parts)
        available = self.available(now)
        if asked > available:
            raise InsufficientCredit(asked, available)
        self._available = available - asked
        for part in parts:
            if not part.billed:
                heapq.heappush(self._returns, (part.at, part.amount))
        self._postings.append(_Posting(now, job, parts, prepaid))

    def cancel(self, job: str, now: float) -> None:
        """Give back, now, whatever of a job's price is not settled yet."""
        index = max(index for index, posting in enumerate(self._postings) if posting.job == job)
        posting = self._postings[index]
        parts = tuple(part if part.at <= now else replace(part, at=now, billed=False) for part in posting.parts)
        # A return that was planned for later comes now instead.
        for before in posting.parts:
            if before.at > now:
                if not before.billed:
                    self._returns.remove((before.at, before.amount))
                self._returns.append((now, before.amount))
        heapq.heapify(self._returns)
        self._postings[index] = replace(posting, parts=parts)
        # What was added up so far followed the plan that is no more.
        self._settled = _Settled(self._opening)

    def entries(self, now: float) -> list[Entry]:
        """Every entry up to `now`, oldest first; their sum is what is available."""
        planned = (entry for posting in self._postings for entry in posting.entries())
        return sorted([self._opening, *(entry for entry in planned if entry.at <= now)], key=lambda entry: entry.at)
