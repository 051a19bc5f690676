"""How much of what a contract declares was seen, and what was seen that it does not declare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from understudy_contracts.checks.asked import operations_of
from understudy_contracts.checks.exchange import Exchange, Webhook
from understudy_contracts.operations import Answer, Cause, Operation
from understudy_contracts.provider import contract

from .expected import cases_told, form_of, status_of

#: How something is said: also by who sends what was asked for, to an address it was given.
Way: TypeAlias = Literal["http", "websocket", "outgoing"]

_NONE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that an operation can answer."""

    operation: str
    transport: Way
    #: None where there are none: on a socket, and of what is sent.
    status: int | None
    #: The id of an error of the catalogue, or the name of an answer's schema; "" for an answer that is no JSON.
    what: str = ""

    def __str__(self) -> str:
        told = [self.operation, "" if self.transport == "http" else f"({self.transport})", self.status, self.what]
        return " ".join(str(part) for part in told if part)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of a contract was seen in a conversation."""

    provider: str
    #: How often each thing that is declared was seen, and can be at this target.
    seen: Mapping[Item, int]
    #: What is declared and nobody can bring about here, with the reason.
    beyond: Mapping[Item, str]
    #: What was answered and is not declared, and how often.
    undeclared: Mapping[Item, int]

    @property
    def missing(self) -> tuple[Item, ...]:
        """What is declared and could have been seen, and was not."""
        return tuple(item for item, count in self.seen.items() if not count)

    @property
    def complete(self) -> bool:
        """Whether all of it was seen, and nothing else."""
        return not self.missing and not self.undeclared

    def __str__(self) -> str:
        found = len(self.seen) - len(self.missing)
        told = f"contract coverage: {self.provider} {found} of {len(self.seen)}"
        if self.beyond:
            told += f", {len(self.beyond)} more that nobody can bring about here"
        return told + (f", {len(self.undeclared)} not declared" if self.undeclared else "")

    def table(self) -> str:
        """Write it down for people: a line an operation and way, and what is missing, out of reach or too much."""
        groups: dict[tuple[str, Way], list[int]] = {}
        for item, count in self.seen.items():
            groups.setdefault((item.operation, item.transport), []).append(count)
        width = max((len(name) for name, _ in groups), default=0)
        lines = [str(self)]
        for (name, way), counts in groups.items():
            lines.append(f"  {name:{width}}  {way:9}  {sum(map(bool, counts))} of {len(counts)}")
        lines += [f"  not seen: {item}" for item in self.missing]
        lines += [f"  out of reach: {item}: {why}" for item, why in self.beyond.items()]
        lines += [f"  not declared: {item}, {count} times" for item, count in self.undeclared.items()]
        return "\n".join(lines)

    def document(self) -> dict[str, Any]:
        """Write it down for programs."""
        return {
            "provider": self.provider,
            "declared": len(self.seen),
            "seen": len(self.seen) - len(self.missing),
            "items": [{**asdict(item), "count": count} for item, count in self.seen.items()],
            "beyond": [{**asdict(item), "why": why} for item, why in self.beyond.items()],
            "undeclared": [{**asdict(item), "count": count} for item, count in self.undeclared.items()],
        }


def coverage(
    provider: str,
    exchanges: Iterable[Exchange],
    switches: Mapping[str, str] = _NONE,
    *,
    webhooks: Iterable[Webhook] = (),
    files: int = 0,
) -> Coverage:
    """Compare a conversation with what a contract declares; `files` is how many were sent to where they were wanted.

    Raises `ContractError` for a provider there is no contract for.
    """
    values = contract(provider).switch_values(switches)
    found: Counter[Item] = Counter()
    for exchange in exchanges:
        if exchange.provider in ("", provider):
            found.update(_items(exchange, values))
    for one in contract(provider).operations.values():
        if one.outgoing:
            sent = files if one.method == "PUT" else sum(1 for _ in webhooks)
            found.update({Item(one.name, "outgoing", None): sent})
    declared = dict(_declared(provider, values))
    return Coverage(
        provider,
        seen={item: found[item] for item, why in declared.items() if not why or found[item]},
        beyond={item: why for item, why in declared.items() if why and not found[item]},
        undeclared={item: count for item, count in found.items() if item not in declared and count},
    )


def _declared(provider: str, switches: Mapping[str, str]) -> Iterator[tuple[Item, str]]:
    """Everything that is declared, with why it cannot be seen where that is so."""
    for one in contract(provider).operations.values():
        if one.outgoing:
            yield Item(one.name, "outgoing", None), ""
            continue
        for over in one.transports:
            for answer in one.answers:
                yield _of_answer(one, over, answer), _beyond(answer, switches)
            for cause in reversed(one.errors):
                if over in cause.transports:
                    yield _of_cause(one, over, cause, switches), _beyond(cause, switches)


def _of_answer(operation: Operation, over: Way, answer: Answer) -> Item:
    return Item(operation.name, over, answer.status if over == "http" else None, answer.schema or "")


def _of_cause(operation: Operation, over: Way, cause: Cause, switches: Mapping[str, str]) -> Item:
    status = status_of(operation, cause.case, switches) if over == "http" else None
    return Item(operation.name, over, status, cause.case.id)


def _beyond(declared: Answer | Cause, switches: Mapping[str, str]) -> str:
    for name, value in declared.switch.items():
        if switches[name] != value:
            return f"It is answered only where the switch {name} says {value}."
    return declared.out_of_reach


def _items(exchange: Exchange, switches: Mapping[str, str]) -> Iterator[Item]:
    """What an answer is, of all that its operation can answer; of what is no operation, nothing."""
    asked = operations_of(exchange)
    if len(asked) != 1:
        return
    [operation] = asked
    status = exchange.status if exchange.transport == "http" else None
    told = False
    answer = form_of(exchange, operation, switches)
    if answer is not None:
        told = True
        yield _of_answer(operation, exchange.transport, answer)
    for case in cases_told(exchange, operation, switches):
        told = True
        yield Item(operation.name, exchange.transport, status, case.id)
    if not told:
        yield Item(operation.name, exchange.transport, status, "?")
