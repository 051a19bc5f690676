"""The foot of a picture: a track along which lights run, so that a picture that stalls can be told from one that plays.

It is as high as whole rows of what H.264 codes at once, so that nothing above it is ever touched while it moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL import Image

    from .ground import Ground
    from .placeholder import Face

#: Pixels of the side of a block that H.264 codes at once.
BLOCK: Final = 16
#: Steps in which a light crosses the width, whatever the width.
_CROSSING: Final = 96


def bar_height(face: Face) -> int:
    """How many pixels at the foot belong to the track; even, as the codecs want it."""
    return max(2, round(min(face.pixels) * 0.014 / 2) * 2)


def foot_top(face: Face) -> int:
    """Where the foot begins: the track stands at its lower edge."""
    return (face.pixels[1] - bar_height(face)) // BLOCK * BLOCK


@dataclass(frozen=True, slots=True)
class Foot:
    """The lights on their track, wider than the picture: moved by a step a frame they loop after `phases` of them."""

    tile: Image.Image
    width: int
    step: int
    phases: int

    @classmethod
    def of(cls, face: Face, ground: Ground, phases: int) -> Foot:
        """Draw the foot of a picture."""
        from PIL import Image  # late: start-up time

        width = face.pixels[0]
        # Even, because colour is stored for two pixels at a time, and would be smeared by odd ones.
        step = 2 * max(1, round(width / _CROSSING / 2))
        spacing = phases * step
        size = (width + spacing, bar_height(face))
        tall = face.pixels[1] - foot_top(face)
        light = _glow(size[0], step * _CROSSING, spacing).resize(size)
        if ground.foot is None:
            tile = Image.new("RGBA", (size[0], tall), (*ground.palette.accent, 0))
            track = Image.new("RGBA", size, (*ground.palette.accent, 255))
            track.putalpha(light)
        else:
            tile = Image.new("RGB", (size[0], tall), ground.foot)
            track = Image.new("RGB", size, ground.palette.shade)
            track.paste(ground.palette.accent, (0, 0, *size), light)
        tile.paste(track, (0, tall - size[1]))
        return cls(tile, width, step, phases)

    @property
    def spacing(self) -> int:
        """Pixels from one light to the next."""
        return self.step * self.phases

    def at(self, phase: int) -> Image.Image:
        """The foot at a step of its loop."""
        left = self.spacing - phase % self.phases * self.step
        return self.tile.crop((left, 0, left + self.width, self.tile.height))


def _glow(width: int, crossing: int, spacing: int) -> Image.Image:
    """One row of lights, each with a bright head on the right and a tail that fades to the left."""
    from PIL import Image

    tail = max(2, min(spacing - spacing // 8, crossing // 4))
    one = bytearray(spacing)
    for back in range(tail):
        one[spacing - 1 - back] = round(255 * (1 - back / tail) ** 1.5)
    return Image.frombytes("L", (width, 1), (bytes(one) * (width // spacing + 1))[:width])
