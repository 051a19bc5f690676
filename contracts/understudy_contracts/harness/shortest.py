"""The cheapest and shortest request of a model: what a run pays for, where it has to pay."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from functools import cache
from typing import Any

from understudy_contracts.models import Model
from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract
from understudy_contracts.requests import of_model


def shortest(operation: Operation, switches: Mapping[str, str]) -> dict[str, Any] | None:
    """Change a typical request to the cheapest there is of its model; None for an operation that is about none."""
    if operation.request is None or operation.request.models is None:
        return None
    model = typical_model(operation)
    return of_model(operation, model, fields_of(model, switches))


def fields_of(model: Model, switches: Mapping[str, str]) -> dict[str, Any]:
    """Write the cheapest and shortest valid request of a model, as the model judges it, but for who names the task."""
    made = deepcopy(_fields(model.provider, model.id, tuple(sorted(switches.items()))))
    made.pop("taskUUID", None)
    return made


def price(model: Model, fields: Mapping[str, Any]) -> tuple[Decimal, float]:
    """Tell what a request without recordings costs, and how long what it asks for is."""
    seconds = model.duration.seconds(fields)
    return model.price.cost(seconds, model.output.count_of(fields)), seconds


def typical_model(operation: Operation) -> Model:
    """The model that an operation's typical request is for."""
    body = operation.typical["body"]
    known = contract(operation.provider).models
    if "model" in body:
        return known[body["model"]]
    slug = next(str(one.typical) for one in operation.parameters if one.name == "slug")
    return next(one for one in known.values() if slug in (one.slug, one.id))


@cache
def _fields(provider: str, model_id: str, switches: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    from understudy_contracts.strategies import plainest

    model = contract(provider).models[model_id]
    silent = [one for one in plainest(provider, model_id, **dict(switches)) if not model.duration.audio_sources(one)]
    return min(silent, key=lambda one: (*price(model, one), len(str(one))))
