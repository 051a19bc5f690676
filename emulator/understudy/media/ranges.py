"""Byte ranges as RFC 9110 section 14 has them: which bytes of a file a `Range` header asks for."""

from __future__ import annotations

import re
from typing import Final

#: More ranges than this in one header are a mistake or an attack: the whole file is sent (RFC 9110, 14.2).
MOST_RANGES: Final = 100

_SPEC: Final = re.compile(r"(\d{1,999})-(\d{0,999})|-(\d{1,999})", re.ASCII)


def satisfiable(header: str, size: int) -> list[tuple[int, int]] | None:
    """The ranges asked for that the file has, as (first, last) byte offsets, in the order asked.

    None means that the header is to be ignored (unknown unit, bad syntax, too many ranges) and the file sent
    whole; an empty list means that no range lies within the file, which is answered with 416.
    """
    unit, equals, specs = header.partition("=")
    if not equals or unit.strip().lower() != "bytes":
        return None
    parts = [part.strip() for part in specs.split(",")]
    parts = [part for part in parts if part]
    if not 1 <= len(parts) <= MOST_RANGES:
        return None
    found = []
    for part in parts:
        match = _SPEC.fullmatch(part)
        if match is None:
            return None
        first_text, last_text, suffix = match.groups()
        if suffix is not None:
            first, last = max(0, size - int(suffix)), size - 1
        else:
            first, last = int(first_text), int(last_text or size)
            if last_text and last < first:
                return None
            last = min(last, size - 1)
        if first <= last:
            found.append((first, last))
    return found
