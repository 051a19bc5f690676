"""Burning in: the caption, and small in a corner the moment it began, on a picture that is otherwise the card."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .card import Layout, painted
from .clip import FRAME_RATE, Clip
from .codec import AVC, Codec, codec_of
from .foot import BLOCK, Foot, bar_height, foot_top
from .ground import Ground
from .lettering import fit, font_of, line_height
from .plate import Block
from .timecode import clock

if TYPE_CHECKING:
    from PIL import Image

_MOST_LINES: Final = 3
#: The font's size, in pixels, below which letters are only noise.
_SMALLEST_LETTERS: Final = 7


@dataclass(frozen=True, slots=True)
class Span:
    """For how many frames which words are burned in, and which moment; either may be empty."""

    text: str
    frames: int
    moment: str = ""

    @property
    def shown(self) -> Span:
        """The same for a single frame: what shows alike is equal."""
        return Span(self.text, 1, self.moment)


def spans(clip: Clip) -> list[Span]:
    """What is burned in from the first frame to the last: nothing in a clip without captions."""
    if not clip.captions:
        return [Span("", clip.frames)]
    found: list[tuple[str, int, int]] = []
    now = 0
    for caption in clip.captions:
        start, end = (min(clip.frames, round(ms * FRAME_RATE / 1000)) for ms in (caption.start_ms, caption.end_ms))
        found += [("", now, start), (caption.text, start, end)]
        now = end
    return [
        Span(text, end - start, clock(start // FRAME_RATE * 1000))
        for text, start, end in [*found, ("", now, clip.frames)]
        if end > start
    ]


def first_frame(clip: Clip, shelf: Path | None = None) -> Image.Image:
    """The picture as a clip begins: with its caption if one is there from the start."""
    return Stage.of(clip, shelf).shown(spans(clip)[0], 0)


def phases(clip: Clip, codec: Codec) -> int:
    """Frames in the loop. Where whole pictures have to be encoded for it, large ones have fewer."""
    width, height = clip.pixels
    if codec is AVC or width * height <= 1280 * 720:
        return 48
    return 24 if width * height <= 1920 * 1088 else 12


@dataclass(frozen=True, slots=True)
class Stage:
    """A clip's card and its foot: all that any frame of the clip is put together from."""

    clip: Clip
    card: Ground
    foot: Foot

    @classmethod
    def of(cls, clip: Clip, shelf: Path | None = None) -> Stage:
        """Draw both; `shelf` is the directory in which the caller's own pictures are kept."""
        card = painted(clip, shelf)
        return cls(clip, card, Foot.of(clip, card, phases(clip, codec_of(clip))))

    def shown(self, span: Span, phase: int) -> Image.Image:
        """The frame with the words and the moment of a span, and the foot at a step."""
        image = self.card.canvas.copy()
        self._burn(image, span, phase, 0)
        return image

    def band(self, span: Span) -> Image.Image:
        """The part of such a frame in which captions are, from `band_top` on."""
        top = band_top(self.clip)
        image = self.card.canvas.crop((0, top, *self.clip.pixels))
        self._burn(image, span, 0, top)
        return image

    def _burn(self, image: Image.Image, span: Span, phase: int, top: int) -> None:
        """Write a span onto the part of the picture that begins at `top`."""
        image.paste(self.foot.at(phase), (0, foot_top(self.clip) - top))
        if span.text:
            _caption(image, self.clip, span.text, top)
        if span.moment:
            _moment(image, self.clip, self.card, span.moment, top)


def band_top(clip: Clip) -> int:
    """Where the blocks begin in which captions are, with one row of them to spare that no caption reaches."""
    return max(0, clip.pixels[1] * 2 // 3 // BLOCK - 1) * BLOCK


def _moment(image: Image.Image, clip: Clip, card: Ground, moment: str, above: int) -> None:
    """Write when this began into the lower right corner."""
    layout = Layout.of(clip, filled=card.filled)
    font, block = font_of(layout.small), Block()
    y = layout.bottom - line_height(font) - above
    block.add(layout.right_edge - font.getlength(moment), y, moment, font, card.muted)
    block.write(card.on(image), layout.pad)


def _caption(image: Image.Image, clip: Clip, text: str, above: int) -> None:
    """Write white words on a black box into the lower third."""
    from PIL import ImageDraw  # late: start-up time

    width, height = clip.pixels
    # As high as the third allows: what the card says at its foot stays readable.
    top = -(-height * 2 // 3)
    bottom = min(height - bar_height(clip), foot_top(clip))
    if top >= bottom:
        return
    size = max(min(width, height) * 0.056, height * 0.04)
    while True:
        font = font_of(size)
        line, pad = line_height(font), round(size * 0.35)
        lines = fit(text, font, width * 0.9 - 2 * pad, most=_MOST_LINES)
        tall = len(lines) * line + 2 * pad
        if top + tall <= bottom:
            break
        if size < _SMALLEST_LETTERS:
            # No smaller: rather fewer words, and a mark that some are missing.
            pad = min(pad, max(0, (bottom - top - line) // 2))
            lines = fit(text, font, width * 0.9 - 2 * pad, most=max(1, (bottom - top - 2 * pad) // line))
            tall = min(len(lines) * line + 2 * pad, bottom - top)
            break
        size *= 0.9
    wide = max((font.getlength(words) for words in lines), default=0)
    left = (width - wide) / 2
    draw = ImageDraw.Draw(image)
    top -= above
    draw.rounded_rectangle((left - pad, top, width - left + pad, top + tall - 1), pad * 0.6, (0, 0, 0))
    for index, words in enumerate(lines):
        place = ((width - font.getlength(words)) / 2, top + pad + index * line)
        draw.text(place, words, (255, 255, 255), font)
