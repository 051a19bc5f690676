"""Holding what was answered against what the contract says is answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from understudy_contracts.checks.asked import JSON, Declared, declared
from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract
from understudy_contracts.schema import Judge, Violation

from .change import NOTHING, Change, Kind, pointer, shown
from .difference import Difference, Key, Observed, Part
from .errors_told import errors
from .evidence import Evidence, Heard
from .normal import type_of
from .places import Steps, general, walk
from .severity import of_status, rated

#: What a keyword that was broken means.
_KINDS: Mapping[str, Kind] = {
    "type": "changed-type",
    "enum": "new-enum-value",
    "const": "new-enum-value",
    "required": "removed",
    "dependentRequired": "removed",
    "unknown": "added",
}
_BOUNDS = frozenset({
    "format", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength",
    "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Form:
    """A part of an answer that has a schema of its own."""

    value: Any
    steps: Steps
    #: The schemas it may have.
    schemas: tuple[str, ...]
    part: Part = "answer"


def observed(provider: str, evidence: Evidence) -> Observed:
    """Say where a side does not do what the contract says, and where it was seen to do it."""
    stance = contract(provider).switch_values(evidence.switches)
    made = Observed()
    for heard in evidence.heard:
        operation = contract(provider).operations.get(heard.exchange.operation)
        if operation is not None:
            _answer(operation, heard, stance, made)
    for webhook in evidence.webhooks:
        for operation in contract(provider).operations.values():
            if operation.outgoing and operation.request is not None and operation.request.schema is not None:
                form = Form(webhook.body, (), (operation.request.schema,), "webhook")
                _count(made, operation, 0)
                for difference in differences(operation, None, form, stance, made):
                    made.add(difference)
    return made


def _count(made: Observed, operation: Operation, status: int) -> None:
    counted = made.statuses.setdefault(operation.name, {})
    counted[status] = counted.get(status, 0) + 1


def _answer(operation: Operation, heard: Heard, stance: Mapping[str, str], made: Observed) -> None:
    exchange, at = heard.exchange, heard.probe or heard.source
    _count(made, operation, exchange.status)
    if heard.probe:
        made.probes.add(heard.probe)
    known = declared((operation,), stance)
    found = list(_status(operation, heard, known))
    found += errors(operation, heard, stance)
    said = known.get(exchange.status)
    if said is not None:
        for form in forms(operation, heard, said):
            found += differences(operation, exchange.status, form, stance, made)
    for difference in found:
        made.add(_as_known(difference, heard), at)


def _as_known(difference: Difference, heard: Heard) -> Difference:
    return replace(difference, known=heard.known) if heard.known else difference


def _status(operation: Operation, heard: Heard, known: Mapping[int, Declared]) -> Iterator[Difference]:
    exchange = heard.exchange
    said = known.get(exchange.status)
    if said is None:
        key = Key(operation.name, "", "status", exchange.status, "", "new-status", str(exchange.status))
        ours = "HTTP " + " or ".join(map(str, sorted(known)))
        yield Difference(key, ours, f"HTTP {exchange.status}", *of_status(exchange.status))
        return
    given = exchange.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given and said.forms and given not in said.forms and "*/*" not in said.forms:
        key = Key(operation.name, "", "headers", exchange.status, "/content-type", "new-media-type", given)
        yield Difference(key, " or ".join(said.forms), given, "breaking", "clients decode by the content type")


def forms(operation: Operation, heard: Heard, said: Declared) -> Iterator[Form]:
    """List what of an answer has a schema."""
    exchange = heard.exchange
    if isinstance(exchange.body, Mapping | list):
        if operation.task is not None:
            yield Form(exchange.body, (), ("envelope",))
            yield from _items(operation, exchange.request, exchange.body)
        elif said.schemas:
            yield Form(exchange.body, (), said.schemas)
        elif exchange.status >= 400 and JSON in said.forms:
            yield Form(exchange.body, (), ("error",))
    media = exchange.headers.get("content-type", "").partition(";")[0]
    for answer in operation.answers:
        if answer.headers is not None and answer.status == exchange.status and media in answer.media_types:
            yield Form(dict(exchange.headers), (), (answer.headers,), "headers")


def _items(operation: Operation, request: Any, body: Any) -> Iterator[Form]:
    known = contract(operation.provider).operations.values()
    items = body.get("data") if isinstance(body, Mapping) else None
    sent = request if isinstance(request, list) else []
    asked = [operation.task, *(task.get("taskType") for task in sent if isinstance(task, Mapping))]
    schemas = [
        one.schema
        for each in known
        if each.task is not None and each.task in asked
        for one in each.answers
        if one.schema
    ]
    for index, item in enumerate(items if isinstance(items, list) else ()):
        yield Form(item, ("data", index), tuple(dict.fromkeys(schemas)))


def differences(
    operation: Operation, status: int | None, form: Form, stance: Mapping[str, str], made: Observed
) -> Iterator[Difference]:
    """Say what is different in one form, and note where it was looked at."""
    judges = [contract(operation.provider).judge(name, **stance) for name in form.schemas]
    if not judges:
        return
    judge, violations = min(((one, one.violations(form.value)) for one in judges), key=lambda pair: len(pair[1]))
    walked = walk(form.value, judge)
    prefix = pointer(form.steps)
    part = form.part
    made.met.update((operation.name, part, prefix + place) for place in walked.met)
    for violation in violations:
        yield _of_violation(operation, status, part, prefix, violation, judge)
    refused = {pointer(violation.path) for violation in violations}
    for place, value in () if part == "headers" else walked.unknown.items():
        if place not in refused:
            key = Key(operation.name, "", part, status, prefix + place, "added")
            severity, reason = rated(Change("added", place, None, value), "answer")
            yield Difference(key, NOTHING, type_of(value), severity, reason, open=True)


def _of_violation(
    operation: Operation, status: int | None, part: Part, prefix: str, violation: Violation, judge: Judge
) -> Difference:
    rule = violation.rule
    kind = _KINDS.get(rule) or ("changed-bound" if rule in _BOUNDS else "changed-rule")
    steps = violation.path
    ours, theirs, detail = shown(violation.allowed), shown(violation.value), "" if rule in _KINDS else rule
    if kind == "removed":
        missing = violation.allowed[-1] if isinstance(violation.allowed, list) else ""
        steps = (*steps, str(missing))
        ours, theirs = "always there", "not there"
    elif kind == "added":
        ours, theirs = NOTHING, type_of(violation.value)
    elif kind == "changed-type":
        allowed = violation.allowed if isinstance(violation.allowed, list) else [violation.allowed]
        ours, theirs = " or ".join(map(str, allowed)), type_of(violation.value)
        detail = theirs
    elif kind == "new-enum-value":
        detail = theirs
    elif kind == "changed-bound":
        ours = f"{rule} {ours}"
    else:
        ours, theirs = str(violation.schema.get("x-rule", {}).get("why") or f"{rule} {ours}"), violation.message
    change = Change(kind, "", _listed(violation.allowed), [type_of(violation.value)], rule, required=True)
    severity, reason = rated(change, "answer")
    key = Key(operation.name, "", part, status, prefix + pointer(general(steps, judge)), kind, detail)
    return Difference(key, ours, theirs, severity, reason, str(violation.schema.get("x-confidence", "")))


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]
