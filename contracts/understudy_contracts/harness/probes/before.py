"""What has to be asked before something can be asked, and what that costs and leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from understudy_contracts import requests
from understudy_contracts.checks import Finding
from understudy_contracts.harness.cost import bound
from understudy_contracts.harness.permission import NotFree, argument, not_live
from understudy_contracts.harness.probe import Need, Probe, Tier
from understudy_contracts.harness.reading import parsed
from understudy_contracts.harness.session import Session
from understudy_contracts.harness.shortest import shortest
from understudy_contracts.operations import Cause, Operation, Told
from understudy_contracts.provider import contract

_NONE: Mapping[str, Any] = {}


def asking(
    operation: Operation,
    name: str,
    check: str,
    perform: Callable[[Session], Iterable[Finding]],
    change: Mapping[str, Any] = _NONE,
    *,
    cause: Cause | None = None,
    needs: frozenset[Need] = frozenset(),
    not_for_live: str = "",
) -> Probe:
    """Make a probe that asks an operation once, with its tier, what it can cost and whether it may be asked live."""
    asked: list[Operation] = []

    def told(source: Told) -> str:
        asked.append(contract(operation.provider).operations[source.operation])
        return "0"

    request = requests.changed(operation, change, "", told)
    after = change.get("after", operation.typical.get("after"))
    if after is not None:
        asked.append(contract(operation.provider).operations[after])
    before = [each for one in asked for each in (*_before(one), one)]
    tier, why = _tier(operation, request, cause, [one for one in before if not one.free])
    reasons = (not_live(operation, cause), *(not_live(one) for one in before), not_for_live)
    return Probe(
        name=f"{operation.provider}.{operation.name}.{name}",
        provider=operation.provider,
        operation=operation.name,
        checks=(check,),
        tier=tier,
        why=why,
        perform=perform,
        bound=_bound(operation, request, before) if tier == "paid" else Decimal(0),
        needs=needs,
        not_live=next((reason for reason in reasons if reason), ""),
    )


def _tier(
    operation: Operation, request: requests.Request, cause: Cause | None, paid: list[Operation]
) -> tuple[Tier, str]:
    """Whether a request has to be paid for: itself, or for what it asks about."""
    if paid:
        return "paid", " ".join(dict.fromkeys(one.why for one in paid))
    try:
        return "free", argument(operation, request, cause)
    except NotFree:
        return "paid", operation.why if cause is None else f"Were it not refused: {operation.why}"


def _bound(operation: Operation, request: requests.Request, before: list[Operation]) -> Decimal | None:
    """What it can cost itself; what is asked before it is asked once for all, and counted where it is tried."""
    if any(not one.free and cheapest(one) is None for one in before):
        return None
    if operation.purpose == "cancel":
        # What is to be called off is begun for that.
        return sum((cheapest(one) or Decimal(0) for one in before if not one.free), Decimal(0))
    return Decimal(0) if operation.free else bound(operation, request.target, parsed(request.content or b""))


def cheapest(operation: Operation) -> Decimal | None:
    """The most that the cheapest request of an operation can cost; None where nobody can say."""
    change = shortest(operation, _NONE)
    if operation.free or change is None:
        return Decimal(0) if operation.free else None
    request = requests.changed(operation, change, "", lambda told: "0")
    return bound(operation, request.target, parsed(request.content or b""))


def _before(operation: Operation, seen: frozenset[str] = frozenset()) -> list[Operation]:
    known = contract(operation.provider)
    told = [parameter.told_by for parameter in operation.parameters] + [operation.address]
    told += [Told(**row) for row in operation.typical.get("told", {}).values()]
    told += [known.authentications[name].told_by for name in operation.authentication[:1]]
    names = {one.operation for one in told if one is not None} | {operation.typical.get("after")} - {None}
    before = [known.operations[str(name)] for name in sorted(map(str, names)) if name not in seen]
    return [each for one in before for each in (*_before(one, seen | {operation.name}), one)]
