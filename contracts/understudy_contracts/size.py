"""How large a picture becomes, from what its request says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .shape import look_up

_WIDESCREEN = 16 / 9
_SIDES = re.compile(r"([1-9][0-9]{0,4})[xX*]([1-9][0-9]{0,4})")
_RATIO = re.compile(r"([1-9][0-9]{0,4}):([1-9][0-9]{0,4})")


@dataclass(frozen=True, slots=True)
class SizeRule:
    """How large a picture becomes, from what its request says."""

    #: Width and height when the request tells nothing.
    default: tuple[int, int]
    #: The short side of each preset of the field `resolution`, in pixels.
    resolutions: Mapping[str, int]
    source: str
    confidence: str
    #: An object of `width` and `height`.
    dimension_field: str | None = None
    #: Text such as `2048x1024`, or a name in `sizes`.
    size_field: str | None = None
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    #: Text such as `9:16`.
    aspect_field: str | None = None
    #: Text, `portrait` or `landscape`: whether the shape of the default stands or lies.
    orientation_field: str | None = None

    def size(self, request: Mapping[str, Any], aspect: float | None = None) -> tuple[int, int]:
        """Tell the width and height of the picture of a request, in pixels.

        The sides it names, else its `resolution` or the default in the shape it asks for, both sides even.
        Without such a shape a `resolution` takes that of the request's picture (`aspect` is width over height;
        16:9 when unknown), and a default its own.
        """
        sides = request if self.dimension_field is None else look_up(request, self.dimension_field)
        width, height = (sides.get("width"), sides.get("height")) if isinstance(sides, Mapping) else (None, None)
        if isinstance(width, int | float) and isinstance(height, int | float):
            return int(width), int(height)
        asked = self._text(request, self.size_field)
        if pair := _SIDES.fullmatch(asked):
            return int(pair[1]), int(pair[2])
        shape = self._shape(request)
        short = self.resolutions.get(str(request.get("resolution")))
        if short is not None:
            return _shaped(short, shape or (aspect if aspect is not None and aspect > 0 else _WIDESCREEN))
        named = self.sizes.get(asked, self.default)
        return named if shape is None else _shaped(min(named), shape)

    def _shape(self, request: Mapping[str, Any]) -> float | None:
        if ratio := _RATIO.fullmatch(self._text(request, self.aspect_field)):
            return int(ratio[1]) / int(ratio[2])
        if self.orientation_field is None:
            return None
        lying = max(self.default) / min(self.default)
        match look_up(request, self.orientation_field):
            case "portrait":
                return 1 / lying
            case "landscape":
                return lying
            case _:
                return self.default[0] / self.default[1]

    def _text(self, request: Mapping[str, Any], name: str | None) -> str:
        return str(look_up(request, name)) if name is not None else ""


def _shaped(short: int, shape: float) -> tuple[int, int]:
    long = 2 * round(short * max(shape, 1 / shape) / 2)
    return (long, short) if shape >= 1 else (short, long)
