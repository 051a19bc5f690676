"""The placeholder: what every kind of stand-in file has in common, so that its keepers know one thing, not four."""

from __future__ import annotations

import re
from dataclasses import asdict
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from .picture import Picture

#: Raised whenever an equal placeholder would come out as other bytes, so that no old file answers for a new one.
RENDERER_VERSION: Final = 6

SMALLEST_SIDE: Final = 64
LARGEST_SIDE: Final = 4096
LONGEST_MILLISECONDS: Final = 4 * 60 * 60 * 1000

_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")


class Placeholder(Protocol):
    """A file that can be made, kept and served: equal placeholders are equal bytes."""

    @property
    def key(self) -> str:
        """The name it is cached and tagged by: the same for equal placeholders, another for any other."""

    @property
    def content_type(self) -> str:
        """The media type to serve the file with."""

    @property
    def suffix(self) -> str:
        """The file name's ending, dot included."""


class Face(Protocol):
    """What a card is drawn from: the size of the picture, its words and its colours."""

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of the picture."""

    @property
    def title(self) -> str:
        """The largest words."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The words below; of two or more, the last is the footer, which no other words crowd out."""

    @property
    def facts(self) -> str:
        """What the file itself is like: its size, and its length if it has one."""

    @property
    def background(self) -> str | None:
        """The colour of the paper, `#rrggbb`; without one it follows from the hue."""

    @property
    def hue(self) -> int:
        """0 to 359: what tells the variations of one request apart."""

    @property
    def subject(self) -> Picture | None:
        """The caller's picture of who speaks, or of what is to be changed."""

    @property
    def backdrop(self) -> Picture | None:
        """The caller's picture of what is behind."""

    @property
    def alpha(self) -> bool:
        """Whether only who speaks is wanted, and nothing behind."""

    @property
    def captioned(self) -> bool:
        """Whether captions are burned into the lower third, which the words then leave to them."""

    @property
    def transparent(self) -> bool:
        """Whether what is behind can be seen through: `alpha`, in a file that can hold it."""


def digest(placeholder: DataclassInstance) -> str:
    """Name a placeholder by its kind and all of its fields."""
    fields = sorted(asdict(placeholder).items())
    described = repr((RENDERER_VERSION, type(placeholder).__name__, fields))
    return sha256(described.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def check_range(name: str, value: float, low: int, high: int) -> None:
    """Refuse a field out of its range, by name.

    Raises:
        ValueError: the value is below `low` or above `high`.
    """
    if not low <= value <= high:
        raise ValueError(f"{name} must be from {low} to {high}, not {value}")


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a field that is none of its choices, by name.

    Raises:
        ValueError: the value is not among them.
    """
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, not {value!r}")


def check_picture(width: int, height: int, background: str | None, hue: int) -> None:
    """Refuse a size or a colour that no card can have.

    Raises:
        ValueError: a field is out of its range; the message names it.
    """
    check_range("width", width, SMALLEST_SIDE, LARGEST_SIDE)
    check_range("height", height, SMALLEST_SIDE, LARGEST_SIDE)
    check_range("hue", hue, 0, 359)
    if background is not None and not _COLOUR.fullmatch(background):
        raise ValueError(f"background must look like #1a2b3c, not {background!r}")
