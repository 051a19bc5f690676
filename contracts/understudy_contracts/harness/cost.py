"""The most that a request can cost, told before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from understudy_contracts.checks.prices import is_told
from understudy_contracts.models import Model
from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract

#: Seconds that no video of these models exceeds, where the contract gives no maximum.
LONGEST = 600.0

#: Where the length is told, a file is longer by a part of a frame at most; a script takes so much longer to say than is
#: counted from its letters: the worst of five printed examples takes 1.07 times as long.
_FRAME, _SLOWER, _PAUSE = 0.1, 1.25, 1.0


def model_of(operation: Operation, target: str, body: Any) -> tuple[Model, Mapping[str, Any]] | None:
    """Which model a request is for, and the part of it that the model judges; None where it is for no known one."""
    known = contract(operation.provider).models
    if operation.task is not None:
        task = body[0] if isinstance(body, list) and body and isinstance(body[0], Mapping) else {}
        model = known.get(str(task.get("model")))
        return None if model is None else (model, task)
    if not isinstance(body, Mapping) or operation.request is None:
        return None
    if operation.request.models == "body":
        slug = target.partition("?")[0].rstrip("/").rpartition("/")[2]
        model = next((one for one in known.values() if slug in (one.slug, one.id)), None)
        return None if model is None else (model, body)
    payload = body.get(operation.request.models) if operation.request.models else None
    model = known.get(str(body.get("model")))
    return None if model is None or not isinstance(payload, Mapping) else (model, payload)


def bound(operation: Operation, target: str, body: Any) -> Decimal | None:
    """Tell the most that a request can cost, in US dollars; None where nobody can say.

    A recording that is heard in it counts as the longest there is: how long it is, only the provider knows.
    """
    if operation.free:
        return Decimal(0)
    found = model_of(operation, target, body)
    if found is None:
        return None
    model, payload = found
    try:
        seconds = longest(model, payload)
        count = max(1, model.output.count_of(payload))
        several = max(1, int(payload.get("numberResults", 1)))
    except (TypeError, ValueError, ArithmeticError, AttributeError):
        # A request that breaks its rules, and is to be refused; were it not, it could say anything.
        seconds, count, several = LONGEST, 20, 20
    if model.duration.maximum is not None:
        seconds = min(seconds, model.duration.maximum)
    return model.price.cost(seconds, count) * several


def longest(model: Model, payload: Mapping[str, Any]) -> float:
    """How long what is asked for can be at most, in seconds."""
    rule = model.duration
    if rule.audio_sources(payload):
        return LONGEST
    seconds = rule.seconds(payload)
    if is_told(model, payload):
        return seconds + _FRAME
    # How long a prompt's video gets, its provider alone decides.
    return seconds * _SLOWER + _PAUSE if rule.spoken(payload) else LONGEST
