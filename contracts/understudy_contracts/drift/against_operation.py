"""Holding what is published of an operation against what the contract says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from understudy_contracts.checks.asked import JSON, declared
from understudy_contracts.operations import Operation
from understudy_contracts.provider import Contract

from .against_schema import schema_against
from .difference import Difference, Key
from .published import Published
from .severity import of_status


def operation_against(
    owner: Contract, operation: Operation, published: Published, switch_values: Mapping[str, str] | None = None
) -> Iterator[Difference]:
    """Say what is published otherwise of an operation; that less is told than the contract has is no difference."""
    stance = owner.switch_values(switch_values)
    known = declared((operation,), stance)
    for status in published.statuses:
        if status not in known:
            key = Key(operation.name, "", "status", status, "", "new-status", str(status))
            yield Difference(key, "HTTP " + " or ".join(map(str, known)), f"HTTP {status}", *of_status(status))
    request = operation.request.schema if operation.request is not None else None
    if published.request is not None and not published.model and request is not None:
        judge = owner.judge(request, **stance)
        yield from schema_against(operation.name, "", "request", judge.schema, judge.resources, published.request)
    for status, schema in sorted(published.answers.items()):
        names = [
            one.schema for one in operation.answers if one.status == status and one.schema and JSON in one.media_types
        ]
        if names:
            judges = [owner.judge(name, **stance) for name in names]
            ours = judges[0].schema if len(judges) == 1 else {"anyOf": [judge.schema for judge in judges]}
            yield from schema_against(operation.name, "", "answer", ours, judges[0].resources, schema, status)
