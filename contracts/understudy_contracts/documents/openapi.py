"""The OpenAPI 3.1 document of a provider, made from its contract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from understudy_contracts.operations import Authentication, Operation, Parameter
from understudy_contracts.provider import contract

from .bodies import content_of, one_of
from .responses import ANSWER, responses_of
from .schemas import components, model_name, reference
from .site import Site, version

_JSON = "application/json"
_TITLES = {"runware": "Runware", "gmi": "GMI Cloud", "segmind": "Segmind", "heygen": "HeyGen"}

#: The components that are made for a request of tasks, and are no schema of the contract.
_TASK, _TASKS = "task", "tasks"


def title(provider: str) -> str:
    """The name of a provider as people write it."""
    return _TITLES[provider]


def openapi(provider: str, site: Site) -> dict[str, Any]:
    """Describe everything that can be asked of a provider over HTTP.

    Raises `ContractError` for a provider there is no contract for, and `ValueError` for a switch or a value it does
    not have.
    """
    owner = contract(provider)
    paths: dict[str, dict[str, Any]] = {}
    schemas = components(provider, site)
    asked = [one for one in owner.operations.values() if "http" in one.transports]
    for path, operations in _places(asked, site):
        first = operations[0]
        described = _tasks(operations, site, schemas) if first.task is not None else _described(first, site, schemas)
        place = paths.setdefault(path, {})
        if site.server(str(first.host)) != site.server(owner.hosts[0]):
            place["servers"] = [{"url": site.server(str(first.host))}]
        place[first.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": _info(provider),
        "servers": [{"url": site.server(owner.hosts[0])}],
        "tags": [{"name": purpose} for purpose in dict.fromkeys(one.purpose for one in asked)],
        "paths": paths,
        "webhooks": {one.name: {one.method.lower(): _delivery(one)} for one in asked if one.outgoing},
        "components": {"schemas": schemas, "securitySchemes": _schemes(owner.authentications.values())},
    }


def _info(provider: str) -> dict[str, Any]:
    return {
        "title": f"{title(provider)}, as understudy knows it",
        "version": version(),
        "summary": f"What {title(provider)} takes and answers, collected from its documentation and its clients.",
        "description": "Not the provider's own document. `x-confidence` tells how sure each part is: documented by the "
        "provider, observed in the wild, inferred from either, or assumed by understudy.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }


def _places(operations: Iterable[Operation], site: Site) -> Iterator[tuple[str, list[Operation]]]:
    """Each path and verb with what can be asked there: several tasks, or one operation."""
    known = [one for one in operations if one.path is not None]
    tasks = [one for one in known if one.task is not None]
    if tasks:
        yield site.path(str(tasks[0].host), str(tasks[0].path)), tasks
    for one in known:
        if one.task is None:
            for path, about_model in _by_model(site.path(str(one.host), str(one.path)), one):
                yield path, [about_model]


def _by_model(path: str, operation: Operation) -> Iterator[tuple[str, Operation]]:
    """An operation whose path names the model has a path of each model's own, so that its body can be judged."""
    body = operation.request
    if body is not None and body.models == "body":
        typical = {one.typical for one in operation.parameters}
        for model in contract(operation.provider).models.values():
            if model.operation != "workflow":
                yield (
                    path.replace("{slug}", model.id),
                    replace(
                        operation,
                        name=f"{operation.name}.{model.slug}",
                        summary=f"{operation.summary}: {model.name}",
                        request=replace(body, schema=model_name(model.slug), models=None),
                        parameters=tuple(one for one in operation.parameters if one.place != "path"),
                        typical=operation.typical if model.slug in typical else {},
                        errors=tuple(cause for cause in operation.errors if cause.case.id != "modelNotFound"),
                    ),
                )
        yield path, replace(operation, parameters=tuple(map(_any_other, operation.parameters)))
    else:
        yield path, operation


def _any_other(parameter: Parameter) -> Parameter:
    """The name of a model in a path, where those that are known have paths of their own."""
    if parameter.name != "slug":
        return parameter
    return replace(parameter, typical=None, description="Any other model's name.")


