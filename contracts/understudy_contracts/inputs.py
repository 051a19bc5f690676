"""What of a request is seen and heard in what is made of it: its pictures and recordings, and how they are shown."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .duration import Condition
from .shape import look_up

_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")

#: The parts of a request that are played one after the other; mostly there is one, the request itself.
Segments = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Inputs:
    """Where a request says what is to be seen and heard.

    All are dotted names of fields, in each segment where the model's duration has segments; None where the model has
    no such field. Of several segments the first that says something speaks for all.
    """

    source: str
    confidence: str
    #: A picture of who speaks, or of what is to move: text, or a list of which the first counts.
    subject_field: str | None = None
    #: A field beside which the subject is ignored.
    subject_unless: str | None = None
    #: A picture of what is behind.
    backdrop_field: str | None = None
    #: What makes the backdrop count; without it, that there is one.
    backdrop_when: Condition | None = None
    #: The colour behind everything, `#rrggbb`.
    colour_field: str | None = None
    colour_when: Condition | None = None
    #: Whether what is behind is left out.
    transparent_field: str | None = None
    fit_field: str | None = None
    #: How a picture meets a frame of another shape unless the request says it.
    fit: Literal["cover", "contain"] = "cover"
    #: A recording that is heard from the beginning and has no say in the length. One that has is the duration's.
    recording_field: str | None = None
    pitch_field: str | None = None
    #: What the pitch counts in: semitones, or hundredths of the voice's frequency.
    pitch_unit: Literal["semitone", "percent"] = "percent"
    #: How loud the voice is; 1 is as it is.
    volume_field: str | None = None
    #: The loudest there is.
    volume_maximum: float = 1.0

    def pictures(self, segments: Segments) -> dict[str, str]:
        """Name the pictures a request gives, as `subject` and `backdrop`: URLs, ids, data URIs or base64."""
        found: dict[str, str] = {}
        for segment in segments:
            if source := self._subject(segment):
                found.setdefault("subject", source)
            if source := self._backdrop(segment):
                found.setdefault("backdrop", source)
        return found

    def recording(self, segments: Segments) -> str | None:
        """Name the recording that is heard from the beginning, if there is one."""
        return next(filter(None, map(_source, _values(segments, self.recording_field))), None)

    def colour(self, segments: Segments) -> str | None:
        """Tell the colour behind everything, `#rrggbb`; None when the request names none that is one."""
        values = _values(segments, self.colour_field, self.colour_when)
        return next((value for value in values if isinstance(value, str) and _COLOUR.fullmatch(value)), None)

    def transparent(self, segments: Segments) -> bool:
        """Tell whether what is behind is to be left out."""
        return any(value is True for value in _values(segments, self.transparent_field))

    def fit_of(self, segments: Segments) -> str:
        """Tell how a picture meets the frame: `cover` or `contain`."""
        values = _values(segments, self.fit_field)
        return next((value for value in values if isinstance(value, str) and value in ("cover", "contain")), self.fit)

    def semitones(self, segments: Segments) -> float:
        """Tell by how many semitones the voice is raised, or lowered."""
        pitch = _first_number(_values(segments, self.pitch_field))
        if pitch is None:
            return 0.0
        # Hundredths of a frequency that is lowered by all of itself leave none.
        return pitch if self.pitch_unit == "semitone" else 12 * math.log2(max(0.01, 1 + pitch / 100))

    def loudness(self, segments: Segments) -> float:
        """Tell how loud the voice is: 0 is silence, 1 is as it is, and 2 the loudest there is."""
        volume = _first_number(_values(segments, self.volume_field))
        if volume is None:
            return 1.0
        if volume <= 1 or self.volume_maximum <= 1:
            return min(max(volume, 0.0), 1.0)
        return 1 + min(1.0, (volume - 1) / (self.volume_maximum - 1))

    # Every submit asks for these two, and mostly there is nothing: so what is rare is looked at last.

    def _subject(self, segment: Mapping[str, Any]) -> str | None:
        source = None if self.subject_field is None else _source(look_up(segment, self.subject_field))
        if source is None or self.subject_unless is None:
            return source
        return source if look_up(segment, self.subject_unless) is None else None

    def _backdrop(self, segment: Mapping[str, Any]) -> str | None:
        source = None if self.backdrop_field is None else _source(look_up(segment, self.backdrop_field))
        if source is None or self.backdrop_when is None:
            return source
        return source if self.backdrop_when.holds(segment) else None


def _values(segments: Segments, name: str | None, when: Condition | None = None) -> Iterator[object]:
    if name is not None:
        for segment in segments:
            if when is None or when.holds(segment):
                yield look_up(segment, name)


def _source(value: object) -> str | None:
    if isinstance(value, list):
        value = next(iter(value), None)
    return value if isinstance(value, str) and value else None


def _first_number(values: Iterable[object]) -> float | None:
    return next((float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)), None)
