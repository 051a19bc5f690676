"""Walking a value beside its schema: what is there that the schema never speaks of, and what it does speak of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urljoin

from understudy_contracts.schema import Judge

from .change import pointer

Steps: TypeAlias = tuple[str | int, ...]

#: Keywords whose members may all speak of the same value.
_SEVERAL = ("allOf", "anyOf", "oneOf")
_ONE = ("then", "else")

#: How deep a schema that includes itself is followed.
_DEEPEST = 40


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a value, with all that schemas say of it."""

    judge: Judge
    parts: tuple[tuple[Mapping[str, Any], str], ...]

    @classmethod
    def root(cls, judge: Judge) -> Place:
        """The whole value."""
        return cls(judge, tuple(_spread(judge, judge.schema, str(judge.schema.get("$id", "")))))

    @property
    def names(self) -> frozenset[str]:
        """The members that are named."""
        return frozenset(name for part, _ in self.parts for name in part.get("properties", ()))

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values that it may have, where they are listed."""
        return tuple(value for part, _ in self.parts for value in part.get("enum", ()))

    @property
    def mapped(self) -> bool:
        """Whether its members may have any name, and are told of together."""
        return any(part.get("patternProperties") or _says(part.get("additionalProperties")) for part, _ in self.parts)

    def member(self, name: str) -> Place:
        """A member by its name."""
        return self._inner(
            part["properties"][name] for part in self._having("properties") if name in part["properties"]
        )

    def value(self) -> Place:
        """Any member of a map."""
        given = [part["additionalProperties"] for part in self._having("additionalProperties")]
        given += [body for part in self._having("patternProperties") for body in part["patternProperties"].values()]
        return self._inner(given)

    def item(self) -> Place:
        """Any item of a list."""
        return self._inner(part["items"] for part in self._having("items"))

    def _having(self, keyword: str) -> Iterator[Mapping[str, Any]]:
        return (part for part, _ in self.parts if keyword in part)

    def _inner(self, bodies: Any) -> Place:
        base = {id(body): base for part, base in self.parts for body in _within(part)}
        found = [one for body in bodies for one in _spread(self.judge, body, base.get(id(body), ""))]
        return Place(self.judge, tuple(found))


@dataclass(frozen=True, slots=True)
class Walked:
    """What a walk met."""

    #: Every place, as a JSON pointer.
    met: frozenset[str]
    #: What nothing speaks of, by its pointer, beside something that is spoken of.
    unknown: Mapping[str, Any]
    #: What has one of several listed values, by its pointer.
    chosen: Mapping[str, tuple[Any, ...]]


def walk(value: Any, judge: Judge) -> Walked:
    """Go through a value by its schema."""
    met: set[str] = set()
    unknown: dict[str, Any] = {}
    chosen: dict[str, list[Any]] = {}

    def go(value: Any, place: Place, steps: Steps) -> None:
        met.add(pointer(steps))
        if len(place.choices) > 1 and not isinstance(value, Mapping | list):
            chosen.setdefault(pointer(steps), []).append(value)
        if isinstance(value, Mapping):
            names, mapped = place.names, place.mapped
            for name, inner in value.items():
                if name in names:
                    go(inner, place.member(name), (*steps, name))
                elif mapped:
                    go(inner, place.value(), (*steps, 0))
                elif names:
                    unknown.setdefault(pointer((*steps, name)), inner)
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                go(inner, place.item(), (*steps, index))

    go(value, Place.root(judge), ())
    return Walked(frozenset(met), unknown, {name: tuple(values) for name, values in chosen.items()})


def general(steps: Steps, judge: Judge) -> Steps:
    """A path with a number wherever its names are those of a map, so that it is the same for all of them."""
    place, made = Place.root(judge), list(steps)
    for index, step in enumerate(steps):
        if isinstance(step, int):
            place = place.item()
        elif step in place.names or not place.mapped:
            place = place.member(step)
        else:
            made[index] = 0
            place = place.value()
    return tuple(made)


def _says(body: Any) -> bool:
    return isinstance(body, Mapping)


def _within(part: Mapping[str, Any]) -> Iterator[Any]:
    yield from part.get("properties", {}).values()
    yield from part.get("patternProperties", {}).values()
    yield from (part[name] for name in ("items", "additionalProperties") if name in part)


def _spread(judge: Judge, schema: Any, base: str, depth: int = 0) -> Iterator[tuple[Mapping[str, Any], str]]:
    """A schema, and all that it includes."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return
    base = urljoin(base, str(schema.get("$id", "")))
    yield schema, base
    if isinstance(schema.get("$ref"), str):
        uri, _, fragment = urljoin(base, schema["$ref"]).partition("#")
        target: Any = judge.resources.get(uri, judge.schema)
        for step in fragment.split("/")[1:]:
            target = target[step]
        yield from _spread(judge, target, uri, depth + 1)
    for name in _SEVERAL:
        for member in schema.get(name, ()):
            yield from _spread(judge, member, base, depth + 1)
    for name in _ONE:
        if name in schema:
            yield from _spread(judge, schema[name], base, depth + 1)
