"""The card: the still picture a placeholder shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from . import figure
from .foot import bar_height, foot_top
from .ground import Ground, cropped, ground
from .lettering import drawable, fit, font_of, line_height
from .placeholder import Face
from .plate import Block

if TYPE_CHECKING:
    from PIL import Image

    from .lettering import Font

#: Pixels of the shorter side below which the words get all the room.
_ROOM_FOR_FIGURE: Final = 120

_LOST: Final = "The given picture could not be read."


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything goes, in pixels; `unit` is what all sizes are shares of."""

    unit: float
    portrait: bool
    left: int
    #: Where words must end that have something beside them, and where those that have not.
    right: int
    right_edge: int
    top: int
    bottom: int
    text_top: int
    #: Upper left corner and side of the figure, if there is one.
    figure: tuple[int, int, int] | None

    @classmethod
    def of(cls, face: Face, *, filled: bool) -> Layout:
        """Share the frame out; a picture that fills it leaves no room for a figure, and needs none."""
        width, height = face.pixels
        unit = min(width, height, max(width, height) * 0.62)
        margin = round(unit * 0.075)
        portrait = height > width * 0.9
        left, right, top = margin, width - margin, margin
        bottom = min(height - margin - bar_height(face), foot_top(face))
        text_top = top + round(unit * 0.15)
        text_top = max(text_top, top + line_height(font_of(unit * 0.042)))
        place = None
        if filled:
            text_top = top + round(unit * 0.1)
            if not portrait:
                right = round(width * 0.48)
        elif unit >= _ROOM_FOR_FIGURE and portrait:
            side = max(8, round(unit * 0.44))
            place = (round((width - side) / 2), round(top + unit * 0.13), side)
            text_top = round(top + unit * 0.13 + side * 1.16)
        elif unit >= _ROOM_FOR_FIGURE:
            side = max(8, round(min(height * 0.62, width * 0.34)))
            place = (width - margin - side, round((height - bar_height(face) - side) / 2), side)
            right = round(width - margin - side - margin * 0.8)
        return cls(unit, portrait, left, right, width - margin, top, bottom, text_top, place)

    @property
    def pad(self) -> float:
        """What a plate has around its words."""
        return self.unit * 0.022

    @property
    def small(self) -> float:
        """The size of the smallest words."""
        return self.unit * 0.042


def paint(face: Face, shelf: Path | None = None) -> Image.Image:
    """Draw the card, exactly the size of the file it is for.

    `shelf` is the directory in which the caller's own pictures are kept; one that is not there, or cannot be
    read, is left out, and the card says so. Where a file can be seen through the image has an alpha channel.
    """
    return painted(face, shelf).canvas


def painted(face: Face, shelf: Path | None = None) -> Ground:
    """Draw the card, and give what it was drawn on with it."""
    laid = ground(face, shelf)
    layout = Layout.of(face, filled=laid.filled)
    lost = laid.lost
    if layout.figure is not None:
        x, y, side = layout.figure
        speaker = cropped(laid.speaker, side) if laid.speaker is not None else None
        lost = lost or (laid.speaker is not None and speaker is None)
        figure.place(laid.canvas, laid.palette, (x, y), side, speaker)
    _label(laid, layout)
    room = _foot(face, laid, layout)
    if face.captioned:
        room = min(room, face.pixels[1] * 2 // 3)
    _words(face, laid, layout, room, lost=lost)
    return laid


def _label(laid: Ground, layout: Layout) -> None:
    """Say what this is, beside a dot in the colour of the figure."""
    from PIL import ImageDraw  # late: start-up time

    if laid.busy and layout.unit < _ROOM_FOR_FIGURE:
        return
    font, block = font_of(layout.small), Block()
    dot = max(2, round(layout.unit * 0.02))
    line = line_height(font)
    block.add(layout.left + dot * 2, layout.top, "understudy placeholder", font, laid.muted)
    block.write(laid, layout.pad, spare=dot * 2)
    middle = layout.top + line / 2
    draw = ImageDraw.Draw(laid.canvas)
    draw.ellipse((layout.left, middle - dot / 2, layout.left + dot, middle + dot / 2), laid.palette.accent)


def _foot(face: Face, laid: Ground, layout: Layout) -> float:
    """Write the last line and the facts at the foot, and give the y that what is above must not pass."""
    small, block = font_of(layout.small), Block()
    y = layout.bottom - line_height(small)
    above = y
    if len(face.lines) > 1:
        text, width = face.lines[-1], layout.right - layout.left
        font = _narrow(text, layout.small, width)
        above = y - line_height(font)
        for line in fit(text, font, width, most=1):
            block.add(layout.left, above, line, font, laid.muted)
    block.add(layout.left, y, face.facts, small, laid.muted)
    block.write(laid, layout.pad)
    return above - (layout.pad * 3 if laid.busy else round(layout.unit * 0.03))


def _narrow(text: str, size: float, width: float) -> Font:
    """The font of a size, or a little smaller if only so an id stays whole."""
    font = font_of(size)
    wide = font.getlength(drawable(text[: round(width)]))
    return font if wide <= width else font_of(max(size * 0.7, size * width / wide * 0.99))


def _words(face: Face, laid: Ground, layout: Layout, room: float, *, lost: bool) -> None:
    """Write the title and what the request says, as much of it as there is room for."""
    shares = (0.046, 0.07) if laid.filled else (0.056, 0.105)
    body, large = (font_of(layout.unit * share) for share in shares)
    block = Block()
    width = layout.right - layout.left
    y: float = layout.text_top
    for text in fit(face.title, large, width, most=_lines(3 if layout.portrait else 2, large, room - y)):
        y = block.add(layout.left, y, text, large, laid.palette.ink)
    y += round(layout.unit * (0.012 if laid.filled else 0.03))
    short = laid.filled or face.captioned
    paragraphs = [*([_LOST] if lost else []), *(face.lines[:-1] or face.lines)]
    for paragraph in paragraphs:
        for text in fit(paragraph, body, width, most=_lines(2 if short else 3, body, room - y)):
            y = block.add(layout.left, y, text, body, laid.muted)
        y += round(layout.unit * 0.014)
    if laid.filled and layout.portrait and block.lines:
        # Whoever is in the picture looks out of its upper half.
        block.lower(room - block.bounds()[3])
    block.write(laid, layout.pad)


def _lines(most: int, font: Font, room: float) -> int:
    """How many lines may be written, so that what is left out is marked."""
    return max(0, min(most, int(room // line_height(font))))
