"""The soundtrack: what is heard beside a clip's picture, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from .placeholder import check_range

#: Semitones by which a voice can be raised or lowered, and how loud it can be; 1 is as it is.
LARGEST_PITCH = 24
LOUDEST = 2


@dataclass(frozen=True, slots=True)
class Word:
    """A word is heard, from one moment to another, in milliseconds from the clip's start."""

    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        if not 0 <= self.start_ms <= self.end_ms:
            raise ValueError(f"a word must run from a start to an end, not {self.start_ms} to {self.end_ms}")


@dataclass(frozen=True, slots=True)
class Recording:
    """The caller's own audio is heard from a moment on: `name` is what it is kept as on the shelf."""

    start_ms: int
    end_ms: int
    name: str


@dataclass(frozen=True, slots=True)
class Soundtrack:
    """Soft tones word by word, and the caller's recordings; silence elsewhere.

    `pitch` is in semitones, -24 to 24; `volume` 0 to 2, of which 1 is as loud as a placeholder usually is.

    Raises:
        ValueError: a field is out of its range, or words overlap; the message names it.
    """

    words: tuple[Word, ...] = ()
    recordings: tuple[Recording, ...] = ()
    pitch: float = 0.0
    volume: float = 1.0

    def __post_init__(self) -> None:
        check_range("pitch", self.pitch, -LARGEST_PITCH, LARGEST_PITCH)
        check_range("volume", self.volume, 0, LOUDEST)
        for earlier, later in pairwise(self.words):
            if later.start_ms < earlier.end_ms:
                raise ValueError(f"words must follow one another, but one starts at {later.start_ms} ms")


#: Silence.
NO_SOUND = Soundtrack()
