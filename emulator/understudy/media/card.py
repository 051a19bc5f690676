"""The card: the still picture a placeholder shows."""

from __future__ import annotations

import colorsys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from .clip import Clip

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

    Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

RGB = tuple[int, int, int]

#: The luminance on which black and white read equally well.
_MIDDLE_GREY = 0.179

#: Pixels of the shorter side below which the words get all the room.
_ROOM_FOR_FIGURE = 120


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one card: everything follows from the background and the hue."""

    paper: RGB
    shade: RGB
    ink: RGB
    muted: RGB
    accent: RGB

    @classmethod
    def of(cls, clip: Clip) -> Palette:
        """Choose colours with enough contrast to read on any background."""
        turn = (222 + clip.hue) % 360 / 360
        paper = _parse(clip.background) if clip.background else _hls(turn, 0.115, 0.42)
        light = _luminance(paper) > _MIDDLE_GREY
        ink = (0, 0, 0) if light else (255, 255, 255)
        return cls(
            paper=paper,
            shade=_mix(paper, ink, 0.09),
            ink=ink,
            muted=_mix(paper, ink, 0.66),
            accent=_hls((turn + 0.44) % 1, 0.34 if light else 0.64, 0.78),
        )


def paint(clip: Clip) -> Image.Image:
    """Draw the clip's card, exactly the size of its file."""
    from PIL import Image, ImageDraw  # late: start-up time

    width, height = clip.pixels
    palette = Palette.of(clip)
    image = Image.new("RGB", (width, height), palette.paper)
    draw = ImageDraw.Draw(image)
    unit = min(width, height, max(width, height) * 0.62)
    margin = round(unit * 0.075)
    portrait = height > width * 0.9
    bar = bar_height(clip)
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

    small, body, large = (_font(unit * share) for share in (0.042, 0.056, 0.105))
    dot = max(2, round(unit * 0.02))
    line = _line_height(small)
    draw.ellipse((left, top + (line - dot) / 2, left + dot, top + (line + dot) / 2), palette.accent)
    draw.text((left + dot * 2, top), "understudy placeholder", palette.muted, small)

    facts = f"{width} x {height}  ·  {clip.milliseconds / 1000:g} s"
    facts_top = bottom - _line_height(small)
    draw.text((left, facts_top), facts, palette.muted, small)

    y = text_top
    room = facts_top - round(unit * 0.03)
    for text in _fit(clip.title, large, right - left, most=3 if portrait else 2):
        if y + _line_height(large) > room:
            break
        draw.text((left, y), text, palette.ink, large)
        y += _line_height(large)
    y += round(unit * 0.03)
    for paragraph in clip.lines:
        for text in _fit(paragraph, body, right - left, most=3):
            if y + _line_height(body) > room:
                return image
            draw.text((left, y), text, palette.muted, body)
            y += _line_height(body)
        y += round(unit * 0.014)
    return image


def bar_height(clip: Clip) -> int:
    """How many pixels at the foot belong to the moving bar; even, as the codecs want it."""
    return max(2, round(min(clip.pixels) * 0.018 / 2) * 2)


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


def _fit(text: str, font: Font, width: float, most: int) -> Sequence[str]:
    """Wrap at spaces into at most `most` lines, cutting words wider than one; “…” marks what is left out."""
    # No line holds more characters than it has pixels, so nothing beyond this can be seen.
    words = _drawable(text[: int(width) * most]).split()
    lines: list[str] = []
    current = ""
    while words:
        word = words.pop(0)
        longer = f"{current} {word}" if current else word
        if font.getlength(longer) <= width:
            current = longer
            continue
        if font.getlength(word) > width:
            # An id or an address: begin it here rather than leave the rest of the line empty.
            filled = _prefix(longer, font, width)
            if len(filled) > len(current) + 1:
                words.insert(0, longer[len(filled) :])
                current = filled
            else:
                words.insert(0, word)
        else:
            words.insert(0, word)
        if len(lines) == most - 1:
            return [*lines, _prefix(f"{current} {' '.join(words)}", font, width - font.getlength("…")) + "…"]
        lines.append(current)
        current = ""
    return [*lines, current] if current else lines


def _prefix(text: str, font: Font, width: float) -> str:
    """The longest beginning that is not wider than `width`, one character at the least."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if font.getlength(text[:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() or text[:1]


def _drawable(text: str) -> str:
    """Write with the shapes that the built-in font has, which is little beyond ASCII."""
    return "".join(
        " " if unicodedata.category(c)[0] in "CZ" else c if c.isascii() else _nearest(c)
        for c in unicodedata.normalize("NFC", text)
    )


@lru_cache(maxsize=4096)
def _nearest(character: str) -> str:
    """The character, else the bare letter under its accent, else a dot: better than a row of empty boxes."""
    bare = unicodedata.normalize("NFKD", character)[0]
    return next((candidate for candidate in (character, bare) if _has_shape(candidate)), "·")


def _has_shape(character: str) -> bool:
    font = _font(16)
    return bytes(font.getmask(character)) != bytes(font.getmask("\uffff"))


def _font(size: float) -> Font:
    from PIL import ImageFont

    return ImageFont.load_default(max(6.0, size))


def _line_height(font: Font) -> int:
    return round(getattr(font, "size", 10) * 1.28)


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
