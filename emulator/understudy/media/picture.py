"""The caller's own pictures, as a clip shows them."""

from __future__ import annotations

from dataclasses import dataclass

from .placeholder import check_choice

#: How a picture meets a frame of another shape: cropped to fill it, or whole with paper around it.
FITS = ("cover", "contain")


@dataclass(frozen=True, slots=True)
class Picture:
    """An image the caller gave: `name` is what it is kept as on the shelf, `fit` how it meets the frame.

    Raises:
        ValueError: the fit is none of those there are.
    """

    name: str
    fit: str = "cover"

    def __post_init__(self) -> None:
        check_choice("fit", self.fit, FITS)
