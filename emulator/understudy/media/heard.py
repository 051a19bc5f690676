"""What is heard in a media file: how loud it is, and when it is silent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

#: From here on, in decibels and seconds, quiet is silence.
QUIET, SHORTEST = -60, 0.05

#: The filters whose reports `loudness_of` reads.
LISTEN: Final = f"silencedetect=n={QUIET}dB:d={SHORTEST},volumedetect"


@dataclass(frozen=True, slots=True)
class Loudness:
    """How loud a sound is, in decibels below the loudest there can be, and when it is silent, in seconds.

    -91 dB is silence itself: no sample of 16 bits is quieter.
    """

    mean: float
    peak: float
    silences: tuple[tuple[float, float], ...]


def loudness_of(said: str) -> Loudness | None:
    """The loudness by what ffmpeg said; None when not a sample was heard."""
    mean = re.search(r"mean_volume: (-?[\d.]+) dB", said)
    peak = re.search(r"max_volume: (-?[\d.]+) dB", said)
    if mean is None or peak is None:
        return None
    spans = re.findall(r"silence_start: (-?[\d.]+).*?silence_end: (-?[\d.]+)", said, re.DOTALL)
    silences = tuple((max(0.0, float(start)), float(end)) for start, end in spans)
    return Loudness(float(mean[1]), float(peak[1]), silences)
