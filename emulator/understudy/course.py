"""What happens as time moves: from one due moment to the next, and what is due at each is done before it goes on.

Time can be moved for everybody, or for one account alone.
"""

import asyncio
import heapq
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .agenda import EXPIRY, MONEY, SENT, STEP, Agenda
from .happenings import Happening

if TYPE_CHECKING:
    from .accounts import Account
    from .deliveries import Delivery
    from .engine import Engine

#: Turns of the loop after which everybody is awake whose sleep is over, and has done what takes no waiting.
_TURNS = 10

#: Real seconds after which somebody who waits looks again, at most and at least: what is called off gives no sign.
_LONGEST_LOOK = 0.1
_SHORTEST_LOOK = 0.001

_MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Course:
    """What happened, in order: the first of it, and how much more there was."""

    happenings: list[Happening]
    left_out: int


async def advance(engine: "Engine", seconds: float, account: "Account | None" = None, *, limit: int = 1_000) -> Course:
    """Move the time of everybody, or of one account, forward and tell what happened, at most `limit` things of it.

    Every webhook and upload that falls due on the way is sent and settled, retries included, before this returns;
    who does not answer is waited for as long as its policy says, in real seconds. Advances of one account wait for
    one another, and one of everybody for all others, as they do for it. One that is cancelled leaves everything as it
    was at the moment it came to. Raises ValueError on a negative step.
    """
    if not 0 <= seconds < math.inf:
        raise ValueError(f"time does not go backward, nor to its end: {seconds!r} is no number of seconds to advance")
    async with engine.advancing.take(account):
        return await _Advance(engine, account, seconds).run(limit)


async def until_done(
    engine: "Engine", account: "Account | None", *, jobs: bool, webhooks: bool, timeout: float
) -> bool:
    """Wait until the jobs of an account, or of all, have finished, and everything it sends was sent; whether they did.

    Gives up after so many real seconds, and at once where no waiting could help: only an advance, or nothing.
    """
    try:
        async with asyncio.timeout(timeout):
            while True:
                left = _jobs_left(engine, account) if jobs else 0.0
                if webhooks and left < math.inf:
                    await engine.outbox.settled(account)
                    left = max(left, _webhooks_left(engine, account))
                if not left:
                    return True
                if left == math.inf:
                    return False
                await asyncio.sleep(max(_SHORTEST_LOOK, min(_LONGEST_LOOK, left)))
    except TimeoutError:
        return False


def _jobs_left(engine: "Engine", account: "Account | None") -> float:
    """Real seconds until all jobs have finished; infinite when that does not come by itself."""
    left = 0.0
    for each in engine.accounts.all() if account is None else (account,):
        now = each.clock.now()
        for provider in each.providers:
            running = [job.finishes_at for job in each.jobs(provider).values() if job.cancelled_at is None]
            if (last := max(running, default=now)) > now:
                left = max(left, _real(each.clock.real_delay(last)))
    return left


def _webhooks_left(engine: "Engine", account: "Account | None") -> float:
    """Real seconds until the next delivery falls due."""
    due = engine.outbox.next_due(account)
    return 0.0 if due is None else _real((engine.clock if account is None else account.clock).real_delay(due))


def _real(delay: float | None) -> float:
    # What is due within no time at all is not done yet.
    return math.inf if delay is None else max(delay, _SHORTEST_LOOK)


