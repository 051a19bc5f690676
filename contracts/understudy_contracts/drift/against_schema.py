"""Holding a schema that somebody publishes against ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from understudy_contracts.portable import portable

from .change import NOTHING, Change, shown
from .difference import Difference, Key, Part
from .normal import canonical, normal
from .severity import Direction, rated
from .structure import changes, order


def schema_against(
    operation: str,
    model: str,
    part: Part,
    ours: Mapping[str, Any],
    resources: Mapping[str, Any],
    theirs: Any,
    status: int | None = None,
) -> Iterator[Difference]:
    """Hold a schema against one of ours.

    Ours may be published as it is, or in the words of older drafts: only what agrees with neither is different.
    """
    other = normal(theirs)
    written = (normal(ours, resources), normal(portable(ours, resources)))
    first, second = ({_place(one): one for one in changes(own, other)} for own in written)
    direction: Direction = "request" if part == "request" else "answer"
    for change in sorted((one for place, one in first.items() if place in second), key=order):
        yield difference_of(operation, model, part, change, direction, status)


def _place(change: Change) -> tuple[str, str, str, str]:
    # What was to be enforced may be told of two writings in two ways; what they have instead is the same.
    return change.pointer, change.keyword, change.kind, canonical(change.theirs)


def difference_of(
    operation: str, model: str, part: Part, change: Change, direction: Direction, status: int | None = None
) -> Difference:
    """Say in words what a change of a schema is."""
    severity, reason = rated(change, direction)
    value = change.theirs if change.kind == "new-enum-value" else change.ours
    detail = shown(value) if change.keyword == "enum" and change.kind != "changed-bound" else change.keyword
    key = Key(operation, model, part, status, change.pointer, change.kind, detail)
    ours, theirs = _said(change, change.ours), _said(change, change.theirs)
    return Difference(key, ours, theirs, severity, reason)


def _said(change: Change, value: Any) -> str:
    match change.kind:
        case "added" | "removed":
            return NOTHING if value is None else " or ".join(value.get("type", ())) or "there"
        case "became-required" | "became-optional":
            return "required" if value else "optional"
        case "changed-type":
            return " or ".join(value or ()) or "anything"
        case "changed-rule" if change.keyword == "closed":
            return "no other names" if value else "any other name"
        case "new-enum-value" | "missing-enum-value":
            return NOTHING if value is None else shown(value)
        case _:
            return NOTHING if value is None else f"{change.keyword} {shown(value)}"
