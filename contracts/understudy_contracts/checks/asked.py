"""Which operations of the contract an exchange was, and what they declare that can be answered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from urllib.parse import urlsplit

from understudy_contracts.documents import Site
from understudy_contracts.documents.told import told_by
from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract
from understudy_contracts.schema import Judge, Violation

from .exchange import Exchange

JSON = "application/json"

#: Beyond it a float is too coarse for half a unit.
_EXACT = 2.0**51


@dataclass(frozen=True, slots=True)
class Declared:
    """What can be answered with one status."""

    #: By media type, the names of the schemas that a body may have.
    forms: Mapping[str, tuple[str, ...]]
    #: Whether an answer, and not only an error of the catalogue, has this status.
    answer: bool

    @property
    def schemas(self) -> tuple[str, ...]:
        """The schemas of what is JSON."""
        return self.forms.get(JSON, ())


def operations_of(exchange: Exchange) -> tuple[Operation, ...]:
    """Tell what was asked: several operations of a list of tasks, none where it is nothing that the contract has.

    An exchange that names its operation is taken at its word. Raises `ContractError` for an unknown provider.
    """
    known = contract(exchange.provider).operations
    if exchange.operation:
        return (known[exchange.operation],) if exchange.operation in known else ()
    url = urlsplit(exchange.path)
    posted = exchange.method == "POST" or exchange.transport == "websocket"
    if (tasks := _tasks(exchange.provider)) and posted and url.path.rstrip("/") in ("", "/v1"):
        sent = exchange.request if isinstance(exchange.request, list) else []
        kinds = {str(task.get("taskType")) for task in sent if isinstance(task, Mapping)}
        asked = tuple(one for kind, one in tasks.items() if kind in kinds)
        # Whatever is not a list of tasks is refused as any task may be.
        return asked if sent else tuple(tasks.values())
    for one, pattern in _patterns(exchange.provider, exchange.method):
        elsewhere = url.hostname in contract(exchange.provider).hosts and url.hostname != one.host
        if not elsewhere and pattern.fullmatch(url.path):
            return (one,)
    return ()


def declared(operations: tuple[Operation, ...], switches: Mapping[str, str]) -> Mapping[int, Declared]:
    """Tell what operations of one provider can answer, by its status: what its OpenAPI document says, too."""
    names = tuple(one.name for one in operations)
    return _declared(operations[0].provider, names, tuple(sorted(switches.items())))


def declared_answer(exchange: Exchange, switches: Mapping[str, str]) -> Declared | None:
    """Tell what an answer with its status may be; None where its operation has none, or only errors, with it."""
    operations = operations_of(exchange)
    said = declared(operations, switches).get(exchange.status) if operations else None
    return said if said is not None and said.answer else None


@cache
def _declared(provider: str, names: tuple[str, ...], switches: tuple[tuple[str, str], ...]) -> Mapping[int, Declared]:
    operations = [contract(provider).operations[name] for name in names]
    answered = {answer.status for one in operations for answer in one.answers}
    told = told_by(operations, Site(switches={provider: dict(switches)}))
    return {
        status: Declared({kind: tuple(form.schemas) for kind, form in said.forms.items()}, status in answered)
        for status, said in told.items()
    }


def misfits(provider: str, schemas: tuple[str, ...], body: object, switches: Mapping[str, str]) -> list[Violation]:
    """Say what is wrong with a body that must have one of several forms; nothing where there is no form to have."""
    judges = [contract(provider).judge(name, **switches) for name in schemas]
    least = min((judge.violations(body) for judge in judges), key=len, default=[])
    if least or not judges or (shifted := _shifted(body)) is body:
        return least
    return min((_unlike_integers(judge, shifted) for judge in judges if judge.accepts(body)), key=len)


def _unlike_integers(judge: Judge, shifted: object) -> list[Violation]:
    """Say which whole numbers are written with a point or an exponent, for which JSON Schema does not care.

    Whoever decodes an integer in a strict language does: of what is half a unit off, an integer shows itself.
    """
    found = [one for one in judge.violations(shifted) if one.rule == "type" and one.allowed in ("integer", ["integer"])]
    return [replace(one, message=f"{one.message.partition(',')[0]}, written as one.") for one in found]


def _shifted(document: object) -> object:
    """The same document with half a unit added to all that is whole and no integer; the very same if there is none."""
    if isinstance(document, float):
        return document + 0.5 if document.is_integer() and abs(document) < _EXACT else document
    if isinstance(document, Mapping):
        made = {name: _shifted(value) for name, value in document.items()}
        return made if any(made[name] is not value for name, value in document.items()) else document
    if isinstance(document, list):
        several = [_shifted(value) for value in document]
        return several if any(new is not old for new, old in zip(several, document, strict=True)) else document
    return document


@cache
def _tasks(provider: str) -> Mapping[str, Operation]:
    return {one.task: one for one in contract(provider).operations.values() if one.task is not None}


@cache
def _patterns(provider: str, method: str) -> tuple[tuple[Operation, re.Pattern[str]], ...]:
    # The more of a path is given the nearer it is meant: `/v1/get-user-credits` is no model of `/v1/{slug}`.
    mine = [one for one in contract(provider).operations.values() if one.method == method and one.task is None]
    paths = sorted(((one.path, one) for one in mine if one.path is not None), key=lambda pair: pair[0].count("{"))
    return tuple((one, re.compile(re.sub(r"\\{[^{}]*\\}", "[^/]+", re.escape(path)) + "/?")) for path, one in paths)
