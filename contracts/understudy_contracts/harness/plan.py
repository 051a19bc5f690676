"""What a run will try, in which order, and what that can cost at most."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from .probe import Need, Probe, Result


@dataclass(frozen=True, slots=True)
class Plan:
    """The probes of a run: free ones first, then paid ones, the cheapest and shortest first."""

    probes: tuple[Probe, ...]
    #: What was asked for and is not tried, with the reason.
    left_out: tuple[Result, ...] = ()

    @property
    def bound(self) -> Decimal:
        """The most that all of it can cost, in US dollars, as far as anybody can say."""
        return sum((probe.bound or Decimal(0) for probe in self.probes), Decimal(0))

    @classmethod
    def of(
        cls,
        probes: Iterable[Probe],
        *,
        means: frozenset[Need],
        live: bool = False,
        free: bool = False,
        limit: Decimal | None = None,
    ) -> Plan:
        """Plan what can be tried.

        On a live target that is nothing that leaves something behind, and nothing of which nobody can say what it
        costs; with `free`, nothing that may be paid for; with a `limit`, nothing that costs more.
        """
        chosen, left_out = [], []
        for probe in probes:
            reason = _against(probe, means, live, free, limit)
            if reason:
                left_out.append(Result(probe, "not-run", reason))
            else:
                chosen.append(probe)
        chosen.sort(key=lambda probe: (probe.tier == "paid", probe.bound or 0, probe.seconds))
        first = [probe for probe in chosen if not probe.follows]
        known = {probe.name for probe in first}
        behind = [probe for probe in chosen if probe.follows]
        left_out += [
            Result(one, "not-run", f"{one.follows} is not tried") for one in behind if one.follows not in known
        ]
        ordered = [each for one in first for each in (one, *(later for later in behind if later.follows == one.name))]
        return cls(tuple(ordered), tuple(left_out))


_LACKING = {
    "bench": "the target has no control API, and only that can bring it about",
    "sink": "no webhook can reach this machine from the target",
    "inspector": "nobody here can look into media",
    "socket": "the target cannot be asked over a socket",
}


def _against(probe: Probe, means: frozenset[Need], live: bool, free: bool, limit: Decimal | None) -> str:
    if free and probe.tier == "paid":
        return "it may have to be paid for, and only what is free was asked for"
    if live and probe.not_live:
        return probe.not_live
    if probe.bound is None and (live or limit is not None):
        return "nobody can say what it can cost"
    if limit is not None and (probe.bound or 0) > limit:
        return f"it can cost more than the limit of ${limit}"
    return next((_LACKING[need] for need in sorted(probe.needs - means)), "")
