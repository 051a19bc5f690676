"""Runware's catalogue of models, as its content service hands it out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias
from urllib.parse import unquote

from understudy_contracts.models import Model
from understudy_contracts.price import Price
from understudy_contracts.provider import contract

from .registry import task_types

#: What a path answers, as JSON.
Document: TypeAlias = dict[str, Any] | list[dict[str, Any]]

#: How many models a page has unless told otherwise: assumed.
_PAGE = 20

#: The field each order of the list goes by; weight and popularity are known to nobody.
_SORTED_BY = {"releasedAt": "releasedAt", "newest": "releasedAt", "name": "name", "alpha": "name", "creator": "creator"}

#: What the service calls the units of a price.
_UNITS = {"second": "durationSecond"}


def content(path: str, query: Mapping[str, str] | None = None) -> Document | None:
    """Answer a path of `content.runware.ai`, such as `/models/heygen-avatar-iv/pricing`; None is its 404.

    A model goes by its slug or its AIR identifier, percent-encoded or not. The paths and their queries are those of
    runware-sdk 1.8.0, content.py: `/models`, `/models/{id}` with `/examples`, `/pricing` and `/guides`,
    `/collections`, `/capabilities` and `/creators`. What no source tells is left out of a document, never made up.
    """
    asked = query or {}
    match [unquote(step) for step in path.strip("/").split("/")]:
        case ["models"]:
            return _list(asked)
        case ["models", name, *rest]:
            model = _model(name)
            return None if model is None else _about(model, rest, asked)
        case ["collections"]:
            return []
        case ["capabilities"]:
            return _entries("capabilities")
        case ["creators"]:
            return [_creator(entry) for entry in _entries("creators")]
        case ["creators", name]:
            return next((_creator(entry) for entry in _entries("creators") if entry["id"] == name), None)
        case _:
            return None


def metadata(model: Model) -> dict[str, Any]:
    """Describe a model in one entry of the catalogue, by runware-sdk 1.8.0's `ModelMetadata`."""
    about = {"model": model.slug, "air": model.id, "name": model.name, **(model.detail or {})}
    return {**about, "pricingOverview": _overview(model.price)}


def category(model: Model) -> str:
    """Tell what a model makes: image, video, audio, text or 3d."""
    return next(kind for kind, task in task_types("modalityTaskTypes").items() if task == model.operation)


def _model(name: str) -> Model | None:
    return next((model for model in contract("runware").models.values() if name in (model.slug, model.id)), None)


def _about(model: Model, rest: list[str], asked: Mapping[str, str]) -> Document | None:
    match rest:
        case []:
            return metadata(model)
        case ["examples"]:
            return [made for made in _examples(model) if asked.get("capability") in (None, made["capability"])]
        case ["pricing"]:
            return _pricing(model)
        case ["guides"]:
            return []
        case _:
            return None


def _list(asked: Mapping[str, str]) -> Document:
    found = [metadata(model) for model in contract("runware").models.values() if _fits(model, asked)]
    if field := _SORTED_BY.get(asked.get("sort", "")):
        falling = asked.get("order", "desc" if asked["sort"] == "newest" else "asc") == "desc"
        found.sort(key=lambda entry: str(entry.get(field, "")), reverse=falling)
    paginated = asked.get("paginate") == "true"
    offset = _number(asked.get("offset"), 0)
    limit = _number(asked.get("limit"), _PAGE if paginated else len(found))
    page = found[offset : offset + limit]
    return {"total": len(found), "limit": limit, "offset": offset, "items": page} if paginated else page


def _fits(model: Model, asked: Mapping[str, str]) -> bool:
    detail = model.detail or {}
    words = asked.get("q", "").lower()
    return (
        asked.get("capability") in (None, *detail.get("capabilities", ()))
        and asked.get("status") in (None, detail.get("status"))
        and asked.get("creator") in (None, detail.get("creator"))
        and asked.get("category") in (None, category(model))
        and any(words in text.lower() for text in (model.name, model.slug, model.id))
    )


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text is not None and re.fullmatch("[0-9]{1,9}", text) else otherwise


def _examples(model: Model) -> Iterable[dict[str, Any]]:
    for example in contract("runware").examples:
        if example["model"] == model.id:
            yield {
                "id": re.sub("[^a-z0-9]+", "-", example["title"].lower()),
                "title": example["title"],
                "model": model.slug,
                "capability": _capability(example["request"]),
                "asset": example["response"]["videoURL"],
                "request": example["request"],
                "response": example["response"],
            }


def _capability(request: Mapping[str, Any]) -> str:
    given = request.get("inputs", {})
    source = next((kind for kind in ("audio", "image") if kind in given), "text")
    return f"io:{source}-to-video"


def _pricing(model: Model) -> dict[str, Any]:
    price = model.price
    entry = metadata(model)
    return {
        **{name: entry[name] for name in ("model", "air", "name", "status", "releasedAt") if name in entry},
        "category": [category(model)],
        "pricingOverview": entry["pricingOverview"],
        "pricingRates": [
            {"amount": float(price.usd), "unit": _UNITS.get(price.unit, price.unit), "label": _overview(price)}
        ],
        "pricingExamples": [
            {"configuration": example["title"], "price": f"${example['response']['cost']:.4f}"}
            for example in _examples(model)
        ],
    }


def _overview(price: Price) -> str:
    said = f"${price.usd} per {price.unit}"
    return f"{said} (assumed by understudy)" if price.confidence == "assumed" else said


def _creator(entry: Mapping[str, Any]) -> dict[str, Any]:
    found = [metadata(model) for model in contract("runware").models.values()]
    return {**entry, "models": [made for made in found if made.get("creator") == entry["id"]]}


def _entries(name: str) -> list[dict[str, Any]]:
    return [dict(entry) for entry in contract("runware").document("published")[name]]
