"""The recipe of a sound: grains of one short tone, put in a row to the asked length.

A grain is as long as an MP3 frame, and every note fits into it a whole number of times, so that grains may
follow one another without a click. Only the short tone is ever computed and, for MP3, encoded.
"""

from __future__ import annotations

import math
import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from .errors import MediaError
from .ffmpeg import Ffmpeg
from .placeholder import RENDERER_VERSION
from .shelf import Shelf
from .sound import Sound

#: How often each note's wave fits into a grain; at 44.1 kHz these are 153, 230 and 306 Hz.
_NOTES: Final = (4, 6, 8, 6)
#: Grains of each note, about a second of it.
_NOTE_GRAINS: Final = 38
_LOUDNESS: Final = 3600

_BITS_PER_SECOND: Final = 64_000
#: Grains of silence at the end of what is encoded, the middle one of which is undisturbed by the tone.
_REST: Final = 8

#: Characters of a title that are written into the file.
_LONGEST_TITLE: Final = 200


@dataclass(frozen=True, slots=True)
class Grains:
    """The tone cut into grains, and a grain of silence, as samples or as MP3 frames."""

    tone: tuple[bytes, ...]
    silence: bytes

    def row(self, sound: Sound, count: int) -> Iterator[bytes]:
        """The first `count` grains of the sound: tone where something is said, silence elsewhere."""
        said = _said(sound, count)
        return (self.tone[i % len(self.tone)] if said[i] else self.silence for i in range(count))


def write_wav(sound: Sound, path: Path) -> None:
    """Write the sound as 16-bit samples, exactly as many as its length asks for."""
    frame = 2 * sound.channels
    size = sound.samples * frame
    title = _title(sound).encode()
    tags = b""
    if title:
        # A text ends with a zero, and a chunk on an even byte.
        text = title + bytes(2 - len(title) % 2)
        tags = struct.pack("<4sI4s4sI", b"LIST", 12 + len(text), b"INFO", b"INAM", len(title) + 1) + text
    rate, channels = sound.sample_rate, sound.channels
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * frame, frame, 16)
    with path.open("wb") as file:
        file.write(struct.pack("<4sI4s", b"RIFF", 4 + len(form) + len(tags) + 8 + size, b"WAVE"))
        file.write(form + tags + struct.pack("<4sI", b"data", size))
        left = size
        for grain in samples(sound).row(sound, math.ceil(sound.samples / sound.grain)):
            file.write(grain[:left])
            left -= len(grain)


def write_mp3(sound: Sound, path: Path, shelf: Shelf, ffmpeg: Ffmpeg) -> None:
    """Write the sound as MP3 frames, the nearest number of them to its length, and never fewer than two.

    Raises:
        MediaError: ffmpeg failed; the message names what it said.
    """
    kind = "steady" if sound.words else "swelling"
    name = f"{kind}-{sound.sample_rate}-{sound.channels}-{RENDERER_VERSION}.grains"
    with shelf.hold(name):
        try:
            grains = _frames(sound, name, shelf, ffmpeg)
        except (MediaError, OSError):
            # Another process may have forgotten the piece, or a crash of the machine spoilt it: once more, anew.
            shelf.discard(name)
            grains = _frames(sound, name, shelf, ffmpeg)
    # Two at least: players tell an MP3 by finding a second frame where the first one ends.
    count = max(2, round(sound.samples / sound.grain))
    title = ("-metadata", f"title={_title(sound)}") if _title(sound) else ()
    arguments = ("-f", "mp3", "-i", "-", "-c", "copy", *title, "-fflags", "+bitexact", "-f", "mp3", f"file:{path}")
    ffmpeg.run(arguments, b"".join(grains.row(sound, count)))


def samples(sound: Sound) -> Grains:
    """The tone as 16-bit little-endian samples, the channels side by side and all alike."""
    return _computed(sound.grain, sound.channels, steady=bool(sound.words))


@lru_cache(maxsize=8)
def _computed(size: int, channels: int, *, steady: bool) -> Grains:
    tone = []
    for times in _NOTES:
        angles = [math.tau * times * i / size for i in range(size)]
        wave = [_LOUDNESS * (math.sin(angle) + 0.3 * math.sin(2 * angle)) for angle in angles]
        for part in range(_NOTE_GRAINS):
            loudness = (
                1.0 if steady else math.sin(math.pi * (part + i / size) / _NOTE_GRAINS) ** 2 for i in range(size)
            )
            values = [round(share * height) for share, height in zip(loudness, wave, strict=True)]
            tone.append(_pcm([value for value in values for _ in range(channels)]))
    return Grains(tuple(tone), bytes(size * 2 * channels))


def _frames(sound: Sound, name: str, shelf: Shelf, ffmpeg: Ffmpeg) -> Grains:
    """The tone as MP3 frames that lean on no earlier one, from the shelf or encoded now."""
    count = len(_NOTES) * _NOTE_GRAINS
    path = shelf.find(name)
    if path is None:
        plain = samples(sound)
        with shelf.draft(name) as draft:
            ffmpeg.run(
                (
                    *("-f", "s16le", "-ar", str(sound.sample_rate), "-ac", str(sound.channels), "-i", "-"),
                    # Without a reservoir of bits no frame needs those before it.
                    *("-c:a", "libmp3lame", "-reservoir", "0", "-b:a", str(_BITS_PER_SECOND), "-threads", "1"),
                    *("-write_xing", "0", "-id3v2_version", "0", "-fflags", "+bitexact", "-flags:a", "+bitexact"),
                    *("-f", "mp3", f"file:{draft}"),
                ),
                b"".join(plain.tone) * 2 + plain.silence * _REST,
            )
        path = shelf.root / name
    frames = _split(path.read_bytes(), sound)
    if len(frames) < 2 * count + _REST:
        raise MediaError(f"the tone on the shelf is cut off after {len(frames)} frames")
    # The encoder is about a frame late, and its second round is as if the tone had always been sounding.
    return Grains(tuple(frames[count + 1 : 2 * count + 1]), frames[2 * count + _REST // 2])


def _split(stream: bytes, sound: Sound) -> list[bytes]:
    """Cut a stream of one bit rate into its frames (ISO 11172-3, 2.4.3.1)."""
    frames, at = [], 0
    plain = sound.grain // 8 * _BITS_PER_SECOND // sound.sample_rate
    while at < len(stream):
        if len(stream) - at < 4 or stream[at] != 0xFF or stream[at + 1] & 0xE0 != 0xE0:
            raise MediaError("the tone on the shelf is no MP3")
        padding = stream[at + 2] >> 1 & 1
        frames.append(stream[at : at + plain + padding])
        at += plain + padding
    return frames


def _said(sound: Sound, count: int) -> bytearray:
    """For each grain, 1 where it sounds and 0 where it is silent."""
    if not sound.words:
        return bytearray(b"\1" * count)
    said = bytearray(count)
    grain = 1000 * sound.grain / sound.sample_rate
    for start, end in sound.words:
        first, after = (min(count, round(moment / grain)) for moment in (start, end))
        said[first:after] = b"\1" * (after - first)
    return said


def _pcm(values: list[int]) -> bytes:
    packed = array("h", values)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _title(sound: Sound) -> str:
    """The title as a tag can hold it: one line of valid characters."""
    printable = "".join(c if c.isprintable() else " " for c in sound.title)
    return " ".join(printable.split())[:_LONGEST_TITLE]
