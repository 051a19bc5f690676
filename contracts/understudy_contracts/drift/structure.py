"""What is different between two schemas: each difference once, with its place, whoever wrote them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .change import Change, Kind
from .change import pointer as pointer_of
from .normal import BOUNDS, RULES, Normal, canonical, normal

_CHOICES = ("anyOf", "oneOf")


def diff(
    ours: Any,
    theirs: Any,
    our_resources: Mapping[str, Any] | None = None,
    their_resources: Mapping[str, Any] | None = None,
) -> tuple[Change, ...]:
    """List every difference between two JSON Schemas, in an order that is always the same.

    `diff({"type": "string"}, {"type": "integer"})` is one change of the kind `changed-type`. Two that ask the same in
    different words, such as a `const` and an `enum` of one, are not different.
    """
    found = changes(normal(ours, our_resources), normal(theirs, their_resources))
    return tuple(sorted(found, key=order))


def order(change: Change) -> tuple[str, str, str, str, str]:
    """By what changes are sorted."""
    return change.pointer, change.keyword, change.kind, canonical(change.ours), canonical(change.theirs)


def changes(ours: Normal, theirs: Normal, at: str = "", required: bool = False) -> Iterator[Change]:
    """The same of two that are in the one form already."""
    if ours == theirs:
        return

    def change(kind: Kind, keyword: str) -> Change:
        return Change(kind, at, ours.get(keyword), theirs.get(keyword), keyword, required)

    if ours.get("type") != theirs.get("type"):
        yield change("changed-type", "type")
    yield from _values(ours, theirs, at, required)
    for name in BOUNDS:
        if ours.get(name) != theirs.get(name) and not _told_otherwise(name, ours, theirs):
            yield change("changed-bound", name)
    if ("default" in ours, canonical(ours.get("default"))) != ("default" in theirs, canonical(theirs.get("default"))):
        yield change("changed-default", "default")
    if ours.get("closed") != theirs.get("closed"):
        yield Change("changed-rule", at, bool(ours.get("closed")), bool(theirs.get("closed")), "closed", required)
    yield from _members(ours, theirs, at)
    yield from _patterns(ours, theirs, at)
    for name in ("items", "others"):
        if name in ours or name in theirs:
            yield from changes(ours.get(name, {}), theirs.get(name, {}), f"{at}/*")
    yield from _choices(ours, theirs, at, required)
    for name in RULES:
        mine, others = ours.get(name), theirs.get(name)
        if name == "when" and mine and others and mine["if"] == others["if"]:
            for branch in ("then", "else"):
                yield from changes(mine.get(branch, {}), others.get(branch, {}), at, required)
        elif mine != others:
            yield change("changed-rule", name)
    yield from _together(ours, theirs, at, required)


def _values(ours: Normal, theirs: Normal, at: str, required: bool) -> Iterator[Change]:
    if "enum" not in ours or "enum" not in theirs:
        if ours.get("enum") != theirs.get("enum"):
            yield Change("changed-bound", at, ours.get("enum"), theirs.get("enum"), "enum", required)
        return
    mine = {canonical(value): value for value in ours["enum"]}
    others = {canonical(value): value for value in theirs["enum"]}
    for text in sorted(others.keys() - mine.keys()):
        yield Change("new-enum-value", at, None, others[text], "enum", required)
    for text in sorted(mine.keys() - others.keys()):
        yield Change("missing-enum-value", at, mine[text], None, "enum", required)


def _told_otherwise(name: str, ours: Normal, theirs: Normal) -> bool:
    """Whether a side that lacks a pattern names the same format, or the other way about: each says it all."""
    other = {"pattern": "format", "format": "pattern"}.get(name)
    if other is None or (name in ours and name in theirs):
        return False
    return other in ours and ours.get(other) == theirs.get(other)


def _members(ours: Normal, theirs: Normal, at: str) -> Iterator[Change]:
    needed, wanted = set(ours.get("required", ())), set(theirs.get("required", ()))
    mine, others = ours.get("properties", {}), theirs.get("properties", {})
    for name in sorted({*mine, *others, *needed, *wanted}):
        place = at + pointer_of((name,))
        here, there = name in mine or name in needed, name in others or name in wanted
        if not there:
            yield Change("removed", place, mine.get(name, {}), None, "properties", name in needed)
        elif not here:
            yield Change("added", place, None, others.get(name, {}), "properties", name in wanted)
        else:
            if (name in needed) != (name in wanted):
                kind: Kind = "became-required" if name in wanted else "became-optional"
                yield Change(kind, place, name in needed, name in wanted, "required", name in needed)
            yield from changes(mine.get(name, {}), others.get(name, {}), place, name in needed)


def _patterns(ours: Normal, theirs: Normal, at: str) -> Iterator[Change]:
    mine, others = ours.get("patternProperties", {}), theirs.get("patternProperties", {})
    for name in sorted({*mine, *others}):
        if name not in others:
            yield Change("removed", f"{at}/*", mine[name], None, "patternProperties")
        elif name not in mine:
            yield Change("added", f"{at}/*", None, others[name], "patternProperties")
        else:
            yield from changes(mine[name], others[name], f"{at}/*")


def _choices(ours: Normal, theirs: Normal, at: str, required: bool) -> Iterator[Change]:
    for name in _CHOICES:
        mine, others = _but(ours.get(name, []), theirs.get(name, [])), _but(theirs.get(name, []), ours.get(name, []))
        # Those that are nearest to each other are taken for the same choice.
        while mine and others:
            pairs = [
                (len(list(changes(one, other))), i, j) for i, one in enumerate(mine) for j, other in enumerate(others)
            ]
            _, i, j = min(pairs)
            yield from changes(mine.pop(i), others.pop(j), at, required)
        for one in mine:
            yield Change("removed", at, one, None, name, required)
        for other in others:
            yield Change("added", at, None, other, name)


def _together(ours: Normal, theirs: Normal, at: str, required: bool) -> Iterator[Change]:
    others = _but(theirs.get("allOf", []), ours.get("allOf", []))
    for one in _but(ours.get("allOf", []), theirs.get("allOf", [])):
        # What is said of the same condition is the same rule.
        same = [other for other in others if _condition(other) == _condition(one) is not None]
        if same:
            others.remove(same[0])
            yield from changes(one, same[0], at, required)
        else:
            yield Change("changed-rule", at, one, None, "allOf", required)
    for other in others:
        yield Change("changed-rule", at, None, other, "allOf", required)


def _condition(rule: Normal) -> str | None:
    return canonical(rule["when"]["if"]) if "when" in rule else None


def _but(these: list[Normal], those: list[Normal]) -> list[Normal]:
    """Those of the first that are not in the second."""
    known = [canonical(one) for one in those]
    left = []
    for one in these:
        if (text := canonical(one)) in known:
            known.remove(text)
        else:
            left.append(one)
    return left
