"""The OpenAPI document, made from the operations."""

from typing import Any

from understudy import __version__

from .guard import TOKEN
from .operations import PREFIX, Operation, Parameter, ref
from .schemas import SCHEMAS
from .table import OPERATIONS

_ALWAYS = {
    401: "No account is named where one is needed, its key is unknown, or the server's token is missing.",
    403: "The request comes from a web page of another origin, or its Host is no name of the server.",
    422: "Something in the query or the body cannot be; `problems` lists everything.",
}
_WITH_BODY = {413: "The body is larger than the server reads.", 415: "The body is not said to be JSON."}


def document(origin: str) -> dict[str, Any]:
    """What can be asked below `/_understudy` of a server that is reached at `origin`."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "understudy's control API",
            "version": __version__,
            "summary": "Drives a local stand-in for AI-video providers.",
            "description": "Time, faults, webhooks, money, accounts and the journal of a running `understudy serve`. "
            "Whose they are is said by the same API key that the client under test uses.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": f"{origin}{PREFIX}"}],
        "paths": paths,
        "components": {
            "schemas": dict(SCHEMAS),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "The account's API key."},
                "key": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "The account's API key."},
                "id": {"type": "apiKey", "in": "query", "name": "account", "description": "The account's id."},
                "token": {"type": "apiKey", "in": "header", "name": TOKEN, "description": "Off loopback only."},
            },
        },
    }


def _described(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": [_parameter(one, operation) for one in operation.parameters],
        "security": _security(operation),
        "responses": _responses(operation),
    }
    if operation.description:
        described["description"] = operation.description
    if operation.body is not None:
        described["requestBody"] = {
            "required": operation.body_required,
            "content": {"application/json": {"schema": operation.body}},
        }
    return described


def _parameter(parameter: Parameter, operation: Operation) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "path" if f"{{{parameter.name}}}" in operation.path else "query",
        "description": parameter.description,
        "required": parameter.required,
        "schema": parameter.schema,
    }


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    """Whose it is, by any of three ways; and the token, which loopback does without."""
    named: list[dict[str, list[str]]] = [{"bearer": []}, {"key": []}, {"id": []}]
    nobody: dict[str, list[str]] = {}
    whose = {"none": [nobody], "optional": [nobody, *named], "required": named}[operation.account]
    return whose if operation.open else [*whose, *({**one, "token": []} for one in whose)]


def _responses(operation: Operation) -> dict[str, Any]:
    schema = {"type": "string"} if operation.answers is None else operation.answers
    problems = {
        **_ALWAYS,
        **(_WITH_BODY if operation.body is not None else {}),
        **({404: "There is no such account."} if operation.account != "none" else {}),
        **operation.refusals,
    }
    return {
        str(operation.status): {
            "description": operation.summary,
            "content": {operation.media_type: {"schema": schema}},
        },
        **{
            str(status): {"description": when, "content": {"application/json": {"schema": ref("Error")}}}
            for status, when in sorted(problems.items())
        },
        "default": {
            "description": "Anything else is wrong.",
            "content": {"application/json": {"schema": ref("Error")}},
        },
    }
