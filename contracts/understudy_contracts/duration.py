"""How long something to be made will last, and what is said in it when."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .shape import look_up

#: One picture at 25 a second: the shortest thing that is still a video.
SHORTEST = 0.04

#: The ASCII characters that nobody pronounces.
_SILENT_ASCII = bytes(code for code in range(128) if not chr(code).isalnum())

_NOTHING_KNOWN: Mapping[str, float] = {}
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_BREAK = re.compile(r"<break\s+time=[\"']([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s)[\"']\s*/?>")
_MILLI = {"ms": 0.001, "s": 1.0}


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is said between two moments, in seconds from the beginning."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A recording is heard between two moments, in seconds from the beginning."""

    start: float
    end: float
    source: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A field and the value it must have."""

    field: str
    equals: object

    def holds(self, segment: Mapping[str, Any]) -> bool:
        """Tell whether a segment has it."""
        return look_up(segment, self.field) == self.equals


@dataclass(frozen=True, slots=True)
class Silence:
    """How a segment asks for nothing to be said, and for how long."""

    when: Condition
    duration_field: str
    default_seconds: float


@dataclass(frozen=True, slots=True)
class DurationRule:
    """How long a video becomes, from what its request says."""

    #: Dotted names of the fields the rule reads; None where the model has no such field.
    script_field: str | None
    speed_field: str | None
    audio_field: str | None
    asked_field: str | None
    #: The list whose members are played one after the other. The script, its speed and the audio are then
    #: fields of each member; without it, of the request itself.
    segments_field: str | None
    #: Letters and digits spoken in a second at speed 1.
    characters_per_second: float
    #: For a segment, or a request, that tells nothing about its length.
    default_seconds: float
    source: str
    confidence: str
    #: Whether `<break time="1.5s"/>` in a script is a pause of that length rather than words.
    break_tags: bool = False
    silence: Silence | None = None
    #: What makes a segment's audio count; without it, that there is one.
    audio_when: Condition | None = None
    #: No result is longer than this many seconds.
    maximum: float | None = None

    def audio_sources(self, request: Mapping[str, Any]) -> tuple[str, ...]:
        """List the audio a request names, in its order: URLs, ids or data URIs, to be measured by who can."""
        sources = (self._audio(segment) for segment in self.segments(request))
        return tuple(source for source in sources if source is not None)

    def seconds(self, request: Mapping[str, Any], lengths: Mapping[str, float] = _NOTHING_KNOWN) -> float:
        """Tell how many seconds the video of a request lasts.

        The length of its audio when that is known, else the duration it asks for, else the time its script
        takes to speak, else `default_seconds`; of several segments, the sum. `lengths` are seconds by audio
        source; one that is missing is unknown. Never less than one frame, and always to the millisecond, as it
        is billed.
        """
        total = self._asked(request, lengths)
        if total is None:
            total = sum(self._length(segment, lengths) for segment in self.segments(request))
        return max(SHORTEST, round(total if self.maximum is None else min(total, self.maximum), 3))

    def spoken(self, request: Mapping[str, Any], lengths: Mapping[str, float] = _NOTHING_KNOWN) -> tuple[Spoken, ...]:
        """Tell what is said when, for captions: in order, never overlapping, and without break tags.

        A recording says nothing here: nobody wrote down its words.
        """
        end, start = self.seconds(request, lengths), 0.0
        found = []
        for segment in self.segments(request):
            if self._known_audio(segment, lengths) is None:
                for begins, ends, text in self._said(segment):
                    said = Spoken(round(start + begins, 3), min(round(start + ends, 3), end), text)
                    if said.start < said.end:
                        found.append(said)
            start += self._length(segment, lengths)
        return tuple(found)

    def heard(self, request: Mapping[str, Any], lengths: Mapping[str, float]) -> tuple[Heard, ...]:
        """Tell which recordings are heard when, in order.

        One whose length is not known is, unless there is a script that is spoken in its stead.
        """
        end, start = self.seconds(request, lengths), 0.0
        found = []
        for segment in self.segments(request):
            source, length = self._audio(segment), self._length(segment, lengths)
            follows = source in lengths or not any(self._said(segment))
            if source is not None and follows and start < end:
                found.append(Heard(round(start, 3), min(round(start + length, 3), end), source))
            start += length
        return tuple(found)

    def segments(self, request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """List the parts that are played one after the other; without such, there is the request itself."""
        if self.segments_field is None:
            return [request]
        members = look_up(request, self.segments_field)
        found: list[Mapping[str, Any]] = []
        if isinstance(members, list):
            found = [member for member in members if isinstance(member, Mapping)]
        return found or [{}]

    def _asked(self, request: Mapping[str, Any], lengths: Mapping[str, float]) -> float | None:
        if self.asked_field is None:
            return None
        if any(self._known_audio(segment, lengths) is not None for segment in self.segments(request)):
            return None
        return _number(look_up(request, self.asked_field))

    def _audio(self, segment: Mapping[str, Any]) -> str | None:
        source = _field(segment, self.audio_field)
        counts = self.audio_when is None or self.audio_when.holds(segment)
        return source if isinstance(source, str) and counts and not self._silent(segment) else None

    def _known_audio(self, segment: Mapping[str, Any], lengths: Mapping[str, float]) -> float | None:
        # Mostly there is no audio, and nothing to look for.
        source = self._audio(segment) if lengths else None
        return None if source is None else lengths.get(source)

    def _silent(self, segment: Mapping[str, Any]) -> bool:
        return self.silence is not None and self.silence.when.holds(segment)

    def _length(self, segment: Mapping[str, Any], lengths: Mapping[str, float]) -> float:
        audio = self._known_audio(segment, lengths)
        if audio is not None:
            return audio
        if self.silence is not None and self._silent(segment):
            asked = _number(look_up(segment, self.silence.duration_field))
            return self.silence.default_seconds if asked is None else asked
        script = _field(segment, self.script_field)
        if not isinstance(script, str):
            return self.default_seconds
        return sum(ends - begins for begins, ends, _ in self._pieces(script, self._pace(segment)))

    def _said(self, segment: Mapping[str, Any]) -> Iterator[tuple[float, float, str]]:
        script = _field(segment, self.script_field)
        if isinstance(script, str) and not self._silent(segment):
            for begins, ends, text in self._pieces(script, self._pace(segment)):
                if text:
                    yield begins, ends, text

    def _pace(self, segment: Mapping[str, Any]) -> float:
        speed = _number(_field(segment, self.speed_field))
        return self.characters_per_second * (speed or 1)

    def _pieces(self, script: str, pace: float) -> Iterator[tuple[float, float, str]]:
        # Words and pauses in turn: of a break, `split` gives the number and its unit.
        parts = _BREAK.split(script) if self.break_tags else [script]
        at = 0.0
        for words, pause, unit in zip(parts[::3], [*parts[1::3], "0"], [*parts[2::3], "s"], strict=True):
            spoken = _letters_and_digits(words) / pace
            yield at, at + spoken, words.strip()
            at += spoken
            silent = float(pause) * _MILLI[unit]
            yield at, at + silent, ""
            at += silent


def _letters_and_digits(words: str) -> int:
    # Every submit counts a script: in ASCII, taking out the rest is ten times as quick as asking each character.
    if words.isascii():
        return len(words.encode().translate(None, _SILENT_ASCII))
    return sum(map(str.isalnum, words))


def _field(request: Mapping[str, Any], name: str | None) -> object:
    return None if name is None else look_up(request, name)


def _number(value: object) -> float | None:
    # Some models take their seconds as text: "4", "6" or "8".
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None
