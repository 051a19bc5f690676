"""Sends webhooks and uploads when they fall due on their account's clock, at least once, and records each try."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, TypeAlias

from .clock import Clock, wait_for
from .deliveries import Attempt, Delivery
from .faults import NOTHING
from .lanes import Lanes
from .messenger import Messenger
from .mishaps import Ask, Mishaps
from .schedule import Box, Count, Schedule

if TYPE_CHECKING:
    from .accounts import Account
    from .sender import Sender

log = logging.getLogger("understudy.outbox")

#: Told of what becomes of a delivery, and when: `delivered`, `failed` if it will be tried again, or how it ended.
Watcher: TypeAlias = "Callable[[Account, Delivery, str, float], object]"

#: How many deliveries fall due before others get a turn.
_TURN = 500


class Outbox:
    """All that the emulator sends by itself. `strike` says what goes wrong with a delivery that falls due."""

    def __init__(
        self,
        clock: Clock,
        *,
        allow_all_targets: bool = False,
        strike: Ask = lambda account, delivery, taken: NOTHING,
    ) -> None:
        self._clock = clock
        self._schedule = Schedule(clock, self._wake)
        self._mishaps = Mishaps(self._schedule, strike)
        self._messenger = Messenger(allow_all_targets=allow_all_targets)
        #: A receiver that is slow holds up itself, and nobody else.
        self._lanes: Lanes[tuple[Box, Delivery]] = Lanes(self._attempt)
        self._under_way = Count()
        self._expected: dict[Delivery, asyncio.Future[None]] = {}
        self._watchers: list[Watcher] = []
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def waiting(self) -> int:
        """How many deliveries are on their way or will be; not those that never fall due."""
        return self._under_way.number + len(self._schedule)

    def add(self, account: "Account", delivery: Delivery) -> None:
        """Put a delivery, and what follows it, among its account's, and queue it for its due time."""
        account.deliveries.extend(delivery.chain())
        self.plan(account, delivery)

    def plan(self, account: "Account", delivery: Delivery) -> None:
        """Queue a delivery that is among its account's already."""
        self._schedule.put(self._schedule.box(account), delivery)

    def resume(self, account: "Account", delivery: Delivery) -> None:
        """Queue a delivery that was written down as it was; one that a fault held back is held back again."""
        box = self._schedule.box(account)
        self._mishaps.resume(box, delivery)
        self._schedule.put(box, delivery)

    def pending(self, account: "Account") -> list[Delivery]:
        """What an account has still to send, and what it is sending."""
        box = self._schedule.find(account)
        return [] if box is None else [*box.sending, *box]

    async def send_now(self, account: "Account", delivery: Delivery) -> None:
        """Try a delivery that was added, at once; returns when that, and the first try of what follows it, was made.

        What a fault drops or holds back is not waited for, nor what follows a delivery that has to be tried again.
        """
        if delivery.is_fresh:
            delivery.due = account.clock.now()
            self.plan(account, delivery)
        # What follows may be tried before anybody looks again.
        awaited = [(each, self._expect(each)) for each in delivery.chain() if each.is_fresh or each.is_first_try]
        try:
            for each, made in awaited:
                await made
                if each.state == "waiting":
                    break
        finally:
            for each, _ in awaited:
                self._expected.pop(each, None)

    def resend(self, account: "Account", delivery_id: str) -> Delivery:
        """Try a delivery anew, now, whatever became of it; raises KeyError when the account has none of that id."""
        delivery = next((each for each in reversed(account.deliveries) if each.id == delivery_id), None)
        if delivery is None:
            raise KeyError(delivery_id)
        box = self._schedule.box(account)
        now = account.clock.now()
        if delivery in box.sending or (delivery in box and delivery.strike is not None and delivery.due <= now):
            # It goes out once more as soon as this try is over, for everybody who asks.
            box.again[delivery] += 1
        else:
            self._mishaps.hold_no_more(box, delivery, "it was resent before another one came")
            delivery.renew(now)
            self._schedule.put(box, delivery)
        return delivery

    def forget(self, account: "Account") -> int:
        """Drop what an account has still to send, and leave what is on its way at that; how many there were."""
        box = self._schedule.take_out(account)
        if box is None:
            return 0
        for delivery in box:
            self._tell_tried(delivery)
        return len(box) + len(box.sending)

    def next_due(self, account: "Account | None" = None) -> float | None:
        """When the next delivery falls due: the account's, in its time; without one anybody's, in the server's."""
        return self._schedule.next_due(account)

    async def settled(self, account: "Account | None" = None) -> None:
        """Wait until nothing that is due by now, of one account or of all, is still on its way."""
        while True:
            if self._release():
                await asyncio.sleep(0)
                continue
            box = None if account is None else self._schedule.find(account)
            count = self._under_way if account is None else box.under_way if box is not None else None
            if count is None or not count.number:
                return
            await count.none.wait()

    def send_by(self, sender: "Sender") -> None:
        """Let somebody else put deliveries on the wire."""
        self._messenger.sender = sender

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Tell somebody of everything that becomes of any delivery, until the returned call."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Send what falls due for as long as the block lasts; what is then still queued is dropped and counted."""
        self._loop = asyncio.get_running_loop()
        forget = self._clock.on_leap(self._wake)
        dispatcher = asyncio.create_task(self._dispatch())
        try:
            yield
        finally:
            forget()
            self._loop = None
            if self.waiting:
                log.warning("stopping with %d webhooks or uploads not delivered", self.waiting)
            self._schedule.clear()
            dispatcher.cancel()
            await asyncio.gather(dispatcher, return_exceptions=True)
            await self._lanes.close()
            await self._messenger.close()

    def _wake(self) -> None:
        # From any thread, and perhaps as the server stops.
        if (loop := self._loop) is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._changed.set)

    async def _dispatch(self) -> None:
        while True:
            self._changed.clear()
            if self._release():
                await asyncio.sleep(0)
                continue
            due = self._schedule.next_due()
            delay = None if due is None else self._clock.real_delay(due)
            await wait_for(self._changed, delay)

    def _release(self) -> bool:
        """Let go what is due by now; whether there may be more of it, for others get a turn in between."""
        for _ in range(_TURN):
            if (popped := self._schedule.pop_due()) is None:
                return False
            self._fall_due(*popped)
        return True

    def _fall_due(self, box: Box, delivery: Delivery) -> None:
        if self._mishaps.befall(box, delivery):
            if delivery.state == "dropped":
                self._end(box, delivery, box.account.clock.now())
            self._done(box, delivery)
            return
        delivery.begun = True
        receiver = delivery.receiver
        box.under_way.up()
        self._under_way.up()
        self._lanes.add(receiver, (box, delivery))

    async def _attempt(self, work: tuple[Box, Delivery]) -> None:
        box, delivery = work
        try:
            if self._schedule.holds(box):
                await self._try(box, delivery)
        except Exception:  # a mistake of ours must keep nobody waiting, and no lane without its worker
            log.exception("trying the %s of %s met a mistake of understudy's", delivery.kind, delivery.job)
        finally:
            self._done(box, delivery)
            box.under_way.down()
            self._under_way.down()

    async def _try(self, box: Box, delivery: Delivery) -> None:
        attempt = Attempt(box.account.clock.now())
        tried = await self._messenger.attempt(delivery, attempt)
        if tried:
            delivery.remember(attempt)
        # Its account may have been reset meanwhile.
        if self._schedule.holds(box):
            self._settle(box, delivery, attempt)
            if tried:
                self._mishaps.let_go(box, after=delivery)

    def _settle(self, box: Box, delivery: Delivery, attempt: Attempt) -> None:
        now = box.account.clock.now()
        if box.again[delivery]:
            box.again[delivery] -= 1
            delivery.renew(now)
        else:
            # Each wait has a random stream of its own: it does not depend on what else is sent, nor on when.
            delivery.settle(attempt, now, lambda: box.account.stream(f"{delivery.id}:{delivery.tries}").random())
        outcome = attempt.problem or f"HTTP {attempt.status}"
        log.info("%s of %s, attempt %d: %s, %s", delivery.kind, delivery.job, delivery.tries, outcome, delivery.state)
        if delivery.state == "waiting":
            self._tell(box, delivery, "delivered" if attempt.accepted else "failed", now)
            self._schedule.put(box, delivery)
        else:
            self._end(box, delivery, now)

    def _end(self, box: Box, delivery: Delivery, now: float) -> None:
        self._tell(box, delivery, delivery.state, now)
        then = delivery.then
        if then is not None and not then.begun and then.state == "waiting":
            then.due = now
            self._schedule.put(box, then)

    def _done(self, box: Box, delivery: Delivery) -> None:
        """A delivery is out of hand: it ended, or is queued once more."""
        box.sending.discard(delivery)
        self._schedule.tidy(box)
        self._tell_tried(delivery)

    def _expect(self, delivery: Delivery) -> asyncio.Future[None]:
        made = self._expected.get(delivery)
        if made is None:
            made = self._expected[delivery] = asyncio.get_running_loop().create_future()
        return asyncio.shield(made)

    def _tell_tried(self, delivery: Delivery) -> None:
        if self._expected and (made := self._expected.pop(delivery, None)) is not None:
            made.set_result(None)

    def _tell(self, box: Box, delivery: Delivery, what: str, now: float) -> None:
        for watcher in tuple(self._watchers):
            watcher(box.account, delivery, what, now)
