"""Moments in writing: as a player shows them, and as timed text has them."""

from __future__ import annotations


def clock(milliseconds: int) -> str:
    """A moment as a player shows it, with what is more than whole seconds."""
    hours, minutes, seconds, rest = _parts(milliseconds)
    part = f".{rest:03d}".rstrip("0") if rest else ""
    return f"{hours}:{minutes:02d}:{seconds:02d}{part}" if hours else f"{minutes}:{seconds:02d}{part}"


def timings(since: int, until: int, point: str) -> str:
    """From when to when a cue is shown, both in milliseconds; `point` is a full stop in WebVTT, a comma in SubRip."""
    start, end = (
        f"{hours:02d}:{minutes:02d}:{seconds:02d}{point}{rest:03d}"
        for hours, minutes, seconds, rest in map(_parts, (since, until))
    )
    return f"{start} --> {end}"


def _parts(milliseconds: int) -> tuple[int, int, int, int]:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    return *divmod(minutes, 60), seconds, rest
