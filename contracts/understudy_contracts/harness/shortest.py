"""The cheapest and shortest request of a model: what a run pays for, where it has to pay."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from functools import cache
from typing import Any

from understudy_contracts.checks.prices import is_told
from understudy_contracts.models import DurationRule, Model
from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract
from understudy_contracts.requests import of_model
from understudy_contracts.shape import place, remove

from .cost import longest

#: Lengths that a model may make, the shortest first.
_SECONDS = (1, 2, 3, 4, 5, 6, 8, 10)


def shortest(operation: Operation, switches: Mapping[str, str]) -> dict[str, Any] | None:
    """Change a typical request to the cheapest there is of its model; None for an operation that is about none."""
    if operation.request is None or operation.request.models is None:
        return None
    model = typical_model(operation)
    return of_model(operation, model, fields_of(model, switches))


def fields_of(model: Model, switches: Mapping[str, str]) -> dict[str, Any]:
    """Write the cheapest and shortest valid request of a model, as the model judges it, but for who names the task."""
    return _nameless(_fields(model.provider, model.id, tuple(sorted(switches.items()))))


def exact_fields_of(model: Model, switches: Mapping[str, str]) -> dict[str, Any]:
    """The same of which the length is told in seconds, where a model has such a request; the cheapest where not."""
    exact = _exact(model.provider, model.id, tuple(sorted(switches.items())))
    return fields_of(model, switches) if exact is None else _nameless(exact)


def _nameless(fields: Mapping[str, Any]) -> dict[str, Any]:
    made = deepcopy(dict(fields))
    made.pop("taskUUID", None)
    return made


@cache
def _exact(provider: str, model_id: str, switches: tuple[tuple[str, str], ...]) -> Mapping[str, Any] | None:
    model = contract(provider).models[model_id]
    judge = contract(provider).model_judge(model_id, dict(switches))
    for seconds in _SECONDS if model.price.unit == "second" else ():
        for value in (seconds, str(seconds)):
            made = deepcopy(_plain(provider, model_id, switches))
            _ask_for(model.duration, made, value)
            if is_told(model, made) and judge.accepts(made):
                return made
    return None


def _ask_for(rule: DurationRule, made: dict[str, Any], seconds: float | str) -> None:
    """Have a request say how long what it asks for is to be: as a field of its own, or by saying nothing so long."""
    if rule.asked_field is not None:
        place(made, tuple(rule.asked_field.split(".")), seconds)
    elif rule.silence is not None:
        for segment in rule.segments(made):
            assert isinstance(segment, dict)
            if rule.script_field is not None:
                remove(segment, tuple(rule.script_field.split(".")))
            place(segment, tuple(rule.silence.when.field.split(".")), rule.silence.when.equals)
            place(segment, tuple(rule.silence.duration_field.split(".")), seconds)


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
def _fields(provider: str, model_id: str, switches: tuple[tuple[str, str], ...]) -> Mapping[str, Any]:
    model = contract(provider).models[model_id]
    known = [_plain(provider, model_id, switches), _exact(provider, model_id, switches)]
    return min((one for one in known if one is not None), key=lambda one: model.price.cost(longest(model, one)))


@cache
def _plain(provider: str, model_id: str, switches: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    from understudy_contracts.strategies import plainest

    model = contract(provider).models[model_id]
    silent = [one for one in plainest(provider, model_id, **dict(switches)) if not model.duration.audio_sources(one)]
    return min(silent, key=lambda one: (*price(model, one), len(str(one))))
