"""The reel: the few encoded frames that a film of any length is put together from by copying.

There are key pictures, from which a player can start, and between them frames that say no more than what changed
since the one before: the loop of what moves at the foot, encoded once a clip, and in H.264 one frame for each caption
that comes or goes. In H.264 all of these are encoded as strips of the picture, and moved to their place by `splice`.
The frames of VP9 cannot be taken apart: its loop is encoded with the first picture, of which it needs no more than any
key picture has, and each caption has a key picture of its own.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from . import encode, matroska, splice
from .burn import Span, Stage, band_top, phases, spans
from .clip import FRAME_RATE, Clip
from .codec import AVC, Codec
from .encode import Frame
from .errors import MediaError
from .foot import BLOCK, foot_top

if TYPE_CHECKING:
    from .ffmpeg import Ffmpeg
    from .shelf import Shelf

#: Frames after which an H.264 film has another key picture: a multiple of its loop.
_KEY_EVERY: Final = 240

_COUNT: Final = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Reel:
    """Key pictures and changes in the order of `Plan`, and the loop, which begins after a key picture."""

    keys: tuple[Frame, ...]
    loop: tuple[Frame, ...]
    changes: tuple[Frame, ...] = ()

    def packed(self) -> bytes:
        """The reel as a file."""
        kinds = (self.keys, self.loop, self.changes)
        parts = [part for kind in kinds for frame in kind for part in (frame.picture, frame.alpha)]
        return b"".join([*(_COUNT.pack(len(kind)) for kind in kinds), *(_COUNT.pack(len(p)) for p in parts), *parts])

    @classmethod
    def unpacked(cls, content: bytes) -> Reel:
        """The reel of a file.

        Raises:
            MediaError: the file is cut off.
        """
        try:
            counts = [_COUNT.unpack_from(content, 4 * place)[0] for place in range(3)]
            sizes = [_COUNT.unpack_from(content, 12 + 4 * place)[0] for place in range(2 * sum(counts))]
        except struct.error as error:
            raise MediaError("the reel on the shelf is cut off") from error
        at = 12 + 4 * len(sizes)
        if at + sum(sizes) != len(content):
            raise MediaError(f"the reel on the shelf has {len(content)} bytes instead of {at + sum(sizes)}")
        parts = []
        for size in sizes:
            parts.append(content[at : at + size])
            at += size
        frames = tuple(Frame(*parts[place : place + 2]) for place in range(0, len(parts), 2))
        first, second = counts[0], counts[0] + counts[1]
        return cls(frames[:first], frames[first:second], frames[second:])


@dataclass(frozen=True, slots=True)
class Round:
    """A key picture, by number, and the frames up to the next one.

    The loop goes on from the step `phase`; at each place in `changes` it waits for a frame, and a change is shown.
    """

    key: int
    phase: int
    length: int
    changes: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """How a film is put together: what its key pictures show, and its rounds."""

    keys: tuple[tuple[Span, int], ...]
    rounds: tuple[Round, ...]

    @classmethod
    def of(cls, clip: Clip, codec: Codec) -> Plan:
        """Plan a clip."""
        numbers: dict[tuple[Span, int], int] = {}
        cut = _joined(clip) if codec is AVC else _apart(clip, phases(clip, codec))
        rounds = tuple(
            Round(numbers.setdefault((span.shown, phase), len(numbers)), phase, length, changes)
            for span, phase, length, changes in cut
        )
        return cls(tuple(numbers), rounds)


_Cut = tuple[Span, int, int, tuple[tuple[int, int], ...]]


def _joined(clip: Clip) -> Iterator[_Cut]:
    """Rounds of a fixed length, in the midst of which captions change."""
    row = spans(clip)
    starts: list[int] = []
    now = 0
    for span in row:
        starts.append(now)
        now += span.frames
    index, waited = 0, 0
    for start in range(0, clip.frames, _KEY_EVERY):
        end = min(start + _KEY_EVERY, clip.frames)
        while index + 1 < len(row) and starts[index + 1] <= start:
            index += 1
        span, phase, changes = row[index], (start - waited) % phases(clip, AVC), []
        while index + 1 < len(row) and starts[index + 1] < end:
            index += 1
            waited += 1
            changes.append((starts[index] - start, index - 1))
        yield span, phase, end - start, tuple(changes)


def _apart(clip: Clip, period: int) -> Iterator[_Cut]:
    """Rounds of the loop's length, and a new one for each caption."""
    for span in spans(clip):
        for start in range(0, span.frames, period):
            yield span, 0, min(period, span.frames - start), ()


def make(clip: Clip, codec: Codec, shelf: Shelf, ffmpeg: Ffmpeg) -> Reel:
    """Draw and encode the reel of a clip.

    Raises:
        MediaError: ffmpeg failed; the message names what it said.
    """
    stage = Stage.of(clip, shelf.root)
    keys, loop = encode.keys_and_loop(stage, codec, Plan.of(clip, codec).keys, shelf, ffmpeg)
    changes = encode.changes(stage, codec, spans(clip), shelf, ffmpeg) if codec is AVC else []
    return Reel(tuple(keys), tuple(loop), tuple(changes))


def write(clip: Clip, codec: Codec, reel: Reel, path: Path) -> None:
    """Write every frame of the clip to `path`, as `stream_format` says.

    Raises:
        MediaError: the reel is none of this clip.
    """
    plan = Plan.of(clip, codec)
    if len(reel.keys) != len(plan.keys) or len(reel.loop) != phases(clip, codec) - (codec is not AVC):
        raise MediaError("the reel on the shelf is none of this clip")
    with path.open("wb") as file:
        if codec is AVC:
            _write_avc(clip, reel, plan, file.write)
        elif clip.transparent:
            frames = ((frame.picture, frame.alpha, key) for frame, key in _row(reel, plan))
            matroska.write(file, clip.pixels, frames, 1000 // FRAME_RATE)
        else:
            file.write(encode.ivf_header(clip))
            for number, (frame, _) in enumerate(_row(reel, plan)):
                file.write(encode.IVF_FRAME.pack(len(frame.picture), number) + frame.picture)


def stream_format(clip: Clip, codec: Codec) -> tuple[str, ...]:
    """What to tell ffmpeg, before `-i`, of what `write` wrote."""
    if codec is AVC:
        return ("-framerate", str(FRAME_RATE), "-f", codec.stream_format)
    return ("-f", "matroska") if clip.transparent else ("-f", codec.stream_format)


def _write_avc(clip: Clip, reel: Reel, plan: Plan, put: Callable[[bytes], object]) -> None:
    columns = -(-clip.pixels[0] // BLOCK)
    loop, changes = (
        [splice.Moved.of(frame.picture, columns, top // BLOCK - 1) for frame in frames]
        for frames, top in ((reel.loop, foot_top(clip)), (reel.changes, band_top(clip)))
    )
    done: tuple[Round, bytes] | None = None
    for turn in plan.rounds:
        if done is None or done[0] != turn:
            frames, changing, phase = [reel.keys[turn.key].picture], dict(turn.changes), turn.phase
            for step in range(1, turn.length):
                if step in changing:
                    frames.append(changes[changing[step]].numbered(step))
                else:
                    frames.append(loop[phase % len(loop)].numbered(step))
                    phase += 1
            done = turn, b"".join(frames)
        put(done[1])


def _row(reel: Reel, plan: Plan) -> Iterator[tuple[Frame, bool]]:
    """Every frame of a film without changes, and whether it is a key picture."""
    for turn in plan.rounds:
        yield reel.keys[turn.key], True
        for frame in reel.loop[: turn.length - 1]:
            yield frame, False
