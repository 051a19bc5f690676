"""The recipe of a sound: grains of a few short notes, put in a row to the asked length.

A grain of an MP3 is one of its frames, and rounds of grains follow one another without a click. Only the short notes
are ever computed and, for MP3, encoded.
"""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from .errors import MediaError
from .ffmpeg import Ffmpeg
from .grains import Grains, Grid, row
from .notes import Notes
from .pieces import piece
from .placeholder import RENDERER_VERSION
from .shelf import Shelf
from .sound import Sound
from .wrapping import labels, metadata

#: Bits a second of an MP3 whose frames lean on no earlier one.
_BITS_PER_SECOND: Final = 64_000

#: Samples by which what an MP3 plays is later than what was encoded. Its decoder's delay, 529 more, it leaves out.
_DELAY: Final = 576

#: Grains a second of a WAV, which has no frames that would bind it.
_GRAINS: Final = 50

#: Milliseconds from one note to the next, and of its silence, where nothing is said.
_NOTE, _NOTE_PAUSE = 1000, 120


def write_wav(sound: Sound, path: Path) -> None:
    """Write the sound as 16-bit samples, exactly as many as its length asks for."""
    frame = 2 * sound.channels
    size = sound.samples * frame
    tags = _info(sound)
    rate, channels = sound.sample_rate, sound.channels
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * frame, frame, 16)
    with path.open("wb") as file:
        file.write(struct.pack("<4sI4s", b"RIFF", 4 + len(form) + len(tags) + 8 + size, b"WAVE"))
        file.write(form + tags + struct.pack("<4sI", b"data", size))
        left = size
        grains = samples(sound)
        for grain in _row(grains, sound, math.ceil(sound.samples / grains.grid.size)):
            file.write(grain[:left])
            left -= len(grain)


def write_mp3(sound: Sound, path: Path, shelf: Shelf, ffmpeg: Ffmpeg) -> None:
    """Write the sound as MP3 frames, the nearest number of them to its length, and never fewer than two.

    Raises:
        MediaError: ffmpeg failed; the message names what it said.
    """
    grains = _frames(sound, shelf, ffmpeg)
    # Two at least: players tell an MP3 by finding a second frame where the first one ends.
    count = max(2, round(sound.samples / sound.grain))
    tags = metadata(sound.title, sound.tags)
    arguments = ("-f", "mp3", "-i", "-", "-c", "copy", *tags, "-fflags", "+bitexact", "-f", "mp3", f"file:{path}")
    ffmpeg.run(arguments, b"".join(_row(grains, sound, count)))


def samples(sound: Sound) -> Grains:
    """The notes as 16-bit little-endian samples, the channels side by side and all alike."""
    notes = _notes(sound, sound.sample_rate // _GRAINS)
    plain = _side_by_side(notes.samples(), sound.channels)
    size = 2 * sound.channels * notes.size
    grid = Grid(notes.size, sound.sample_rate)
    return Grains(grid, notes, [plain[at : at + size] for at in range(0, len(plain), size)])


def _row(grains: Grains, sound: Sound, count: int) -> Iterator[bytes]:
    moments = sorted(sound.words) or [
        (start, start + _NOTE - _NOTE_PAUSE) for start in range(0, sound.milliseconds, _NOTE)
    ]
    return row(grains.sung(moments, count), grains.silence, count)


def _notes(sound: Sound, size: int) -> Notes:
    return Notes.of(size, sound.sample_rate, sound.pitch, sound.volume)


def _frames(sound: Sound, shelf: Shelf, ffmpeg: Ffmpeg) -> Grains:
    """The notes as MP3 frames that lean on no earlier one, from the shelf or encoded now."""
    notes = _notes(sound, sound.grain)

    def recipe() -> tuple[Sequence[str], bytes]:
        return (
            *("-f", "s16le", "-ar", str(sound.sample_rate), "-ac", str(sound.channels), "-i", "-"),
            # Without a reservoir of bits no frame needs those before it.
            *("-c:a", "libmp3lame", "-reservoir", "0", "-b:a", str(_BITS_PER_SECOND), "-threads", "1"),
            *("-write_xing", "0", "-id3v2_version", "0", "-fflags", "+bitexact", "-flags:a", "+bitexact", "-f", "mp3"),
        ), _side_by_side(bytes(2 * (-_DELAY % notes.size)) + notes.samples(), sound.channels)

    def read(content: bytes) -> list[bytes]:
        frames = _split(content, sound)
        if len(frames) < notes.grains:
            raise MediaError(f"the notes on the shelf are cut off after {len(frames)} frames")
        return frames

    name = f"mp3-{sound.sample_rate}-{sound.channels}-{notes.name}-{RENDERER_VERSION}.grains"
    grid = Grid(notes.size, sound.sample_rate, lead=1, tail=2)
    return Grains(grid, notes, piece(name, shelf, ffmpeg, recipe, read))


def _split(stream: bytes, sound: Sound) -> list[bytes]:
    """Cut a stream of one bit rate into its frames (ISO 11172-3, 2.4.3.1)."""
    frames, at = [], 0
    plain = sound.grain // 8 * _BITS_PER_SECOND // sound.sample_rate
    while at < len(stream):
        if len(stream) - at < 4 or stream[at] != 0xFF or stream[at + 1] & 0xE0 != 0xE0:
            raise MediaError("the notes on the shelf are no MP3")
        padding = stream[at + 2] >> 1 & 1
        frames.append(stream[at : at + plain + padding])
        at += plain + padding
    return frames


def _side_by_side(plain: bytes, channels: int) -> bytes:
    if channels == 1:
        return plain
    both = array("h", bytes(len(plain) * channels))
    for channel in range(channels):
        both[channel::channels] = array("h", plain)
    return both.tobytes()


def _info(sound: Sound) -> bytes:
    """What is told of a WAV in a chunk of texts: its title, and its tags as a comment, which is all that it knows."""
    told = dict(labels(sound.title, sound.tags))
    texts = {b"INAM": told.pop("title", ""), b"ICMT": "; ".join(map("=".join, told.items()))}
    chunks = b""
    for kind, text in texts.items():
        if text:
            # A text ends with a zero, and a chunk on an even byte.
            content = text.encode() + b"\0"
            chunks += struct.pack("<4sI", kind, len(content)) + content + bytes(len(content) % 2)
    return struct.pack("<4sI4s", b"LIST", 4 + len(chunks), b"INFO") + chunks if chunks else b""
