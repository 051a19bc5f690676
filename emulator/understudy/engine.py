"""The engine every provider plays on: one clock, the accounts, what goes out, and the placeholders."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from .accounts import Account, Accounts
from .clock import Clock, FlowingClock, ManualClock
from .config import Settings, is_loopback
from .deliveries import Delivery
from .faults import NOTHING, Facts, FaultTable, Strike, meet
from .happenings import News
from .jobs import Job, Result
from .journal import Journal
from .keepers import Keeper
from .media.given import Intake
from .media.studio import Studio
from .outbox import Outbox
from .turns import Turns
from .uploads import HandedIn, Upload, Uploads

#: What of an account can be set back to how it was when it was opened; `all` gives it a new clock, too.
Part: TypeAlias = Literal["jobs", "faults", "journal", "webhooks", "money", "all"]


class Shelved(NamedTuple):
    """A result that has a file, with whose it is."""

    account: Account
    job: Job
    result: Result


@dataclass(frozen=True, slots=True)
class Engine:
    """State and services of one server. `shelf` finds a result by the id in its media URL.

    `faults` strike whatever the account, and `strangers` is the journal of those who have none.
    """

    settings: Settings
    clock: Clock
    accounts: Accounts
    faults: FaultTable
    strangers: Journal
    outbox: Outbox
    studio: Studio
    intake: Intake
    uploads: Uploads
    shelf: dict[str, Shelved]
    #: Results that are an account's own and another's, too: who comes after the one on the shelf.
    heirs: dict[str, list[Shelved]] = field(default_factory=dict)
    #: How many exchanges went with the accounts they were of, by their ids: whoever plays journals again has to know.
    lost: Counter[str] = field(default_factory=Counter)
    #: How many went as all of an account was reset: only who does not see it begin anew has to know.
    lost_to_reset: Counter[str] = field(default_factory=Counter)
    news: News = field(default_factory=News)
    under_way: set[asyncio.Task[None]] = field(default_factory=set)
    #: Taken by whoever moves time: the advances of one account queue up, and those of all with every other.
    advancing: Turns = field(default_factory=Turns)
    #: The providers that have something to keep for accounts, by name.
    keepers: dict[str, Keeper] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    #: Numbers the keys that are made here.
    made: Iterator[int] = field(default_factory=itertools.count)

    @classmethod
    def build(cls, settings: Settings, clock: Clock | None = None) -> "Engine":
        """An engine with nothing in it yet; raises MediaError when the cache directory cannot be used."""
        if clock is None:
            clock = ManualClock() if settings.clock == "manual" else FlowingClock(settings.speed.rate)
        seed = settings.seed
        shelf: dict[str, Shelved] = {}
        faults = FaultTable(random.Random(None if seed is None else f"{seed}:faults"), shared=True, clock=clock)

        def strike(account: Account, delivery: Delivery, taken: Mapping[str, str]) -> Strike:
            """What goes wrong with a delivery, for the same reasons as with the request it is about."""
            tables = (faults, account.faults)
            if not any(tables):
                return NOTHING
            facts = Facts(delivery.provider, "webhook", delivery.model, account.id, delivery.text, taken=taken)
            return meet(tables, facts, account.clock.now())

        studio = Studio(settings.cache_dir, max_bytes=settings.cache_bytes)
        return cls(
            settings=settings,
            clock=clock,
            accounts=Accounts(
                clock,
                opening=int(settings.balance * 1_000_000),
                seed=seed,
                keys=settings.api_keys,
                journal_size=settings.journal_size,
            ),
            faults=faults,
            strangers=Journal(settings.journal_size),
            outbox=Outbox(clock, allow_all_targets=settings.allow_link_local, strike=strike),
            studio=studio,
            intake=Intake(studio.shelf, fetches=is_loopback(settings.host)),
            uploads=Uploads(settings.cache_bytes),
            shelf=shelf,
        )

    async def hand_in(self, account: Account, name: str, content_type: str, content: bytes) -> Upload:
        """Keep a file that an account hands in; raises TooLarge."""
        upload = await self.uploads.put(name, content_type, content)
        account.keep(HandedIn).files[name] = (upload.content_type, upload.size)
        return upload

    def throw_out(self, account: Account, name: str) -> None:
        """Keep a file of an account no longer, unless a copy of the account has it, too."""
        account.keep(HandedIn).files.pop(name, None)
        held = (other.kept.get(HandedIn) for other in self.accounts.all())
        if not any(isinstance(own, HandedIn) and name in own.files for own in held):
            self.uploads.forget(name)

    def file(self, account: Account, job: Job) -> None:
        """Put a job among its account's, and its results where their URLs lead."""
        for result in job.results:
            known = self.shelf.get(result.id)
            if known is None or known.account is account:
                self.shelf[result.id] = Shelved(account, job, result)
            else:
                self.heirs.setdefault(result.id, []).append(Shelved(account, job, result))
        account.limits.running.begin(job.id, job.finishes_at, job.submitted_at)

    def withdraw(self, account: Account, job: Job) -> None:
        """Take the results of an account's job from where their URLs lead; those of its copies stay."""
        for result in job.results:
            heirs = [heir for heir in self.heirs.pop(result.id, ()) if heir.account is not account]
            known = self.shelf.get(result.id)
            if known is not None and known.account is account:
                del self.shelf[result.id]
                if heirs:
                    self.shelf[result.id] = heirs.pop(0)
            if heirs:
                self.heirs[result.id] = heirs

    def reset(self, account: Account, part: Part) -> Account:
        """Set a part of an account back to how it was when it was opened; `all` puts a new one in its place."""
        if part in ("jobs", "all"):
            # What a job costs is a plan, and goes with it; what it cost until now is the ledger's to tell.
            account.ledger.cancel_all(account.clock.now())
            account.limits.running.clear()
            for provider in account.providers:
                jobs = account.jobs(provider)
                for job in jobs.values():
                    self.withdraw(account, job)
                jobs.clear()
        if part in ("jobs", "webhooks", "all"):
            self.outbox.forget(account)
            account.deliveries.clear()
        match part:
            case "faults":
                account.faults.clear()
            case "journal":
                account.journal.clear()
            case "money":
                account.renew_money()
            case "all":
                self.lost_to_reset[account.id] += len(account.journal) + account.journal.lost
                self._empty(account)
                account.become(self.accounts.blank(account.id, account.key))
                account.furnish()
        return account

    def forget(self, account: Account) -> None:
        """Let there be no such account any more."""
        self.reset(account, "jobs")
        self.lost[account.id] += len(account.journal) + account.journal.lost
        self._empty(account)
        self.accounts.forget(account)
        for keeper in self.keepers.values():
            keeper.forgotten(account)

    def _empty(self, account: Account) -> None:
        for keeper in self.keepers.values():
            keeper.emptied(account)
        for name in list(account.keep(HandedIn).files):
            self.throw_out(account, name)

    def background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something beside an answer, which does not wait for it."""
        task = asyncio.create_task(work)
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)
        return task

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send what falls due and render what is asked for, as long as the block lasts."""
        try:
            async with self.outbox.running():
                yield
        finally:
            for task in self.under_way:
                task.cancel()
            await self.studio.close()
            self.uploads.close()
