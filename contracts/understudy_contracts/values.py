"""The fields of a schema and good values for them, as Hypothesis strategies. Part of `strategies`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .schema import Schema
from .shape import Path, at, demands, parts, place, properties

#: Far enough to meet every bound, near enough to stay a plausible request.
FAR = 1000
TEXT = st.characters(exclude_categories=["Cs"])


@dataclass(frozen=True, slots=True)
class Field:
    """One field a request may have, with everything its schemas say about it."""

    path: Path
    schema: Schema
    required: bool
    values: SearchStrategy[Any]
    #: One good value, always the same; of an object, without its members.
    typical: Any
    #: One good value, always the same, with every member it must have.
    whole: Any
    #: Another field and its value that make this one required.
    demand: tuple[Path, Any] | None = None
    #: Whether it is inside a list, which is drawn as a whole.
    inner: bool = False


def fields(schema: Schema, resources: Mapping[str, Schema], path: Path = (), *, inner: bool = False) -> list[Field]:
    """List every field of a plain schema, each object before its members, and of a list those of its first member."""
    found: list[Field] = []
    required, demanded = _required(schema, resources), demands(schema, resources)
    for name, bodies in properties(schema, resources).items():
        merged = _merged(bodies, resources)
        demand = None
        if name in demanded:
            other, value = demanded[name]
            demand = ((*path, other), value)
        found += _with_members((*path, name), merged, resources, name in required, demand, inner)
    return found


def _with_members(
    path: Path,
    schema: Schema,
    resources: Mapping[str, Schema],
    required: bool,
    demand: tuple[Path, Any] | None,
    inner: bool,
) -> list[Field]:
    values, whole = _values(schema, resources), _whole(schema, resources)
    found = [Field(path, schema, required, values, _typical(schema, whole), whole, demand, inner)]
    if "properties" in schema:
        found += fields(schema, resources, path, inner=inner)
    if "items" in schema:
        found += _with_members((*path, 0), _merged([schema["items"]], resources), resources, False, None, True)
    return found


def _merged(bodies: Iterable[Schema], resources: Mapping[str, Schema]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for body in bodies:
        for part in parts(body, resources):
            merged |= part
    return merged


def complete(instance: dict[str, Any], known: Iterable[Field]) -> None:
    """Give an object what its other values demand of it."""
    for field in known:
        if field.demand is not None and _lacks(instance, field):
            place(instance, field.path, deepcopy(field.typical))


def _lacks(instance: dict[str, Any], field: Field) -> bool:
    if field.demand is None:
        return False
    other, value = field.demand
    return at(instance, other) == value and field.path[-1] not in at(instance, field.path[:-1])


def has_room(instance: dict[str, Any], field: Field) -> bool:
    """Tell whether the object that a field belongs to is there."""
    return isinstance(at(instance, field.path[:-1]), Mapping)


def _required(schema: Schema, resources: Mapping[str, Schema]) -> set[str]:
    return {name for part in parts(schema, resources) if "x-rule" not in part for name in part.get("required", ())}


def kind(schema: Schema) -> str:
    """Tell the type of a field: of several the first, for the other is always null."""
    kinds = schema["type"]
    return str(kinds if isinstance(kinds, str) else kinds[0])


def extremes(schema: Schema) -> list[Any]:
    """List the values of a field that stand out: each of its choices, its least, its most, and its shortest."""
    if "enum" in schema:
        return list(schema["enum"])
    match kind(schema) if "type" in schema else "":
        case "boolean":
            return [True, False]
        case "integer" | "number":
            return [schema[name] for name in ("minimum", "maximum") if name in schema]
        case "string" if "pattern" not in schema:
            return ["x" * schema[name] for name in ("minLength", "maxLength") if name in schema]
    return []


def _values(schema: Schema, resources: Mapping[str, Schema]) -> SearchStrategy[Any]:
    if schema.get("type") == "array":
        item = _merged([schema["items"]], resources)
        members = _objects(item, resources) if "properties" in item else _good(item)
        least = schema.get("minItems", 0)
        return st.lists(members, min_size=least, max_size=min(schema.get("maxItems", FAR), least + 2))
    good = _good(schema)
    return st.none() | good if "null" in schema.get("type", ()) else good


@st.composite
def _objects(draw: st.DrawFn, schema: Schema, resources: Mapping[str, Schema]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    known = [field for field in fields(schema, resources) if not field.inner]
    for field in known:
        if has_room(made, field) and (field.required or draw(st.booleans())):
            place(made, field.path, draw(field.values))
    for field in known:
        if _lacks(made, field):
            place(made, field.path, draw(field.values))
    return made


def _good(schema: Schema) -> SearchStrategy[Any]:
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match kind(schema):
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(schema.get("minimum", -FAR), schema.get("maximum", schema.get("minimum", 0) + FAR))
        case "number":
            return numbers(schema)
        case "string":
            return _strings(schema)
        case _:
            return st.builds(dict) if "properties" in schema else _anything()


def numbers(schema: Schema) -> SearchStrategy[Any]:
    """Make numbers within the bounds of a schema and on its step."""
    step = Decimal(str(schema.get("multipleOf", "0.001")))
    low, high = (Decimal(str(schema.get(key, bound))) for key, bound in (("minimum", -FAR), ("maximum", FAR)))
    steps = st.integers(
        int((low / step).to_integral_value(ROUND_CEILING)), int((high / step).to_integral_value(ROUND_FLOOR))
    )
    return steps.map(lambda count: number(count * step))


def number(exact: Decimal) -> int | float:
    """Write a decimal as JSON would have it."""
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def _strings(schema: Schema) -> SearchStrategy[Any]:
    if schema.get("format") == "uuid":
        # Not drawn but made: an id has to be new to the server, also when Hypothesis replays or shrinks.
        return st.builds(lambda: str(uuid4()))
    if "pattern" in schema:
        # Addresses and media come from the examples: what a pattern alone would make leads nowhere.
        if "://" in schema["pattern"]:
            return st.sampled_from(schema["examples"])
        shaped = st.from_regex(regex(schema["pattern"]), alphabet=st.characters(max_codepoint=0x7E))
        return st.one_of(st.sampled_from(schema["examples"]), shaped)
    least = schema.get("minLength", 0)
    return st.text(TEXT, min_size=least, max_size=min(schema.get("maxLength", FAR), least + 80))


def regex(pattern: str) -> re.Pattern[str]:
    """Read a pattern as JSON Schema means it: `$` is the very end."""
    return re.compile(re.sub(r"\$$", r"\\Z", pattern))


def _anything() -> SearchStrategy[Any]:
    scalars = st.one_of(st.none(), st.booleans(), st.integers(-FAR, FAR), st.text(TEXT, max_size=20))
    return st.dictionaries(st.text(TEXT, max_size=20), scalars, max_size=3)


def _typical(schema: Schema, whole: Any) -> Any:
    return {} if "properties" in schema and "default" not in schema else whole


def _whole(schema: Schema, resources: Mapping[str, Schema]) -> Any:
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    for key in ("enum", "examples"):
        if key in schema:
            return schema[key][0]
    match kind(schema):
        case "boolean":
            return False
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "string":
            return "x" * schema.get("minLength", 1)
        case "array":
            return [_whole(_merged([schema["items"]], resources), resources)] * max(1, schema.get("minItems", 1))
        case _:
            made: dict[str, Any] = {}
            known = [field for field in fields(schema, resources) if not field.inner] if "properties" in schema else []
            for field in known:
                if field.required and has_room(made, field):
                    place(made, field.path, deepcopy(field.typical))
            complete(made, known)
            return made
