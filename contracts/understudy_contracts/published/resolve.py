"""The schemas of one model, as Runware's schema service hands them out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from understudy_contracts.portable import portable
from understudy_contracts.provider import contract


def resolved(air: str, switch_values: Mapping[str, str] | None = None) -> dict[str, Any] | None:
    """Hand out the schemas of a model, as `schemas.runware.ai/resolve/<air>` does; None for a model not known.

    `requestSchema` judges one task, `responseSchema` one result; both stand alone and need no more than draft
    2019-09. `documentation` is the address of the model's page. Raises `ValueError` for an unknown switch or value.
    The frame is runware-sdk 1.8.0's, validate.py; that a task's type is a `const` and the ways of delivery a `oneOf`
    of them was seen on the live service; what a `responseSchema` holds is assumed.
    """
    runware = contract("runware")
    model = runware.models.get(air)
    if model is None:
        return None
    request, result = runware.model_judge(air, switch_values), runware.judge("result", **dict(switch_values or {}))
    asked = portable(request.schema, request.resources)
    asked["properties"]["deliveryMethod"] = _ways(asked["properties"]["deliveryMethod"])
    return {
        "requestSchema": asked,
        "responseSchema": portable(result.schema, result.resources),
        "documentation": model.documentation,
    }


def _ways(body: Mapping[str, Any]) -> dict[str, Any]:
    others = {keyword: value for keyword, value in body.items() if keyword != "enum"}
    return {**others, "oneOf": [{"const": way} for way in body["enum"]]}
