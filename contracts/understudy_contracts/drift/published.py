"""What a provider publishes about itself, read into what can be held against the contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

from understudy_contracts.provider import contract

from .evidence import Evidence

_NONE: Mapping[str, Any] = MappingProxyType({})

#: The operations whose answers are a provider's own word about its models.
OPERATIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "runware": ("resolveModel", "getRegistry"),
    "gmi": ("getModel", "getModelInPublic", "listModels", "listModelsInPublic"),
    "segmind": ("listModels",),
})  # fmt: skip


class Unreadable(ValueError):
    """Nobody here knows what such a document says."""


#: What comes of taking a document for one of a form that it only seems to have.
NONSENSE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter in a list of them, and only what the list tells of it."""

    name: str
    required: bool | None = None
    #: In the words of JSON Schema; None where the list's own word means nothing here.
    type: str | None = None
    #: `default`, `minimum`, `maximum` and `enum`, whichever are told.
    facets: Mapping[str, Any] = field(default_factory=lambda: _NONE)


@dataclass(frozen=True, slots=True)
class Published:
    """What is published of one model, of one operation, or of all."""

    #: Its id; empty where it is not about one.
    model: str
    #: What a request may hold, as a JSON Schema; None where it is not told in one.
    request: Mapping[str, Any] | None = None
    #: What comes of it.
    result: Mapping[str, Any] | None = None
    parameters: tuple[Parameter, ...] | None = None
    #: Of a second or a piece, in millionths of a US dollar.
    micros: int | None = None
    #: The models there are, by their ids, with what is told of each; None where that is not told.
    models: Mapping[str, Mapping[str, Any]] | None = None
    #: Why some of it could not be read.
    unread: str = ""
    #: The operation that a request is for; empty where that is what the model says.
    operation: str = ""
    #: What the operation answers, as JSON Schemas by status.
    answers: Mapping[int, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))
    statuses: tuple[int, ...] = ()


#: What lists call the types that JSON Schema knows.
_TYPES = {
    "string": "string", "text": "string", "str": "string", "enum": "string", "select": "string", "url": "string",
    "image": "string", "video": "string", "audio": "string", "file": "string", "integer": "integer", "int": "integer",
    "float": "number", "number": "number", "double": "number", "boolean": "boolean", "bool": "boolean",
    "array": "array", "list": "array", "object": "object",
}  # fmt: skip


def published_by(provider: str, evidence: Evidence) -> Iterator[tuple[Published, str]]:
    """Take what is published out of what was answered, each with the name of its operation."""
    for heard in evidence.heard:
        exchange = heard.exchange
        if exchange.operation in OPERATIONS.get(provider, ()) and exchange.status == 200 and heard.expected is None:
            place = unquote(urlsplit(exchange.path).path)
            try:
                for one in read(provider, exchange.body, place):
                    yield one, exchange.operation
            except Unreadable as problem:
                yield Published("", unread=str(problem)), exchange.operation


def read(provider: str, document: Any, place: str = "") -> list[Published]:
    """Read a published document, whatever it is; `place`, such as its address, may tell of which model it is.

    Understood are the answers of Runware's schema service and its registry, a model's detail and lists of details as
    GMI Cloud and Segmind have them, and OpenAPI 3. Raises `Unreadable`.
    """
    try:
        return _read(provider, document, place)
    except Unreadable:
        raise
    except NONSENSE as problem:
        raise Unreadable(f"it only looks like something published: {problem!r}") from None


def _read(provider: str, document: Any, place: str) -> list[Published]:
    if not isinstance(document, Mapping):
        raise Unreadable("it is no JSON object")
    if "openapi" in document and isinstance(document.get("paths"), Mapping):
        from .openapi import spoken

        if told := list(spoken(provider, document)):
            return told
        raise Unreadable(f"it has no operation that the contract of {provider} has")
    if isinstance(document.get("requestSchema"), Mapping):
        return [_resolved(provider, document, place)]
    if isinstance(document.get("models"), Mapping):
        return [Published("", models=document["models"])]
    if isinstance(document.get("parameters"), list | Mapping):
        return [_detail(provider, document)]
    lists = [value for value in document.values() if isinstance(value, list)]
    if len(lists) == 1 and all(isinstance(one, str) for one in lists[0]):
        return [Published("", models=dict.fromkeys(lists[0], _NONE))]
    if len(lists) == 1 and all(isinstance(one, Mapping) for one in lists[0]):
        named = [(one, _name(provider, one)) for one in lists[0]]
        listed: dict[str, Mapping[str, Any]] = {name: _NONE for one, name in named if name}
        known = [_detail(provider, one) for one, name in named if name in contract(provider).models]
        return [Published("", models=listed), *known]
    raise Unreadable("it is neither a schema of a model nor a list of models or of parameters")


def _resolved(provider: str, document: Mapping[str, Any], place: str) -> Published:
    told = document["requestSchema"].get("properties", {}).get("model", {})
    values = [told["const"]] if "const" in told else list(told.get("enum", ()))
    documentation = str(document.get("documentation", "")).rstrip("/").rpartition("/")[2]
    known = contract(provider).models
    for model in known.values():
        if model.id in values or place.endswith(f"/{model.id}") or documentation == model.slug:
            return Published(model.id, request=document["requestSchema"], result=document.get("responseSchema"))
    raise Unreadable("it does not tell of which model it is, or of one that the contract does not have")


def _name(provider: str, detail: Mapping[str, Any]) -> str:
    """The id of the model that a detail is of, as the contract has it; as it is told, where it has none."""
    told = [str(detail[name]) for name in ("model", "id", "slug") if detail.get(name)]
    known = contract(provider).models.values()
    return next((one.id for one in known if {one.id, one.slug} & set(told)), told[0] if told else "")


def _detail(provider: str, detail: Mapping[str, Any]) -> Published:
    name = _name(provider, detail)
    if name not in contract(provider).models:
        raise Unreadable(f"it is about {name or 'no model that it names'}, and the contract has no such model")
    price = detail.get("price_info")
    micros = price.get("price") if isinstance(price, Mapping) else None
    told = micros if isinstance(micros, int) else None
    given = detail.get("parameters")
    if isinstance(given, Mapping):
        if isinstance(given.get("properties"), Mapping):
            return Published(name, request=given, micros=told)
        return Published(name, micros=told, unread="its parameters are an object that is no JSON Schema")
    if not isinstance(given, list) or not all(isinstance(one, Mapping) and one.get("name") for one in given):
        return Published(name, micros=told, unread="its parameters are no list of objects with names")
    return Published(name, parameters=tuple(map(_parameter, given)), micros=told)


def _parameter(row: Mapping[str, Any]) -> Parameter:
    names = {"default": ("default_value", "default"), "minimum": ("min_value", "min"), "maximum": ("max_value", "max")}
    facets: dict[str, Any] = {}
    for facet, told in names.items():
        if found := [row[name] for name in told if row.get(name) is not None]:
            facets[facet] = found[0]
    options = next((row[name] for name in ("options", "enum", "allowed_values", "values") if row.get(name)), None)
    if isinstance(options, list):
        facets["enum"] = [_option(one) for one in options]
    required = row.get("required")
    return Parameter(
        str(row["name"]),
        required if isinstance(required, bool) else None,
        _TYPES.get(str(row.get("type", "")).lower()),
        facets,
    )


def _option(option: Any) -> Any:
    if not isinstance(option, Mapping):
        return option
    return next((option[name] for name in ("value", "name", "label") if name in option), option)
