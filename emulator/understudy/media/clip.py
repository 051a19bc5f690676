"""The clip: everything that decides what a placeholder's file holds, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Final

from .captions import Caption
from .picture import Picture
from .placeholder import (
    LARGEST_SIDE,
    LONGEST_MILLISECONDS,
    SMALLEST_SIDE,
    check_choice,
    check_picture,
    check_range,
    digest,
)
from .soundtrack import NO_SOUND, Soundtrack

__all__ = [
    "CONTENT_TYPES",
    "FRAME_RATE",
    "LARGEST_SIDE",
    "LONGEST_MILLISECONDS",
    "SMALLEST_SIDE",
    "Clip",
]

#: Frames a second of every placeholder.
FRAME_RATE: Final = 25

#: What a file of each container is called in HTTP.
CONTENT_TYPES: Final = {"mp4": "video/mp4", "webm": "video/webm", "mov": "video/quicktime"}


@dataclass(frozen=True)
class Clip:
    """What a placeholder shows and how long: equal clips are the same file.

    `width` and `height` are pixels, 64 to 4096. The codecs store colour for two pixels at a time, so an odd
    side loses its last pixel (`pixels` says what the file has; that real providers round down is assumed).
    `milliseconds` is kept to the nearest frame of 40 ms. `quality`, 20 to 99, makes the file larger as it
    grows. `background` is `#rrggbb`; `hue`, 0 to 359, tells the variations of one request apart.
    `captions` are burned into the picture, from the frame nearest to their start to the one nearest to their end.
    `subject` is the caller's picture of who speaks, `backdrop` the one behind; `alpha` leaves out what is behind and
    keeps it transparent where the container can (WEBM); the others have paper there, of the `background` colour
    or else of the green that is keyed out, unless there is a `backdrop`. `sound` is what is heard; `tags` are
    written into the file.

    Raises:
        ValueError: a field is out of its range; the message names it.
    """

    width: int
    height: int
    milliseconds: int
    container: str = "mp4"
    quality: int = 95
    title: str = ""
    lines: tuple[str, ...] = ()
    background: str | None = None
    hue: int = 0
    captions: tuple[Caption, ...] = ()
    subject: Picture | None = None
    backdrop: Picture | None = None
    alpha: bool = False
    sound: Soundtrack = NO_SOUND
    tags: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        check_picture(self.width, self.height, self.background, self.hue)
        check_range("milliseconds", self.milliseconds, 1, LONGEST_MILLISECONDS)
        check_range("quality", self.quality, 20, 99)
        check_choice("container", self.container, tuple(CONTENT_TYPES))
        for earlier, later in pairwise(self.captions):
            if later.start_ms < earlier.end_ms:
                raise ValueError(f"captions must follow one another, but one starts at {later.start_ms} ms")

    @cached_property
    def key(self) -> str:
        """The name this clip is cached and tagged by: the same for equal clips, another for any other."""
        return digest(self)

    @property
    def picture_key(self) -> str:
        """The name of what is seen, whatever is heard and however it is packed: an MP4 and a MOV of it share it."""
        return replace(self, container="webm" if self.container == "webm" else "mp4", sound=NO_SOUND, tags=()).key

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of the file: as asked, an odd side one pixel shorter."""
        return self.width - self.width % 2, self.height - self.height % 2

    @property
    def captioned(self) -> bool:
        """Whether captions are burned in."""
        return bool(self.captions)

    @property
    def transparent(self) -> bool:
        """Whether the file can be seen through where nothing is: only a WEBM holds such a picture."""
        return self.alpha and self.container == "webm"

    @property
    def facts(self) -> str:
        """The size and the length, in words."""
        width, height = self.pixels
        return f"{width} x {height}  ·  {self.milliseconds / 1000:g} s"

    @property
    def frames(self) -> int:
        """How many frames the file has, never none."""
        return max(1, round(self.milliseconds * FRAME_RATE / 1000))

    @property
    def content_type(self) -> str:
        """The media type to serve the file with."""
        return CONTENT_TYPES[self.container]

    @property
    def suffix(self) -> str:
        """The file name's ending, dot included."""
        return f".{self.container}"
