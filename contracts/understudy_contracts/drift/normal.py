"""Schemas in one writing, so that two that ask the same look the same, whoever wrote them.

Draft 7, 2019-09, 2020-12 and OpenAPI 3.0 are read. What is only said and judges nothing is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias
from urllib.parse import urljoin

Normal: TypeAlias = dict[str, Any]

#: What bounds a value, beside its type and its list of values.
BOUNDS = (
    "format", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength",
    "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties",
)  # fmt: skip

#: What binds several values together: compared as a whole. `when` is an `if` with its `then` and `else`.
RULES = ("$ref", "not", "when", "contains", "propertyNames", "dependentRequired", "dependentSchemas", "prefixItems")

_CHOICES = ("anyOf", "oneOf")
_NAMED = ("properties", "patternProperties")
_WHEN = ("if", "then", "else")


def normal(schema: Any, resources: Mapping[str, Any] | None = None) -> Normal:
    """Write a schema in the one form: `type` a sorted list, `const` an `enum`, references and plain `allOf` resolved.

    `resources` are the schemas a `$ref` may lead to, by their `$id`; `#/…` leads into the schema itself. A reference
    that leads nowhere, or into itself, stays, and nothing is known of what it stands for.
    """
    return _Reader(schema, resources or {}).read(schema, _base(schema, ""), ())


def canonical(value: Any) -> str:
    """A text that is the same for the same JSON."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def _base(schema: Any, base: str) -> str:
    return urljoin(base, str(schema["$id"])) if isinstance(schema, Mapping) and "$id" in schema else base


class _Reader:
    def __init__(self, root: Any, resources: Mapping[str, Any]) -> None:
        self._root = root
        self._resources = resources

    def read(self, schema: Any, base: str, within: tuple[str, ...]) -> Normal:
        if schema is False:
            return {"enum": []}
        if not isinstance(schema, Mapping):
            return {}
        base = _base(schema, base)
        if isinstance(schema.get("$ref"), str):
            return self._referred(schema, base, within)
        made: Normal = {"type": types} if (types := _types(schema)) else {}
        for name in ("default", *BOUNDS):
            if name in schema:
                made[name] = schema[name]
        _openapi_bounds(made)
        if "enum" in schema or "const" in schema:
            made["enum"] = _values([schema["const"]] if "const" in schema else schema["enum"])
        for name in _NAMED:
            if schema.get(name):
                made[name] = {key: self.read(body, base, within) for key, body in schema[name].items()}
        if schema.get("required"):
            made["required"] = sorted(set(schema["required"]))
        if "items" in schema:
            made["items"] = self.read(schema["items"], base, within)
        self._closed(schema, made, base, within)
        self._rules(schema, made, base, within)
        for name in _CHOICES:
            if schema.get(name):
                members = [self.read(member, base, within) for member in schema[name]]
                _add(made, _chosen(name, members))
        members = [_required_when(member) or self.read(member, base, within) for member in schema.get("allOf", ())]
        for member in sorted(members, key=canonical):
            _add(made, member)
        _settle(made)
        return made

    def _referred(self, schema: Mapping[str, Any], base: str, within: tuple[str, ...]) -> Normal:
        uri, _, fragment = urljoin(base, schema["$ref"]).partition("#")
        name = f"{uri}#{fragment}"
        rest = {keyword: body for keyword, body in schema.items() if keyword not in ("$ref", "$id")}
        target = self._target(uri, fragment)
        if target is None or name in within:
            made: Normal = {"$ref": name.rpartition("/")[2]}
        else:
            made = self.read(target, uri, (*within, name))
        if rest:
            _add(made, self.read(rest, base, within))
            _settle(made)
        return made

    def _target(self, uri: str, fragment: str) -> Any:
        local = not uri or uri == _base(self._root, "")
        target: Any = self._root if local else self._resources.get(uri)
        for step in fragment.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            try:
                target = target[int(name)] if isinstance(target, list) else target[name]
            except (LookupError, TypeError, ValueError):
                return None
        return target

    def _closed(self, schema: Mapping[str, Any], made: Normal, base: str, within: tuple[str, ...]) -> None:
        for name in ("additionalProperties", "unevaluatedProperties"):
            if schema.get(name) is False:
                made["closed"] = True
            elif isinstance(schema.get(name), Mapping) and schema[name]:
                made["others"] = self.read(schema[name], base, within)

    def _rules(self, schema: Mapping[str, Any], made: Normal, base: str, within: tuple[str, ...]) -> None:
        if "if" in schema:
            made["when"] = {name: self.read(schema[name], base, within) for name in _WHEN if name in schema}
        for name in ("not", "contains", "propertyNames"):
            if name in schema:
                made[name] = self.read(schema[name], base, within)
        if "prefixItems" in schema:
            made["prefixItems"] = [self.read(member, base, within) for member in schema["prefixItems"]]
        if "dependentSchemas" in schema:
            told = schema["dependentSchemas"].items()
            made["dependentSchemas"] = {key: self.read(body, base, within) for key, body in told}
        if "dependentRequired" in schema:
            made["dependentRequired"] = {key: sorted(names) for key, names in schema["dependentRequired"].items()}


