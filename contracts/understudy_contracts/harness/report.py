"""What a run found, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from understudy_contracts.checks import Check, Finding

from .probe import Result, State

#: What a report says of a run that somebody ended.
INTERRUPTED = "it was interrupted"

Verdict: TypeAlias = Literal["clean", "violated", "could-not-check"]


@dataclass(frozen=True, slots=True)
class Tally:
    """What a check came to, over everything that was seen."""

    check: Check
    state: State
    #: How many things it judged.
    count: int
    findings: tuple[Finding, ...] = ()
    #: Why it was not run, or could not check.
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Spending:
    """What a run cost, in US dollars; nothing of it is real where the target is not live."""

    live: bool
    limit: Decimal | None
    #: The most that what was planned could have cost.
    planned: Decimal
    #: What was told to have been paid, and what was paid at worst.
    spent: Decimal
    at_most: Decimal
    #: What the balance fell by, where the provider tells.
    read_back: Decimal | None = None

    @classmethod
    def nothing(cls) -> Spending:
        """What it costs to send nothing."""
        return cls(False, None, Decimal(0), Decimal(0), Decimal(0))


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found."""

    provider: str
    target: str
    #: When it began, as ISO 8601.
    date: str
    seed: int
    seconds: float
    results: tuple[Result, ...]
    tallies: tuple[Tally, ...]
    spending: Spending
    #: How many answers there were to judge.
    exchanges: int
    #: Why it was ended before its plan was.
    stopped: str = ""
    #: Whether that was not what it was told to do: it was interrupted, or could not go on.
    broken_off: bool = False
    #: What of the contract was seen: see `harness.coverage`.
    coverage: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def interrupted(self) -> bool:
        """Whether somebody ended it."""
        return self.stopped == INTERRUPTED

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that was found wrong."""
        tried = [finding for result in self.results for finding in result.findings]
        return distinct([*tried, *(finding for tally in self.tallies for finding in tally.findings)])

    @property
    def verdict(self) -> Verdict:
        """`clean` only where something was seen, nothing was wrong, and everything planned could be checked."""
        if self.findings:
            return "violated"
        if self.broken_off or not any(tally.count for tally in self.tallies):
            return "could-not-check"
        unsure = any(result.state == "could-not-check" for result in self.results)
        return "could-not-check" if unsure else "clean"


def by_rule(findings: Iterable[Finding]) -> Mapping[str, list[Finding]]:
    """Sort findings by the check whose they are."""
    sorted_: dict[str, list[Finding]] = {}
    for finding in findings:
        sorted_.setdefault(finding.rule, []).append(finding)
    return sorted_


def distinct(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Name once what both a probe and the judge of the whole conversation found."""
    known = {(one.rule, one.message, id(one.exchange)): one for one in findings}
    return tuple(known.values())
