"""Words on a picture: the font, and what of a text fits into a given room."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import ImageFont

    Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def fit(text: str, font: Font, width: float, most: int) -> Sequence[str]:
    """Wrap at spaces into at most `most` lines, cutting words wider than one; “…” marks what is left out."""
    # No line holds more characters than it has pixels, so nothing beyond this can be seen.
    words = drawable(text[: int(width) * most]).split()
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


def drawable(text: str) -> str:
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
    font = font_of(16)
    return bytes(font.getmask(character)) != bytes(font.getmask("\uffff"))


def font_of(size: float) -> Font:
    """The built-in font at a size in pixels, never too small to be told from noise."""
    # To the tenth of a pixel, which nobody sees: reading the font again costs more than most of what is drawn.
    return _loaded(round(max(6.0, size), 1))


@lru_cache(maxsize=64)
def _loaded(size: float) -> Font:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def line_height(font: Font) -> int:
    """Pixels from one line to the next."""
    return round(getattr(font, "size", 10) * 1.28)
