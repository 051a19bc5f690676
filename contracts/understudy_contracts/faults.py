"""Every way to spoil a single field of a good request. Part of `strategies`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .schema import Schema
from .shape import Path, properties
from .values import FAR, TEXT, Field, kind, number, numbers, regex


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to spoil one field; `bad` is None when the field is to be taken away."""

    rule: str
    path: Path
    bad: SearchStrategy[Any] | None
    #: One bad value, always the same.
    typical: Any = None
    #: Another field and its value without which this would be no fault.
    given: tuple[Path, Any] | None = None


def faults(schema: Schema, resources: Mapping[str, Schema], known: list[Field]) -> Iterator[Fault]:
    """List the ways to spoil a single field of a plain schema: one for each keyword, and a key nobody knows."""
    for field in known:
        if field.required or field.demand is not None:
            yield Fault("required", field.path, None, given=field.demand)
        for rule, bad, typical in _bad(field):
            yield Fault(rule, field.path, bad, typical)
    closed: list[tuple[Path, Schema]] = [((), schema)]
    closed += [(field.path, field.schema) for field in known if field.schema.get("additionalProperties") is False]
    for path, body in closed:
        names = properties(body, resources)
        for stranger in ("steps", "Width", "zz-unknown"):
            if stranger not in names:
                # Not every JSON library can write any number.
                anything = st.one_of(st.none(), st.integers(-FAR, FAR), st.text(TEXT))
                yield Fault("unknown", (*path, stranger), anything, 1)


_WRONG_TYPES: dict[str, list[Any]] = {
    "string": [7, True, None, [], {}],
    "integer": ["7", 1.5, True, None, []],
    "number": ["1", True, None, {}],
    "boolean": ["true", 1, None, []],
    "object": ["text", 1, None, [], True],
    "array": ["text", 1, None, {}, True],
}


def _bad(field: Field) -> Iterator[tuple[str, SearchStrategy[Any], Any]]:
    schema = field.schema
    if "type" in schema:
        wrong = [bad for bad in _WRONG_TYPES[kind(schema)] if bad is not None or "null" not in schema["type"]]
        yield "type", st.sampled_from(wrong), wrong[0]
    if "const" in schema:
        yield "const", st.text(TEXT).filter(lambda text: text != schema["const"]), f"{schema['const']}x"
    if "enum" in schema:
        near = [f"{schema['enum'][0]}x", schema["enum"][-1].swapcase(), "", " "]
        strangers = [text for text in near if text not in schema["enum"]]
        yield "enum", st.sampled_from(strangers), strangers[0]
    yield from _beyond(field)
    if "pattern" in schema and "enum" not in schema:
        fine = regex(schema["pattern"])
        near = [field.whole + "\n", " ", "", "not well formed!", "\u0660", "a b", f" {field.whole}"]
        malformed = [text for text in near if not fine.search(text)]
        yield "pattern", st.sampled_from(malformed), malformed[0]
    elif schema.get("minLength") == 1:
        yield "minLength", st.just(""), ""
    if "maxLength" in schema:
        too_long = st.integers(1, 50).map(lambda more: "x" * (schema["maxLength"] + more))
        yield "maxLength", too_long, "x" * (schema["maxLength"] + 1)
    if schema.get("minItems", 0) > 0:
        yield "minItems", st.builds(list), []
    if "maxItems" in schema:
        too_many = field.whole[:1] * (schema["maxItems"] + 1)
        yield "maxItems", st.builds(deepcopy, st.just(too_many)), too_many


def _beyond(field: Field) -> Iterator[tuple[str, SearchStrategy[Any], Any]]:
    schema = field.schema
    step = Decimal(str(schema.get("multipleOf", 1)))
    for rule, direction in (("minimum", -1), ("maximum", 1)):
        if rule in schema:
            limit = Decimal(str(schema[rule]))

            def beyond(count: int, limit: Decimal = limit, direction: int = direction) -> int | float:
                return number(limit + direction * count * step)

            yield rule, st.integers(1, FAR).map(beyond), beyond(1)
    if "multipleOf" in schema:
        inside = st.one_of(numbers(schema), st.just(field.whole))
        low, high = Decimal(str(schema["minimum"])), Decimal(str(schema["maximum"]))

        def off(good: float) -> float:
            exact = Decimal(str(good)) + step / 2
            return float(exact if low <= exact <= high else exact - step)

        yield "multipleOf", inside.map(off), off(field.whole)
