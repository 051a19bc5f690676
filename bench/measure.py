"""A measure: one number, how far it strayed from round to round, and the aim it is held against."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

#: Tells whoever watches what is being done now.
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Aim:
    """What a measure should come to: `at least` or `below` a limit."""

    kind: Literal["at least", "below"]
    limit: float

    def met(self, value: float) -> bool:
        """Whether a value is good enough."""
        return value >= self.limit if self.kind == "at least" else value < self.limit


@dataclass(frozen=True, slots=True)
class Measure:
    """The outcome of one measure: `value` is the median of its rounds, in `unit`; `figures` say what it came from."""

    name: str
    what: str
    unit: str
    rounds: tuple[float, ...]
    aim: Aim | None = None
    figures: Mapping[str, str] = field(default_factory=dict)

    @property
    def value(self) -> float:
        return median(self.rounds)

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None when there is no aim."""
        return None if self.aim is None else self.aim.met(self.value)


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, ...]:
    """Compare round by round: neighbours in time share what else the machine was doing."""
    return tuple(one / other for one, other in zip(ours, theirs, strict=True))
