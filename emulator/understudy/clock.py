"""The one clock that jobs, webhook retries, expiry and the ledger all ask.

Emulator time is unix seconds as a float. Nothing else in the emulator may read the machine's time.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol


class Clock(Protocol):
    """What time it is in the emulator, and how long a moment is away in real time."""

    def now(self) -> float:
        """The emulator's time, in unix seconds."""
        ...

    def real_delay(self, moment: float) -> float | None:
        """Real seconds until `moment`; 0 when it has come, None when only an advance can bring it."""
        ...

    def on_leap(self, wake: Callable[[], object]) -> Callable[[], object]:
        """Call `wake`, from any thread, whenever time moved otherwise than by passing, until the returned call."""
        ...


class FlowingClock:
    """Time that passes by itself, `rate` emulator seconds a real second, starting at the machine's time."""

    def __init__(self, rate: float = 1.0) -> None:
        if not rate > 0:
            raise ValueError(f"a clock's rate is a number above 0, not {rate!r}")
        self.rate = rate
        self._wall = time.time()
        self._mark = time.monotonic()

    def now(self) -> float:
        """The emulator's time, in unix seconds."""
        return self._wall + (time.monotonic() - self._mark) * self.rate

    def real_delay(self, moment: float) -> float:
        """Real seconds until `moment`, never negative."""
        return max(0.0, (moment - self.now()) / self.rate)

    def on_leap(self, wake: Callable[[], object]) -> Callable[[], object]:
        """Do nothing: this clock never leaps."""
        return lambda: None


class ManualClock:
    """Time that stands still until somebody calls `advance`."""

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        self._now = start
        self._wakes: list[Callable[[], object]] = []

    def now(self) -> float:
        """The emulator's time, in unix seconds."""
        return self._now

    def real_delay(self, moment: float) -> float | None:
        """0 when `moment` has come, else None: waiting does not help."""
        return 0.0 if moment <= self._now else None

    def on_leap(self, wake: Callable[[], object]) -> Callable[[], object]:
        """Call `wake` after every `advance`, until the returned call."""
        self._wakes.append(wake)
        return lambda: self._wakes.remove(wake)

    def advance(self, seconds: float) -> float:
        """Move time forward and return the new time; raises ValueError on a negative step."""
        if seconds < 0:
            raise ValueError("time does not go backward")
        self._now += seconds
        for wake in tuple(self._wakes):
            wake()
        return self._now


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
