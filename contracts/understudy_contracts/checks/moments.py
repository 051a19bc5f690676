"""Reading moments, however they are written."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def moment(value: object) -> float | None:
    """Read a moment as unix seconds, from ISO 8601, from RFC 5322 or from seconds; None for what is none."""
    if isinstance(value, bool):
        return None
    with suppress(ValueError):
        return seconds if (seconds := float(str(value))) >= 0 else None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        with suppress(ValueError):
            found = read(str(value))
            # Without a zone it is understood as the provider's own, which is the same for every moment.
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    return None
