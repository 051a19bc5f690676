"""The card: the still picture a placeholder shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lettering import drawable, fit, font_of, line_height
from .palette import Palette
from .placeholder import Face

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

#: Pixels of the shorter side below which the words get all the room.
_ROOM_FOR_FIGURE = 120


def paint(face: Face) -> Image.Image:
    """Draw the card, exactly the size of the file it is for."""
    from PIL import Image, ImageDraw  # late: start-up time

    width, height = face.pixels
    palette = Palette.of(face)
    image = Image.new("RGB", (width, height), palette.paper)
    draw = ImageDraw.Draw(image)
    unit = min(width, height, max(width, height) * 0.62)
    margin = round(unit * 0.075)
    portrait = height > width * 0.9
    bar = bar_height(face)
    left, right, top, bottom = margin, width - margin, margin, height - margin - bar

    if unit < _ROOM_FOR_FIGURE:
        text_top = top + round(unit * 0.15)
    elif portrait:
        figure = unit * 0.44
        _figure(draw, palette, width / 2, top + unit * 0.13, figure)
        text_top = round(top + unit * 0.13 + figure * 1.16)
    else:
        figure = min(height * 0.62, width * 0.34)
        _figure(draw, palette, width - margin - figure / 2, (height - bar - figure) / 2, figure)
        right = round(width - margin - figure - margin * 0.8)
        text_top = round(top + unit * 0.15)

    small, body, large = (font_of(unit * share) for share in (0.042, 0.056, 0.105))
    dot = max(2, round(unit * 0.02))
    line = line_height(small)
    draw.ellipse((left, top + (line - dot) / 2, left + dot, top + (line + dot) / 2), palette.accent)
    draw.text((left + dot * 2, top), "understudy placeholder", palette.muted, small)

    facts_top = bottom - line_height(small)
    draw.text((left, facts_top), face.facts, palette.muted, small)
    room = facts_top - round(unit * 0.03)
    paragraphs = face.lines
    if len(paragraphs) > 1:
        paragraphs = paragraphs[:-1]
        room -= _footer(draw, face.lines[-1], palette, (left, facts_top), right - left, unit * 0.042)

    y = text_top
    for text in fit(face.title, large, right - left, most=3 if portrait else 2):
        if y + line_height(large) > room:
            break
        draw.text((left, y), text, palette.ink, large)
        y += line_height(large)
    y += round(unit * 0.03)
    for paragraph in paragraphs:
        for text in fit(paragraph, body, right - left, most=3):
            if y + line_height(body) > room:
                return image
            draw.text((left, y), text, palette.muted, body)
            y += line_height(body)
        y += round(unit * 0.014)
    return image


def _footer(
    draw: ImageDraw.ImageDraw, text: str, palette: Palette, foot: tuple[int, int], width: float, size: float
) -> int:
    """Write one line that stands on `foot`, a little smaller if only so an id stays whole; give its height."""
    font = font_of(size)
    wide = font.getlength(drawable(text[: round(width)]))
    if wide > width:
        font = font_of(max(size * 0.7, size * width / wide * 0.99))
    height = line_height(font)
    for line in fit(text, font, width, most=1):
        draw.text((foot[0], foot[1] - height), line, palette.muted, font)
    return height


def bar_height(face: Face) -> int:
    """How many pixels at the foot belong to the moving bar; even, as the codecs want it."""
    return max(2, round(min(face.pixels) * 0.018 / 2) * 2)


def _figure(draw: ImageDraw.ImageDraw, palette: Palette, centre: float, top: float, side: float) -> None:
    """A head and shoulders in a disc, so that nobody takes the picture for a test card of something else."""
    from PIL import Image
    from PIL import ImageDraw as Drawing

    size = max(8, round(side))
    # Drawn four times as large and shrunk, because Pillow draws curves with hard edges.
    big = min(size * 4, 4096)
    mask = Image.new("L", (big, big), 0)
    pen = Drawing.Draw(mask)
    pen.ellipse((0, 0, big - 1, big - 1), 255)
    disc = mask.resize((size, size), Image.Resampling.LANCZOS)
    person = Image.new("L", (big, big), 0)
    pen = Drawing.Draw(person)
    pen.ellipse((big * 0.335, big * 0.2, big * 0.665, big * 0.53), 255)
    pen.ellipse((big * 0.17, big * 0.61, big * 0.83, big * 1.4), 255)
    outline = Image.composite(person, Image.new("L", (big, big), 0), mask).resize(
        (size, size), Image.Resampling.LANCZOS
    )
    corner = (round(centre - size / 2), round(top))
    draw.bitmap(corner, disc, palette.shade)
    draw.bitmap(corner, outline, palette.accent)
