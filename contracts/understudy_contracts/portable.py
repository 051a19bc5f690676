"""A schema of ours, written for other people's validators.

Ours are spread over files, in the newest dialect, with annotations. What `portable` writes is one schema that asks the
same and stands alone, in keywords that draft 7 knows, so that a validator of any later draft reads it too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any
from urllib.parse import urljoin

from .schema import Schema
from .shape import properties

_DIALECT = "https://json-schema.org/draft/2019-09/schema"

#: What says something about a schema and judges nothing.
_NOTES = frozenset({"$id", "$schema", "$comment", "title", "description", "default", "examples"})

#: What may be taken out of a member of `allOf` and put beside it without a change of meaning.
_LIFTED = _NOTES | {"type", "required", "properties", "allOf"}

#: Keywords whose members are schemas by name.
_NAMED = frozenset({"properties", "$defs", "patternProperties"})

#: Keywords whose value is data.
_DATA = frozenset({"const", "default", "enum", "examples", "required"})


def portable(schema: Schema, resources: Mapping[str, Schema]) -> dict[str, Any]:
    """Write a plain schema as one that stands alone.

    `resources` are the schemas its `$ref` may point to, by their `$id`; none of them may include itself. Properties
    that come from several files stand side by side at the top, so that readers of `properties` and `required` find
    them all. One rule is lost on purpose: a step that has no exact binary form, such as 0.01. Raises `KeyError` for a
    reference to an unknown file.
    """
    whole = _inlined(schema, str(schema.get("$id", "")), resources)
    return {"$schema": _DIALECT, **_simple(_lifted(whole))}


def _inlined(value: Any, base: str, resources: Mapping[str, Schema]) -> Any:
    if isinstance(value, list):
        return [_inlined(member, base, resources) for member in value]
    if not isinstance(value, Mapping):
        return value
    base = str(value.get("$id", base))
    written = {
        keyword: body if keyword in _DATA else _inlined(body, base, resources)
        for keyword, body in value.items()
        if keyword != "$ref"
    }
    if isinstance(value.get("$ref"), str):
        uri, _, pointer = urljoin(base, value["$ref"]).partition("#")
        target: Any = resources[uri]
        for step in pointer.split("/")[1:]:
            target = target[step]
        written["allOf"] = [_inlined(target, uri, resources), *written.get("allOf", [])]
    return written


def _lifted(schema: Schema) -> dict[str, Any]:
    """Put what the members of `allOf` merely add beside it; those that judge several things together stay."""
    if "additionalProperties" in schema:
        # It speaks of the properties beside it only: what was elsewhere has to stay there.
        return dict(schema)
    top = {keyword: body for keyword, body in schema.items() if keyword not in ("allOf", "unevaluatedProperties")}
    members = list(_members(schema))
    for member in filter(_adds, members):
        if "type" in member:
            top.setdefault("type", member["type"])
        if "required" in member:
            top["required"] = list(dict.fromkeys([*top.get("required", ()), *member["required"]]))
        own = top.get("properties", {})
        added = {
            name: _both(own[name], body) if name in own else body for name, body in member.get("properties", {}).items()
        }
        top["properties"] = {**own, **added}
    if together := [member for member in members if not _adds(member)]:
        top["allOf"] = together
    if "unevaluatedProperties" in schema:
        named = dict.fromkeys(properties(schema, {}), True)
        top |= {"properties": {**named, **top["properties"]}, "additionalProperties": schema["unevaluatedProperties"]}
    return top


def _members(schema: Schema) -> Iterator[Schema]:
    for member in schema.get("allOf", ()):
        yield member
        if _adds(member):
            yield from _members(member)


def _adds(member: Any) -> bool:
    return (
        isinstance(member, Mapping)
        and "x-rule" not in member
        and member.get("type", "object") == "object"
        and all(keyword in _LIFTED or keyword.startswith("x-") for keyword in member)
    )


def _both(first: Any, second: Any) -> Any:
    """One schema that asks for what two ask for; of what they say without judging, the first's words."""
    if not isinstance(first, Mapping) or not isinstance(second, Mapping):
        return {"allOf": [first, second]}
    both, more = dict(first), []
    for keyword, body in second.items():
        if keyword not in both:
            both[keyword] = body
        elif keyword == "allOf":
            more += body
        elif both[keyword] != body and keyword not in _NOTES and not keyword.startswith("x-"):
            more.append({keyword: body})
    return {**both, "allOf": [*both.get("allOf", []), *more]} if more else both


def _simple(schema: Any) -> Any:
    """Leave out our annotations, and write what draft 7 has no keyword for in those it has."""
    if isinstance(schema, list):
        return [_simple(member) for member in schema]
    if not isinstance(schema, Mapping):
        return schema
    written: dict[str, Any] = {}
    for keyword, body in schema.items():
        if keyword in _NAMED:
            written[keyword] = {name: _simple(member) for name, member in body.items()}
        elif keyword not in ("$id", "$schema", "dependentRequired") and not keyword.startswith("x-"):
            written[keyword] = body if keyword in _DATA else _simple(body)
    if needs := schema.get("dependentRequired"):
        written["allOf"] = [*written.get("allOf", []), *map(_demand, needs.items())]
    if "pattern" in written:
        # The pattern says it all, and validators differ in what they take a format to mean.
        written.pop("format", None)
    if _is_inexact(written.get("multipleOf", 1)):
        del written["multipleOf"]
    if "const" in written:
        written.pop("examples", None)
    return written


def _is_inexact(step: float) -> bool:
    # Many validators divide in binary, where 0.98 is no multiple of 0.01: no rule is better than a wrong refusal.
    return Fraction(step) != Fraction(str(step))


def _demand(need: tuple[str, list[str]]) -> dict[str, Any]:
    name, others = need
    return {"if": {"required": [name]}, "then": {"required": list(others)}}
