"""What a check is, and how a set of them is kept beside the functions that judge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from inspect import getdoc
from typing import Generic, Literal, TypeAlias, TypeVar

from .exchange import Exchange, Finding, Webhook

#: What it takes to judge: one answer alone; several of one conversation; or a probe that knows what it sent and what
#: had to come of it.
Scope: TypeAlias = Literal["exchange", "conversation", "probe"]

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Check:
    """One promise that is checked."""

    #: Such as `runware.only-forward`; those for every provider have names such as `media.length`.
    name: str
    #: "" for every provider.
    provider: str
    #: One line: what a user would suffer if it did not hold.
    why: str
    #: Where it is from; with its confidence, where it is not documented.
    sources: tuple[str, ...]
    scope: Scope
    #: The promise itself, in a sentence.
    promise: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What one check came to."""

    #: How many things it had to look at: with none it saw nothing, and has not been kept either.
    count: int
    findings: tuple[Finding, ...] = ()


@dataclass(slots=True)
class Notes:
    """Where a judge writes down what it looked at, and what was wrong with it."""

    rule: str
    count: int = 0
    findings: list[Finding] = field(default_factory=list)

    def look(self, things: int = 1) -> None:
        """Note that so many things were there to be judged."""
        self.count += things

    def find(self, message: str, shown: Exchange | Webhook) -> None:
        """Note that the promise is broken, and what shows it."""
        self.findings.append(Finding(self.rule, message, shown))


Judge: TypeAlias = Callable[[Record, Notes], None]


class Rules(Generic[Record]):
    """The checks of one provider, or those for every provider, each declared beside the function that judges it."""

    def __init__(self, provider: str = "") -> None:
        self._provider = provider
        self._judges: dict[str, Judge[Record]] = {}
        self.checks: dict[str, Check] = {}

    def check(
        self, name: str, *, why: str, sources: Iterable[str], scope: Scope = "conversation"
    ) -> Callable[[Judge[Record]], Judge[Record]]:
        """Declare what the decorated function judges; the first line of its docstring is the promise.

        Raises `ValueError` for a name that is taken.
        """
        whole = f"{self._provider}.{name}" if self._provider else name
        if whole in self.checks:
            raise ValueError(f"there are two checks {whole}")

        def declare(judge: Judge[Record]) -> Judge[Record]:
            promise = (getdoc(judge) or "").partition("\n")[0]
            self.checks[whole] = Check(whole, self._provider, why, tuple(sources), scope, promise)
            self._judges[whole] = judge
            return judge

        return declare

    def judged(self, record: Record) -> Mapping[str, Judged]:
        """Let every check look at a record."""
        found = {}
        for name, judge in self._judges.items():
            notes = Notes(name)
            judge(record, notes)
            found[name] = Judged(notes.count, tuple(notes.findings))
        return found
