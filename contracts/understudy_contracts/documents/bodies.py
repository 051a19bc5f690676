"""What a request of the OpenAPI document holds: each model's own schema, told apart by what names the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract

from .schemas import model_name, reference

_JSON = "application/json"

#: The component that is made for a request which names its model, and is no schema of the contract.
_REQUEST = "request"


def content_of(operation: Operation, media_type: str, schemas: dict[str, Any]) -> dict[str, Any]:
    """Describe the body of a request in one media type; `schemas` gain what it needs."""
    body = operation.request
    assert body is not None
    example = operation.typical.get("body")
    if body.models == "payload":
        return {"schema": _by_discriminator(operation, schemas), "example": example}
    if body.schema is None and media_type not in (_JSON, "application/x-www-form-urlencoded"):
        return {}
    schema = {"type": "object"} if body.schema is None else reference(body.schema)
    return {"schema": schema, **({} if example is None else {"example": example})}


def _by_discriminator(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    """A body that names its model, and holds what that model takes in a member."""
    body = operation.request
    assert body is not None
    assert body.models is not None
    names = {}
    for model in contract(operation.provider).models.values():
        name = names[model.id] = f"{_REQUEST}.{model.slug}"
        schemas[name] = {
            "type": "object",
            "required": ["model", body.models],
            "properties": {"model": {"const": model.id}, body.models: reference(model_name(model.slug))},
        }
    schemas[_REQUEST] = one_of("model", names)
    return reference(_REQUEST)


def one_of(parameter: str, names: Mapping[str, str]) -> dict[str, Any]:
    """One of several components, told apart by the value of a parameter: their names by that value."""
    mapping = {value: f"#/components/schemas/{name}" for value, name in names.items()}
    return {
        "type": "object",
        "required": [parameter],
        "oneOf": [reference(name) for name in dict.fromkeys(names.values())],
        "discriminator": {"propertyName": parameter, "mapping": mapping},
    }
