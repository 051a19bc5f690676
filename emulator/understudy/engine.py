"""The engine every provider plays on: one clock, the accounts, what goes out, and the placeholders."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from .accounts import Accounts
from .clock import Clock, FlowingClock
from .config import Settings
from .jobs import Job, Result
from .media.studio import Studio
from .outbox import Outbox
from .uploads import Uploads


@dataclass(frozen=True, slots=True)
class Engine:
    """State and services of one server. `shelf` finds a result by the id in its media URL."""

    settings: Settings
    clock: Clock
    accounts: Accounts
    outbox: Outbox
    studio: Studio
    uploads: Uploads
    shelf: dict[str, tuple[Job, Result]]
    under_way: set[asyncio.Task[None]] = field(default_factory=set)

    @classmethod
    def build(cls, settings: Settings, clock: Clock | None = None) -> "Engine":
        """An engine with nothing in it yet; raises MediaError when the cache directory cannot be used."""
        clock = clock or FlowingClock(settings.speed.rate)
        return cls(
            settings=settings,
            clock=clock,
            accounts=Accounts(opening=int(settings.balance * 1_000_000), seed=settings.seed, keys=settings.api_keys),
            outbox=Outbox(clock, allow_all_targets=settings.allow_link_local, seed=settings.seed),
            studio=Studio(settings.cache_dir, max_bytes=settings.cache_bytes),
            uploads=Uploads(settings.cache_bytes),
            shelf={},
        )

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside an answer, which does not wait for it."""
        task = asyncio.create_task(work)
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)

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
