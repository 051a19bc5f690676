"""One thing that a side says otherwise than the contract, before anybody has been asked what the others say."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from .change import Kind, Severity

#: What of an operation it is about.
Part: TypeAlias = Literal["request", "answer", "headers", "error", "status", "webhook", "model"]


@dataclass(frozen=True, slots=True)
class Key:
    """What makes two findings the same finding, whoever shows it."""

    operation: str
    model: str
    part: Part
    #: Of the answer, where it is about one.
    status: int | None
    pointer: str
    kind: Kind
    #: What of several at the same place: a value, a code, a keyword.
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """What the contract says, and what is said instead."""

    key: Key
    ours: str
    theirs: str
    severity: Severity
    reason: str
    #: How sure the contract is of what it says; empty where it does not tell.
    confidence: str = ""
    #: Why it is no news.
    known: str = ""
    #: Where it was seen: probes, pages.
    seen: tuple[str, ...] = ()
    #: Whether the contract says nothing against it.
    open: bool = False


@dataclass(slots=True)
class Observed:
    """All that one side showed."""

    differences: dict[Key, Difference] = field(default_factory=dict)
    #: Where it was seen to keep the contract or not: operation, part and pointer.
    met: set[tuple[str, str, str]] = field(default_factory=set)
    #: The probes that it answered.
    probes: set[str] = field(default_factory=set)
    #: By operation, how often each status came.
    statuses: dict[str, dict[int, int]] = field(default_factory=dict)

    def add(self, difference: Difference, seen: str = "") -> None:
        """Keep a difference; one that is known already is only seen once more."""
        before = self.differences.get(difference.key)
        seen_at = dict.fromkeys([*(before.seen if before else difference.seen), *([seen] if seen else [])])
        base = before if before is not None and (difference.known or not before.known) else difference
        self.differences[difference.key] = replace(base, seen=tuple(seen_at))

    def agrees(self, difference: Difference) -> bool:
        """Whether this side was seen to do what the contract says, there where another does not."""
        key = difference.key
        if key in self.differences:
            return False
        if key.part in ("answer", "headers", "webhook"):
            # What is missing or new is a matter of what it would be in.
            there = key.pointer.rpartition("/")[0] if key.kind in ("added", "removed") else key.pointer
            return (key.operation, key.part, there) in self.met
        return bool(self.probes.intersection(difference.seen))
