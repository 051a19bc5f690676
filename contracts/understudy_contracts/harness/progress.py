"""How far a recorded run got: which probes have ended, what they began, and what that cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from .entries import Entry

_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Probed:
    """What a recording has of one probe."""

    name: str
    entries: tuple[Entry, ...]
    #: How it ended, as it was said to `Recorder.done`; empty where it was begun and has not ended.
    state: str
    reason: str
    more: Mapping[str, Any]
    #: The jobs that it began, or may have begun: ids of ours and of the provider.
    submitted: tuple[str, ...]
    #: US dollars: what was told to have been paid, and what was paid at worst.
    spent: Decimal
    at_most: Decimal

    @property
    def complete(self) -> bool:
        """Whether it need not be performed again."""
        return bool(self.state)


def progress(entries: Iterable[Entry], steps: Iterable[tuple[int, Mapping[str, Any]]]) -> dict[str, Probed]:
    """Sort a recording by probe. `steps` are its other lines, each with the number of the run that wrote it."""
    tally = _Tally()
    for number, row in steps:
        tally.take(number, row)
    by_probe: dict[str, list[Entry]] = {name: [] for name in tally.begun}
    for entry in entries:
        if entry.probe:
            by_probe.setdefault(entry.probe, []).append(entry)
    return {name: tally.probed(name, found) for name, found in by_probe.items()}


class _Tally:
    """What the steps of a recording come to."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.done: dict[str, Mapping[str, Any]] = {}
        self.ids: dict[str, list[str]] = {}
        self.spent: dict[str, Decimal] = {}
        #: The probe and the bound of what was held, by the number of its run and its name.
        self.held: dict[tuple[int, str], tuple[str, Decimal]] = {}

    def take(self, number: int, row: Mapping[str, Any]) -> None:
        probe, name = str(row.get("probe", "")), str(row.get("name", ""))
        match row["kind"]:
            case "begun":
                self.begun.append(probe)
                # It is performed again.
                self.done.pop(probe, None)
            case "held":
                _, before = self.held.get((number, name), (probe, Decimal(0)))
                self.held[number, name] = (probe, before + Decimal(row["bound"]))
                self.begun.append(probe)
                self.ids.setdefault(probe, []).extend(row["ids"])
            case "settled":
                # A later run may learn what an earlier one paid.
                paid = max((key for key in self.held if key[1] == name), default=None)
                probe = "" if paid is None else self.held.pop(paid)[0]
                self.begun.append(probe)
                self.spent[probe] = self.spent.get(probe, Decimal(0)) + Decimal(row["cost"])
                self.ids.setdefault(probe, []).extend(row["ids"])
            case "done":
                self.begun.append(probe)
                self.done[probe] = row
            case "run":
                pass
            case kind:
                raise ValueError(f"there is no step {kind!r}")

    def probed(self, name: str, entries: Iterable[Entry]) -> Probed:
        done, spent = self.done.get(name, _NONE), self.spent.get(name, Decimal(0))
        return Probed(
            name=name,
            entries=tuple(entries),
            state=str(done.get("state", "")),
            reason=str(done.get("reason", "")),
            more=done.get("more", _NONE),
            submitted=tuple(dict.fromkeys(self.ids.get(name, ()))),
            spent=spent,
            at_most=spent + sum((bound for probe, bound in self.held.values() if probe == name), Decimal(0)),
        )
