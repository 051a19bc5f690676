"""The one clock that jobs, webhook retries, expiry and the ledger all ask.

Emulator time is unix seconds as a float. Nothing else in the emulator may read the machine's time. The server has a
clock, which passes by itself or stands still.
"""

import asyncio
import itertools
import math
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

Wake = Callable[[], object]

#: Says until which moment somebody sleeps.
When = Callable[[], float]


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

    def on_leap(self, wake: Wake, when: When | None = None) -> Wake:
        """Call `wake`, from any thread, whenever time moved other than by passing, until the returned call.

        Who sleeps until a moment says `when`: an advance stops there, and may leave who sleeps longer alone.
        """
        ...

    def next_wake(self) -> float:
        """The next moment until which anybody sleeps; infinite when nobody does."""
        ...

    def advance(self, seconds: float) -> float:
        """Move time forward and return the new time; raises ValueError on a negative step."""
        ...

    def step(self, seconds: float) -> float:
        """The same as a part of an advance, which ends with `wake`: who sleeps longer is left alone until then."""
        ...

    def wake(self) -> None:
        """Let everybody who sleeps look at the clock."""
        ...

    def lived(self) -> float:
        """What time it would be had it always gone on from where it was: being set back or ahead does not count."""
        ...

    def moment_of(self, lived: float) -> float:
        """The moment at which `lived` will be that, if time is not set before."""
        ...


class Sleepers:
    """Who is to be woken after a leap; they come and go at any time, from any thread."""

    __slots__ = ("_wakes",)

    _numbers = itertools.count()

    def __init__(self) -> None:
        self._wakes: dict[int, tuple[Wake, When | None]] = {}

    def add(self, wake: Wake, when: When | None) -> Wake:
        """Wake this one, too, until the returned call; `when` says until which moment it sleeps."""
        number = next(self._numbers)
        self._wakes[number] = wake, when
        return lambda: self._wakes.pop(number, None)

    def wake(self, now: float = math.inf) -> None:
        """Wake everybody but those who sleep until after `now`."""
        for wake, when in tuple(self._wakes.values()):
            if when is None or when() <= now:
                wake()

    def next(self, now: float) -> float:
        """When the next of those sleeps no longer who sleep now."""
        moments = (when() for _, when in tuple(self._wakes.values()) if when is not None)
        return min((moment for moment in moments if moment > now), default=math.inf)


def forward(seconds: float) -> float:
    """Seconds by which time can be advanced; raises ValueError on those by which it cannot."""
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
        self._sleepers = Sleepers()

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

    def on_leap(self, wake: Wake, when: When | None = None) -> Wake:
        """Call `wake` after every `advance`, until the returned call."""
        return self._sleepers.add(wake, when)

    def next_wake(self) -> float:
        """The next moment until which anybody sleeps, on this clock or an account's."""
        return self._sleepers.next(self.now())

    def advance(self, seconds: float) -> float:
        """Move time forward, beside its passing, and return the new time; raises ValueError on a negative step."""
        self._wall += forward(seconds)
        self.wake()
        return self.now()

    def step(self, seconds: float) -> float:
        """The same, but those who sleep longer must be woken later: they sleep by real time, which is too long now."""
        self._wall += forward(seconds)
        self._sleepers.wake(self.now())
        return self.now()

    def wake(self) -> None:
        """Let everybody who sleeps look at the clock."""
        self._sleepers.wake()

    def lived(self) -> float:
        """The time: it is never set."""
        return self.now()

    def moment_of(self, lived: float) -> float:
        """The same moment."""
        return lived


class ManualClock:
    """Time that stands still until somebody calls `advance`."""

    still = True

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        self._now = start
        self._sleepers = Sleepers()

    def now(self) -> float:
        """The emulator's time, in unix seconds."""
        return self._now

    def real_delay(self, moment: float) -> float | None:
        """0 when `moment` has come, else None: waiting does not help."""
        return 0.0 if moment <= self._now else None

    def on_leap(self, wake: Wake, when: When | None = None) -> Wake:
        """Call `wake` after every `advance` that brings what is slept for, until the returned call."""
        return self._sleepers.add(wake, when)

    def next_wake(self) -> float:
        """The next moment until which anybody sleeps, on this clock or an account's."""
        return self._sleepers.next(self._now)

    def advance(self, seconds: float) -> float:
        """Move time forward and return the new time; raises ValueError on a negative step."""
        self._now += forward(seconds)
        # Whoever sleeps longer can do nothing but sleep on.
        self._sleepers.wake(self._now)
        return self._now

    step = advance

    def wake(self) -> None:
        """Let everybody who sleeps look at the clock."""
        self._sleepers.wake()

    def lived(self) -> float:
        """The time: it is never set."""
        return self._now

    def moment_of(self, lived: float) -> float:
        """The same moment."""
        return lived


async def sleep_until(clock: Clock, moment: float) -> None:
    """Wait until the emulator's time has come to `moment`, whether it passes or leaps there."""
    await _sleep(clock, lambda: moment)


async def live_until(clock: Clock, lived: float) -> None:
    """Wait until so much was lived: as long as was meant, even if time is set back or ahead meanwhile."""
    await _sleep(clock, lambda: clock.moment_of(lived))


async def wait_for(event: asyncio.Event, delay: float | None) -> None:
    """Wait until an event is set, so many real seconds at most; None is for ever.

    Not asyncio's own: that of Python 3.11 loses a cancellation that comes as the wait ends, and who loops never ends.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(delay):
            await event.wait()


async def _sleep(clock: Clock, when: When) -> None:
    loop = asyncio.get_running_loop()
    leapt = asyncio.Event()
    forget = clock.on_leap(lambda: loop.call_soon_threadsafe(leapt.set), when)
    try:
        while (delay := clock.real_delay(when())) != 0:
            leapt.clear()
            await wait_for(leapt, delay)
    finally:
        forget()