def _described(operation: Operation, site: Site, schemas: dict[str, Any]) -> dict[str, Any]:
    described = {**_outline([operation]), "responses": responses_of([operation], site, schemas)}
    described["parameters"] = [_parameter(one) for one in operation.parameters]
    if (body := operation.request) is not None:
        if body.judged_later:
            described["x-judged"] = "A body that breaks its schema is accepted, and fails as a job."
        content = {}
        for media_type in body.media_types:
            content[media_type] = content_of(operation, media_type, schemas)
        described["requestBody"] = {"required": body.required, "content": content}
    return described


def _tasks(operations: list[Operation], site: Site, schemas: dict[str, Any]) -> dict[str, Any]:
    """One path for every task: an array of them, and an answer that holds what came of each."""
    names: dict[str, str] = {}
    for one in operations:
        assert one.task is not None
        assert one.request is not None
        names[one.task] = one.request.schema or f"{_TASK}.{one.task}"
        if one.request.models is not None:
            models = contract(one.provider).models.values()
            schemas[names[one.task]] = one_of("model", {model.id: model_name(model.slug) for model in models})
    schemas[_TASK] = one_of("taskType", names)
    schemas[_TASKS] = {"type": "array", "minItems": 1, "items": reference(_TASK)}
    items = dict.fromkeys(answer.schema for one in operations for answer in one.answers if answer.schema)
    told = {"properties": {"data": {"items": {"anyOf": [reference(name) for name in items]}}}}
    schemas[ANSWER] = {"allOf": [reference("envelope"), told]}
    examples = {
        str(one.task): {"summary": one.summary, "value": [one.typical["body"]]}
        for one in operations
        if one.task != "authentication"
    }
    described = _outline(operations)
    parameters = [one for operation in operations for one in operation.parameters if one.transport != "websocket"]
    return {
        **described,
        "operationId": "performTasks",
        "summary": "Perform tasks",
        "description": "\n".join(
            f"- `{one.task}` ({one.purpose}): {one.summary}. {'Free' if one.free else 'Not free'}: {one.why}"
            for one in operations
        ),
        "parameters": [_parameter(one) for one in parameters],
        "requestBody": {
            "required": True,
            "content": {_JSON: {"schema": reference(_TASKS), "examples": examples}},
        },
        "responses": responses_of(operations, site, schemas),
    }


def _outline(operations: list[Operation]) -> dict[str, Any]:
    first = operations[0]
    outline = {
        "operationId": first.name,
        "summary": first.summary,
        "tags": list(dict.fromkeys(one.purpose for one in operations)),
        "security": _security(operations[-1]),
        "x-free": all(one.free for one in operations),
        "x-why": first.why,
        "x-sources": list(dict.fromkeys(source for one in operations for source in one.sources)),
        "x-confidence": first.confidence,
    }
    if len(operations) > 1:
        del outline["x-why"], outline["x-confidence"]
    return outline


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    ways = contract(operation.provider).authentications
    # A task is no scheme that OpenAPI knows: without a header, one comes first in the array.
    return [{} if ways[name].type == "task" else {name: []} for name in operation.authentication]


def _schemes(ways: Iterable[Authentication]) -> dict[str, Any]:
    return {
        way.name: {
            "type": way.type,
            "description": way.description,
            **({"scheme": way.scheme} if way.type == "http" else {"in": way.place, "name": way.parameter}),
        }
        for way in ways
        if way.type != "task"
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    written = {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }
    return written if parameter.typical is None else {**written, "example": parameter.typical}


def _delivery(operation: Operation) -> dict[str, Any]:
    body = operation.request
    assert body is not None
    content = {kind: {} if body.schema is None else {"schema": reference(body.schema)} for kind in body.media_types}
    answers = {str(answer.status): {"description": answer.when or operation.summary} for answer in operation.answers}
    return {
        **{name: value for name, value in _outline([operation]).items() if name not in ("x-free", "x-why")},
        "requestBody": {"required": True, "content": content},
        "responses": answers,
    }
