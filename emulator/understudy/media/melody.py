"""The recipe of what is heard beside a clip's picture: notes for its words, the caller's recordings, and silence.

The notes are encoded once for each pitch and volume and put in a row by copying. Only a recording is encoded as long
as it lasts, for it is the only thing that differs all along.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from operator import attrgetter
from pathlib import Path
from typing import Final

from . import adts, ogg
from .clip import FRAME_RATE
from .codec import AVC, EXACT_AUDIO, SAMPLE_RATE, VP9, Codec
from .errors import MediaError, NoFfmpeg, StudioClosed
from .ffmpeg import Ffmpeg
from .grains import Grains, Grid, row
from .notes import MELODY, Notes
from .pieces import piece
from .placeholder import RENDERER_VERSION
from .shelf import Shelf
from .soundtrack import Recording, Soundtrack, Word

#: What a caller's file may be. Playlists and their like are not among them: they could name other files.
_READABLE: Final = "aac,aiff,amr,asf,au,caf,flac,matroska,mov,mp3,ogg,w64,wav,webm"

#: A recording that cannot be read is stood in for by words of this length, in milliseconds, and the silence after each.
_STAND_IN, _STAND_IN_PAUSE = 400, 100

#: Seconds in which a recording that is cut fades out.
_FADE: Final = 0.02


@dataclass(frozen=True, slots=True)
class _Encoder:
    """How one codec's sound is encoded, taken to packets, and written as a row of them."""

    #: The codec of the picture beside it.
    name: str
    format: str
    input: str
    arguments: tuple[str, ...]
    notes_rate: str
    recording_rate: str
    grid: Grid
    split: Callable[[bytes], list[bytes]]
    #: Packets of a stream that come before the first one that sounds.
    head: int


_ENCODERS: Final = {
    one.name: one
    for one in (
        # Tones are what its fast coder does best; of the slower one they come out with noise.
        _Encoder(
            AVC.name,
            "adts",
            "aac",
            ("-c:a", "aac", "-aac_coder", "fast"),
            "24k",
            "64k",
            Grid(AVC.samples, SAMPLE_RATE, lead=1, tail=1),
            adts.frames,
            0,
        ),
        # Its low delay is the one mode in which a packet after silence needs nothing from before.
        _Encoder(
            VP9.name,
            "ogg",
            "ogg",
            ("-c:a", "libopus", "-application", "lowdelay"),
            "24k",
            "48k",
            Grid(VP9.samples, SAMPLE_RATE, tail=1),
            ogg.packets,
            2,
        ),
    )
}


def soundtrack_input(codec: Codec) -> tuple[str, ...]:
    """What to tell ffmpeg, before `-i`, of a file that `write_soundtrack` wrote."""
    return ("-f", _ENCODERS[codec.name].input)


def write_soundtrack(
    soundtrack: Soundtrack, frames: int, codec: Codec, path: Path, shelf: Shelf, ffmpeg: Ffmpeg
) -> None:
    """Write what is heard in a clip of `frames` frames to `path`, in packets that only have to be copied.

    It ends with the picture or less than a packet (21 ms) before, and has one packet at least. A recording that is not
    on the shelf, or is none that can be read, is heard as words of half a second.

    Raises:
        MediaError: ffmpeg failed; the message names what it said.
    """
    encoder = _ENCODERS[codec.name]
    count = encoder.grid.count(1000 * frames / FRAME_RATE)
    grains, head = _notes(soundtrack, encoder, shelf, ffmpeg)
    packets = row(_parts(soundtrack, count, grains, encoder, shelf, ffmpeg), grains.silence, count)
    with path.open("wb") as file:
        file.writelines(ogg.pages(head, packets, count, encoder.grid.size) if head else packets)


