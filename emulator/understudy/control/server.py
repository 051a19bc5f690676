"""That the server is there, what can be asked of it, and which errors it can play."""

from typing import Any

from understudy.error_list import LISTED, cases, shown

from .health import HEALTH
from .operations import Call, Operation, Parameter, ref
from .schemas import TEXT, listed, shape


async def _health(call: Call) -> Any:
    return HEALTH


async def _openapi(call: Call) -> Any:
    from .openapi import document

    return document(call.origin)


async def _errors(call: Call) -> Any:
    return {"errors": [shown(case) for case in cases(call.query.get("provider"))]}


OPERATIONS = (
    Operation("GET", "/health", "health", "Whether the server is there", _health, ref("Health"), open=True),
    Operation(
        "GET",
        "/openapi.json",
        "openapi",
        "This description",
        _openapi,
        shape({"openapi": TEXT}, additionalProperties=True),
    ),
    Operation(
        "GET",
        "/errors",
        "list_errors",
        "Every error of the catalogues, for `error` in a rule",
        _errors,
        shape({"errors": listed(ref("ErrorCase"))}),
        parameters=(Parameter("provider", {"enum": [*LISTED]}, "Only this provider's."),),
    ),
)
