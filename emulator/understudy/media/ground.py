"""The ground of a card: plain paper, the caller's picture, or nothing where the file can be seen through."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .palette import RGB, Palette

if TYPE_CHECKING:
    from PIL import Image

    from .picture import Picture
    from .placeholder import Face

#: What a studio paints behind a speaker who is to be cut out: for files that cannot be seen through.
CHROMA: Final[RGB] = (0x00, 0xB1, 0x40)

#: Pixels a caller's picture may have; what is kept for us has fewer.
_MOST_PIXELS: Final = 64_000_000


@dataclass(frozen=True, slots=True)
class Ground:
    """What a card is drawn on.

    `speaker` is the caller's picture of who speaks, where it does not fill the frame itself; `filled` says that no
    figure is to be drawn, `busy` that words need something behind them, `solid` that it must not let through.
    """

    canvas: Image.Image
    palette: Palette
    foot: RGB | None
    speaker: Path | None = None
    filled: bool = False
    busy: bool = False
    solid: bool = False
    lost: bool = False

    @property
    def muted(self) -> RGB:
        """The colour of the lesser words."""
        return self.palette.clear if self.busy else self.palette.muted

    def on(self, canvas: Image.Image) -> Ground:
        """The same ground with another canvas."""
        return replace(self, canvas=canvas)


def ground(face: Face, shelf: Path | None) -> Ground:
    """Lay the ground of a card; `shelf` is the directory in which the caller's pictures are kept."""
    from PIL import Image  # late: start-up time

    size = face.pixels
    palette = Palette.of(face)
    subject, subject_lost = _given(face.subject, shelf)
    backdrop, backdrop_lost = _given(face.backdrop, shelf)
    lost = subject_lost or backdrop_lost
    if face.transparent:
        canvas = Image.new("RGBA", size, (*palette.paper, 0))
        return Ground(canvas, palette, None, subject, busy=True, lost=lost)
    behind = _fitted(backdrop, face.backdrop, size, palette.paper)
    if behind is not None:
        return Ground(behind, palette, palette.paper, subject, busy=True, lost=lost)
    lost = lost or backdrop is not None
    if face.alpha:
        paper = palette.paper if face.background else CHROMA
        canvas = Image.new("RGB", size, paper)
        return Ground(canvas, palette, paper, subject, busy=paper is CHROMA, solid=True, lost=lost)
    filling = _fitted(subject, face.subject, size, palette.paper)
    if filling is not None:
        return Ground(filling, palette, palette.paper, filled=True, busy=True, lost=lost)
    canvas = Image.new("RGB", size, palette.paper)
    return Ground(canvas, palette, palette.paper, lost=lost or subject is not None)


def cropped(path: Path, side: int) -> Image.Image | None:
    """The middle of a picture's width, and of its height the upper part, where faces are; None if it is unreadable."""
    from PIL import ImageOps

    image = _opened(path)
    return None if image is None else ImageOps.fit(image, (side, side), _bilinear(), centering=(0.5, 0.25))


def _given(picture: Picture | None, shelf: Path | None) -> tuple[Path | None, bool]:
    """Where a picture is, and whether it should be somewhere and is not."""
    if picture is None:
        return None, False
    path = shelf / picture.name if shelf is not None else None
    return (path, False) if path is not None and path.is_file() else (None, True)


def _fitted(path: Path | None, picture: Picture | None, size: tuple[int, int], paper: RGB) -> Image.Image | None:
    """A picture as its `fit` says: filling the frame, or whole with paper around it."""
    from PIL import Image, ImageOps

    image = _opened(path) if path is not None else None
    if image is None or picture is None:
        return None
    if picture.fit == "contain":
        share = min(size[0] / image.width, size[1] / image.height)
        inner = (max(1, round(image.width * share)), max(1, round(image.height * share)))
        whole = Image.new("RGB", size, paper)
        whole.paste(image.resize(inner, _bilinear()), ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2))
        return whole
    return ImageOps.fit(image, size, _bilinear())


def _opened(path: Path) -> Image.Image | None:
    """A picture's pixels on white paper, or None: whatever somebody keeps under a name, a card can be drawn."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            if image.width * image.height > _MOST_PIXELS:
                return None
            seen: Image.Image = image
            if image.has_transparency_data:
                white = Image.new("RGBA", image.size, (255, 255, 255, 255))
                seen = Image.alpha_composite(white, image.convert("RGBA"))
            return seen.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _bilinear() -> Image.Resampling:
    from PIL import Image

    return Image.Resampling.BILINEAR
