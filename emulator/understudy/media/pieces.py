"""Pieces of what many placeholders are put together from: made once, kept on the shelf, made again if spoilt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from .errors import MediaError, NoFfmpeg, StudioClosed
from .ffmpeg import Ffmpeg
from .shelf import Shelf

T = TypeVar("T")


def piece(
    name: str,
    shelf: Shelf,
    ffmpeg: Ffmpeg,
    recipe: Callable[[], tuple[Sequence[str], bytes]],
    read: Callable[[bytes], T],
) -> T:
    """What `read` finds in the piece called `name`; if it is not there, ffmpeg makes it of arguments and input.

    Raises:
        MediaError: ffmpeg failed, or what it made cannot be read; the message names what was said.
    """
    with shelf.hold(name):
        try:
            return read(_content(name, shelf, ffmpeg, recipe))
        except (StudioClosed, NoFfmpeg):
            raise
        except (MediaError, OSError):
            # Another process may have forgotten the piece, or a crash of the machine spoilt it: once more, anew.
            shelf.discard(name)
            return read(_content(name, shelf, ffmpeg, recipe))


def _content(name: str, shelf: Shelf, ffmpeg: Ffmpeg, recipe: Callable[[], tuple[Sequence[str], bytes]]) -> bytes:
    path = shelf.find(name)
    if path is None:
        arguments, stdin = recipe()
        with shelf.draft(name) as draft:
            ffmpeg.run((*arguments, f"file:{draft}"), stdin)
        path = shelf.root / name
    return path.read_bytes()
