"""What an account has, holds and spent: append-only, in whole micro-dollars, as a function of time.

A job's money is settled by its plan at the moment of submit. Either its price is held, and each result becomes
a charge when it succeeds or is released when it fails; or, prepaid, it is charged at once and what fails is
refunded. Only a cancellation changes a plan, and only what has not happened yet.
"""

import heapq
import math
from array import array
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import groupby
from typing import get_args

from .books import Books, Gift, Kind, Line, Part, Share

__all__ = ["BadBooks", "Entry", "InsufficientCredit", "Ledger", "Part"]

_KINDS: tuple[Kind, ...] = get_args(Kind)
_OPENING, _CREDIT, _DEBIT, _HOLD, _RELEASE, _CHARGE, _REFUND = range(len(_KINDS))

#: The kinds from here on are about a job.
_OF_JOBS = _HOLD

#: How much of a line's number its kind takes, in bits.
_KIND_BITS = 3

_DAY = 86_400


class InsufficientCredit(Exception):
    """The account cannot pay for this: carries what was asked and what is available, in micro-dollars."""

    def __init__(self, asked: int, available: int) -> None:
        super().__init__(f"asked for {asked} micro-dollars, {available} available")
        self.asked = asked
        self.available = available


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger: `amount` is its effect on what can still be spent, in micro-dollars."""

    #: Entries are numbered from 1 on, in the order in which they were made.
    id: int
    at: float
    kind: Kind
    amount: int
    job: str | None = None
    result: str | None = None
    #: Of a credit or a debit: what somebody said it was for.
    why: str | None = None


class BadBooks(ValueError):
    """No ledger comes to be like that: `problems` tells why."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Ledger:
    """The money of one account.

    Time only goes forward here: what was asked for at a moment is settled up to it, and stays so.
    """

    def __init__(self, opening: int, opened_at: float) -> None:
        self._clear()
        self._gifts.append(Gift(opening))
        self._write(opened_at, _OPENING, 0)

    def _clear(self) -> None:
        self._gifts: list[Gift] = []
        self._shares: list[Share] = []
        #: The first share of each job that is not settled yet, and when each share is.
        self._open: dict[str, int] = {}
        self._due: list[tuple[float, int]] = []
        # The lines themselves. What they say is in the shares and gifts: an account may have a great many.
        self._moments, self._lines, self._balances = array("d"), array("q"), array("q")
        self._available = 0
        #: What the jobs of each day cost, by the day on which they were handed in.
        self._days: dict[int, int] = {}

    @property
    def opened_at(self) -> float:
        """When the account was opened."""
        return self._moments[0]

    @property
    def opening(self) -> int:
        """What it was opened with, in micro-dollars."""
        return self._gifts[0].amount

    def set_opening(self, amount: int) -> None:
        """Let it have been opened with another amount, in micro-dollars; raises ValueError once it was used."""
        if len(self._lines) > 1:
            raise ValueError("the ledger has entries already: money is put in or taken out by a credit")
        opened_at = self.opened_at
        self._clear()
        self._gifts.append(Gift(amount))
        self._write(opened_at, _OPENING, 0)

    def credit(self, amount: int, now: float, why: str = "") -> Entry:
        """Put money in or, below 0, take it out; raises InsufficientCredit when so much cannot be spent any more."""
        available = self.available(now)
        if available + amount < 0:
            raise InsufficientCredit(-amount, available)
        self._gifts.append(Gift(amount, why or None))
        self._write(now, _CREDIT if amount >= 0 else _DEBIT, len(self._gifts) - 1)
        return self._entry(len(self._lines) - 1)

    def available(self, now: float) -> int:
        """What a new job may still cost, in micro-dollars."""
        self._settle(now)
        return self._available

    def balance(self, now: float) -> int:
        """What the account has, or had at an earlier moment, holds included, in micro-dollars."""
        count = self.count(now)
        return self._balances[count - 1] if count else 0

    def spent(self, now: float, since: int | None = None) -> int:
        """What the jobs cost, in micro-dollars, that were handed in on a day or later, holds included.

        Days are counted from 1970. What comes back counts for the day on which it was taken.
        """
        self._settle(now)
        return sum(cost for day, cost in self._days.items() if since is None or day >= since)

    def commit(self, job: str, now: float, parts: tuple[Part, ...], *, prepaid: bool = False) -> None:
        """Take on a job's price and plan how each part settles; raises InsufficientCredit and changes nothing."""
        asked = sum(part.amount for part in parts)
        available = self.available(now)
        if asked > available:
            raise InsufficientCredit(asked, available)
        first, kind = len(self._shares), _CHARGE if prepaid else _HOLD
        for number, part in enumerate(parts, first):
            self._shares.append(Share(job, part, now, prepaid))
            self._write(now, kind, number)
            if part.at < math.inf:
                heapq.heappush(self._due, (part.at, number))
        self._open[job] = first
        self._spend(now, asked)

    def cancel(self, job: str, now: float) -> None:
        """Give back, now, whatever of a job's price is not settled yet."""
        self._settle(now)
        for number in self._numbers(job):
            share = self._shares[number]
            if share.open:
                share.part = replace(share.part, at=now, billed=False)
                self._close(number, share)

    def cancel_all(self, now: float) -> None:
        """Give back, now, whatever is not settled yet."""
        for job in tuple(self._open):
            self.cancel(job, now)

    def count(self, now: float) -> int:
        """How many entries there are, or were at an earlier moment."""
        self._settle(now)
        return bisect_right(self._moments, now)

    def entries(self, now: float, *, after: int = 0, limit: int | None = None) -> list[Entry]:
        """The entries up to `now`, oldest first: those after the one of an id, and at most so many.

        The sum of all is what is available.
        """
        last = self.count(now)
        if limit is not None:
            last = min(last, after + limit)
        return [self._entry(index) for index in range(after, last)]

    @property
    def books(self) -> Books:
        """Everything it knows."""
        read = zip(self._moments, map(_read, self._lines), strict=True)
        lines = tuple(Line(at, _KINDS[kind], about) for at, (kind, about) in read)
        return Books(tuple(self._gifts), tuple(replace(share) for share in self._shares), lines)

    @classmethod
    def opened(cls, books: Books) -> "Ledger":
        """The ledger that these are the books of; raises BadBooks."""
        if problems := books.problems():
            raise BadBooks(problems)
        ledger = cls(0, 0.0)
        ledger._clear()
        ledger._gifts += books.gifts
        ledger._shares += (replace(share) for share in books.shares)
        for line in books.lines:
            ledger._write(line.at, _KINDS.index(line.kind), line.about)
        for number, share in enumerate(ledger._shares):
            if share.open and share.part.at < math.inf:
                heapq.heappush(ledger._due, (share.part.at, number))
            if share.open or share.part.billed:
                ledger._spend(share.taken_at, share.part.amount)
        for job, group in groupby(range(len(ledger._shares)), lambda number: ledger._shares[number].job):
            numbers = list(group)
            if any(ledger._shares[number].open for number in numbers):
                ledger._open[job] = numbers[0]
        return ledger

    def _settle(self, now: float) -> None:
        due = self._due
        while due and due[0][0] <= now:
            number = heapq.heappop(due)[1]
            share = self._shares[number]
            # One that was called off is not open any more.
            if share.open:
                self._close(number, share)

    def _close(self, number: int, share: Share) -> None:
        part = share.part
        share.open = False
        if not share.prepaid:
            self._write(part.at, _RELEASE, number)
            if part.billed:
                self._write(part.at, _CHARGE, number)
        elif not part.billed:
            self._write(part.at, _REFUND, number)
        if not part.billed:
            self._spend(share.taken_at, -part.amount)
        known = self._numbers(share.job)
        if number in known and not any(self._shares[other].open for other in known):
            del self._open[share.job]

    def _numbers(self, job: str) -> range:
        """The numbers of the shares of a job that is not settled yet, which were taken on together."""
        first = self._open.get(job)
        if first is None:
            return range(0)
        end = first
        while end < len(self._shares) and self._shares[end].job == job:
            end += 1
        return range(first, end)

    def _spend(self, at: float, amount: int) -> None:
        day = int(at // _DAY)
        self._days[day] = self._days.get(day, 0) + amount

    def _write(self, at: float, kind: int, about: int) -> None:
        amount = self._effect(kind, about)
        balance = self._balances[-1] if self._balances else 0
        # A line that comes later is never earlier, whatever binary fractions make of the time.
        self._moments.append(max(at, self._moments[-1]) if self._moments else at)
        self._lines.append(about << _KIND_BITS | kind)
        self._balances.append(balance if kind in (_HOLD, _RELEASE) else balance + amount)
        self._available += amount

    def _effect(self, kind: int, about: int) -> int:
        """What a line changes about what can still be spent."""
        if kind < _OF_JOBS:
            return self._gifts[about].amount
        amount = self._shares[about].part.amount
        return -amount if kind in (_HOLD, _CHARGE) else amount

    def _entry(self, index: int) -> Entry:
        kind, about = _read(self._lines[index])
        at, amount = self._moments[index], self._effect(kind, about)
        if kind < _OF_JOBS:
            return Entry(index + 1, at, _KINDS[kind], amount, why=self._gifts[about].why)
        share = self._shares[about]
        return Entry(index + 1, at, _KINDS[kind], amount, share.job, share.part.result)


def _read(line: int) -> tuple[int, int]:
    return line & (1 << _KIND_BITS) - 1, line >> _KIND_BITS
