"""How much work a run does: enough to trust the ratios, or just enough to see that everything runs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """Counts of everything that is repeated.

    `rounds` of each side of a comparison under load are interleaved, each `polls` or `submits` requests long over
    `connections` connections; `starts`, `ends`, `memory_rounds` and `clips` are the repetitions of the other measures,
    whose sizes are `jobs` (after `warm_up` that are not counted), `sockets`, `journeys`, `deliveries`
    (in `delivery_rounds`), `clip_seconds` and `long_seconds`.
    """

    rounds: int
    polls: int
    submits: int
    starts: int
    ends: int
    memory_rounds: int
    warm_up: int
    jobs: int
    clips: int
    clip_seconds: int
    long_seconds: int
    sockets: int
    journeys: int
    deliveries: int
    delivery_rounds: int
    connections: int = 16


FULL = Effort(
    rounds=15,
    polls=2400,
    submits=1600,
    starts=9,
    ends=50,
    memory_rounds=2,
    warm_up=500,
    jobs=10_000,
    clips=5,
    clip_seconds=30,
    long_seconds=600,
    sockets=2_000,
    journeys=1_000,
    deliveries=10_000,
    delivery_rounds=3,
)
QUICK = Effort(
    rounds=1,
    polls=40,
    submits=40,
    starts=1,
    ends=2,
    memory_rounds=1,
    warm_up=20,
    jobs=100,
    clips=1,
    clip_seconds=1,
    long_seconds=20,
    sockets=20,
    journeys=3,
    deliveries=40,
    delivery_rounds=1,
)
