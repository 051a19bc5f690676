"""The sidecar: the captions of a clip as a file of their own, for players that show them themselves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from .captions import Caption
from .placeholder import digest
from .timecode import timings


@dataclass(frozen=True)
class Sidecar:
    """Captions as SubRip has them: numbered, each with its moments and its words."""

    captions: tuple[Caption, ...]

    @cached_property
    def key(self) -> str:
        """The name this file is cached and tagged by."""
        return digest(self)

    @property
    def content_type(self) -> str:
        """The media type to serve the file with; nobody has registered one, and this is what is used."""
        return "application/x-subrip"

    @property
    def suffix(self) -> str:
        """The file name's ending, dot included."""
        return ".srt"

    @property
    def text(self) -> str:
        """What the file says, to be written in UTF-8."""
        return "\n".join(
            f"{number}\n{timings(one.start_ms, one.end_ms, ',')}\n{one.text}\n"
            for number, one in enumerate(self.captions, start=1)
        )
