"""The colours of a card, chosen so that it can be read."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

from .placeholder import Face

RGB = tuple[int, int, int]

#: The luminance on which black and white read equally well.
_MIDDLE_GREY = 0.179


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one card: everything follows from the background and the hue."""

    paper: RGB
    shade: RGB
    ink: RGB
    muted: RGB
    #: What `muted` is where a picture shines through behind the words.
    clear: RGB
    accent: RGB

    @classmethod
    def of(cls, face: Face) -> Palette:
        """Choose colours with enough contrast to read on any background."""
        turn = (222 + face.hue) % 360 / 360
        paper = _parse(face.background) if face.background else _hls(turn, 0.115, 0.42)
        light = _luminance(paper) > _MIDDLE_GREY
        ink = (0, 0, 0) if light else (255, 255, 255)
        return cls(
            paper=paper,
            shade=_mix(paper, ink, 0.09),
            ink=ink,
            muted=_mix(paper, ink, 0.66),
            clear=_mix(paper, ink, 0.86),
            accent=_hls((turn + 0.44) % 1, 0.34 if light else 0.64, 0.78),
        )


def _parse(colour: str) -> RGB:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hls(hue: float, lightness: float, saturation: float) -> RGB:
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)


def _mix(one: RGB, other: RGB, share: float) -> RGB:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _luminance(colour: RGB) -> float:
    """Relative luminance, 0 to 1, as WCAG 2.2 defines it."""
    red, green, blue = ((c / 255 / 12.92) if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
