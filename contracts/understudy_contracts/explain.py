"""Say in words why a value was refused. Slow and thorough: only ever asked about values already refused."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import cache
from itertools import islice
from typing import Any, cast

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from .schema import Schema, Violation
from .shape import choices, dotted, look_up, properties

#: How many violations of one value are told at most: more help nobody, and a value may break millions of rules.
MOST = 50

#: How much of a refused value is shown, in characters.
_SHOWN = 60

_TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}


class Explainer:
    """Everything `jsonschema` finds wrong with a value, as violations."""

    def __init__(self, schema: Schema, resources: Mapping[str, Schema]) -> None:
        registry: Registry[Any] = Registry().with_resources(
            (uri, DRAFT202012.create_resource(_without_dialect(body))) for uri, body in resources.items()
        )
        keywords = {**_KEYWORDS, "unevaluatedProperties": _unevaluated(resources)}
        make: Any = extend  # untyped in types-jsonschema
        self._validator = make(Draft202012Validator, keywords)(_without_dialect(schema), registry=registry)

    def explain(self, instance: object) -> list[Violation]:
        """List each violation once; what only follows from another is left out."""
        found = [_violation(error, instance) for error in islice(self._validator.iter_errors(instance), MOST)]
        mistyped = {violation.path for violation in found if violation.rule == "type"}
        bad = {dotted(violation.path) for violation in found if _speaks_of_its_place(violation)}
        kept: dict[object, Violation] = {}
        for violation in found:
            if violation.path in mistyped and violation.rule != "type":
                continue
            if "x-rule" in violation.schema and _follows(violation, bad):
                continue
            kept.setdefault((violation.path, violation.rule, violation.parameters), violation)
        return list(kept.values())


def _speaks_of_its_place(violation: Violation) -> bool:
    absent = violation.rule in ("required", "dependentRequired")
    return bool(violation.path) and not absent and "x-rule" not in violation.schema


def _follows(violation: Violation, bad: set[str]) -> bool:
    # Nothing can be said about members of what is no object, nor about a pair of values of which one is refused.
    if choices(violation.schema) and bad.intersection(violation.parameters):
        return True
    return any(name.startswith(f"{parent}.") for name in violation.parameters for parent in bad)


def _without_dialect(schema: Schema) -> dict[str, Any]:
    # Where a schema names its dialect, jsonschema judges it by that dialect's own keywords and forgets ours.
    return {keyword: value for keyword, value in schema.items() if keyword != "$schema"}


# Keywords that jsonschema would judge or tell differently.


def _multiple_of(validator: Any, step: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
    # Decimal, as the text was written: in binary 0.57 is no multiple of 0.01.
    if validator.is_type(instance, "number") and Fraction(str(instance)) % Fraction(str(step)):
        yield ValidationError("off its step")


def _type(validator: Any, types: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
    # jsonschema writes the whole value into its message, which a deeply nested one does not survive.
    if not any(validator.is_type(instance, name) for name in ([types] if isinstance(types, str) else types)):
        yield ValidationError("mistyped")


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    # In JSON Schema `$` is the end; in Python it would also let a newline follow.
    return re.compile(re.sub(r"(?<!\\)\$$", r"\\Z", pattern))


def _pattern(validator: Any, pattern: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "string") and not _regex(pattern).search(instance):
        yield ValidationError("malformed")


def _required(validator: Any, names: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "object"):
        for name in names:
            if name not in instance:
                yield ValidationError("missing", validator="required", validator_value=[name])


def _dependent(validator: Any, needs: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "object"):
        for name, others in needs.items():
            for other in others:
                if name in instance and other not in instance:
                    yield ValidationError("missing", validator="dependentRequired", validator_value=[name, other])


def _all_of(validator: Any, members: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
    for index, member in enumerate(members):
        if isinstance(member, dict) and "x-rule" in member:
            # A rule is one promise, however many keywords it takes to write down.
            if not validator.evolve(schema=member).is_valid(instance):
                yield ValidationError("rule", validator="x-rule", validator_value=member["x-rule"], schema=member)
        else:
            yield from validator.descend(instance, member, schema_path=index)


def _unknown(names: list[Any]) -> Iterator[ValidationError]:
    for name in names:
        yield ValidationError("unknown", validator="unknown", validator_value=name)


def _additional(validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if allowed is False and validator.is_type(instance, "object") and "patternProperties" not in schema:
        yield from _unknown([name for name in instance if name not in schema.get("properties", {})])
    else:
        yield from _ordinary("additionalProperties")(validator, allowed, instance, schema)


def _unevaluated(resources: Mapping[str, Schema]) -> Callable[..., Iterator[ValidationError]]:
    def keyword(validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if allowed is False and validator.is_type(instance, "object"):
            # By what the schema names, not by what passed: a known key with a bad value is not unknown.
            known = properties(schema, resources)
            yield from _unknown([name for name in instance if name not in known])
        else:
            yield from _ordinary("unevaluatedProperties")(validator, allowed, instance, schema)

    return keyword


def _ordinary(keyword: str) -> Callable[..., Iterator[ValidationError]]:
    found: Callable[..., Iterator[ValidationError]] = Draft202012Validator.VALIDATORS[keyword]
    return found


_KEYWORDS: dict[str, Callable[..., Iterator[ValidationError]]] = {
    "additionalProperties": _additional,
    "allOf": _all_of,
    "dependentRequired": _dependent,
    "multipleOf": _multiple_of,
    "pattern": _pattern,
    "required": _required,
    "type": _type,
}

# From an error to a violation.


def _violation(error: ValidationError, root: object) -> Violation:
    path = tuple(error.absolute_path)
    # `False` as a schema breaks no keyword: jsonschema then leaves these three empty.
    rule: Any = error.validator
    allowed: Any = error.validator_value
    schema: Schema = error.schema if isinstance(error.schema, dict) else {}
    if rule == "x-rule":
        return _broken_rule(path, schema, error.instance)
    if rule == "unknown" or rule is None:
        # A property whose schema is `false` is as unknown as one never named.
        path = path if rule is None else (*path, allowed)
        name = dotted(path)
        return Violation(path, "unknown", None, f"{name} is not known here.", (name,), _at(root, path), schema)
    if rule == "required":
        (missing,) = allowed
        name = dotted((*path, missing))
        own = schema.get("properties", {}).get(missing)
        own = own if isinstance(own, dict) else {}
        return Violation(path, "required", allowed, f"{name} is required.", (name,), None, own)
    if rule == "dependentRequired":
        names = tuple(dotted((*path, part)) for part in allowed)
        message = f"{names[0]} needs {names[1]} beside it."
        return Violation(path, "dependentRequired", allowed, message, names, _at(root, (*path, allowed[0])), schema)
    name = dotted(path)
    message = f"{name or 'The value'} must {_must(str(rule), allowed, schema)}, not {_shown(error.instance)}."
    return Violation(path, str(rule), allowed, message, (name,) if name else (), error.instance, schema)


def _broken_rule(path: tuple[str | int, ...], schema: Schema, instance: object) -> Violation:
    rule = schema["x-rule"]
    names = tuple(dotted((*path, *name.split("."))) for name in rule["parameters"])
    options = choices(schema)
    allowed: object = options or rule["why"]
    message = f"{_listed(names)}: {rule['why']}."
    if options:
        message = f"{message[:-1]}: {', '.join('x'.join(map(str, option.values())) for option in options)}."
    found = {name: look_up(instance, name) for name in rule["parameters"]}
    present = {name: value for name, value in found.items() if value is not None}
    return Violation(path, rule["name"], allowed, message, names, present, schema)


def _must(rule: str, allowed: Any, schema: Schema) -> str:
    match rule:
        case "type":
            names = allowed if isinstance(allowed, list) else [allowed]
            return "be " + " or ".join(_TYPES[name] for name in names)
        case "enum":
            return f"be {'one of ' if len(allowed) > 1 else ''}{', '.join(map(_plain, allowed))}"
        case "const":
            return f"be {_plain(allowed)}"
        case "minimum":
            return f"be at least {allowed}"
        case "maximum":
            return f"be at most {allowed}"
        case "multipleOf":
            return f"be a multiple of {allowed}"
        case "minLength":
            return f"have at least {allowed} characters" if allowed != 1 else "not be empty"
        case "maxLength":
            return f"have at most {allowed} characters"
        case "minItems":
            return f"have at least {allowed} members" if allowed != 1 else "not be empty"
        case "maxItems":
            return f"have at most {allowed} members"
        case "pattern":
            return f"be {schema['x-expects']}" if "x-expects" in schema else f"match {allowed}"
        case _:
            return f"keep the rule {rule}"


def _plain(value: object) -> str:
    """A value that is allowed, in words: text bare, anything else as JSON has it."""
    return value if isinstance(value, str) else _shown(value)


def _shown(value: object) -> str:
    """A value that was refused, as its sender wrote it, shortened."""
    try:
        text = orjson.dumps(value).decode()
    except TypeError:
        # Deeper than orjson goes, or no JSON at all.
        text = reprlib.repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _at(root: Any, path: tuple[str | int, ...]) -> object:
    for step in path:
        root = root[step]
    return cast(object, root)
