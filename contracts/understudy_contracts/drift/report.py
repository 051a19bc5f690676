"""Who disagrees with whom, how bad it is, what could not be looked at, and how old all of that is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

from .change import SEVERITIES, Severity
from .difference import Key
from .evidence import Provenance

#: `not-asked`: of an operation where a side has nothing to say, or was not to be asked.
State: TypeAlias = Literal["checked", "partly", "could-not-check", "not-asked"]

Verdict: TypeAlias = Literal["no-drift", "drift", "could-not-check"]

#: The order in which sides are told.
SIDES = ("contract", "emulator", "target", "recording", "published", "pages")


@dataclass(frozen=True, slots=True)
class Proof:
    """Where a side is seen to say something."""

    side: str
    source: str
    #: As exactly as it is known; empty where it is not.
    date: str
    #: The probes or pages that show it: the first few.
    seen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that not all sides say alike."""

    key: Key
    severity: Severity
    reason: str
    #: What each side says that is known to say something, the contract first.
    says: Mapping[str, str]
    evidence: tuple[Proof, ...]
    #: The sides that were asked and did not show what they do there.
    unseen: tuple[str, ...] = ()
    #: How sure the contract is; empty where it does not tell.
    confidence: str = ""
    #: Why it is no news, and does not count; empty where it does.
    known: str = ""

    @property
    def sentence(self) -> str:
        """Who says what: `contract and emulator say string; live says integer`."""
        groups: dict[str, list[str]] = {}
        for side, said in self.says.items():
            groups.setdefault(said, []).append(side)
        told = [f"{_listed(sides)} {'say' if len(sides) > 1 else 'says'} {said}" for said, sides in groups.items()]
        return "; ".join([*told, *([f"{_listed(self.unseen)} did not show it"] if self.unseen else [])])


@dataclass(frozen=True, slots=True)
class Looked:
    """What there is of one operation from one side."""

    side: str
    state: State
    #: Why not all of it could be looked at.
    why: str = ""
    #: How many answers there were, by status.
    statuses: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    #: The latest that anything of it is from; empty where nobody knows.
    date: str = ""
    #: How many days ago that was; None where nobody knows.
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One operation, beside what each side shows of it."""

    operation: str
    looked: tuple[Looked, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """Somebody who was heard."""

    name: str
    source: str
    provenance: Provenance | Literal["contract", "published"]
    date: str
    answers: int
    #: Whether what it says is evidence of the provider itself.
    of_provider: bool
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a comparison."""

    provider: str
    #: When it was made, as ISO 8601.
    date: str
    #: Which state of the contract it was: see `understudy_contracts.edition`.
    contract: str
    sides: tuple[Side, ...]
    drifts: tuple[Drift, ...]
    rows: tuple[Row, ...]

    @property
    def news(self) -> tuple[Drift, ...]:
        """The drift that counts."""
        return tuple(one for one in self.drifts if not one.known)

    @property
    def unchecked(self) -> tuple[tuple[str, Looked], ...]:
        """What was to be looked at and could not, or not wholly, with the operation's name."""
        return tuple(
            (row.operation, one)
            for row in self.rows
            for one in row.looked
            if one.state in ("partly", "could-not-check") and one.side != "pages"
        )

    @property
    def checked(self) -> int:
        """How often something was wholly looked at, beside the contract itself and the printed pages."""
        looked = [one for row in self.rows for one in row.looked if one.side not in ("contract", "pages")]
        return sum(one.state == "checked" for one in looked)

    @property
    def blind(self) -> tuple[str, ...]:
        """The sides that were to be looked at, and of which nothing was seen at all."""
        missed = dict.fromkeys(one.side for _, one in self.unchecked)
        seen = {one.side for row in self.rows for one in row.looked if one.state in ("checked", "partly")}
        return tuple(side for side in missed if side not in seen)

    @property
    def verdict(self) -> Verdict:
        """`no-drift` only where something was looked at, and all that was to be."""
        if self.news:
            return "drift"
        return "could-not-check" if self.unchecked or not self.checked else "no-drift"

    def counted(self) -> dict[Severity, int]:
        """How many there are of each severity, of those that count."""
        return {severity: sum(one.severity == severity for one in self.news) for severity in SEVERITIES}


def in_order(sides: Iterable[str]) -> list[str]:
    """Sides in the order in which they are told."""
    return sorted(sides, key=lambda side: (SIDES.index(side) if side in SIDES else len(SIDES), side))


def _listed(sides: Iterable[str]) -> str:
    *first, last = sides
    return f"{', '.join(first)} and {last}" if first else last
