"""What can go wrong between a clip and its file."""

from __future__ import annotations


class MediaError(Exception):
    """The placeholder could not be made, and the message says what stood in the way."""


class StudioClosed(MediaError):
    """The placeholder is not made because the studio was closed: trying again will not help."""

    def __init__(self) -> None:
        super().__init__("the studio is closed")


class NoFfmpeg(MediaError):
    """No clip can be made, whatever it shows, because ffmpeg does not run on this machine."""
