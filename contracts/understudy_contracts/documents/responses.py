"""What the OpenAPI document says of answers: their forms and headers, and what can be asked with what they tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract

from .schemas import reference
from .site import Site
from .told import Form, Said, told_by

#: The component that an answer to tasks is, whatever the tasks.
ANSWER = "answer"

_RESET = {
    "description": "When the next request is taken; how the moment is written no source says.",
    "schema": {"type": "string"},
}


def responses_of(operations: list[Operation], site: Site, schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Describe everything that operations of one path and verb can answer, by its status."""
    responses: dict[str, Any] = {}
    for status, said in told_by(operations, site).items():
        response: dict[str, Any] = {"description": " ".join(said.sentences)}
        is_tasks = operations[0].task is not None
        if content := {kind: _form(form, status, is_tasks) for kind, form in said.forms.items()}:
            response["content"] = content
        if headers := _headers(said, schemas):
            response["headers"] = headers
        if status == 200 and (links := _links(operations[0])):
            response["links"] = links
        responses[str(status)] = response
    return responses


def _form(form: Form, status: int, is_tasks: bool) -> dict[str, Any]:
    names = [ANSWER] if is_tasks and status == 200 else list(form.schemas)
    written: dict[str, Any] = {}
    if len(names) == 1:
        written["schema"] = reference(names[0])
    elif names:
        written["schema"] = {"anyOf": [reference(name) for name in names]}
    if form.examples:
        written["examples"] = form.examples
    return written


def _headers(said: Said, schemas: Mapping[str, Any]) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if said.headers is not None:
        body = schemas[said.headers]
        for name, schema in body["properties"].items():
            # A content type is told elsewhere; and an answer in another form need not have what a file has.
            if name != "content-type":
                headers[name] = {"schema": schema}
    if said.tells_when:
        headers["x-rate-limit-reset-at-utc"] = _RESET
    return headers


def _links(operation: Operation) -> dict[str, Any]:
    """What can be asked with what an answer tells."""
    links: dict[str, Any] = {}
    for one in contract(operation.provider).operations.values():
        tellers = {
            parameter.name: parameter.told_by.field.replace(".", "/")
            for parameter in one.parameters
            if parameter.told_by is not None and parameter.told_by.operation == operation.name.split(".")[0]
        }
        if tellers:
            values = {name: f"$response.body#/{field}" for name, field in tellers.items()}
            links[one.name] = {"operationId": one.name, "parameters": values, "description": f"{one.summary}."}
    return links