class _Advance:
    """One advance under way."""

    def __init__(self, engine: "Engine", account: "Account | None", seconds: float) -> None:
        self._engine = engine
        self._account = account
        self._clock = engine.clock if account is None else account.clock
        self._left = seconds
        accounts = list(engine.accounts.all()) if account is None else [account]
        self._agenda = Agenda(
            engine,
            accounts,
            moment=self._moment,
            wanted=self._concerns,
            until=self._clock.now() + seconds if self._clock.still else math.inf,
        )
        #: How many entries each account's ledger had before.
        self._entries = {each: each.ledger.count(each.clock.now()) for each in accounts}
        #: When it began for each; whoever comes later has lived through none of it before.
        self._since = {each: each.clock.now() for each in accounts}
        self._told: list[tuple[float, int, int, Happening]] = []
        self._order = itertools.count()

    async def run(self, limit: int) -> Course:
        """Go all the way."""
        forget = (self._engine.outbox.watch(self._sent), self._engine.news.watch(self._heard))
        try:
            await self._do_what_is_due()
            while self._left > 0:
                now = self._clock.now()
                moment = min(self._agenda.next, self._next_sent(), self._clock.next_wake())
                # However small a step, it must bring time forward.
                step = min(self._left, max(moment - now, math.ulp(now)))
                self._clock.step(step)
                self._left -= step
                await self._do_what_is_due()
        finally:
            self._clock.wake()
            for each in forget:
                each()
        return self._course(limit)

    async def _do_what_is_due(self) -> None:
        outbox = self._engine.outbox
        while True:
            self._agenda.look_again()
            for moment, point in self._agenda.come(self._clock.now()):
                result = point.result
                more = {} if result is None or result.error is None else {"error": result.error.id}
                happening = Happening(
                    point.at, point.kind, point.account.id, point.job.provider, point.job.id,
                    None if result is None else result.id, more,
                )  # fmt: skip
                self._told.append((moment, point.rank, next(self._order), happening))
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            await outbox.settled(self._account)
            self._agenda.look_again()
            if self._agenda.next > self._clock.now():
                return

    def _concerns(self, account: "Account") -> bool:
        return self._account is None or account is self._account

    def _moment(self, account: "Account", at: float) -> float:
        return at if self._account is not None else account.clock.at_parent(at)

    def _next_sent(self) -> float:
        due = self._engine.outbox.next_due(self._account)
        return math.inf if due is None else due

    def _sent(self, account: "Account", delivery: "Delivery", how: str, now: float) -> None:
        if not self._concerns(account):
            return
        more: dict[str, Any] = {"delivery": delivery.id}
        if how != "dropped" and delivery.attempts:
            last = delivery.attempts[-1]
            more |= {"attempt": len(delivery.attempts), "status": last.status, "problem": last.problem}
        kind = f"{delivery.kind}.{how.replace(' ', '_')}"
        happening = Happening(now, kind, account.id, delivery.provider, delivery.job, delivery.result, more)
        self._told.append((self._moment(account, now), SENT, next(self._order), happening))

    def _heard(self, account: "Account", happening: Happening) -> None:
        if self._concerns(account):
            self._told.append((self._moment(account, happening.at), EXPIRY, next(self._order), happening))

    def _planned(self, account: "Account", now: float) -> Iterator[Happening]:
        """What came to pass of an account's plans that are no jobs."""
        since = self._since.get(account, -math.inf)
        for provider, keeper in self._engine.keepers.items():
            for plan in keeper.plans(account):
                for name, at in plan.steps:
                    if max(since, plan.begun) < at <= now:
                        yield Happening(at, f"{plan.kind}.{name.lower()}", account.id, provider, plan.id)

    def _course(self, limit: int) -> Course:
        accounts = list(self._engine.accounts.all()) if self._account is None else [self._account]
        for account in accounts:
            for happening in self._planned(account, account.clock.now()):
                self._told.append((self._moment(account, happening.at), STEP, next(self._order), happening))
        count = len(self._told)
        for account in accounts:
            now = account.clock.now()
            before = self._entries.get(account, 0)
            count += max(account.ledger.count(now) - before, 0)
            for entry in account.ledger.entries(now, after=before, limit=limit):
                happening = Happening(
                    entry.at, f"ledger.{entry.kind}", account.id, None, entry.job, entry.result,
                    {"amount": entry.amount / _MICRO},
                )  # fmt: skip
                self._told.append((self._moment(account, entry.at), MONEY, next(self._order), happening))
        first = heapq.nsmallest(limit, self._told)
        return Course([happening for *_, happening in first], count - len(first))
