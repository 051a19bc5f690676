"""What is packed around a clip's picture and sound: who made it for what, and a timed text of its running time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from .clip import FRAME_RATE, Clip
from .timecode import clock, timings

#: What every tag's name begins with inside a file, so that it is nobody else's.
PREFIX: Final = "understudy_"

#: Characters of a value that are written into a file.
LONGEST_TAG: Final = 200

#: More cues than this would cost more than they tell: longer clips have one every few seconds.
_MOST_CUES: Final = 1200
_STEPS: Final = (1, 2, 5, 10, 15, 30, 60)

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


def wrapped(clip: Clip, scratch: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What to tell the muxer besides picture and sound, inputs 0 and 1: one more input, and what it is to write.

    The input's cues are written to `scratch`, which has to stay until ffmpeg has run. The second part belongs after
    `-c copy`, `-map_metadata -1` and what names the container.

    Players show the timed text by themselves (an MP4 cannot ask them not to), so a clip with captions, which has its
    time burned in beside them, has none.
    """
    # An MP4 only takes names that players know, unless told; a WEBM takes any.
    named = () if clip.container == "webm" else ("-movflags", "+use_metadata_tags")
    tags = metadata(clip.title, clip.tags)
    if clip.captions:
        return (), (*tags, *named)
    scratch.write_text(cues(clip), encoding="utf-8")
    text = (
        *("-map", "2:s", "-c:s", "webvtt" if clip.container == "webm" else "mov_text"),
        *("-disposition:s:0", "default", "-metadata:s:s:0", "language=zxx"),
        *("-metadata:s:s:0", "title=running time", "-metadata:s:s:0", "handler_name=running time"),
        # A cue may come later than ten seconds of the rest; not to wait for it would put it where chance has it.
        *("-max_interleave_delta", "0"),
    )
    return ("-f", "webvtt", "-i", f"file:{scratch}"), (*text, *tags, *named)


def labels(title: str, tags: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """What is written into a file of any kind, by name: its title, and its tags under a prefix; nothing empty.

    Raises:
        ValueError: a tag's name is none that every kind of file can hold.
    """
    for name, value in (("title", title), *((f"{PREFIX}{_checked(name)}", value) for name, value in tags)):
        if told := line(value):
            yield name, told


def metadata(title: str, tags: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The same as ffmpeg is told it, among what belongs to an output."""
    return (word for label in labels(title, tags) for word in ("-metadata", "=".join(label)))


def cues(clip: Clip) -> str:
    """The running time as WebVTT: a cue a second, and rarer in a clip of more than 20 minutes."""
    parts = (f"{timings(since, until, '.')}\n{text}\n" for since, until, text in running_time(clip))
    return "\n".join(("WEBVTT\n", *parts))


def running_time(clip: Clip) -> Iterator[tuple[int, int, str]]:
    """From when to when, in milliseconds, which running time is shown; the last ends with the clip."""
    length = clip.frames * 1000 // FRAME_RATE
    step = next(step for step in _STEPS if length <= step * 1000 * _MOST_CUES)
    for since in range(0, length, step * 1000):
        yield since, min(since + step * 1000, length), f"{clock(since)} / {clock(length)}"


def line(text: str) -> str:
    """A text as a tag can hold it: one line of valid characters, not too long."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(printable.split())[:LONGEST_TAG]


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"a tag's name must look like understudy_job, not {name!r}")
    return name
