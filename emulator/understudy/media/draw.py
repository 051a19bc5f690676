"""Drawing pictures into files: a card is painted and saved, and no ffmpeg is needed for it."""

from __future__ import annotations

from pathlib import Path

from .burn import first_frame
from .card import paint
from .still import Poster, Still

#: The quality of every poster: text stays sharp, and 4K stays below a megabyte.
_POSTER_QUALITY = 90


def draw(picture: Still | Poster, path: Path) -> None:
    """Write the picture to `path`, in its own format whatever the path's name."""
    if isinstance(picture, Poster):
        first_frame(picture.clip).save(path, "JPEG", quality=_POSTER_QUALITY)
        return
    image = paint(picture)
    match picture.format:
        case "png":
            image.save(path, "PNG")
        case "webp":
            # The quickest method: the card is flat colour, on which the slower ones save next to nothing.
            image.save(path, "WEBP", quality=picture.quality, method=0)
        case _:
            image.save(path, "JPEG", quality=picture.quality)
