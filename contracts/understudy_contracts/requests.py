"""Requests as they are on the wire, made from an operation: one that is accepted, and one for each error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode

import orjson

from .models import Model
from .operations import Cause, Operation, Told, authentications

#: Looks up what an earlier answer told. Raises `KeyError` where there was none.
Lookup: TypeAlias = Callable[[Told], str]

#: A key that no provider issued.
_WRONG_KEY = "SG_0000000000000000"

_FORM = "application/x-www-form-urlencoded"
_NO_CHANGE: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Request:
    """One request, ready to be sent."""

    method: str
    #: A path, or the whole address where an answer told it; with its query.
    target: str
    headers: Mapping[str, str]
    content: bytes | None


def typical(operation: Operation, key: str, told: Lookup) -> Request:
    """Write a request that the operation accepts.

    Raises `KeyError` where `told` does, and `ValueError` where it is the provider who asks.
    """
    return changed(operation, _NO_CHANGE, key, told)


def causing(operation: Operation, cause: Cause, key: str, told: Lookup) -> Request:
    """Write a request that the error is the answer to.

    Raises `KeyError` where `told` does, `ValueError` for a cause that no request can be written of.
    """
    if cause.request is None:
        raise ValueError(f"no request is known that {cause.case.id} would be the answer to")
    return changed(operation, cause.request, key, told)


def changed(operation: Operation, change: Mapping[str, Any], key: str, told: Lookup) -> Request:
    """Write the typical request with something about it changed, in the words of `Cause.request`.

    Raises `KeyError` where `told` does, and `ValueError` where it is the provider who asks.
    """
    if operation.path is None:
        raise ValueError(f"it is {operation.provider} who asks {operation.name}")
    if change.get("key") == "wrong":
        key = _WRONG_KEY
    headers = {} if change.get("key") == "none" else _proof(operation, key, told, change)
    for parameter in operation.parameters:
        if parameter.place == "header" and parameter.required and parameter.typical is not None:
            headers[parameter.name] = parameter.typical
    content, media_type = _content(operation, key, told, change)
    if media_type is not None:
        headers["Content-Type"] = headers.get("Content-Type", media_type)
    given: Mapping[str, str | None] = {**headers, **change.get("headers", _NO_CHANGE)}
    return Request(
        method=change.get("method", operation.method),
        target=_target(operation, told, change),
        headers={name: value for name, value in given.items() if value is not None},
        content=content,
    )


def _proof(operation: Operation, key: str, told: Lookup, change: Mapping[str, Any]) -> dict[str, str]:
    for name in operation.authentication:
        way = authentications(operation.provider)[name]
        shown = told(way.told_by) if way.told_by is not None and "key" not in change else key
        if way.type == "http":
            return {"Authorization": f"Bearer {shown}"}
        if way.type == "apiKey" and way.place == "header":
            return {str(way.parameter): shown}
    return {}


def _target(operation: Operation, told: Lookup, change: Mapping[str, Any]) -> str:
    if operation.address is not None and "path" not in change:
        return told(operation.address)
    places, query = dict(change.get("path", _NO_CHANGE)), dict(change.get("query", _NO_CHANGE))
    for parameter in operation.parameters:
        values = {"path": places, "query": query}.get(parameter.place)
        if values is not None and parameter.required and parameter.name not in values:
            values[parameter.name] = told(parameter.told_by) if parameter.told_by else str(parameter.typical)
    path = str(operation.path)
    for name, value in places.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return f"{path}?{urlencode(query)}" if query else path


def _content(
    operation: Operation, key: str, told: Lookup, change: Mapping[str, Any]
) -> tuple[bytes | None, str | None]:
    if operation.request is None:
        return None, None
    media_type = change.get("media_type", operation.request.media_types[0])
    if "bytes" in change:
        return b" " * int(change["bytes"]), media_type
    if "content" in change or "content" in operation.typical:
        return change.get("content", operation.typical.get("content", "")).encode(), media_type
    body: Any = deepcopy(change.get("body", operation.typical.get("body")))
    for name, source in operation.typical.get("told", _NO_CHANGE).items():
        if "body" not in change and name not in change.get("with", _NO_CHANGE):
            _put(body, name, told(Told(**source)))
    for name, value in change.get("with", _NO_CHANGE).items():
        _put(body, name, deepcopy(value))
    for name in change.get("without", ()):
        *above, last = name.split(".")
        del _within(body, above)[last]
    if operation.task is not None:
        body = [{name: key if value == "$key" else value for name, value in body.items()}]
    return (urlencode(body).encode() if media_type == _FORM else orjson.dumps(body)), media_type


def _put(body: Any, name: str, value: Any) -> None:
    *above, last = name.split(".")
    _within(body, above)[last] = value


def _within(body: Any, steps: list[str]) -> Any:
    for step in steps:
        body = body[int(step)] if isinstance(body, list) else body[step]
    return body


def of_model(operation: Operation, model: Model, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Say, in the words of `Cause.request`, that a request is for a model, with these as what the model judges."""
    if operation.task is not None:
        return {"body": dict(fields)}
    if operation.request is None or operation.request.models is None:
        raise ValueError(f"{operation.name} takes no model's request")
    if operation.request.models == "body":
        return {"body": dict(fields), "path": {"slug": model.slug}}
    return {"body": {"model": model.id, operation.request.models: dict(fields)}}


def field_of(document: Any, name: str) -> Any:
    """Look up a dotted name in a document, such as `data.0.videoURL`. Raises `LookupError`."""
    return _within(document, name.split("."))
