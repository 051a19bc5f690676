"""The figure: a head and shoulders in a disc, or the caller's own picture in it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

    from .palette import Palette

#: Times as large as it is shown a curve is drawn, because Pillow draws curves with hard edges; large ones need less.
_FINE, _COARSE = 4, 2
_LARGE: int = 480


def place(canvas: Image.Image, palette: Palette, corner: tuple[int, int], side: int, face: Image.Image | None) -> None:
    """Set a disc with somebody in it onto a canvas, so that nobody takes the picture for a test card.

    `face` is a picture of `side` x `side` pixels, shown instead of our own figure.
    """
    disc, person = _masks(side)
    if face is not None:
        canvas.paste(face, corner, disc)
        return
    canvas.paste(palette.shade, (*corner, corner[0] + side, corner[1] + side), disc)
    canvas.paste(palette.accent, (*corner, corner[0] + side, corner[1] + side), person)


@lru_cache(maxsize=8)
def _masks(side: int) -> tuple[Image.Image, Image.Image]:
    """The disc, and of somebody in it what lies within the disc."""
    from PIL import Image, ImageChops, ImageDraw  # late: start-up time

    times = _COARSE if side > _LARGE else _FINE
    big = side * times
    disc, person = Image.new("L", (big, big), 0), Image.new("L", (big, big), 0)
    ImageDraw.Draw(disc).ellipse((0, 0, big - 1, big - 1), 255)
    pen = ImageDraw.Draw(person)
    pen.ellipse((big * 0.335, big * 0.2, big * 0.665, big * 0.53), 255)
    pen.ellipse((big * 0.17, big * 0.61, big * 0.83, big * 1.4), 255)
    small = disc.reduce(times), person.reduce(times)
    return small[0], ImageChops.darker(*small)
