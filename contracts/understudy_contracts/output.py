"""What kind of file a model makes, in which format, how many, and when it is handed over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .shape import look_up


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A file of captions beside each video that has them burned in."""

    #: The key of an answer that leads to it.
    key: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Output:
    """The files a model makes."""

    kind: Literal["video", "image", "audio", "text"]
    #: The format unless the request chooses another: `mp4`, `png`, `jpeg`, `mp3` or `wav`;
    #: of a text, `json`.
    format: str
    #: `async`: a submit is answered at once and the result asked for later. `sync`: the answer waits for it.
    delivery: Literal["async", "sync"]
    source: str
    confidence: str
    #: Dotted names of the fields that choose; None where the model has no such field.
    format_field: str | None = None
    count_field: str | None = None
    caption_field: str | None = None

    def format_of(self, request: Mapping[str, Any]) -> str:
        """Tell the format a request asks for, in small letters; `jpg` is `jpeg`."""
        asked = None if self.format_field is None else look_up(request, self.format_field)
        name = asked.lower() if isinstance(asked, str) and asked else self.format
        return "jpeg" if name == "jpg" else name

    def count_of(self, request: Mapping[str, Any]) -> int:
        """Tell how many files a request asks for."""
        asked = None if self.count_field is None else look_up(request, self.count_field)
        return int(asked) if isinstance(asked, int | float) and asked >= 1 else 1

    def captioned(self, request: Mapping[str, Any]) -> bool:
        """Tell whether a request asks for captions in the picture."""
        return self.caption_field is not None and look_up(request, self.caption_field) is True
