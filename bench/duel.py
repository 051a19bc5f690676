"""Two servers under the same load in turn: the emulator, and the bare route it is compared with."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from .load import send
from .measure import Aim, Measure, ratios
from .servers import Running


@dataclass(slots=True)
class Side:
    """What one server did in each round: requests a second of the clock, and of the processor's time it took."""

    rates: list[float] = field(default_factory=list)
    processor_rates: list[float] = field(default_factory=list)

    def run(self, server: Running, requests: Sequence[bytes], connections: int) -> None:
        """One round."""
        before = server.processor_seconds()
        self.rates.append(send(server.port, requests, connections))
        after = server.processor_seconds()
        if before is not None and after is not None and after > before:
            self.processor_rates.append(len(requests) / (after - before))


@dataclass(slots=True)
class Duel:
    """The rounds of both."""

    ours: Side = field(default_factory=Side)
    theirs: Side = field(default_factory=Side)

    def measures(self, name: str, aim: Aim) -> list[Measure]:
        """The ratio by the clock, and by processor time, which tells less but is not disturbed by a busy machine."""
        pairs: list[tuple[str, str, list[float], list[float], Aim | None]] = [
            (name, f"{name} / bare route", self.ours.rates, self.theirs.rates, aim)
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
