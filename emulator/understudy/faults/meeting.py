"""Puts together everything that goes wrong with one request."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .facts import Facts, Text, listed
from .magic import called_for
from .problems import BadRule, UnknownFault
from .strike import NOTHING, Strike
from .table import FaultTable
from .words import error_of_limit, errors, page_of, struck_by

if TYPE_CHECKING:
    from .rules import Effect, Rule


def meet(
    tables: Iterable[FaultTable],
    facts: Facts,
    now: float,
    *,
    header: str | None = None,
    texts: Iterable[str] = (),
) -> Strike:
    """What strikes a request: a magic value in `texts`, then its `header`, then the rules of the tables in their order.

    Delays add up and slow factors multiply. Of everything else the first counts, and a rule of which nothing is left
    to count does not strike; but what keeps the request from the provider is not eclipsed by how its answer would
    have ended. Raises UnknownFault when a magic value or the header asks for something that is not.
    """
    total: _Sum | None = None
    for text in texts:
        if "[[error:" in text and (case := called_for((text,), errors(facts.provider))) is not None:
            total = _Sum(facts)
            total.add(f"magic:{case.id}", (("error", "error", case),))
            break
    if header is not None:
        total = total or _Sum(facts)
        total.add_header(header)
    for table in tables:
        if table:
            total = total or _Sum(facts)
            time = table.time(now)
            for rule in table.live:
                total.judge(rule, table, now, time)
    return NOTHING if total is None else total.strike()


#: Of how many rules that did not strike it is told why: those that came furthest.
MOST_CONSIDERED = 20

#: What the rest of them is told as.
REST = "…"

#: How near a rule comes that is about the request, and what the request asks for itself: nearer than any other.
_MATCHED, _ASKED = 2, 3

#: Why a rule has nothing left to do that struck another part of the same request.
_STRUCK = "it struck another part of the request already, and they have one answer"

#: What the frames of a WebSocket cannot have, as if somebody had taken it.
_NOT_OF_FRAMES = {
    "content_type": "the WebSocket, whose frames have no content type",
    "trickle": "the WebSocket, whose frames come whole",
}


class _Sum:
    """What has come together so far."""

    __slots__ = ("_considered", "_facts", "_fields", "_names", "_taken", "_text")

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._text = Text(facts)
        self._fields: dict[str, Any] = {}
        self._names: list[str] = []
        #: How near what did not strike came to it, with what it is and why it did not.
        self._considered: list[tuple[int, str, str]] = []
        #: What only one can have, with who has it.
        self._taken: dict[str, str] = {**(facts.taken or {}), **(_NOT_OF_FRAMES if facts.on_socket else {})}

    def add(self, name: str, effects: tuple[Effect, ...], retry_after: float | None = None) -> None:
        """Let some effects strike, as far as they are not taken."""
        fields = self._fields
        struck = []
        for effect, slot, value in effects:
            if slot is not None:
                if self._is_taken(slot, value) and self._taken[slot] != name:
                    continue
                self._taken[slot] = name
            struck.append(effect)
            match effect:
                case "delay":
                    fields["delay"] = fields.get("delay", 0.0) + value
                case "slow":
                    fields["slow"] = fields.get("slow", 1.0) * value
                case "reset" | "silent":
                    fields["connection"] = effect
                    if value == "before":
                        fields["reached"] = False
                case "gateway":
                    fields.update(gateway=value, page=page_of(self._facts.provider, value), reached=False)
                case "limit":
                    fields.update(error=error_of_limit(self._facts.provider), retry_after=retry_after)
                case _:
                    fields[effect] = value
        self._names.append(name)
        if struck == ["reorder"]:
            fields["swap"] = name

    def add_header(self, header: str) -> None:
        """Let strike what a request asks for itself."""
        facts = self._facts
        for effect, where in _asked(facts.provider, header):
            name, slot, value = effect
            shown = f"header:{value.id if name == 'error' else name}"
            if facts.operation not in where:
                self._considered.append((_ASKED, shown, f"the operation is {facts.operation}, not {listed(where)}"))
            elif slot is not None and self._is_taken(slot, value):
                self._considered.append((_ASKED, shown, f"it is eclipsed by {self._taken[slot]}"))
            elif name == "expire" and (facts.age is None or facts.age < value):
                self._considered.append((_ASKED, shown, f"the file is not {value:g} s old"))
            else:
                self.add(shown, (effect,))

    def judge(self, rule: Rule, table: FaultTable, now: float, time: float) -> None:
        """Let a rule strike if it will: it is `now` for who asks, whose buckets fill by that, and `time` for rules."""
        matched = rule.matched
        why = rule.holds(self._facts, self._text, time)
        retry_after = None
        if why is None and (by := self._eclipsed(rule)) is not None:
            why = _STRUCK if rule.id in self._facts.struck else f"it is eclipsed by {by}"
        elif why is None and rule.buckets is not None:
            retry_after = rule.buckets.take((self._facts.account or "") if table.shared else "", now)
            why = "its bucket has room" if retry_after is None else None
        if why is not None:
            rule.missed = why
            near = _MATCHED if rule.matched > matched else rule.match.is_for(self._facts)
            self._considered.append((near, rule.id, why))
            table.lay_down(rule, time)
            return
        rule.struck += 1
        self.add(rule.id, rule.effects, retry_after)
        table.lay_down(rule, time)

    def strike(self) -> Strike:
        """The sum."""
        if not self._names and not self._considered:
            return NOTHING
        return Strike(**self._fields, names=tuple(self._names), considered=self._nearest())

    def _nearest(self) -> tuple[tuple[str, str], ...]:
        """What did not strike and why, in the order of judgement; of very many those that came furthest."""
        considered = self._considered
        if len(considered) <= MOST_CONSIDERED:
            return tuple((name, why) for _, name, why in considered)
        furthest = sorted(range(len(considered)), key=lambda at: -considered[at][0])[:MOST_CONSIDERED]
        rest = len(considered) - MOST_CONSIDERED
        told = f"{rest:,} more did not strike either: none of them came further than these"
        return (*(considered[at][1:] for at in sorted(furthest)), (REST, told))

    def _eclipsed(self, rule: Rule) -> str | None:
        """Who has all that a rule could take, or the bucket's answer without which nothing of it strikes."""
        taken = self._taken
        if rule.buckets is not None:
            return taken.get("error")
        if any(slot is None or not self._is_taken(slot, value) for _, slot, value in rule.effects):
            return None
        return " and ".join(dict.fromkeys(taken[slot] for _, slot, _ in rule.effects if slot is not None))

    def _is_taken(self, slot: str, value: Any) -> bool:
        """Whether somebody else has it; how an answer ends is nobody's of a request that never gets to one."""
        first = slot == "connection" and value == "before" and self._fields.get("reached", True)
        return slot in self._taken and not first


@lru_cache(maxsize=256)
def _asked(provider: str, header: str) -> tuple[tuple[Effect, frozenset[str]], ...]:
    """The effects a header asks for, each with the operations at which it strikes; raises UnknownFault."""
    # Only who asks for faults pays for reading them.
    from .oneline import parse_compact
    from .reading import read
    from .vocabulary import EFFECTS

    try:
        document = parse_compact(header)
        beyond = [
            name
            for name in document
            if name == "limit" or (EFFECTS[name].where == {"webhook"} if name in EFFECTS else name != "operation")
        ]
        if beyond:
            raise BadRule([f"a request cannot ask for {' and '.join(beyond)} itself, but a rule can"])
        draft = read({"provider": provider, **document}, shared=False)
    except BadRule as problem:
        raise UnknownFault(f"x-understudy-fault: {problem}") from None
    named = draft.match.operations if "operation" in document else None
    asked = []
    for effect in draft.effects:
        where = EFFECTS[effect[0]].where
        if effect[0] == "error":
            where &= struck_by(effect[2])
        asked.append((effect, where if named is None else named))
    return tuple(asked)
