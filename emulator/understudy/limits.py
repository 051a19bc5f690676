"""How often something may be done: a sliding window on the emulator's clock."""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `limit` times in any `interval` seconds."""

    limit: int
    interval: float


class Window:
    """Remembers when something was done, for as long as it matters."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._done: deque[float] = deque()

    def take(self, now: float) -> float | None:
        """Do it once: None when that is allowed, else the seconds until it will be, and nothing is counted."""
        while self._done and self._done[0] <= now - self._rate.interval:
            self._done.popleft()
        if len(self._done) >= self._rate.limit:
            return self._done[0] + self._rate.interval - now
        self._done.append(now)
        return None
