"""The AsyncAPI 3.0 document of Runware's socket, made from its contract. It describes the provider's side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract

from .openapi import title
from .schemas import alone, reference
from .site import Site, version
from .told import error_answer, printed

#: The one channel.
_CHANNEL = "tasks"

#: Where the provider itself listens.
SOCKET_HOST = "ws-api.runware.ai"


def asyncapi(provider: str, site: Site) -> dict[str, Any] | None:
    """Describe everything that is said on a provider's socket; None where it has none.

    Raises `ContractError` for a provider there is no contract for, and `ValueError` for a switch or a value it does
    not have.
    """
    tasks = [one for one in contract(provider).operations.values() if "websocket" in one.transports]
    if not tasks:
        return None
    messages: dict[str, Any] = {}
    schemas: dict[str, Any] = {"error": alone(provider, "error", site)}
    operations = {
        "tellFailure": {
            "action": "send",
            "channel": {"$ref": f"#/channels/{_CHANNEL}"},
            "summary": "Tell what was refused or failed, in a frame of its own",
            "messages": [_message("errors")],
        }
    }
    messages["errors"] = {
        "name": "errors",
        "title": "What was refused or failed",
        "payload": _frame("errors", reference("error")),
        "examples": list(_error_examples(tasks, site)),
    }
    for one in tasks:
        _add(one, site, messages, schemas)
        operations[one.name] = _operation(one)
    address = urlsplit(tasks[0].path or "").path
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"{title(provider)}'s socket, as understudy knows it",
            "version": version(),
            "description": f"What {title(provider)} hears and says on a WebSocket. Not the provider's own document. "
            "The first message has to be authentication. 120 seconds of silence end a connection, and for as long a "
            "session can be resumed on another.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"socket": _server(site)},
        "channels": {
            _CHANNEL: {
                "address": address,
                "title": "Tasks and what comes of them",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
                "bindings": {"ws": {"method": "GET", "query": _query(tasks)}},
            }
        },
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }


def _server(site: Site) -> dict[str, Any]:
    if site.origin is None:
        return {"host": SOCKET_HOST, "protocol": "wss"}
    url = urlsplit(site.origin)
    return {"host": url.netloc, "protocol": "wss" if url.scheme == "https" else "ws"}


def _add(one: Operation, site: Site, messages: dict[str, Any], schemas: dict[str, Any]) -> None:
    """The message that asks for a task, and the one that answers it."""
    body = one.request
    assert body is not None
    if body.models is not None:
        schemas[one.name] = {
            "oneOf": [alone(one.provider, model.id, site) for model in contract(one.provider).models.values()]
        }
    else:
        schemas[one.name] = alone(one.provider, str(body.schema), site)
    answers = [str(answer.schema) for answer in one.answers]
    for name in answers:
        schemas[name] = alone(one.provider, name, site)
    messages[one.name] = {
        "name": one.name,
        "title": one.summary,
        "payload": {"type": "array", "minItems": 1, "items": reference(one.name)},
        "examples": [{"name": one.name, "summary": one.summary, "payload": [one.typical["body"]]}],
    }
    examples = [
        {"name": "printed", "summary": example["title"], "payload": {"data": [example["response"]]}}
        for example in printed(one)
    ]
    items = reference(answers[0]) if len(answers) == 1 else {"anyOf": [reference(name) for name in answers]}
    messages[_answer_of(one)] = {
        "name": _answer_of(one),
        "title": f"What came of it: {one.summary.lower()}",
        "payload": _frame("data", items),
        **({"examples": examples} if examples else {}),
    }


def _operation(one: Operation) -> dict[str, Any]:
    return {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{_CHANNEL}"},
        "title": one.name,
        "summary": one.summary,
        "description": f"{'Free' if one.free else 'Not free'}: {one.why}",
        "tags": [{"name": one.purpose}],
        "messages": [_message(one.name)],
        "reply": {
            "channel": {"$ref": f"#/channels/{_CHANNEL}"},
            "messages": [_message(_answer_of(one)), _message("errors")],
        },
        "x-sources": list(one.sources),
        "x-confidence": one.confidence,
    }


def _answer_of(one: Operation) -> str:
    return f"{one.name}Answer"


def _message(name: str) -> dict[str, str]:
    return {"$ref": f"#/channels/{_CHANNEL}/messages/{name}"}


def _frame(key: str, items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": [key], "properties": {key: {"type": "array", "items": items}}}


def _error_examples(tasks: Iterable[Operation], site: Site) -> Iterable[dict[str, Any]]:
    cases = {case.id: (one, case) for one in tasks for case in one.cases}
    for one, case in cases.values():
        answer = error_answer(one, case, site)
        if answer.media_type == "application/json":
            yield {"name": case.id, "summary": case.when, "payload": {"errors": answer.body["errors"]}}


def _query(tasks: Iterable[Operation]) -> dict[str, Any]:
    found = [one for task in tasks for one in task.parameters if one.transport == "websocket"]
    properties = {one.name: {**one.schema, "description": one.description} for one in found}
    return {"type": "object", "properties": properties}
