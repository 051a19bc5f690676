"""The one clock that jobs, webhook retries, expiry and the ledger all ask.

Emulator time is unix seconds as a float. Nothing else in the emulator may read the machine's time. The server has a
clock, which passes by itself or stands still; an account's clock goes with it and can be advanced on its own.
"""

import asyncio
import itertools
import math
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

Wake = Callable[[], object]


class Clock(Protocol):
    """What time it is in the emulator, and how long a moment is away in real time."""

    @property
    def still(self) -> bool:
        """Whether time moves by an advance only."""
        ...

    def now(self) -> float:
        """The emulator's time, in unix seconds."""
        ...

    def real_delay(self, moment: float) -> float | None:
        """Real seconds until `moment`; 0 when it has come, None when only an advance can bring it, or nothing."""
        ...

    def on_leap(self, wake: Wake) -> Wake:
        """Call `wake`, from any thread, whenever time moved other than by passing, until the returned call."""
        ...

    def advance(self, seconds: float) -> float:
        """Move time forward and return the new time; raises ValueError on a negative step."""
        ...


class _Sleepers:
    """Who is to be woken after a leap; they come and go at any time, from any thread."""

    __slots__ = ("_wakes",)

    _numbers = itertools.count()

    def __init__(self) -> None:
        self._wakes: dict[int, Wake] = {}

    def add(self, wake: Wake) -> Wake:
        number = next(self._numbers)
        self._wakes[number] = wake
        return lambda: self._wakes.pop(number, None)

    def wake(self) -> None:
        for wake in tuple(self._wakes.values()):
            wake()


def _step(seconds: float) -> float:
    if not 0 <= seconds < math.inf:
        raise ValueError(f"time does not go backward, nor to its end: {seconds!r} is no number of seconds to advance")
    return seconds


def _rate(rate: float) -> float:
    if not 0 < rate < math.inf:
        raise ValueError(f"a clock's rate is a number above 0, not {rate!r}")
    return rate


class FlowingClock:
    """Time that passes by itself, `rate` emulator seconds a real second, starting at the machine's time."""

    still = False

    def __init__(self, rate: float = 1.0) -> None:
        self._rate = _rate(rate)
        self._wall = time.time()
        self._mark = time.monotonic()
        self._sleepers = _Sleepers()

    @property
    def rate(self) -> float:
        """Emulator seconds in a real one; another rate counts from now on."""
        return self._rate

    @rate.setter
    def rate(self, rate: float) -> None:
        _rate(rate)
        mark = time.monotonic()
        self._wall, self._mark = self._wall + (mark - self._mark) * self._rate, mark
        self._rate = rate
        self._sleepers.wake()

    def now(self) -> float:
        """The emulator's time, in unix seconds."""
        return self._wall + (time.monotonic() - self._mark) * self._rate

    def real_delay(self, moment: float) -> float | None:
        """Real seconds until `moment`, never negative; None for one that never comes."""
        return max(0.0, (moment - self.now()) / self._rate) if moment < math.inf else None

    def on_leap(self, wake: Wake) -> Wake:
        """Call `wake` after every `advance`, until the returned call."""
        return self._sleepers.add(wake)

    def advance(self, seconds: float) -> float:
        """Move time forward, beside its passing, and return the new time; raises ValueError on a negative step."""
        self._wall += _step(seconds)
        self._sleepers.wake()
        return self.now()


class ManualClock:
    """Time that stands still until somebody calls `advance`."""

    still = True

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        self._now = start
        self._sleepers = _Sleepers()

    def now(self) -> float:
        """The emulator's time, in unix seconds."""
        return self._now

    def real_delay(self, moment: float) -> float | None:
        """0 when `moment` has come, else None: waiting does not help."""
        return 0.0 if moment <= self._now else None

    def on_leap(self, wake: Wake) -> Wake:
        """Call `wake` after every `advance`, until the returned call."""
        return self._sleepers.add(wake)

    def advance(self, seconds: float) -> float:
        """Move time forward and return the new time; raises ValueError on a negative step."""
        self._now += _step(seconds)
        self._sleepers.wake()
        return self._now


class AccountClock:
    """The server's time plus what an account was advanced by on its own."""

    __slots__ = ("_parent", "_sleepers", "offset")

    def __init__(self, parent: Clock, offset: float = 0.0) -> None:
        self._parent = parent
        #: Seconds by which the account is ahead of the server; it only grows, unless the account is set back whole.
        self.offset = offset
        # Most accounts never sleep on their clock: there are thousands of them.
        self._sleepers: _Sleepers | None = None

    @property
    def still(self) -> bool:
        """Whether time moves by an advance only."""
        return self._parent.still

    def now(self) -> float:
        """The account's time, in unix seconds."""
        return self._parent.now() + self.offset

    def real_delay(self, moment: float) -> float | None:
        """Real seconds until `moment`; 0 when it has come, None when only an advance can bring it, or nothing."""
        return self._parent.real_delay(self.at_parent(moment))

    def at_parent(self, moment: float) -> float:
        """What the server's clock shows when this one shows `moment`, if this one is not advanced before."""
        return moment - self.offset

    def on_leap(self, wake: Wake) -> Wake:
        """Call `wake` after every advance, of this clock or the server's, until the returned call."""
        forget_own, forget_parents = self.on_advance(wake), self._parent.on_leap(wake)
        return lambda: (forget_own(), forget_parents())

    def on_advance(self, wake: Wake) -> Wake:
        """Call `wake` after every advance of this clock alone, until the returned call."""
        if self._sleepers is None:
            self._sleepers = _Sleepers()
        return self._sleepers.add(wake)

    def set(self, offset: float) -> None:
        """Let the account be so far ahead of the server, whatever it was before."""
        self.offset = offset
        if self._sleepers is not None:
            self._sleepers.wake()

    def advance(self, seconds: float) -> float:
        """Move this account's time forward and return it; raises ValueError on a negative step."""
        parent = self._parent.now()
        # The offset is what two clock readings differ by, so that adding it to one and taking it from the other
        # round alike: a moment that has come by `now` has come by `real_delay`.
        self.offset = (parent + self.offset + _step(seconds)) - parent
        if self._sleepers is not None:
            self._sleepers.wake()
        return self.now()


async def sleep_until(clock: Clock, moment: float) -> None:
    """Wait until the emulator's time has come to `moment`, whether it passes or leaps there."""
    loop = asyncio.get_running_loop()
    leapt = asyncio.Event()
    forget = clock.on_leap(lambda: loop.call_soon_threadsafe(leapt.set))
    try:
        while (delay := clock.real_delay(moment)) != 0:
            leapt.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(leapt.wait(), delay)
    finally:
        forget()
