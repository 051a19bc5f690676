"""What can go wrong between a clip and its file."""

from __future__ import annotations


class MediaError(Exception):
    """The placeholder could not be made, and the message says what stood in the way."""
