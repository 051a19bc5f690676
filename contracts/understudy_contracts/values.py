"""Good and bad values for the fields of a schema, as Hypothesis strategies. Part of `strategies`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .schema import Schema
from .shape import Path, parts, properties

#: Far enough to meet every bound, near enough to stay a plausible request.
_FAR = 1000
_TEXT = st.characters(exclude_categories=["Cs"])


@dataclass(frozen=True, slots=True)
class Field:
    """One field a request may have, with everything its schemas say about it."""

    path: Path
    schema: Schema
    required: bool
    values: SearchStrategy[Any]
    #: One good value, always the same.
    typical: Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to spoil one field; `bad` is None when the field is to be taken away."""

    rule: str
    path: Path
    bad: SearchStrategy[Any] | None
    #: One bad value, always the same.
    typical: Any = None


def fields(schema: Schema, resources: Mapping[str, Schema], path: Path = ()) -> list[Field]:
    """List every field of a plain schema, each object before its members."""
    found: list[Field] = []
    required = _required(schema, resources)
    for name, bodies in properties(schema, resources).items():
        merged: dict[str, Any] = {}
        for body in bodies:
            for part in parts(body, resources):
                merged |= part
        here = (*path, name)
        found.append(Field(here, merged, name in required, _good(merged), _typical(merged)))
        if "properties" in merged:
            found += fields(merged, resources, here)
    return found


def faults(schema: Schema, resources: Mapping[str, Schema], known: list[Field]) -> Iterator[Fault]:
    """List the ways to spoil a single field of a plain schema: one for each keyword, and a key nobody knows."""
    for field in known:
        if field.required:
            yield Fault("required", field.path, None)
        for rule, bad, typical in _bad(field.schema):
            yield Fault(rule, field.path, bad, typical)
    closed: list[tuple[Path, Schema]] = [((), schema)]
    closed += [(field.path, field.schema) for field in known if field.schema.get("additionalProperties") is False]
    for path, body in closed:
        names = properties(body, resources)
        for stranger in ("steps", "Width", "zz-unknown"):
            if stranger not in names:
                yield Fault("unknown", (*path, stranger), st.one_of(st.none(), st.integers(), st.text(_TEXT)), 1)


def _required(schema: Schema, resources: Mapping[str, Schema]) -> set[str]:
    return {name for part in parts(schema, resources) if "x-rule" not in part for name in part.get("required", ())}


def _good(schema: Schema) -> SearchStrategy[Any]:
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(schema.get("minimum", -_FAR), schema.get("maximum", schema.get("minimum", 0) + _FAR))
        case "number":
            return _numbers(schema)
        case "string":
            return _strings(schema)
        case _:
            return st.builds(dict) if "properties" in schema else _anything()


def _numbers(schema: Schema) -> SearchStrategy[Any]:
    step = Decimal(str(schema.get("multipleOf", "0.001")))
    low, high = (Decimal(str(schema.get(key, bound))) for key, bound in (("minimum", -_FAR), ("maximum", _FAR)))
    steps = st.integers(
        int((low / step).to_integral_value(ROUND_CEILING)), int((high / step).to_integral_value(ROUND_FLOOR))
    )
    return steps.map(lambda count: _number(count * step))


def _number(exact: Decimal) -> int | float:
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def _strings(schema: Schema) -> SearchStrategy[Any]:
    if schema.get("format") == "uuid":
        # Not drawn but made: an id has to be new to the server, also when Hypothesis replays or shrinks.
        return st.builds(lambda: str(uuid4()))
    if "pattern" in schema:
        # Addresses and media come from the examples: what a pattern alone would make leads nowhere.
        if "://" in schema["pattern"]:
            return st.sampled_from(schema["examples"])
        shaped = st.from_regex(_regex(schema["pattern"]), alphabet=st.characters(max_codepoint=0x7E))
        return st.one_of(st.sampled_from(schema["examples"]), shaped)
    least = schema.get("minLength", 0)
    return st.text(_TEXT, min_size=least, max_size=min(schema.get("maxLength", _FAR), least + 80))


def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\$$", r"\\Z", pattern))


def _anything() -> SearchStrategy[Any]:
    scalars = st.one_of(st.none(), st.booleans(), st.integers(-_FAR, _FAR), st.text(_TEXT, max_size=20))
    return st.dictionaries(st.text(_TEXT, max_size=20), scalars, max_size=3)


def _typical(schema: Schema) -> Any:
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    for key in ("enum", "examples"):
        if key in schema:
            return schema[key][0]
    match schema["type"]:
        case "boolean":
            return False
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "string":
            return "x" * schema.get("minLength", 1)
        case _:
            return {}


_WRONG_TYPES: dict[str, list[Any]] = {
    "string": [7, True, None, [], {}],
    "integer": ["7", 1.5, True, None, []],
    "number": ["1", True, None, {}],
    "boolean": ["true", 1, None, []],
    "object": ["text", 1, None, [], True],
}


def _bad(schema: Schema) -> Iterator[tuple[str, SearchStrategy[Any], Any]]:
    if "type" in schema:
        wrong = _WRONG_TYPES[schema["type"]]
        yield "type", st.sampled_from(wrong), wrong[0]
    if "const" in schema:
        yield "const", st.text(_TEXT).filter(lambda text: text != schema["const"]), f"{schema['const']}x"
    if "enum" in schema:
        near = [f"{schema['enum'][0]}x", schema["enum"][-1].swapcase(), "", " "]
        strangers = [text for text in near if text not in schema["enum"]]
        yield "enum", st.sampled_from(strangers), strangers[0]
    yield from _beyond(schema)
    if "pattern" in schema and "enum" not in schema:
        fine = _regex(schema["pattern"])
        near = [_typical(schema) + "\n", " ", "", "not well formed!", "\u0660", "a b", f" {_typical(schema)}"]
        malformed = [text for text in near if not fine.search(text)]
        yield "pattern", st.sampled_from(malformed), malformed[0]
    elif schema.get("minLength") == 1:
        yield "minLength", st.just(""), ""
    if "maxLength" in schema:
        too_long = st.integers(1, 50).map(lambda more: "x" * (schema["maxLength"] + more))
        yield "maxLength", too_long, "x" * (schema["maxLength"] + 1)


def _beyond(schema: Schema) -> Iterator[tuple[str, SearchStrategy[Any], Any]]:
    step = Decimal(str(schema.get("multipleOf", 1)))
    for rule, direction in (("minimum", -1), ("maximum", 1)):
        if rule in schema:
            limit = Decimal(str(schema[rule]))

            def beyond(count: int, limit: Decimal = limit, direction: int = direction) -> int | float:
                return _number(limit + direction * count * step)

            yield rule, st.integers(1, _FAR).map(beyond), beyond(1)
    if "multipleOf" in schema:
        inside = st.one_of(_numbers(schema), st.just(_typical(schema)))
        low, high = Decimal(str(schema["minimum"])), Decimal(str(schema["maximum"]))

        def off(good: float) -> float:
            exact = Decimal(str(good)) + step / 2
            return float(exact if low <= exact <= high else exact - step)

        yield "multipleOf", inside.map(off), off(_typical(schema))