def _required_when(member: Any) -> Normal | None:
    """What draft 7 has to say with `if` and `then` where later ones have `dependentRequired`."""
    if not isinstance(member, Mapping) or set(member) != {"if", "then"}:
        return None
    asked, needs = member["if"], member["then"]
    if not isinstance(asked, Mapping) or not isinstance(needs, Mapping):
        return None
    if set(asked) == {"required"} == set(needs) and len(asked["required"]) == 1:
        return {"dependentRequired": {asked["required"][0]: sorted(needs["required"])}}
    return None


def _types(schema: Mapping[str, Any]) -> list[str]:
    given = schema.get("type")
    types = {given} if isinstance(given, str) else set(given or ())
    if types and schema.get("nullable") is True:
        types.add("null")
    return sorted(types)


def _openapi_bounds(made: Normal) -> None:
    """OpenAPI 3.0 says of a bound that it is exclusive, draft 2019-09 tells the exclusive one."""
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if made.get(exclusive) is True and bound in made:
            made[exclusive] = made.pop(bound)
        elif isinstance(made.get(exclusive), bool):
            del made[exclusive]


def _values(values: list[Any]) -> list[Any]:
    return [value for _, value in sorted({canonical(value): value for value in values}.items())]


def _chosen(name: str, members: list[Normal]) -> Normal:
    """A choice of values is a list of values; and one of nothing or something is something that may be nothing."""
    if all(set(member) <= {"enum", "type"} and "enum" in member for member in members):
        return {"enum": _values([value for member in members for value in member["enum"]])}
    some = [member for member in members if member not in ({"type": ["null"]}, {"enum": [None]})]
    if len(some) == 1 and len(some) < len(members) and "type" in some[0]:
        return {**some[0], "type": sorted({*some[0]["type"], "null"})}
    return {name: [member for _, member in sorted((canonical(member), member) for member in members)]}


def _add(made: Normal, more: Normal) -> None:
    """Put what another schema asks beside it, where both together ask just that; else keep it as one of `allOf`."""
    left = {}
    for name, body in more.items():
        if name not in made:
            made[name] = body
        elif name == "required":
            made[name] = sorted({*made[name], *body})
        elif name in ("items", "others"):
            _add(made[name], body)
        elif name in _NAMED or name == "dependentRequired":
            for key, inner in body.items():
                if key not in made[name]:
                    made[name][key] = inner
                elif isinstance(inner, dict):
                    _add(made[name][key], inner)
                else:
                    made[name][key] = sorted({*made[name][key], *inner})
        elif name == "allOf":
            made[name] = sorted([*made[name], *body], key=canonical)
        elif made[name] != body and name != "default":
            left[name] = body
    if left:
        made["allOf"] = sorted([*made.get("allOf", []), left], key=canonical)


def _settle(made: Normal) -> None:
    """Say in `type` what the values say, and no more; what `type` says already, an `enum` need not."""
    if made.get("enum") and "type" not in made:
        made["type"] = sorted(set(_types_of(made["enum"])))
    if "type" in made and made["type"] == sorted({*made["type"], "integer"}) and "number" in made["type"]:
        made["type"] = [name for name in made["type"] if name != "integer"]
    if made.get("type") and "null" in made["type"] and made.get("enum") and None not in made["enum"]:
        made["type"] = [name for name in made["type"] if name != "null"]


def _types_of(values: list[Any]) -> Iterator[str]:
    yield from map(type_of, values)


def type_of(value: Any) -> str:
    """What JSON calls a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return "integer" if float(value).is_integer() else "number"
    return "array" if isinstance(value, list | tuple) else "object"
