"""The same request, sent to the emulator and to somebody else: where both keep the contract and yet differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from understudy_contracts.checks.asked import declared
from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract

from .change import Severity, pointer
from .difference import Key
from .evidence import Evidence, Heard
from .observed import forms
from .places import Walked, walk


@dataclass(frozen=True, slots=True)
class Pair:
    """What one answers and another does not, where the contract leaves it open."""

    key: Key
    ours: str
    emulator: str
    other: str
    severity: Severity
    reason: str
    probe: str


def paired(provider: str, emulator: Evidence, other: Evidence) -> Iterator[Pair]:
    """Hold the last answer of each probe against the one that the emulator gave to the same."""
    mine, theirs = _last(emulator), _last(other)
    for name in mine.keys() & theirs.keys():
        operation = contract(provider).operations.get(name[1])
        if operation is not None:
            yield from _pair(operation, mine[name], theirs[name], emulator, other)


def _last(evidence: Evidence) -> Mapping[tuple[str, str], Heard]:
    return {(one.probe, one.exchange.operation): one for one in evidence.heard if one.probe}


def _pair(operation: Operation, mine: Heard, theirs: Heard, emulator: Evidence, other: Evidence) -> Iterator[Pair]:
    here, there = mine.exchange.status, theirs.exchange.status
    stances = [contract(operation.provider).switch_values(one.switches) for one in (emulator, other)]
    if here != there:
        if all(status in declared((operation,), stance) for status in (here, there) for stance in stances):
            open_to_both = mine.expected is None and not mine.accepted
            key = Key(operation.name, "", "status", None, "", "changed-status", str(there))
            if open_to_both:
                reason = "what was tried with the emulator is answered otherwise here"
                yield Pair(key, "either", f"HTTP {here}", f"HTTP {there}", "risky", reason, mine.probe)
        return
    one, another = _walked(operation, mine, stances[0]), _walked(operation, theirs, stances[1])
    if one is None or another is None or one.chosen != another.chosen:
        # Jobs in other states tell other things.
        return
    for place in sorted(one.met ^ another.met):
        parent = place.rpartition("/")[0]
        if "*" not in place and parent in one.met and parent in another.met:
            yield _present(operation, here, place, mine.probe, here_alone=place in one.met)


def _present(operation: Operation, status: int, place: str, probe: str, *, here_alone: bool) -> Pair:
    may = "it may be there"
    if here_alone:
        key = Key(operation.name, "", "answer", status, place, "removed")
        return Pair(key, may, "there", "not there", "risky", "what was built with the emulator may count on it", probe)
    key = Key(operation.name, "", "answer", status, place, "added")
    return Pair(key, may, "not there", "there", "harmless", "who does not know it need not read it", probe)


def _walked(operation: Operation, heard: Heard, stance: Mapping[str, str]) -> Walked | None:
    said = declared((operation,), stance).get(heard.exchange.status)
    met: set[str] = set()
    chosen: dict[str, tuple[object, ...]] = {}
    for form in forms(operation, heard, said) if said is not None else ():
        judges = [contract(operation.provider).judge(name, **stance) for name in form.schemas]
        judge = next((one for one in judges if one.accepts(form.value)), None)
        if judge is None:
            # What does not keep the contract is told of already.
            return None
        if form.part == "answer":
            walked, prefix = walk(form.value, judge), pointer(form.steps)
            met |= {prefix + place for place in walked.met}
            chosen |= {prefix + place: values for place, values in walked.chosen.items()}
    return Walked(frozenset(met), {}, chosen)
