"""Which account has to send what, and when: each in its own time, and all of them in the server's.

There is one queue, of accounts by when they next have something to send, in the server's time. An account's own
queue is in its own time, so that advancing it moves one entry. Whoever has nothing to send is in no queue.
"""

import asyncio
import heapq
import itertools
import math
import weakref
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .clock import Clock
from .deliveries import Delivery

if TYPE_CHECKING:
    from .accounts import Account


class Schedule:
    """Everything that is still to be sent. `changed` is called, from any thread, when that may be sooner."""

    def __init__(self, clock: Clock, changed: Callable[[], object]) -> None:
        self._clock = clock
        self._changed = changed
        self._boxes: dict[Account, Box] = {}
        #: A box that was taken out may have entries far behind, which do not keep it.
        self._queue: list[tuple[float, int, weakref.ref[Box]]] = []
        self._order = itertools.count()
        #: Boxes whose account was advanced, by whatever thread.
        self._moved: deque[Box] = deque()

    def __len__(self) -> int:
        return sum(len(box) for box in self._boxes.values())

    def find(self, account: "Account") -> "Box | None":
        """The box of an account that has something to send."""
        return self._boxes.get(account)

    def box(self, account: "Account") -> "Box":
        """The box of an account, made now if need be."""
        box = self._boxes.get(account)
        if box is None:
            box = self._boxes[account] = Box(account)

            def moved() -> None:
                self._moved.append(box)
                self._changed()

            box.close = account.clock.on_advance(moved)
        return box

    def holds(self, box: "Box") -> bool:
        """Whether a box counts: it was not taken out."""
        return self._boxes.get(box.account) is box

    def put(self, box: "Box", delivery: Delivery) -> None:
        """Queue a delivery for its due time, in the place of an earlier entry; what never falls due needs no place."""
        if delivery.due < math.inf:
            box.put(delivery, next(self._order))
        self.tidy(box)

    def tidy(self, box: "Box") -> None:
        """See to it that a box is queued for when it has something to send, or that it goes when it is done."""
        if not self.holds(box):
            return
        due = box.next_due()
        if due is None:
            box.moment = None
            if not box.sending:
                self.take_out(box.account)
        elif box.moment != (moment := box.account.clock.at_parent(due)):
            box.moment = moment
            heapq.heappush(self._queue, (moment, next(self._order), weakref.ref(box)))
            self._changed()

    def take_out(self, account: "Account") -> "Box | None":
        """Drop all that an account has to send."""
        box = self._boxes.pop(account, None)
        if box is not None:
            box.moment = None
            box.close()
        return box

    def clear(self) -> None:
        """Drop everything."""
        for account in tuple(self._boxes):
            self.take_out(account)

    def next_due(self, account: "Account | None" = None) -> float | None:
        """When the next delivery falls due: the account's, in its time; without one anybody's, in the server's."""
        while self._moved:
            self.tidy(self._moved.popleft())
        if account is not None:
            box = self._boxes.get(account)
            return None if box is None else box.next_due()
        while self._queue and ((box := self._queue[0][2]()) is None or self._queue[0][0] != box.moment):
            heapq.heappop(self._queue)
        return self._queue[0][0] if self._queue else None

    def pop_due(self) -> "tuple[Box, Delivery] | None":
        """Take out the delivery that has been due for longest, if one is due."""
        moment = self.next_due()
        if moment is None or self._clock.real_delay(moment) != 0:
            return None
        box = self._queue[0][2]()
        assert box is not None
        delivery = box.pop()
        box.sending.add(delivery)
        self.tidy(box)
        return box, delivery


@dataclass(frozen=True, slots=True)
class Held:
    """A webhook that a fault holds back until another one overtakes it, with what was on its way by then."""

    delivery: Delivery
    since: float
    before: frozenset[Delivery] = frozenset()

    def is_overtaken(self, by: Delivery) -> bool:
        """Whether what was tried just now set out after this was due, and its receiver got to see it."""
        late = by not in self.before and by.attempts[0].at >= self.since
        return late and by.kind == "webhook" and by.attempts[-1].status is not None


class Box:
    """What one account has to send, in its own time."""

    __slots__ = (
        *("__weakref__", "_places", "_queue", "account", "again", "close", "held", "moment", "sending", "under_way"),
    )

    def __init__(self, account: "Account") -> None:
        self.account = account
        #: Each with when it falls due and the number of its entry; only the latest entry of a delivery counts.
        self._queue: list[tuple[float, int, Delivery]] = []
        self._places: dict[Delivery, int] = {}
        #: The moment, in the server's time, under which this box is queued.
        self.moment: float | None = None
        #: What was taken out and is not done with yet.
        self.sending: set[Delivery] = set()
        #: How often what goes out anyway is to be sent once more after that.
        self.again: Counter[Delivery] = Counter()
        #: What is held back, by its receiver.
        self.held: dict[str, Held] = {}
        self.under_way = Count()
        self.close: Callable[[], object] = lambda: None

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Delivery]:
        return iter(self._places)

    def __contains__(self, delivery: Delivery) -> bool:
        return delivery in self._places

    def put(self, delivery: Delivery, number: int) -> None:
        """Queue a delivery under a number that no entry had before."""
        self._places[delivery] = number
        heapq.heappush(self._queue, (delivery.due, number, delivery))

    def next_due(self) -> float | None:
        """When its next delivery falls due."""
        while self._queue and self._places.get(self._queue[0][2]) != self._queue[0][1]:
            heapq.heappop(self._queue)
        return self._queue[0][0] if self._queue else None

    def pop(self) -> Delivery:
        """Take out the delivery that falls due next, right after it was asked when."""
        delivery = heapq.heappop(self._queue)[2]
        del self._places[delivery]
        return delivery


class Count:
    """How many there are, and an event for when there are none."""

    __slots__ = ("none", "number")

    def __init__(self) -> None:
        self.number = 0
        self.none = asyncio.Event()
        self.none.set()

    def up(self) -> None:
        """One more."""
        self.number += 1
        self.none.clear()

    def down(self) -> None:
        """One less."""
        self.number -= 1
        if not self.number:
            self.none.set()
