"""Drawing pictures into files: a card is painted and saved, and no ffmpeg is needed for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .burn import first_frame
from .card import paint
from .labelled import described
from .still import Poster, Still
from .wrapping import labels

if TYPE_CHECKING:
    from PIL import Image

#: The quality of every poster: text stays sharp, and 4K stays below a megabyte.
_POSTER_QUALITY = 90


def draw(picture: Still | Poster, path: Path, shelf: Path | None = None) -> None:
    """Write the picture to `path`, in its own format whatever the path's name.

    `shelf` is the directory in which the caller's own pictures are kept.
    """
    if isinstance(picture, Poster):
        told = described("jpeg", labels(picture.clip.title, picture.clip.tags))
        _on_white(first_frame(picture.clip, shelf)).save(path, "JPEG", quality=_POSTER_QUALITY, **told)
        return
    image = paint(picture, shelf)
    told = described(picture.format, labels(picture.title, picture.tags))
    match picture.format:
        case "png":
            image.save(path, "PNG", **told)
        case "webp":
            # The quickest method: the card is flat colour, on which the slower ones save next to nothing.
            image.save(path, "WEBP", quality=picture.quality, method=0, **told)
        case _:
            image.save(path, "JPEG", quality=picture.quality, **told)


def _on_white(image: Image.Image) -> Image.Image:
    """What can be seen through, as a page shows it: a JPEG has no way to say that nothing is there."""
    if image.mode != "RGBA":
        return image
    from PIL import Image as Images  # late: start-up time

    white = Images.new("RGB", image.size, (255, 255, 255))
    white.paste(image, (0, 0), image)
    return white
