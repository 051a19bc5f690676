"""Moments as providers write them."""

from datetime import UTC, date, datetime


def iso(moment: float) -> str:
    """A moment of emulator time as `2026-11-21T04:30:00.125Z`."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day(moment: float) -> date:
    """The day of a moment, in UTC."""
    return datetime.fromtimestamp(moment, UTC).date()
