"""The sound: what an audio model's stand-in holds, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from .placeholder import LONGEST_MILLISECONDS, check_choice, check_range, digest
from .soundtrack import LARGEST_PITCH, LOUDEST

#: What a file of each format is called in HTTP.
AUDIO_TYPES: Final = {"mp3": "audio/mpeg", "wav": "audio/wav"}

#: The samples a second that both formats know.
SAMPLE_RATES: Final = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


@dataclass(frozen=True)
class Sound:
    """What an audio model would have made: soft tones of the asked length.

    `milliseconds` is kept to the sample in a WAV and to the nearest frame in an MP3 (26 ms at
    44.1 kHz), which has two frames at least.
    `words` are the moments (start, end), in milliseconds, in which something is said: each has another note, within
    its moments as far as grains allow (20 ms in a WAV, a frame in an MP3), and it is silent between them. Without any
    there is a note a second. `channels` is 1 or 2. `pitch` is in semitones, -24 to 24; `volume` 0 to 2, of which 1 is
    as loud as a placeholder usually is. `tags` are written into the file.

    Raises:
        ValueError: a field is out of its range; the message names it.
    """

    milliseconds: int
    format: str = "mp3"
    title: str = ""
    words: tuple[tuple[int, int], ...] = ()
    sample_rate: int = 44_100
    channels: int = 1
    pitch: float = 0.0
    volume: float = 1.0
    tags: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        check_range("milliseconds", self.milliseconds, 1, LONGEST_MILLISECONDS)
        check_choice("format", self.format, tuple(AUDIO_TYPES))
        check_range("channels", self.channels, 1, 2)
        check_range("pitch", self.pitch, -LARGEST_PITCH, LARGEST_PITCH)
        check_range("volume", self.volume, 0, LOUDEST)
        if self.sample_rate not in SAMPLE_RATES:
            raise ValueError(f"sample_rate must be one of {SAMPLE_RATES}, not {self.sample_rate}")
        for start, end in self.words:
            if not 0 <= start <= end:
                raise ValueError(f"words must be from a start to an end, not {start} to {end}")

    @cached_property
    def key(self) -> str:
        """The name this sound is cached and tagged by."""
        return digest(self)

    @property
    def samples(self) -> int:
        """How many samples of each channel the asked length is, never none."""
        return max(1, round(self.milliseconds * self.sample_rate / 1000))

    @property
    def grain(self) -> int:
        """Samples in the smallest part an MP3 is put together from: those of one frame."""
        return 1152 if self.sample_rate >= 32_000 else 576

    @property
    def content_type(self) -> str:
        """The media type to serve the file with."""
        return AUDIO_TYPES[self.format]

    @property
    def suffix(self) -> str:
        """The file name's ending, dot included."""
        return f".{self.format}"
