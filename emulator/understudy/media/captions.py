"""Captions: what is said, cut into lines that can be read while it is being said."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

#: Characters a caption has at most where the words and the time allow it; broadcasters' usual length of a line.
CHARACTERS: Final = 42
#: Seconds a caption stands at least, where the speech lasts as long, and at most.
SHORTEST, LONGEST = 1.0, 7.0

#: How many more cuts are tried than the fewest possible, before the limits are let go.
_TRIES: Final = 8

_SENTENCE_END: Final = re.compile(r"(?<=[.!?…。！？])\s+|(?<=[。！？])")


@dataclass(frozen=True, slots=True)
class Caption:
    """A few words, shown from one moment to another, in milliseconds from the clip's start.

    Raises:
        ValueError: it ends before it starts.
    """

    start_ms: int
    end_ms: int
    text: str

    def __post_init__(self) -> None:
        if not 0 <= self.start_ms < self.end_ms:
            raise ValueError(f"a caption must run from a start to a later end, not {self.start_ms} to {self.end_ms}")


def captions(spoken: Iterable[tuple[float, float, str]]) -> tuple[Caption, ...]:
    """Cut what is said between two moments, in seconds, into captions that follow one another.

    A caption is a few words, about 42 characters, and stands 1 to 7 s; each word gets time in proportion to its
    letters. Where both cannot be had (speech slower or faster than anybody's) time goes before characters. What
    starts before the last has ended waits for it.
    """
    found: list[Caption] = []
    for start, end, text in sorted(spoken):
        begin = max(start, found[-1].end_ms / 1000 if found else 0.0)
        if not begin < end < math.inf:
            continue
        for since, until, line in _lines(begin, end, text):
            first, last = round(since * 1000), round(min(until, since + LONGEST) * 1000)
            if first < last:
                found.append(Caption(first, last, line))
    return tuple(found)


def _lines(start: float, end: float, text: str) -> Iterator[tuple[float, float, str]]:
    """What is said from `start` to `end`, in pieces with their own moments."""
    letters = _letters(text)
    if not letters:
        return
    pace = (end - start) / letters
    for sentence in _sentences(text, pace):
        words = [part for word in sentence.split() for part in _short(word)]
        for line in _cut(words, pace):
            until = min(end, start + pace * _letters(line))
            yield start, until, line
            start = until


def _sentences(text: str, pace: float) -> Iterator[str]:
    """The sentences of a text, those too short to stand alone joined to a neighbour."""
    waiting = ""
    sentences = [sentence for sentence in _SENTENCE_END.split(text) if _letters(sentence)]
    for index, sentence in enumerate(sentences):
        waiting = f"{waiting} {sentence}" if waiting else sentence
        rest = sum(map(_letters, sentences[index + 1 :]))
        if pace * _letters(waiting) >= SHORTEST and (not rest or pace * rest >= SHORTEST):
            yield waiting
            waiting = ""
    if waiting:
        yield waiting


def _cut(words: list[str], pace: float) -> list[str]:
    """Words in lines of about equal time: the fewest that keep the limits, else the fewest there can be."""
    seconds = pace * sum(map(_letters, words))
    most = max(1, min(len(words), int(seconds / SHORTEST)))
    fewest = min(most, max(math.ceil(len(" ".join(words)) / CHARACTERS), math.ceil(seconds / LONGEST)))
    for count in range(fewest, min(most, fewest + _TRIES) + 1):
        lines = _shared(words, count)
        times = [pace * _letters(line) for line in lines]
        if all(SHORTEST <= time <= LONGEST for time in times) and all(len(line) <= CHARACTERS for line in lines):
            return lines
    return _shared(words, fewest)


def _shared(words: list[str], count: int) -> list[str]:
    """Words in `count` lines, each cut where it comes nearest to its share of the letters."""
    sums = [0, *accumulate(map(_letters, words))]
    cuts = [0]
    for part in range(1, count):
        goal = sums[-1] * part / count
        # At least a word for this line, and one for each that follows.
        choices = range(cuts[-1] + 1, len(words) - (count - part) + 1)
        cuts.append(min(choices, key=lambda cut: abs(sums[cut] - goal)))
    return [" ".join(words[a:b]) for a, b in pairwise([*cuts, len(words)])]


def _short(word: str) -> Iterator[str]:
    """A word, cut where it is longer than a line, as in scripts that leave no spaces."""
    return (word[at : at + CHARACTERS] for at in range(0, len(word), CHARACTERS))


def _letters(text: str) -> int:
    return sum(not character.isspace() for character in text)
