"""What an OpenAPI document says of the operations that the contract has, too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract

from .published import Published

_METHODS = ("get", "put", "post", "delete", "patch")

#: Where in a document a reference may lead.
_SHARED = ("components", "definitions", "$defs")

#: How deep the choices of a body are looked into.
_DEEPEST = 8


def spoken(provider: str, document: Mapping[str, Any]) -> Iterator[Published]:
    """Read an OpenAPI document; what it has of operations that the contract does not have is left out."""
    servers = document.get("servers")
    address = (
        servers[0].get("url", "") if isinstance(servers, list) and servers and isinstance(servers[0], Mapping) else ""
    )
    prefix = urlsplit(str(address)).path.rstrip("/")
    for path, verbs in document["paths"].items():
        for method, body in verbs.items() if isinstance(verbs, Mapping) else ():
            if method in _METHODS and isinstance(body, Mapping):
                yield from _operation(provider, method.upper(), prefix + path, body, document)


def _operation(
    provider: str, method: str, path: str, body: Mapping[str, Any], document: Mapping[str, Any]
) -> Iterator[Published]:
    there = [one for one in contract(provider).operations.values() if one.method == method and _fits(one, path)]
    request = _json(body.get("requestBody"), document)
    if tasks := [one for one in there if one.task is not None]:
        yield from _tasks(provider, tasks, request, document)
        return
    # The more of a path is given the nearer it is meant.
    meant = min(there, key=lambda one: str(one.path).count("{"), default=None)
    if meant is None:
        return
    answers = {}
    statuses = []
    responses = body.get("responses")
    for status, answer in responses.items() if isinstance(responses, Mapping) else ():
        if str(status).isdecimal():
            statuses.append(int(status))
            if (schema := _json(answer, document)) is not None:
                answers[int(status)] = schema
    slug = path.rpartition("/")[2]
    model = next((one.id for one in contract(provider).models.values() if slug in (one.slug, one.id)), "")
    takes = meant.request is not None and meant.request.models == "body"
    yield Published(
        model if takes else "",
        request=request if (takes and model) or (meant.request is not None and meant.request.models is None) else None,
        operation=meant.name,
        answers=answers,
        statuses=tuple(sorted(statuses)),
    )


def _tasks(
    provider: str, tasks: list[Operation], request: Mapping[str, Any] | None, document: Mapping[str, Any]
) -> Iterator[Published]:
    """Take the tasks out of the body that a list of them is sent in."""
    for schema in _objects(request or {}, document):
        kinds, models = (_values(schema, name, document) for name in ("taskType", "model"))
        named = [one for one in tasks if kinds == [one.task]]
        if named:
            model = next((one.id for one in contract(provider).models.values() if models == [one.id]), "")
            whole = named[0].request is not None and named[0].request.models == "body"
            if model or not whole:
                yield Published(model, request=_alone(schema, document), operation=named[0].name)


def _values(schema: Mapping[str, Any], name: str, document: Mapping[str, Any]) -> list[Any]:
    told = _followed(schema.get("properties", {}).get(name, {}), document)
    return [told["const"]] if "const" in told else list(told.get("enum", ()))


def _objects(schema: Any, document: Mapping[str, Any], depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Every object that a body may be, or may be a list of."""
    told = _followed(schema, document)
    if depth > _DEEPEST:
        return
    if "properties" in told:
        yield told
    inner = [told["items"]] if "items" in told else []
    for member in [*inner, *told.get("anyOf", ()), *told.get("oneOf", ())]:
        yield from _objects(member, document, depth + 1)


def _json(body: Any, document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema of a body that is JSON."""
    content = _followed(body, document).get("content")
    told = content.get("application/json") if isinstance(content, Mapping) else None
    schema = told.get("schema") if isinstance(told, Mapping) else None
    return _alone(schema, document) if isinstance(schema, Mapping) else None


def _followed(schema: Any, document: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(_DEEPEST):
        if not isinstance(schema, Mapping) or not str(schema.get("$ref", "")).startswith("#/"):
            break
        found: Any = document
        for step in schema["$ref"].split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, Mapping) else None
        schema = found
    return schema if isinstance(schema, Mapping) else {}


def _alone(schema: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """A schema, with all that its references may lead to."""
    return {**{name: document[name] for name in _SHARED if name in document}, **schema}


def _fits(operation: Operation, path: str) -> bool:
    if operation.path is None:
        return False
    pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(operation.path))
    return re.fullmatch(pattern + "/?", path) is not None
