"""How old something is that is known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

#: A day, a month or a year as sources write them: `2026-10-12`, `2026-08`, `2026`.
_DATE = re.compile(r"(?<![\w.:-])(20\d\d)(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?)?(?![\d.])")


def dated(text: str) -> str:
    """The latest date in a text, as exactly as it is told; empty where there is none."""
    return newest(found[0] for found in _DATE.finditer(text))


def newest(dates: Iterable[str]) -> str:
    """The latest of several dates; a year is earlier than a day in it. Empty where there is none."""
    return max((one for one in dates if one), default="")


def age(told: str, today: str) -> int | None:
    """How many days ago something was at most: a month or a year counts from its first day.

    None where no date is told, or one that is no day. Nothing is younger than today.
    """
    year, month, day = ([*told[:10].split("-"), "1", "1"])[:3]
    try:
        then = date(int(year), int(month), int(day))
        return max(0, (date.fromisoformat(today[:10]) - then).days)
    except ValueError:
        return None