def _parts(
    soundtrack: Soundtrack, count: int, grains: Grains, encoder: _Encoder, shelf: Shelf, ffmpeg: Ffmpeg
) -> Iterator[tuple[int, Sequence[bytes]]]:
    """What is heard, in order: where its packets begin, and the packets."""
    grid, notes = encoder.grid, cycle(MELODY)
    recordings = soundtrack.recordings
    words = [word for word in soundtrack.words if not any(_overlap(word, recording) for recording in recordings)]
    heard: list[Word | Recording] = sorted([*recordings, *words], key=attrgetter("start_ms"))
    spans = grid.spans(((one.start_ms, one.end_ms) for one in heard), count)
    for one, span in zip(heard, spans, strict=True):
        if span is None:
            continue
        first, after = span
        if isinstance(one, Word):
            yield first - grid.lead, grains.word(next(notes), after - first)
        elif packets := _recorded(one, after - first, encoder, shelf, ffmpeg):
            yield first - grid.lead, packets
        else:
            yield from grains.sung(_stand_in(first * grid.grain, after * grid.grain), after)


def _overlap(word: Word, recording: Recording) -> bool:
    return word.start_ms < recording.end_ms and recording.start_ms < word.end_ms


def _notes(soundtrack: Soundtrack, encoder: _Encoder, shelf: Shelf, ffmpeg: Ffmpeg) -> tuple[Grains, list[bytes]]:
    """The notes of a soundtrack as packets, and what comes before the first packet of a stream."""
    notes = Notes.of(encoder.grid.size, SAMPLE_RATE, soundtrack.pitch, soundtrack.volume)

    def recipe() -> tuple[Sequence[str], bytes]:
        source = ("-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "1", "-i", "-")
        return (*source, *encoder.arguments, "-b:a", encoder.notes_rate, *_exact(encoder)), notes.samples()

    def read(content: bytes) -> list[bytes]:
        packets = encoder.split(content)
        if len(packets) < encoder.head + notes.grains:
            raise MediaError(f"the notes on the shelf are cut off after {len(packets)} packets")
        return packets

    packets = piece(f"{encoder.name}-{notes.name}-{RENDERER_VERSION}.grains", shelf, ffmpeg, recipe, read)
    return Grains(encoder.grid, notes, packets[encoder.head :]), packets[: encoder.head]


def _recorded(recording: Recording, grains: int, encoder: _Encoder, shelf: Shelf, ffmpeg: Ffmpeg) -> Sequence[bytes]:
    """The packets of a recording, cut to so many grains; none if it cannot be read."""
    seconds = grains * encoder.grid.size / encoder.grid.rate
    fade = f"afade=t=out:st={max(0.0, seconds - _FADE):.6f}:d={_FADE}"

    def recipe() -> tuple[Sequence[str], bytes]:
        return (
            *("-protocol_whitelist", "file", "-format_whitelist", _READABLE, "-t", f"{seconds:.6f}"),
            *("-i", f"file:{shelf.root / recording.name}", "-map", "0:a:0", "-map_metadata", "-1"),
            # The mean of the channels, as loud as they are: by itself ffmpeg makes some formats louder than others.
            *("-af", f"aresample={SAMPLE_RATE}:ochl=mono:rematrix_maxval=1,{fade}"),
            *(*encoder.arguments, "-b:a", encoder.recording_rate, *_exact(encoder)),
        ), b""

    name = f"{encoder.name}-{grains}-{RENDERER_VERSION}-{recording.name}.grains"
    try:
        with shelf.hold(recording.name):
            packets = piece(name, shelf, ffmpeg, recipe, encoder.split)[encoder.head :]
    except (StudioClosed, NoFfmpeg):
        raise
    except MediaError:
        return ()
    return packets[: grains + encoder.grid.tail]


def _stand_in(start: float, end: float) -> Iterator[tuple[int, int]]:
    for since in range(math.ceil(start), int(end), _STAND_IN + _STAND_IN_PAUSE):
        yield since, min(since + _STAND_IN, int(end))


def _exact(encoder: _Encoder) -> Iterable[str]:
    return (*EXACT_AUDIO, "-f", encoder.format)
