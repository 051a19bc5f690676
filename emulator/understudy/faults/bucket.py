"""A rate limit as providers have it: a bucket of tokens that refills all the time."""

from dataclasses import dataclass, field

#: From so many callers on, those whose bucket is full again are forgotten: a full bucket is as good as none.
_MANY = 1_024


@dataclass(slots=True)
class Buckets:
    """One bucket a caller: `size` tokens, which come back evenly within `seconds` of emulator time."""

    size: int
    seconds: float
    #: The tokens left, and when that was so, by the caller.
    levels: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, caller: str, now: float) -> float | None:
        """Take one token: None when there was one, else the seconds until there will be, and nothing is taken."""
        level = self.level(caller, now)
        if level < 1:
            return (1 - level) * self.seconds / self.size
        if len(self.levels) >= _MANY and caller not in self.levels:
            full = [other for other in self.levels if self.level(other, now) >= self.size]
            for other in full:
                del self.levels[other]
        self.levels[caller] = (level - 1, now)
        return None

    def level(self, caller: str, now: float) -> float:
        """How many tokens a caller has."""
        left, then = self.levels.get(caller, (float(self.size), now))
        # Accounts have clocks of their own, but each one's only moves forward.
        level = min(float(self.size), left + max(0.0, now - then) * self.size / self.seconds)
        # Waiting exactly as long as was said is enough, whatever binary fractions make of it.
        return 1.0 if 1 - 1e-9 < level < 1 else level
