"""Pictures that do not move: the image of an image model, and the poster of a clip."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from .clip import Clip
from .picture import Picture
from .placeholder import check_choice, check_picture, check_range, digest

#: What a file of each format is called in HTTP, and how its name ends.
IMAGE_FORMATS: Final = {
    "png": ("image/png", ".png"),
    "jpeg": ("image/jpeg", ".jpg"),
    "webp": ("image/webp", ".webp"),
}


@dataclass(frozen=True)
class Still:
    """What an image model would have made: a card of exactly the asked size.

    `width` and `height` are pixels, 64 to 4096, odd ones included. `quality`, 20 to 99, counts for JPEG and
    WEBP; a PNG loses nothing. `subject` is the caller's picture that is to be changed. The other fields are those
    of a `Clip`.

    Raises:
        ValueError: a field is out of its range; the message names it.
    """

    width: int
    height: int
    format: str = "png"
    quality: int = 95
    title: str = ""
    lines: tuple[str, ...] = ()
    background: str | None = None
    hue: int = 0
    subject: Picture | None = None
    tags: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        check_picture(self.width, self.height, self.background, self.hue)
        check_range("quality", self.quality, 20, 99)
        check_choice("format", self.format, tuple(IMAGE_FORMATS))

    @cached_property
    def key(self) -> str:
        """The name this picture is cached and tagged by."""
        return digest(self)

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of the file: exactly as asked."""
        return self.width, self.height

    @property
    def backdrop(self) -> Picture | None:
        """None: an image model puts nothing behind anybody."""
        return None

    @property
    def alpha(self) -> bool:
        """False: a still is never cut out."""
        return False

    @property
    def captioned(self) -> bool:
        """False: nobody speaks."""
        return False

    @property
    def transparent(self) -> bool:
        """False: a still is never seen through."""
        return False

    @property
    def facts(self) -> str:
        """The size, in words."""
        return f"{self.width} x {self.height}"

    @property
    def content_type(self) -> str:
        """The media type to serve the file with."""
        return IMAGE_FORMATS[self.format][0]

    @property
    def suffix(self) -> str:
        """The file name's ending, dot included."""
        return IMAGE_FORMATS[self.format][1]


@dataclass(frozen=True)
class Poster:
    """The thumbnail of a clip: its first frame as a JPEG, of the clip's own size."""

    clip: Clip

    @cached_property
    def key(self) -> str:
        """The name this poster is cached and tagged by: one for each clip."""
        return digest(self)

    @property
    def content_type(self) -> str:
        """The media type to serve the file with."""
        return IMAGE_FORMATS["jpeg"][0]

    @property
    def suffix(self) -> str:
        """The file name's ending, dot included."""
        return IMAGE_FORMATS["jpeg"][1]
