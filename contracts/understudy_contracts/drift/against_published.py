"""Holding what is published of the models against what the contract has of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from understudy_contracts.models import Model
from understudy_contracts.operations import Operation
from understudy_contracts.provider import Contract, contract
from understudy_contracts.schema import Judge

from .against_operation import operation_against
from .against_schema import difference_of, schema_against
from .change import NOTHING, Change, shown
from .change import pointer as pointer_of
from .difference import Difference, Key
from .normal import normal
from .published import Parameter, Published
from .structure import changes, order


def against(
    provider: str, operation: str, published: Published, switch_values: Mapping[str, str] | None = None
) -> Iterator[Difference]:
    """Say what is published otherwise than the contract has it; `operation` is whose answer it is, or may be empty."""
    owner = contract(provider)
    if published.models is not None:
        yield from _models(owner, operation, published.models)
    if published.operation:
        yield from operation_against(owner, owner.operations[published.operation], published, switch_values)
    if not published.model:
        return
    model = owner.models[published.model]
    submits = submit_of(owner, model)
    name = published.operation or (submits.name if submits is not None else operation)
    judge = owner.model_judge(model.id, switch_values)
    if published.request is not None:
        yield from schema_against(name, model.id, "request", judge.schema, judge.resources, published.request)
    if published.result is not None and "result" in owner.schemas:
        result = owner.judge("result", **dict(switch_values or {}))
        yield from schema_against(name, model.id, "answer", result.schema, result.resources, published.result)
    for parameter in published.parameters or ():
        yield from _parameter(name, model, judge, parameter)
    if published.parameters is not None:
        yield from _missing(name, model, judge, {one.name for one in published.parameters})
    if published.micros is not None and published.micros != model.price.micros:
        key = Key(name, model.id, "model", None, "/price", "changed-price")
        ours, theirs = (f"${micros / 1_000_000:g}" for micros in (model.price.micros, published.micros))
        per = f" a {model.price.unit}"
        reason = "what a request costs is reckoned wrong"
        yield Difference(key, ours + per, theirs + per, "risky", reason, model.price.confidence)


def submit_of(owner: Contract, model: Model) -> Operation | None:
    """The operation that makes something of a model."""
    submits = [one for one in owner.operations.values() if one.purpose == "submit" and one.request is not None]
    named = [one for one in submits if one.task == model.operation]
    takes = [one for one in submits if one.request is not None and one.request.models is not None]
    return next(iter(named or takes), None)


def _models(owner: Contract, operation: str, told: Mapping[str, Mapping[str, Any]]) -> Iterator[Difference]:
    """Models that the contract does not have are not its business; its own have to be there."""
    for model in owner.models.values():
        place = pointer_of(("models", model.id))
        if model.detail is None or not model.detail:
            continue
        if model.id not in told:
            key = Key(operation, model.id, "model", None, place, "removed")
            yield Difference(key, "there", NOTHING, "breaking", "requests for it are refused from now on")
            continue
        row = told[model.id]
        for name, ours in (("taskType", model.operation), ("id", model.slug)):
            if name in row and row[name] != ours:
                key = Key(operation, model.id, "model", None, f"{place}/{name}", "changed-text")
                reason = "clients look up by it what to send"
                yield Difference(key, shown(ours), shown(row[name]), "risky", reason)


def _parameter(operation: str, model: Model, judge: Judge, parameter: Parameter) -> Iterator[Difference]:
    """Hold one parameter of a list against ours, as far as the list tells of it."""
    whole = normal(judge.schema, judge.resources)
    place = pointer_of((parameter.name,))
    ours = whole.get("properties", {}).get(parameter.name)
    required = parameter.name in whole.get("required", ())
    theirs = dict(parameter.facets) | ({"type": parameter.type} if parameter.type else {})
    if ours is None:
        change = Change("added", place, None, normal(theirs), "properties", bool(parameter.required))
        yield difference_of(operation, model.id, "request", change, "request")
        return
    found = []
    if parameter.required is not None and parameter.required != required:
        kind = "became-required" if parameter.required else "became-optional"
        found.append(Change(kind, place, required, parameter.required, "required", required))  # type: ignore[arg-type]
    told = {"type", *parameter.facets} if parameter.type else set(parameter.facets)
    mine = {keyword: value for keyword, value in ours.items() if keyword in told}
    if len(mine.get("type", ())) > 1 and parameter.type in mine["type"]:
        # A list has one word for the type: the others are not ruled out.
        mine["type"] = [parameter.type]
    if mine.get("type") == ["integer"] and parameter.type == "number":
        mine["type"] = ["number"]
    found += [one for one in changes(mine, normal(theirs), place) if one.keyword in told]
    for change in sorted(found, key=order):
        yield difference_of(operation, model.id, "request", change, "request")


def _missing(operation: str, model: Model, judge: Judge, told: set[str]) -> Iterator[Difference]:
    whole = normal(judge.schema, judge.resources)
    for name, body in sorted(whole.get("properties", {}).items()):
        if name not in told:
            required = name in whole.get("required", ())
            change = Change("removed", pointer_of((name,)), body, None, "properties", required)
            yield difference_of(operation, model.id, "request", change, "request")
