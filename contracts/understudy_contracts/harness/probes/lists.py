"""Lists of jobs: whole, in pages, and of one model alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from understudy_contracts.checks import Finding
from understudy_contracts.harness.session import Session
from understudy_contracts.models import Model
from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract

from .life import life_of

_CHECK = "lifecycle.ends"


def lists_of(provider: str) -> Iterator[Operation]:
    """The operations that list jobs, for who has an API key."""
    for one in contract(provider).operations.values():
        asks_nothing = one.task is None and not any(parameter.required for parameter in one.parameters)
        if one.purpose == "list" and asks_nothing and one.authentication not in ((), ("user",)):
            yield one


def listed(session: Session, operation: Operation, model: Model) -> Iterator[Finding]:
    """Find the one job of a model in every list that there is, once."""
    job = life_of(session, operation, model).job
    mine = str((job.accepted.body or {}).get("request_id"))
    for one in lists_of(session.provider):
        exchange = session.ask(one.name)
        there = _ids(exchange.body)
        if there.count(mine) != 1:
            times = f"{there.count(mine)} times"
            yield Finding(_CHECK, f"{one.name} lists a job that was just made {times}", exchange)
        if len(set(there)) != len(there):
            yield Finding(_CHECK, f"{one.name} lists a job twice", exchange)
        yield from _pages(session, one, there)
        yield from _filtered(session, one, model, mine)


def _pages(session: Session, operation: Operation, whole: list[str]) -> Iterator[Finding]:
    """Ask for the first and for the second job alone."""
    takes = {parameter.name for parameter in operation.parameters}
    if "limit" in takes:
        page = session.ask(operation.name, {"query": {"limit": "1"}})
        if _ids(page.body) != whole[:1]:
            yield Finding(_CHECK, f"{operation.name} has another job on a page of one than first of all", page)
    if {"limit", "offset"} <= takes:
        page = session.ask(operation.name, {"query": {"limit": "1", "offset": "1"}})
        if _ids(page.body) != whole[1:2]:
            yield Finding(_CHECK, f"{operation.name} has another job on its second page of one", page)
    if {"page", "per_page"} <= takes:
        page = session.ask(operation.name, {"query": {"page": "2", "per_page": "1"}})
        if page.status < 400 and _ids(page.body) != whole[1:2]:
            yield Finding(_CHECK, f"{operation.name} has another job on its second page of one", page)


def _filtered(session: Session, operation: Operation, model: Model, mine: str) -> Iterator[Finding]:
    """Ask for the jobs of one model, and of another."""
    name = next((one.name for one in operation.parameters if one.name in ("model_id", "model_name")), None)
    if name is None:
        return
    page = session.ask(operation.name, {"query": {name: model.id}})
    if mine not in _ids(page.body):
        yield Finding(_CHECK, f"{operation.name} does not list a job among those of {model.id}", page)
    other = next((one for one in contract(session.provider).models if one != model.id), None)
    if other is not None:
        page = session.ask(operation.name, {"query": {name: other}})
        if mine in _ids(page.body):
            yield Finding(_CHECK, f"{operation.name} lists a job of {model.id} among those of {other}", page)


def _ids(document: Any) -> list[str]:
    """The jobs of a list, in its order."""
    lists = [value for value in document.values() if isinstance(value, list)] if isinstance(document, Mapping) else []
    return [
        str(item["request_id"]) for one in lists for item in one if isinstance(item, Mapping) and "request_id" in item
    ]
