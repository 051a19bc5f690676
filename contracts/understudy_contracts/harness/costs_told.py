"""What a provider's answer tells that a job did cost, and which jobs an answer is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from understudy_contracts.checks.exchange import Exchange

from .jobs import state_of, told_in

#: No job costs so many US dollars.
_MOST = 10**9


def jobs_of(exchange: Exchange) -> tuple[str, ...]:
    """List the ids of what a submit began, whoever gave them."""
    return tuple(dict.fromkeys(_ids(exchange)))


def costs_told(exchange: Exchange) -> Mapping[str, Decimal]:
    """What was told of jobs that are done, in US dollars, by their ids."""
    body = exchange.body
    found: dict[str, Decimal] = {}
    if exchange.status < 300 and "x-cost" in exchange.headers:
        found[exchange.headers.get("x-request-id", "")] = _amount(exchange.headers["x-cost"])
    if isinstance(body, Mapping) and state_of(exchange) == "done":
        metrics = body.get("metrics")
        if isinstance(metrics, Mapping) and "cost" in metrics:
            found[str(body.get("request_id"))] = _amount(metrics["cost"])
        tasks: dict[str, list[Decimal]] = {}
        for item in told_in(body, "data"):
            tasks.setdefault(str(item.get("taskUUID")), []).append(_amount(item.get("cost")))
        found |= {name: sum(costs, Decimal(0)) for name, costs in tasks.items()}
    return {name: cost for name, cost in found.items() if name and not cost.is_nan()}


def _ids(exchange: Exchange) -> Iterator[str]:
    if (named := exchange.headers.get("x-request-id")) is not None:
        yield named
    if isinstance(exchange.body, Mapping) and isinstance(exchange.body.get("request_id"), str):
        yield exchange.body["request_id"]
    for task in exchange.request if isinstance(exchange.request, list) else ():
        if isinstance(task, Mapping) and isinstance(task.get("taskUUID"), str):
            yield task["taskUUID"]


def _amount(told: Any) -> Decimal:
    """A cost; what can be none, is not a number."""
    try:
        amount = Decimal(str(told))
    except InvalidOperation:
        return Decimal("NaN")
    return amount if amount.is_finite() and 0 <= amount <= _MOST else Decimal("NaN")
