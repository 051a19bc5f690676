"""The notes a placeholder hums: soft tones of every length a word can have, in grains of an encoder's frame.

A round of a few grains holds each note a whole number of times, so a long word is a short one with rounds put in,
and only the short ones are ever computed and encoded.
"""

from __future__ import annotations

import math
import sys
from array import array
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

#: Waves a second of the notes at a pitch of 0, and the order in which words have them: up a chord and down again.
_CHORD: Final = (262.0, 330.0, 392.0)
MELODY: Final = (0, 1, 2, 1)

#: Grains of a round, and of the longest word that is computed: one of attack, one of release, the rest even.
ROUND: Final = 4
LONGEST: Final = 2 * ROUND + 3
#: The first grain of a round that can be put in: the encoder has got used to the note by then.
SETTLED: Final = 3
#: Grains of silence before each word, enough for an encoder to forget the word before, and at the end.
REST: Final = 3

_LOUDNESS: Final = 3600


@dataclass(frozen=True, slots=True)
class Notes:
    """What is hummed in grains of `size` samples: how many waves a round of each note has, and how high they are."""

    size: int
    waves: tuple[int, ...]
    height: int

    @classmethod
    def of(cls, size: int, rate: int, pitch: float, volume: float) -> Notes:
        """The notes nearest to a pitch in semitones (to 6 Hz at 48 kHz), at a volume of which 1 is the usual."""
        waves = (round(note * 2 ** (pitch / 12) * size * ROUND / rate) for note in _CHORD)
        return cls(size, tuple(max(1, wave) for wave in waves), round(_LOUDNESS * volume))

    @property
    def name(self) -> str:
        """What tells these notes from all others: part of the name of what is made of them."""
        return "-".join(map(str, (self.size, *self.waves, self.height)))

    @property
    def grains(self) -> int:
        """How many grains there are in all."""
        return len(self.waves) * _all_lengths() + 2 * REST

    def place(self, note: int, length: int) -> int:
        """The first grain of a word of `length` grains, at most `LONGEST`."""
        before = length * (length - 1) // 2 + REST * length
        return note * _all_lengths() + before

    @property
    def silence(self) -> int:
        """A grain of silence, with silence before and after it."""
        return self.grains - REST // 2 - 1

    def samples(self) -> bytes:
        """Words of every length for each note, with silence between them, as 16-bit little-endian samples."""
        return _computed(self)


def _all_lengths() -> int:
    return LONGEST * (LONGEST + 1) // 2 + REST * LONGEST


@lru_cache(maxsize=4)
def _computed(notes: Notes) -> bytes:
    size, rest = notes.size, bytes(2 * notes.size * REST)
    parts = []
    for waves in notes.waves:
        angles = (math.tau * waves * i / (size * ROUND) for i in range(size * ROUND))
        plain = array("h", (round(notes.height * (math.sin(angle) + 0.3 * math.sin(2 * angle))) for angle in angles))
        grains = [plain[i * size : (i + 1) * size] for i in range(ROUND)]
        rising = _swell(grains[0])
        falling = [_swell(grain[::-1])[::-1] for grain in grains]
        for length in range(1, LONGEST + 1):
            parts.append(rest)
            if length == 1:
                parts.append(_swell(grains[0], math.pi).tobytes())
                continue
            even = (grains[i % ROUND] for i in range(1, length - 1))
            parts += [grain.tobytes() for grain in (rising, *even, falling[(length - 1) % ROUND])]
    samples = b"".join((*parts, rest, rest))
    if sys.byteorder == "big":
        swapped = array("h", samples)
        swapped.byteswap()
        return swapped.tobytes()
    return samples


def _swell(samples: array[int], angle: float = math.pi / 2) -> array[int]:
    """The samples from silence to their full height or, by twice the angle, to silence again."""
    step = angle / len(samples)
    return array("h", (round(sample * math.sin(step * (i + 0.5)) ** 2) for i, sample in enumerate(samples)))
