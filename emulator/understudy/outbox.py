"""Sends webhooks and uploads when they fall due on the emulator's clock, at least once, and records each try."""

import asyncio
import contextlib
import heapq
import itertools
import logging
import random
import time
from collections.abc import AsyncIterator
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .clock import Clock
from .deliveries import Attempt, Delivery
from .media.errors import MediaError
from .targets import ForbiddenTarget

if TYPE_CHECKING:
    from .sender import Sender

log = logging.getLogger("understudy.outbox")


class Outbox:
    """The queue of everything the emulator will send, and the one task that sends it."""

    #: How many deliveries are on their way to one receiver at the same time.
    AT_ONCE = 16

    def __init__(self, clock: Clock, *, allow_all_targets: bool = False, seed: int | None = None) -> None:
        self._clock = clock
        self._allow_all_targets = allow_all_targets
        self._random = random.Random(None if seed is None else f"{seed}:outbox")
        self._queue: list[tuple[float, int, Delivery]] = []
        self._order = itertools.count()
        self._under_way: set[asyncio.Task[None]] = set()
        self._places: dict[str, asyncio.Semaphore] = {}
        self._changed = asyncio.Event()
        self._sender: Sender | None = None

    @property
    def waiting(self) -> int:
        """How many deliveries are neither delivered nor given up."""
        return len(self._queue) + len(self._under_way)

    def add(self, delivery: Delivery) -> None:
        """Queue a delivery for its due time."""
        heapq.heappush(self._queue, (delivery.due, next(self._order), delivery))
        self._changed.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send what falls due for as long as the block lasts; what is then still queued is dropped and counted."""
        loop = asyncio.get_running_loop()
        forget = self._clock.on_leap(lambda: loop.call_soon_threadsafe(self._changed.set))
        dispatcher = asyncio.create_task(self._dispatch())
        try:
            yield
        finally:
            forget()
            if self.waiting:
                log.warning("stopping with %d webhooks or uploads not delivered", self.waiting)
            for task in (dispatcher, *self._under_way):
                task.cancel()
            await asyncio.gather(dispatcher, *self._under_way, return_exceptions=True)
            if self._sender is not None:
                await self._sender.close()

    async def _dispatch(self) -> None:
        while True:
            self._changed.clear()
            now = self._clock.now()
            while self._queue and self._queue[0][0] <= now:
                task = asyncio.create_task(self._attempt(heapq.heappop(self._queue)[2]))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
            delay = self._clock.real_delay(self._queue[0][0]) if self._queue else None
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), delay)

    async def _attempt(self, delivery: Delivery) -> None:
        at, started = self._clock.now(), time.monotonic()
        status: int | None = None
        problem: str | None = None
        try:
            content = await delivery.produce()
            # A receiver that is slow holds up itself, and nobody else.
            async with self._place(delivery.url):
                if delivery.where is not None:
                    url = delivery.where()
                    if url is None:
                        delivery.state = "withdrawn"
                        return
                    delivery.url = url
                started = time.monotonic()
                status = await (await self._transport()).send(delivery, content)
        except ForbiddenTarget as refusal:
            problem, delivery.state = str(refusal), "refused"
        except (OSError, MediaError) as failure:
            problem = str(failure) or type(failure).__name__
        except Exception as mistake:  # a mistake of ours must not leave a delivery waiting for ever
            log.exception("the %s of %s met a mistake of understudy's", delivery.kind, delivery.job)
            problem, delivery.state = f"a mistake of understudy's: {mistake!r}", "given up"
        attempt = Attempt(at, time.monotonic() - started, status, problem)
        delivery.attempts.append(attempt)
        self._settle(delivery, attempt)

    def _place(self, url: str) -> asyncio.Semaphore:
        return self._places.setdefault(urlsplit(url).netloc, asyncio.Semaphore(self.AT_ONCE))

    def _settle(self, delivery: Delivery, attempt: Attempt) -> None:
        tries = len(delivery.attempts)
        outcome = attempt.problem or f"HTTP {attempt.status}"
        if attempt.accepted:
            delivery.state = "delivered"
        elif delivery.state == "waiting" and tries < delivery.policy.attempts:
            delivery.due = self._clock.now() + delivery.policy.delay(tries, self._random.random())
            self.add(delivery)
        elif delivery.state == "waiting":
            delivery.state = "given up"
        log.info("%s of %s, attempt %d: %s, %s", delivery.kind, delivery.job, tries, outcome, delivery.state)
        if delivery.state != "waiting" and delivery.then is not None:
            delivery.then.due = self._clock.now()
            self.add(delivery.then)

    async def _transport(self) -> "Sender":
        if self._sender is None:
            # The HTTP client takes as long to import as the rest of the server: only who sends pays for it.
            module = await asyncio.to_thread(import_module, "understudy.sender")
            self._sender = module.Sender(allow_all_targets=self._allow_all_targets)
        return self._sender
