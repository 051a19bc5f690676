"""The streams of a media file: picture, sound and timed text, as ffmpeg lists them and as their packets are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

_STREAM: Final = re.compile(r"^  Stream #0:(\d+)(?:\[\w+\])?(?:\((\w+)\))?: (Video|Audio|Subtitle): (\w+)(.*)$")
_DETAIL: Final = re.compile(r"^      (\S+?)\s*: (.*)$")
_PICTURE: Final = re.compile(r", (\w+)(?:\(.*?\))?, (\d+)x(\d+)")
_SOUND: Final = re.compile(r", (\d+) Hz, ([\w.]+)")

#: Formats of pixels of which each says how transparent it is.
_TRANSPARENT: Final = re.compile(r"yuva|rgba|argb|bgra|abgr|gbrap|ya\d|vuya")


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """One stream of a media file; what its kind does not have is None.

    `duration` is the end of its last packet in seconds, exact to the tick of the stream's clock. `default` says
    whether players show or play it by themselves.
    """

    index: int
    kind: str
    codec: str
    language: str | None
    title: str | None
    default: bool
    packets: int
    duration: float
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    pixel_format: str | None = None
    alpha: bool | None = None
    sample_rate: int | None = None
    channels: int | None = None


@dataclass(frozen=True, slots=True)
class Cue:
    """A piece of timed text, from one moment to another, in seconds."""

    start: float
    end: float
    text: str


def streams_of(header: str, packets: Path) -> tuple[StreamInfo, ...]:
    """The streams that ffmpeg's header names, with what `framecrc` wrote of their packets."""
    lengths = _lengths(packets)
    found: list[StreamInfo] = []
    lines = header.splitlines()
    for number, line in enumerate(lines):
        match = _STREAM.match(line)
        if match is None:
            continue
        details = dict(_details(lines[number + 1 :]))
        kind, rest = match[3].lower(), match[5]
        count, end = lengths.get((kind, sum(stream.kind == kind for stream in found)), (0, Fraction()))
        picture = _PICTURE.search(rest) if kind == "video" else None
        sound = _SOUND.search(rest) if kind == "audio" else None
        rate = re.search(r"([\d.]+) fps", rest) if picture else None
        title = details.get("title") or details.get("handler_name")
        found.append(
            StreamInfo(
                index=int(match[1]),
                kind=kind,
                codec=match[4],
                language=match[2],
                title=None if title in (None, "VideoHandler", "SoundHandler", "SubtitleHandler") else title,
                default="(default)" in rest,
                packets=count,
                duration=float(round(end, 6)),
                width=int(picture[2]) if picture else None,
                height=int(picture[3]) if picture else None,
                fps=float(rate[1]) if rate else None,
                pixel_format=picture[1] if picture else None,
                alpha=bool(_TRANSPARENT.match(picture[1])) or details.get("alpha_mode") == "1" if picture else None,
                sample_rate=int(sound[1]) if sound else None,
                channels=_channels(sound[2]) if sound else None,
            )
        )
    return tuple(found)


def tags_of(metadata: Path) -> dict[str, str]:
    """The tags of the whole file, from what ffmpeg writes as its own format for them."""
    text = metadata.read_text("utf-8", "replace").partition("\n")[2]
    found = {}
    # A backslash hides a sign's meaning, that of the line's end included.
    for line in re.findall(r"(?:\\(?:.|\n)|[^\\\n])+", text):
        if line.startswith("["):
            break
        if line.startswith((";", "#")):
            continue
        name, _, value = re.sub(r"(?<!\\)((?:\\\\)*)=", r"\1\0", line, count=1).partition("\0")
        found[re.sub(r"\\((?:.|\n))", r"\1", name).lower()] = re.sub(r"\\((?:.|\n))", r"\1", value)
    return found


def cues_of(srt: str) -> tuple[Cue, ...]:
    """The cues of an SRT file."""
    blocks = re.findall(
        r"(\d+):(\d\d):(\d\d),(\d{3}) --> (\d+):(\d\d):(\d\d),(\d{3})[^\n]*\n(.*?)(?:\n\n|\Z)", srt, re.DOTALL
    )
    return tuple(Cue(_seconds(block[:4]), _seconds(block[4:8]), block[8].strip()) for block in blocks)


def _seconds(parts: tuple[str, ...]) -> float:
    hours, minutes, seconds, thousandths = map(int, parts)
    return (hours * 3600 + minutes * 60 + seconds) + thousandths / 1000


def _details(lines: list[str]) -> Iterator[tuple[str, str]]:
    """What is said of a stream below its line."""
    for line in lines:
        if match := _DETAIL.match(line):
            yield match[1].lower(), match[2]
        elif line.strip() != "Metadata:":
            return


def _lengths(packets: Path) -> dict[tuple[str, int], tuple[int, Fraction]]:
    """How many packets each stream has and when the last of them ends, by its kind and its number among these."""
    clocks: dict[str, Fraction] = {}
    kinds: dict[str, str] = {}
    delayed: set[str] = set()
    counts: dict[str, int] = {}
    ends: dict[str, int] = {}
    begins: dict[str, int] = {}
    with packets.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            if line.startswith("#"):
                name, _, value = line[1:].partition(": ")
                what, _, stream = name.partition(" ")
                if what == "codec_id" and value.strip() == "mp3":
                    delayed.add(stream)
                elif what == "tb":
                    clocks[stream] = Fraction(value.strip())
                elif what == "media_type":
                    kinds[stream] = value.strip()
                continue
            stream, _, shown, lasts, *_ = (part.strip() for part in line.split(","))
            counts[stream] = counts.get(stream, 0) + 1
            begins[stream] = min(begins.get(stream, 0), int(shown))
            ends[stream] = max(ends.get(stream, 0), int(shown) + int(lasts))
    found: dict[tuple[str, int], tuple[int, Fraction]] = {}
    for stream, kind in kinds.items():
        place = sum(known == kind for known, _ in found)
        # An MP3 is as long as its frames, though its first ones are said to be of before its start.
        length = ends.get(stream, 0) - (begins.get(stream, 0) if stream in delayed else 0)
        found[kind, place] = counts.get(stream, 0), length * clocks[stream]
    return found


def _channels(layout: str) -> int:
    """Count the channels of a layout as ffmpeg names it: mono, stereo, 5.1, or a number."""
    named = {"mono": 1, "stereo": 2}
    return named[layout] if layout in named else sum(int(part) for part in layout.split("."))
