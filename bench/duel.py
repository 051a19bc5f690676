"""Two ways to be served under the same load in turn: the emulator's, and what it is compared with."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from .caller import Caller, HttpCaller
from .load import send
from .measure import Aim, Measure, ratios
from .servers import Running


@dataclass(slots=True)
class Side:
    """What one server did in each round: requests a second of the clock, and of the processor's time it took.

    `kind` is how its connections talk.
    """

    kind: type[Caller] = HttpCaller
    rates: list[float] = field(default_factory=list)
    processor_rates: list[float] = field(default_factory=list)

    def run(self, server: Running, requests: Sequence[bytes], connections: int) -> None:
        """One round."""
        before = server.processor_seconds()
        self.rates.append(send(server.port, requests, connections, self.kind))
        after = server.processor_seconds()
        if before is not None and after is not None and after > before:
            self.processor_rates.append(len(requests) / (after - before))


@dataclass(slots=True)
class Duel:
    """The rounds of both, and what the other is called."""

    ours: Side = field(default_factory=Side)
    theirs: Side = field(default_factory=Side)
    baseline: str = "bare route"

    def measures(self, name: str, aim: Aim | None) -> list[Measure]:
        """The ratio by the clock, and by processor time, which tells less but is not disturbed by a busy machine."""
        pairs: list[tuple[str, str, list[float], list[float], Aim | None]] = [
            (name, f"{name} / {self.baseline}", self.ours.rates, self.theirs.rates, aim)
        ]
        if self.ours.processor_rates and len(self.ours.processor_rates) == len(self.theirs.processor_rates):
            what = f"{name}, by processor time"
            pairs.append((f"{name}-cpu", what, self.ours.processor_rates, self.theirs.processor_rates, None))
        return [
            Measure(called, what, "×", ratios(ours, theirs), held_to, {"ours": _rate(ours), "baseline": _rate(theirs)})
            for called, what, ours, theirs, held_to in pairs
        ]


def _rate(rates: Sequence[float]) -> str:
    return f"{median(rates):,.0f}/s"
