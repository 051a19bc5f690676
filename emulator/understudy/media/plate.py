"""Blocks of words, and the plates behind them that keep them legible on any picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from .lettering import line_height

if TYPE_CHECKING:
    from PIL import Image

    from .ground import Ground
    from .lettering import Font
    from .palette import RGB

#: How much of a plate covers what is behind it.
_COVER: Final = 0.8
_ROUND: Final = 4


@dataclass(slots=True)
class Block:
    """Lines of words that belong together, each with the place of its upper left corner."""

    lines: list[tuple[float, float, str, Font, RGB]] = field(default_factory=list)

    def add(self, x: float, y: float, text: str, font: Font, colour: RGB) -> float:
        """Put a line at a place, and give the y of what may follow below."""
        self.lines.append((x, y, text, font, colour))
        return y + line_height(font)

    def lower(self, by: float) -> None:
        """Move all the lines down, and never up."""
        self.lines = [(x, y + max(0, by), text, font, colour) for x, y, text, font, colour in self.lines]

    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of all the lines."""
        return (
            min(x for x, *_ in self.lines),
            min(y for _, y, *_ in self.lines),
            max(x + font.getlength(text) for x, _, text, font, _ in self.lines),
            max(y + line_height(font) for _, y, _, font, _ in self.lines),
        )

    def write(self, ground: Ground, pad: float, *, spare: float = 0.0) -> None:
        """Write the lines onto a ground, on a plate where it is busy; `spare` widens the plate to the left."""
        from PIL import ImageDraw  # late: start-up time

        if not any(text.strip() for _, _, text, *_ in self.lines):
            return
        left, top, right, bottom = self.bounds()
        if ground.busy:
            across = (left - spare - pad * 1.4, right + pad * 1.4)
            lay(ground, (round(across[0]), round(top - pad * 0.8), round(across[1]), round(bottom + pad * 0.6)), pad)
        draw = ImageDraw.Draw(ground.canvas)
        for x, y, text, font, colour in self.lines:
            draw.text((x, y), text, colour, font)


def lay(ground: Ground, box: tuple[int, int, int, int], radius: float) -> None:
    """Lay a plate of the paper's colour, through which a picture still shows."""
    from PIL import Image

    canvas = ground.canvas
    left, top, right, bottom = max(0, box[0]), max(0, box[1]), min(canvas.width, box[2]), min(canvas.height, box[3])
    if right <= left or bottom <= top:
        return
    mask = _rounded(right - left, bottom - top, round(radius))
    if ground.solid:
        canvas.paste(ground.palette.paper, (left, top, right, bottom), mask)
        return
    if canvas.mode == "RGBA":
        plate: Image.Image = Image.new("RGBA", mask.size, (*ground.palette.paper, round(255 * _COVER)))
    else:
        behind = canvas.crop((left, top, right, bottom))
        plate = Image.blend(behind, Image.new("RGB", mask.size, ground.palette.paper), _COVER)
    canvas.paste(plate, (left, top), mask)


@lru_cache(maxsize=32)
def _rounded(width: int, height: int, radius: int) -> Image.Image:
    """A rectangle with smooth round corners: only the corners are drawn large and shrunk."""
    from PIL import Image, ImageDraw

    mask = Image.new("L", (width, height), 255)
    radius = max(0, min(radius, width // 2, height // 2))
    if not radius:
        return mask
    big = radius * 2 * _ROUND
    disc = Image.new("L", (big, big), 0)
    ImageDraw.Draw(disc).ellipse((0, 0, big - 1, big - 1), 255)
    disc = disc.reduce(_ROUND)
    for x, from_x in ((0, 0), (width - radius, radius)):
        for y, from_y in ((0, 0), (height - radius, radius)):
            mask.paste(disc.crop((from_x, from_y, from_x + radius, from_y + radius)), (x, y))
    return mask
