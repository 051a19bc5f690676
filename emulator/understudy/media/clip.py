"""The clip: everything that decides what a placeholder's file holds, and nothing else."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import Final

#: Raised whenever the same clip would come out as other bytes, so that no old file answers for a new one.
RENDERER_VERSION: Final = 1

#: Frames a second of every placeholder.
FRAME_RATE: Final = 25

SMALLEST_SIDE: Final = 64
LARGEST_SIDE: Final = 4096
LONGEST_MILLISECONDS: Final = 4 * 60 * 60 * 1000

#: What a file of each container is called in HTTP.
CONTENT_TYPES: Final = {"mp4": "video/mp4", "webm": "video/webm", "mov": "video/quicktime"}
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Clip:
    """What a placeholder shows and how long: equal clips are the same file.

    `width` and `height` are pixels, 64 to 4096. The codecs store colour for two pixels at a time, so an odd
    side loses its last pixel (`pixels` says what the file has; that real providers round down is assumed).
    `milliseconds` is kept to the nearest frame of 40 ms. `quality`, 20 to 99, makes the file larger as it
    grows. `background` is `#rrggbb`; `hue`, 0 to 359, tells the variations of one request apart.

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

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("width", self.width, SMALLEST_SIDE, LARGEST_SIDE),
            ("height", self.height, SMALLEST_SIDE, LARGEST_SIDE),
            ("milliseconds", self.milliseconds, 1, LONGEST_MILLISECONDS),
            ("quality", self.quality, 20, 99),
            ("hue", self.hue, 0, 359),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name} must be from {low} to {high}, not {value}")
        if self.container not in CONTENT_TYPES:
            raise ValueError(f"container must be one of {', '.join(CONTENT_TYPES)}, not {self.container!r}")
        if self.background is not None and not _COLOUR.fullmatch(self.background):
            raise ValueError(f"background must look like #1a2b3c, not {self.background!r}")

    @cached_property
    def key(self) -> str:
        """The name this clip is cached and tagged by: the same for equal clips, another for any other."""
        fields = sorted(asdict(self).items())
        return sha256(repr((RENDERER_VERSION, fields)).encode("utf-8", "surrogatepass")).hexdigest()[:40]

    @property
    def picture_key(self) -> str:
        """The name of what is seen, however it is packed: an MP4 and a MOV of one picture share it."""
        return replace(self, container="webm" if self.container == "webm" else "mp4").key

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of the file: as asked, an odd side one pixel shorter."""
        return self.width - self.width % 2, self.height - self.height % 2

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
