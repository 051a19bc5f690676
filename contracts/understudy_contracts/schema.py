"""Judge a value by a JSON Schema: yes in microseconds, no with every reason.

The yes comes from `jsonschema-rs`, the reasons from `jsonschema`, which is imported only when there is
something to explain. Schemas may carry annotations of this project (`x-when`, `x-known`, `x-editions`,
`x-rule`); `plain` settles them by the values of a provider's switches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import orjson

if TYPE_CHECKING:
    from .explain import Explainer

Schema = Mapping[str, Any]

#: Keywords whose value is data and not a schema, so that nothing in it is ever rewritten.
_DATA = frozenset({"const", "default", "enum", "examples", "required", "dependentRequired", "x-rule"})
_SETTLED = frozenset({"x-when", "x-known", "x-editions", "x-switch"})


@dataclass(frozen=True, slots=True)
class Violation:
    """One reason why a value was refused, with what would have been allowed."""

    #: Where in the judged value.
    path: tuple[str | int, ...]
    #: The JSON Schema keyword that was broken, `unknown` for a key the schema does not know, the name of an
    #: `x-rule`, or `depth` for a value nested too deeply to be judged.
    rule: str
    #: The limit, the list, the type, the missing names.
    allowed: object
    #: One sentence a user can act on.
    message: str
    #: Dotted names of everything concerned, such as `("speech.speed",)` or `("width", "height")`.
    parameters: tuple[str, ...]
    #: The value that was refused; for an `x-rule`, the parameters it found.
    value: object = None
    #: The part of the schema that was broken; for `required`, the missing property's own schema where it is
    #: known.
    schema: Schema = field(default_factory=dict)


class Judge:
    """One schema, compiled once, ready to judge any number of values.

    `resources` are the schemas that `$ref` may point to, by their `$id`. Both must be plain: see `plain`.
    Raises `ValueError` when the schema itself is not valid.
    """

    def __init__(self, schema: Schema, resources: Mapping[str, Schema] | None = None) -> None:
        self.schema = schema
        self.resources = dict(resources or {})
        # Offline, so that a mistyped `$ref` is an error here and never a request to somebody's server.
        self._validator: Any = jsonschema_rs.Draft202012Validator(
            dict(schema),
            registry=jsonschema_rs.Registry([(uri, dict(body)) for uri, body in self.resources.items()]),
            validate_formats=False,
            offline=True,
        )
        self._explainer: Explainer | None = None

    def accepts(self, instance: object) -> bool:
        """Tell whether the value keeps every rule. Never raises, whatever the value."""
        try:
            return bool(self._validator.is_valid(instance))
        except ValueError:
            # Nested beyond the validator's limit, or not a JSON value at all.
            return False

    def violations(self, instance: object) -> list[Violation]:
        """List every reason for a refusal, in the schema's order; nothing exactly when it is accepted."""
        if self.accepts(instance):
            return []
        if self._explainer is None:
            from .explain import Explainer

            self._explainer = Explainer(self.schema, self.resources)
        try:
            found = self._explainer.explain(instance)
        except (RecursionError, ValueError):
            found = []
        return found or [_unjudgeable()]


def _unjudgeable() -> Violation:
    message = "The value is nested too deeply, or is not JSON."
    return Violation(path=(), rule="depth", allowed="JSON of moderate depth", message=message, parameters=())


def judge(
    instance: object,
    schema: Schema,
    *,
    resources: Mapping[str, Schema] | None = None,
    switches: Mapping[str, str] | None = None,
) -> list[Violation]:
    """Say what is wrong with a value, or nothing when it is right.

    Compiled schemas are kept, so asking again costs only the judging. `switches` settle annotated schemas.
    """
    return _compiled(orjson.dumps([schema, resources or {}, switches or {}])).violations(instance)


@lru_cache(maxsize=256)
def _compiled(key: bytes) -> Judge:
    schema, resources, switches = orjson.loads(key)
    return Judge(plain(schema, switches), {uri: plain(body, switches) for uri, body in resources.items()})


def plain(schema: Schema, switches: Mapping[str, str]) -> dict[str, Any]:
    """Settle every annotation of a schema by the values of the switches; the answer is ordinary JSON Schema.

    `x-when` keeps a subschema only under certain switch values. `x-known` becomes an `enum` when the switch
    `values` says `known`. `x-editions` picks the statement of one source, by the switch that `x-switch`
    names; an edition that is `false` removes the property. Raises `ValueError` for an edition no source made.
    """
    settled: dict[str, Any] = {}
    for key, value in _edition(schema, switches).items():
        if key in _DATA:
            settled[key] = value
        elif key in ("properties", "$defs"):
            settled[key] = {name: _plain(body, switches) for name, body in value.items() if _stays(body, switches)}
        elif isinstance(value, list):
            if members := [_plain(member, switches) for member in value if _holds(member, switches)]:
                settled[key] = members
        else:
            settled[key] = _plain(value, switches)
    if "x-known" in schema and switches.get("values") == "known":
        settled.pop("pattern", None)
        settled["enum"] = list(schema["x-known"]["values"])
    return settled


def _plain(value: Any, switches: Mapping[str, str]) -> Any:
    return plain(value, switches) if isinstance(value, Mapping) else value


def _edition(schema: Schema, switches: Mapping[str, str]) -> dict[str, Any]:
    rest = {key: value for key, value in schema.items() if key not in _SETTLED}
    if "x-editions" in schema:
        rest |= _chosen(schema, switches) or {}
    return rest


def _chosen(schema: Schema, switches: Mapping[str, str]) -> Any:
    switch, editions = schema["x-switch"], schema["x-editions"]
    edition = switches.get(switch, next(iter(editions)))
    if edition not in editions:
        raise ValueError(f"no edition {edition!r} of {switch}: there are {', '.join(editions)}")
    return editions[edition]["schema"]


def _stays(body: Any, switches: Mapping[str, str]) -> bool:
    return not (isinstance(body, Mapping) and "x-editions" in body and _chosen(body, switches) is False)


def _holds(member: Any, switches: Mapping[str, str]) -> bool:
    conditions = member.get("x-when", {}) if isinstance(member, Mapping) else {}
    return all(switches.get(name) == value for name, value in conditions.items())
