"""The shape of a schema spread over `$ref` and `allOf`: its properties, and the rules between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

from .schema import Schema

#: Where something stands in nested objects and lists.
Path = tuple[str | int, ...]


def parts(schema: Schema, resources: Mapping[str, Schema]) -> Iterator[Schema]:
    """Walk a schema and everything it includes by `$ref` and `allOf`, itself first.

    Relative references are resolved against the `$id` of the file they stand in, as JSON Schema has it.
    Raises `KeyError` for a reference to an unknown file.
    """
    yield from _parts(schema, str(schema.get("$id", "")), resources)


def _parts(schema: Schema, base: str, resources: Mapping[str, Schema]) -> Iterator[Schema]:
    base = str(schema.get("$id", base))
    yield schema
    if "$ref" in schema:
        uri, _, pointer = urljoin(base, schema["$ref"]).partition("#")
        target: Any = resources[uri]
        for step in pointer.split("/")[1:]:
            target = target[step]
        yield from _parts(target, uri, resources)
    for member in schema.get("allOf", ()):
        if isinstance(member, Mapping):
            yield from _parts(member, base, resources)


def properties(schema: Schema, resources: Mapping[str, Schema]) -> dict[str, list[Any]]:
    """Name every property an object may have, each with all the schemas that describe it."""
    found: dict[str, list[Any]] = {}
    for part in parts(schema, resources):
        if "x-rule" not in part:
            for name, body in part.get("properties", {}).items():
                found.setdefault(name, []).append(body)
    return found


def rules(schema: Schema, resources: Mapping[str, Schema]) -> list[Schema]:
    """List the subschemas that bind several parameters to one another: those with an `x-rule`."""
    return [part for part in parts(schema, resources) if "x-rule" in part]


def demands(schema: Schema, resources: Mapping[str, Schema]) -> dict[str, tuple[str, Any]]:
    """Name the properties that are required when another has a certain value: `{"voice_id": ("type", "text")}`.

    Read from an `if` that is one `const` and a `then` that is `required`; nothing else is understood here.
    """
    found: dict[str, tuple[str, Any]] = {}
    for part in parts(schema, resources):
        if "x-rule" not in part:
            for name, body in part.get("if", {}).get("properties", {}).items():
                if "const" in body:
                    found |= dict.fromkeys(part.get("then", {}).get("required", ()), (name, body["const"]))
    return found


def choices(rule: Schema) -> list[dict[str, Any]]:
    """List the combinations of values a rule allows, when it enumerates them; else nothing."""
    members = rule.get("then", {}).get("anyOf", [])
    return [{name: body["const"] for name, body in member["properties"].items()} for member in members]


def dotted(path: Path) -> str:
    """Write a path as users do: `speech.speed`, `data[0].cost`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def look_up(instance: object, name: str) -> object:
    """Find what a dotted name stands for in a value; None when there is nothing."""
    found: Any = instance
    for step in name.split("."):
        # Asking for a dict first is several times as quick, and every submit asks.
        found = found.get(step) if isinstance(found, (dict, Mapping)) else None
    return found


def at(instance: Any, path: Path) -> Any:
    """Find what stands at a path; None when there is nothing."""
    for step in path:
        if isinstance(step, int):
            instance = instance[step] if isinstance(instance, list) and step < len(instance) else None
        else:
            instance = instance.get(step) if isinstance(instance, Mapping) else None
    return instance


def place(instance: Any, path: Path, value: object) -> None:
    """Put a value into nested objects and lists, making those that are missing."""
    *parents, last = path
    for step, following in zip(parents, path[1:], strict=True):
        if at(instance, (step,)) is None:
            _put(instance, step, [] if isinstance(following, int) else {})
        instance = instance[step]
    _put(instance, last, value)


def _put(container: Any, step: str | int, value: object) -> None:
    if isinstance(step, int) and step == len(container):
        container.append(value)
    else:
        container[step] = value


def remove(instance: Any, path: Path) -> None:
    """Take a value out of nested objects; nothing happens when it is not there."""
    *parents, last = path
    holder = at(instance, tuple(parents))
    if isinstance(holder, dict):
        holder.pop(last, None)
