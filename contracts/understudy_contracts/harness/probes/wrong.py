"""What is wrong with a request whatever it asks for: a method that its address does not have, an id of nobody's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from understudy_contracts.checks import Finding
from understudy_contracts.checks.known_errors import cases_of, told_in
from understudy_contracts.harness.permission import taken_for
from understudy_contracts.harness.probe import Probe
from understudy_contracts.harness.session import Session
from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract
from understudy_contracts.requests import Request, changed

from .before import asking

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

#: What nobody has ever made.
NOBODY = "5893b754-1341-468b-a130-0c8c07d4e68f"


def methods(provider: str) -> Iterator[Probe]:
    """Try whether each address refuses every method that it does not have."""
    seen: set[tuple[str | None, str | None]] = set()
    for one in contract(provider).operations.values():
        if one.outgoing or (one.host, one.path) in seen:
            continue
        seen.add((one.host, one.path))
        at = _at(one)
        paid = [each for each in at if not each.free]
        for method in _METHODS:
            if method not in {each.method for each in taken_for(provider, _request(one, method))} | _told(one):
                yield asking(
                    one,
                    f"with-{method}",
                    "wrong-verb",
                    partial(_refused, operation=one, method=method),
                    {"method": method, "path": _path(one)},
                    not_for_live="at its address jobs are begun" if paid else "",
                )


def ids(provider: str) -> Iterator[Probe]:
    """Try whether what nobody made is told to be nowhere, where no error of the operation says how."""
    for one in contract(provider).operations.values():
        asks = "after" in one.typical and one.task is not None
        if asks and not any(cause.case.kind == "not_found" and cause.request is not None for cause in one.errors):
            yield asking(
                one,
                "unknown-id",
                "unknown-id",
                partial(_unknown, operation=one),
                {"with": {"taskUUID": NOBODY}},
            )


def _at(operation: Operation) -> list[Operation]:
    every = contract(operation.provider).operations.values()
    return [one for one in every if one.host == operation.host and one.path == operation.path]


def _request(operation: Operation, method: str) -> Request:
    return changed(operation, {"method": method, "path": _path(operation)}, "", lambda told: NOBODY)


def _told(operation: Operation) -> set[str]:
    """The methods that its address has, and those of which the contract says more."""
    told = {cause.request["method"] for cause in operation.errors if cause.request and "method" in cause.request}
    return told | {one.method for one in _at(operation)}


def _path(operation: Operation) -> dict[str, str]:
    """Values for its path that ask nothing of anybody, where the contract prints none."""
    inside = [one for one in operation.parameters if one.place == "path"]
    return {one.name: one.typical or NOBODY for one in inside}


def _refused(session: Session, operation: Operation, method: str) -> Iterator[Finding]:
    exchange = session.ask(operation.name, {"method": method, "path": _path(operation)})
    if exchange.status < 400:
        yield Finding("wrong-verb", f"{method} {operation.path} is answered HTTP {exchange.status}", exchange)


def _unknown(session: Session, operation: Operation) -> Iterator[Finding]:
    exchange = session.ask(operation.name, {"with": {"taskUUID": session.new_id()}})
    kinds = {case.kind for told in told_in(exchange) for case in cases_of(told)}
    wanted = "not_found" if session.switches.get("unknown-task") == "error" else ""
    nothing = isinstance(exchange.body, dict) and exchange.body.get("data") == [] and not kinds
    if wanted not in kinds if wanted else not nothing:
        yield Finding("unknown-id", f"{operation.name} tells something of a task that nobody handed in", exchange)
