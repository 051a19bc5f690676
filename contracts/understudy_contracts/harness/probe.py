"""One thing that is tried on a target, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

from understudy_contracts.checks.exchange import Finding

if TYPE_CHECKING:
    from .session import Session

#: `free` can never begin a job that is paid for; `paid` may.
Tier: TypeAlias = Literal["free", "paid"]

#: What a probe cannot do without: a stand-in's control API; an address that webhooks can be sent to; somebody who can
#: look into media; a provider's second way of being asked.
Need: TypeAlias = Literal["bench", "sink", "inspector", "socket"]

State: TypeAlias = Literal["passed", "violated", "could-not-check", "not-run"]


class CouldNotCheck(Exception):
    """Something that is no fault against the contract kept a probe from seeing what it wanted to see."""


class NotHere(Exception):
    """There is nothing to be seen at this target, by what it says of itself."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing that is tried: `perform` sends what it takes, and yields what it found wrong.

    `perform` may raise `CouldNotCheck`.
    """

    #: The same in every run, such as `gmi.getRequest.unknown-id`.
    name: str
    provider: str
    #: The operation that it is about.
    operation: str
    #: The names of the checks that it serves, within `checks.CHECKS`.
    checks: tuple[str, ...]
    tier: Tier
    #: Why nothing of it can be paid for; of a paid one, what is.
    why: str
    perform: Callable[[Session], Iterable[Finding]]
    #: The most it can cost, in US dollars; None where nobody can say.
    bound: Decimal | None = Decimal(0)
    #: How many seconds of media it asks for, at most.
    seconds: float = 0.0
    needs: frozenset[Need] = frozenset()
    #: The probe of whose job it is about, and after which it is performed; "" for one that has its own.
    follows: str = ""
    #: Why it is never tried on the provider itself; empty where it may be.
    not_live: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a probe."""

    probe: Probe
    state: State
    #: Why it was not run, or could not check.
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    #: How many requests it sent.
    requests: int = 0
    seconds: float = 0.0
