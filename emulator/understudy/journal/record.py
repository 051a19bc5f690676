"""An account's journal: its exchanges, bounded by their number and by what they weigh."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nlargest, nsmallest
from operator import attrgetter

from .exchange import Exchange
from .filters import Filters

#: How many bytes of exchanges a journal holds.
MAX_BYTES = 16 * 1024 * 1024

_NUMBER = attrgetter("number")


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the exchanges that were looked for."""

    items: list[Exchange]
    #: What to look for next, as `since` (oldest first) or `before` (newest first); None when this was all.
    next: int | None
    #: How many there are with those of the pages before left out.
    matching: int
    #: How many exchanges the journal had to let go of, ever.
    evicted: int


class Journal:
    """Remembers exchanges; the oldest make room, and are counted."""

    __slots__ = ("_bytes", "_exchanges", "_limit", "_max_bytes", "evicted", "lost")

    def __init__(self, limit: int = 1_000, max_bytes: int = MAX_BYTES) -> None:
        self._limit = limit
        self._max_bytes = max_bytes
        # There are accounts by the thousand, and an empty deque alone would weigh more than the rest of a journal.
        self._exchanges: deque[Exchange] | None = None
        self._bytes = 0
        #: How many exchanges had to make room.
        self.evicted = 0
        #: How many are not here any more, whatever the reason.
        self.lost = 0

    def add(self, exchange: Exchange) -> None:
        """Remember an exchange that is over, as it is: nothing is copied."""
        kept = self._exchanges
        if kept is None:
            kept = self._exchanges = deque()
        kept.append(exchange)
        exchange.weight = weight = _weight(exchange)
        self._bytes += weight
        while len(kept) > self._limit or self._bytes > self._max_bytes:
            self._bytes -= kept.popleft().weight
            self.evicted += 1
            self.lost += 1

    def __len__(self) -> int:
        return len(self._exchanges or ())

    def __iter__(self) -> Iterator[Exchange]:
        """Every exchange, in the order in which they began."""
        # They are added as they end.
        return iter(sorted(self._exchanges or (), key=_NUMBER))

    def get(self, number: int) -> Exchange | None:
        """The exchange of that number; None when there is none, or none any more."""
        return next((exchange for exchange in self._exchanges or () if exchange.number == number), None)

    def find(self, filters: Filters | None = None, *, limit: int = 100, newest_first: bool = True) -> Page:
        """Look for exchanges. With `next` as the new `since` or `before`, what comes in meanwhile moves no page."""
        wanted = filters or Filters()
        matching = [exchange for exchange in self._exchanges or () if wanted.hold(exchange)]
        return self.page(matching, limit=limit, newest_first=newest_first)

    def page(self, matching: list[Exchange], *, limit: int, newest_first: bool) -> Page:
        """The first of some exchanges."""
        first = nlargest if newest_first else nsmallest
        items = first(limit, matching, key=_NUMBER)
        more = len(matching) > len(items) and bool(items)
        return Page(items, items[-1].number if more else None, len(matching), self.evicted)

    def clear(self) -> int:
        """Forget every exchange, and what had to make room; returns how many there were."""
        gone = len(self)
        self.lost += gone
        self._exchanges = None
        self._bytes = self.evicted = 0
        return gone


def _weight(exchange: Exchange) -> int:
    """Bytes that an exchange takes, headers and faults included: who may cause much of it may not fill the memory."""
    size = len(exchange.request_body) + len(exchange.response_body) + len(exchange.target)
    for name, value in exchange.request_headers:
        size += len(name) + len(value)
    for name, value in exchange.response_headers:
        size += len(name) + len(value)
    for rule, why in exchange.considered:
        size += len(rule) + len(why)
    return size
