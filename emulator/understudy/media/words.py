"""When each word of a script is heard, as nobody could know and a placeholder has to say."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Final

from .soundtrack import Word

#: Milliseconds of silence at the end of a word, and how much of a short word it takes at most.
_PAUSE: Final = 80
_PAUSE_SHARE: Final = 0.35

#: Characters of the scripts that leave no spaces and write about a syllable with each: kana and Han.
_SYLLABLES: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_PIECE: Final = re.compile(rf"[^\s{_SYLLABLES}]*[{_SYLLABLES}]|[^\s{_SYLLABLES}]+")


def words(spoken: Iterable[tuple[float, float, str]]) -> tuple[Word, ...]:
    """The words of what is said between two moments, in seconds, one after another with a little silence between.

    Each gets time in proportion to its letters, as captions have it, so that both run side by side. What is written
    without a letter or a digit, as a dash between words, has its time and is not heard. What starts before the last
    has ended waits for it.
    """
    found: list[Word] = []
    last = 0.0
    for start, end, text in sorted(spoken):
        begin = max(start, last)
        if not begin < end < math.inf:
            continue
        found += _said(begin, end, text)
        last = end
    return tuple(found)


def _said(start: float, end: float, text: str) -> Iterator[Word]:
    pieces = _PIECE.findall(text)
    letters = sum(map(len, pieces))
    before = 0
    for piece in pieces:
        since, until = (start + (end - start) * share / letters for share in (before, before + len(piece)))
        before += len(piece)
        first, last = round(since * 1000), round(until * 1000)
        sounding = round((last - first) - min(_PAUSE, _PAUSE_SHARE * (last - first)))
        if sounding > 0 and any(map(str.isalnum, piece)):
            yield Word(first, first + sounding)
