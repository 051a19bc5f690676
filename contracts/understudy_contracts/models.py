"""The models of a provider: what a request may hold, how long its video is, what it costs, how long it takes.

Each is one file, `<provider>/models/*.json`; a new model is a new file and no Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

import jsonschema_rs

from .data import ContractError, folder, read_all
from .shape import look_up

#: One picture at 25 a second: the shortest thing that is still a video.
SHORTEST = 0.04
_WIDESCREEN = 16 / 9


@dataclass(frozen=True, slots=True)
class Price:
    """What a second of video costs, in US dollars."""

    usd_per_second: Decimal
    source: str
    confidence: str

    def cost(self, seconds: float) -> Decimal:
        """Price a video of this length: US dollars, to four places as the provider prints them."""
        exact = Decimal(str(seconds)) * self.usd_per_second
        return exact.quantize(Decimal("0.0001"), ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class DurationRule:
    """How long a video becomes, from what its request says."""

    #: Dotted names of the fields the rule reads; None where the model has no such field.
    script_field: str | None
    speed_field: str | None
    audio_field: str | None
    asked_field: str | None
    #: Letters and digits spoken in a second at speed 1.
    characters_per_second: float
    #: For a request that tells nothing about its length.
    default_seconds: float
    source: str
    confidence: str

    def seconds(self, request: Mapping[str, Any], audio_seconds: float | None = None) -> float:
        """Tell how many seconds the video of a request lasts.

        The length of its audio when that is known, else the duration it asks for, else the time its script
        takes to speak, else `default_seconds`. Never less than one frame, and always to the millisecond, as
        it is billed.
        """
        return max(SHORTEST, round(self._seconds(request, audio_seconds), 3))

    def _seconds(self, request: Mapping[str, Any], audio_seconds: float | None) -> float:
        if audio_seconds is not None:
            return audio_seconds
        asked = _field(request, self.asked_field)
        if isinstance(asked, int | float):
            return float(asked)
        script = _field(request, self.script_field)
        if isinstance(script, str):
            speed = _field(request, self.speed_field)
            spoken = sum(map(str.isalnum, script))
            return spoken / self.characters_per_second / (speed if isinstance(speed, int | float) and speed > 0 else 1)
        return self.default_seconds


@dataclass(frozen=True, slots=True)
class SizeRule:
    """How large a picture becomes, from what its request says."""

    #: Width and height when the request tells nothing.
    default: tuple[int, int]
    #: The short side of each preset, in pixels.
    resolutions: Mapping[str, int]
    source: str
    confidence: str

    def size(self, request: Mapping[str, Any], aspect: float | None = None) -> tuple[int, int]:
        """Tell the width and height of the video of a request, in pixels.

        Its `width` and `height`, else its `resolution` in the shape of its picture (`aspect` is width over
        height; 16:9 when unknown), both sides even, else the model's default.
        """
        width, height = request.get("width"), request.get("height")
        if width is not None and height is not None:
            return int(width), int(height)
        short = self.resolutions.get(str(request.get("resolution")))
        if short is None:
            return self.default
        shape = aspect if aspect is not None and aspect > 0 else _WIDESCREEN
        long = 2 * round(short * max(shape, 1 / shape) / 2)
        return (long, short) if shape >= 1 else (short, long)


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
    #: What a request for it is called, such as `videoInference`.
    operation: str
    documentation: str
    #: The annotated JSON Schema of a request: see `understudy_contracts.schema.plain`.
    request: Mapping[str, Any]
    price: Price
    duration: DurationRule
    size: SizeRule
    latency: Latency
    sources: tuple[str, ...]


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
    price, duration, size, latency = (document[part] for part in ("price", "duration", "size", "latency"))
    return Model(
        **{key: document[key] for key in ("id", "slug", "name", "provider", "operation", "documentation", "request")},
        price=Price(Decimal(price["usd_per_second"]), price["source"], price["confidence"]),
        duration=DurationRule(
            script_field=duration.get("script_field"),
            speed_field=duration.get("speed_field"),
            audio_field=duration.get("audio_field"),
            asked_field=duration.get("asked_field"),
            characters_per_second=duration["characters_per_second"],
            default_seconds=duration["default_seconds"],
            source=duration["source"],
            confidence=duration["confidence"],
        ),
        size=SizeRule(
            default=(size["default"][0], size["default"][1]),
            resolutions=MappingProxyType(size["resolutions"]),
            source=size["source"],
            confidence=size["confidence"],
        ),
        latency=Latency(**latency),
        sources=tuple(document["sources"]),
    )


def _field(request: Mapping[str, Any], name: str | None) -> object:
    return None if name is None else look_up(request, name)
