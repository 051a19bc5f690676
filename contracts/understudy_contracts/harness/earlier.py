"""What an earlier part of the same run did, so that a later one pays for nothing twice."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from understudy_contracts.checks.exchange import Exchange, Finding, Webhook

from .entries import Entry, Media, RecordingError, entry_of, exchange_line, webhook_line
from .probe import CouldNotCheck, Probe, Result

if TYPE_CHECKING:
    from .recording import Recording

_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was said, handed in, paid and found."""

    exchanges: tuple[Exchange, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    #: What the paid requests were answered, by the names they were held under; those without an answer lost it.
    answers: Mapping[str, Exchange] = field(default_factory=lambda: _NONE)
    handed_in: frozenset[str] = frozenset()
    #: The bounds of the paid requests of which no cost is known.
    held: Mapping[str, Decimal] = field(default_factory=lambda: _NONE)
    spent: Decimal = Decimal(0)
    #: How each probe ended that did.
    ended: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: _NONE)

    @classmethod
    def of(cls, recording: Recording) -> Earlier:
        """Take it from a recording."""
        entries = _before_now(recording.entries)
        held: dict[str, Decimal] = {}
        handed_in: set[str] = set()
        for _, row in recording.steps:
            if row["kind"] == "held":
                handed_in.add(row["name"])
                held[row["name"]] = held.get(row["name"], Decimal(0)) + Decimal(row["bound"])
            elif row["kind"] == "settled":
                held.pop(row["name"], None)
        told = [(entry.label.get("held"), entry.told) for entry in entries]
        answers = {str(name): one for name, one in told if name and isinstance(one, Exchange)}
        # Whom the provider was too busy for has handed in nothing.
        turned_away = {name for name, answer in answers.items() if answer.status == 429}
        return cls(
            exchanges=tuple(entry.told for entry in entries if isinstance(entry.told, Exchange)),
            webhooks=tuple(entry.told for entry in entries if isinstance(entry.told, Webhook)),
            answers=answers,
            handed_in=frozenset(handed_in - turned_away),
            held=held,
            spent=recording.spent,
            ended={
                name: {"state": one.state, "reason": one.reason, **one.more}
                for name, one in recording.probes.items()
                if one.complete
            },
        )

    def answer(self, name: str) -> Exchange:
        """Take what a paid request was answered. Raises `CouldNotCheck` where the answer was lost."""
        if name not in self.answers:
            raise CouldNotCheck(f"{name} was handed in before, its answer was lost, and it is not paid for again")
        return self.answers[name]

    def result(self, probe: Probe) -> Result | None:
        """Tell how a probe ended; None where it has to be performed, for it did not see what it wanted to see."""
        ended = self.ended.get(probe.name)
        if ended is None or ended["state"] not in ("passed", "violated"):
            return None
        findings = read(ended.get("findings", ()), self.exchanges)
        return Result(
            probe,
            ended["state"],
            ended["reason"],
            findings,
            int(ended.get("requests", 0)),
            float(ended.get("seconds", 0.0)),
        )


def written(findings: Iterable[Finding], exchanges: Iterable[Exchange]) -> list[dict[str, Any]]:
    """Write findings down beside the exchanges that are on record already."""
    numbers = {id(exchange): number for number, exchange in enumerate(exchanges)}
    return [_row(finding, numbers) for finding in findings]


def read(rows: Iterable[Mapping[str, Any]], exchanges: Sequence[Exchange]) -> tuple[Finding, ...]:
    """Read what `written` wrote, beside the same exchanges. Raises `RecordingError`."""
    try:
        return tuple(Finding(row["rule"], row["message"], _shown(row, exchanges)) for row in rows)
    except (KeyError, IndexError, TypeError, ValueError) as problem:
        raise RecordingError(f"a finding that is on record cannot be read: {problem!r}") from None


def _shown(row: Mapping[str, Any], exchanges: Sequence[Exchange]) -> Exchange | Webhook:
    return exchanges[row["number"]] if "number" in row else entry_of(row["told"], 0.0, _nothing).told


def _row(finding: Finding, numbers: Mapping[int, int]) -> dict[str, Any]:
    row: dict[str, Any] = {"rule": finding.rule, "message": finding.message}
    told = finding.exchange
    if id(told) in numbers:
        return {**row, "number": numbers[id(told)]}
    return {**row, "told": exchange_line(told, {}, None) if isinstance(told, Exchange) else webhook_line(told, {})}


def _nothing(media: Media) -> bytes:
    return b""


def _before_now(entries: Iterable[Entry]) -> list[Entry]:
    """Move what was before to before now: the machine's clock may have begun anew."""
    known = list(entries)
    later = time.monotonic() - 1.0 - max((entry.told.at for entry in known), default=0.0)
    return [replace(entry, told=replace(entry.told, at=entry.told.at + later)) for entry in known]
