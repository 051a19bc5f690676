"""What is to become of a job that a fault struck when it was handed in."""

import math
from dataclasses import dataclass

from understudy_contracts.errors import ErrorCase

from .faults import Strike


@dataclass(frozen=True, slots=True)
class Fate:
    """How a job will go: in which time, whether it fails, and what its polls will hear instead of its state."""

    #: How many emulator seconds one second of the provider's own running time takes; infinite for a job that is stuck.
    pace: float
    failure: ErrorCase | None = None
    refused: ErrorCase | None = None
    #: Its webhooks go out before the answer to the submit does.
    early: bool = False

    @classmethod
    def of(cls, strike: Strike, latency: float) -> "Fate":
        """The fate that a strike brings, where generation takes `latency` of the provider's own time."""
        if not strike:
            return cls(latency)
        error = strike.error
        later = error is not None and error.strikes in ("poll", "expiry")
        pace = math.inf if strike.stuck else 0.0 if strike.early else latency * strike.slow
        return cls(pace, None if later else error, error if later else None, strike.early)

    @property
    def billed(self) -> bool:
        """Whether what it makes has its price."""
        return self.failure is None or self.failure.billed

    def lasts(self, seconds: float) -> float:
        """Emulator seconds for something that takes the provider so long."""
        return math.inf if self.pace == math.inf else self.pace * seconds
