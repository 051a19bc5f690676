"""Moments in time as servers write them: ISO 8601, the dates of HTTP, or seconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

#: From here on a number cannot be seconds of this age: it counts milliseconds.
_MILLISECONDS = 100_000_000_000


def unix_seconds(written: object) -> float | None:
    """Read a moment as Unix seconds; None for what is none. One without a zone is taken for UTC."""
    if isinstance(written, bool):
        return None
    if isinstance(written, int | float):
        return _seconds(float(written))
    if not isinstance(written, str):
        return None
    text = written.strip()
    try:
        return _seconds(float(text))
    except ValueError:
        pass
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text)
            return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError, TypeError):
            continue
    return None


def _seconds(number: float) -> float | None:
    if not 0 <= number < float("inf"):
        return None
    return number / 1000 if number >= _MILLISECONDS else number
