"""The models of a provider: what a request may hold, how long its video is, what it costs, how long it takes.

Each is one file, `<provider>/models/*.json`; a new model is a new file and no Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

import jsonschema_rs

from .data import ContractError, folder, read_all
from .duration import SHORTEST, Condition, DurationRule, Silence, Spoken
from .entitlement import Entitlement, RateLimit
from .inputs import Inputs
from .output import Output, Sidecar
from .price import Price
from .size import SizeRule

__all__ = [
    "SHORTEST",
    "Condition",
    "DurationRule",
    "Entitlement",
    "Inputs",
    "Latency",
    "Model",
    "Output",
    "Price",
    "RateLimit",
    "Sidecar",
    "Silence",
    "SizeRule",
    "Spoken",
    "load",
    "models",
]


_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Latency:
    """How long the provider takes: its queue first, then work that grows with the length of the video."""

    queued_seconds: float
    base_seconds: float
    seconds_per_output_second: float
    source: str
    confidence: str

    def seconds(self, output_seconds: float) -> tuple[float, float]:
        """Tell the seconds a job is queued and the seconds it then runs, by the provider's own clock."""
        return self.queued_seconds, self.base_seconds + self.seconds_per_output_second * output_seconds


@dataclass(frozen=True, slots=True)
class Model:
    """One model of a provider."""

    #: The name on the wire, such as `heygen:avatar@4`.
    id: str
    slug: str
    name: str
    provider: str
    #: What a request for it is called, such as `videoInference` or `requests`.
    operation: str
    documentation: str
    #: The annotated JSON Schema of a request: see `understudy_contracts.schema.plain`.
    request: Mapping[str, Any]
    price: Price
    duration: DurationRule
    size: SizeRule
    latency: Latency
    output: Output
    sources: tuple[str, ...]
    #: What of a request is seen and heard in what is made; nothing is where it is None.
    inputs: Inputs | None = None
    #: The captions beside a video, where there are any.
    sidecar: Sidecar | None = None
    #: The template of what a success comes to, for `understudy_contracts.outcome.fill`; None where the provider
    #: has no such record.
    outcome: Any = None
    #: Of a model of text, the template of its own JSON: `$model` is its id, `$text` its words. In `outcome`,
    #: `$text` is that JSON, written as text. None for every other model.
    reply: Any = None
    #: What the provider itself tells about the model when asked; None where it cannot be asked.
    detail: Mapping[str, Any] | None = None
    entitlement: Entitlement | None = None
    rate_limit: RateLimit | None = None

    def pictures(self, request: Mapping[str, Any]) -> Mapping[str, str]:
        """Name the pictures a request gives, as `subject` and `backdrop`: URLs, ids, data URIs or base64."""
        return _NONE if self.inputs is None else self.inputs.pictures(self.duration.segments(request))

    def recordings(self, request: Mapping[str, Any]) -> tuple[str, ...]:
        """Name the recordings a request gives, whether they have a say in the length or not."""
        sources = self.duration.audio_sources(request)
        if self.inputs is None or self.inputs.recording_field is None:
            return sources
        beside = self.inputs.recording(self.duration.segments(request))
        return sources if beside is None else (*sources, beside)


@cache
def models(provider: str) -> Mapping[str, Model]:
    """List the models of a provider by id. Raises `ContractError` naming file and field of a mistake."""
    return load(folder(provider).joinpath("models"))


def load(directory: Traversable) -> Mapping[str, Model]:
    """Read every model file of a directory, by the id in it.

    Raises `ContractError` naming the file and the field of a mistake.
    """
    found: dict[str, Model] = {}
    for name, document in read_all(directory, "model"):
        if document["id"] in found:
            raise ContractError(f"{name}.json: id {document['id']!r} is another file's already")
        try:
            jsonschema_rs.meta.validate(document["request"])
        except jsonschema_rs.ValidationError as error:
            where = ".".join(map(str, ["request", *error.instance_path]))
            raise ContractError(f"{name}.json: {where} is no JSON Schema: {error.message}") from error
        found[document["id"]] = _model(document)
    return MappingProxyType(found)


def _model(document: Mapping[str, Any]) -> Model:
    price, entitlement, rate_limit = document["price"], document.get("entitlement"), document.get("rate_limit")
    inputs, sidecar = document.get("inputs"), document.get("sidecar")
    return Model(
        **{key: document[key] for key in ("id", "slug", "name", "provider", "operation", "documentation", "request")},
        price=Price(Decimal(price["usd"]), price["unit"], price["source"], price["confidence"]),
        duration=_duration(document["duration"]),
        size=_size(document["size"]),
        latency=Latency(**document["latency"]),
        output=Output(**document["output"]),
        sources=tuple(document["sources"]),
        inputs=None if inputs is None else _inputs(inputs),
        sidecar=None if sidecar is None else Sidecar(**sidecar),
        outcome=document.get("outcome"),
        reply=document.get("reply"),
        detail=document.get("detail"),
        entitlement=None if entitlement is None else Entitlement(**entitlement),
        rate_limit=None if rate_limit is None else RateLimit(**rate_limit),
    )


def _duration(document: Mapping[str, Any]) -> DurationRule:
    silence, audio_when = document.get("silence"), document.get("audio_when")
    return DurationRule(
        script_field=document.get("script_field"),
        speed_field=document.get("speed_field"),
        audio_field=document.get("audio_field"),
        asked_field=document.get("asked_field"),
        segments_field=document.get("segments_field"),
        characters_per_second=document["characters_per_second"],
        default_seconds=document["default_seconds"],
        source=document["source"],
        confidence=document["confidence"],
        break_tags=document.get("break_tags", False),
        silence=None
        if silence is None
        else Silence(
            Condition(silence["field"], silence["equals"]), silence["duration_field"], silence["default_seconds"]
        ),
        audio_when=None if audio_when is None else Condition(**audio_when),
        maximum=document.get("maximum"),
    )


def _size(document: Mapping[str, Any]) -> SizeRule:
    width, height = document["default"]
    sizes = {name: (sides[0], sides[1]) for name, sides in document.get("sizes", {}).items()}
    return SizeRule(
        default=(width, height),
        resolutions=MappingProxyType(document["resolutions"]),
        source=document["source"],
        confidence=document["confidence"],
        dimension_field=document.get("dimension_field"),
        size_field=document.get("size_field"),
        sizes=MappingProxyType(sizes),
        aspect_field=document.get("aspect_field"),
        orientation_field=document.get("orientation_field"),
    )


def _inputs(document: Mapping[str, Any]) -> Inputs:
    conditions = {name: Condition(**document[name]) for name in ("backdrop_when", "colour_when") if name in document}
    # What is said of the unit's source is for people to read.
    told = {name: value for name, value in document.items() if name not in ("pitch_source", "pitch_confidence")}
    return Inputs(**{**told, **conditions})
