from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.media.captions import captions
from understudy.media.soundtrack import Soundtrack, Word
from understudy.media.words import words

SPOKEN = st.lists(st.tuples(st.floats(0, 60), st.floats(-1, 60), st.text(max_size=200)), max_size=5)


@given(st.lists(st.text("abcdefgh.,!?", max_size=9).map("x".__add__), min_size=1, max_size=80), st.floats(0, 1000))
def test_every_word_is_heard_once_and_within_what_is_said(script: list[str], start: float) -> None:
    end = start + len(script) / 2
    found = words([(start, end, " ".join(script))])
    assert len(found) == len(script)
    assert round(start * 1000) == found[0].start_ms
    assert found[-1].end_ms <= round(end * 1000)


@given(SPOKEN)
def test_words_are_a_soundtrack_with_silence_between_them(spoken: list[tuple[float, float, str]]) -> None:
    found = Soundtrack(words((start, start + length, text) for start, length, text in spoken)).words
    for one, other in pairwise(found):
        assert one.start_ms < one.end_ms < other.start_ms or other.start_ms - one.start_ms < 5


@given(st.lists(st.integers(1, 12), min_size=2, max_size=60), st.floats(0.03, 2))
def test_each_word_gets_time_in_proportion_to_its_letters(lengths: list[int], pace: float) -> None:
    found = words([(1, 1 + pace * sum(lengths), " ".join("x" * length for length in lengths))])
    for length, (one, other) in zip(lengths, pairwise(found), strict=False):
        assert other.start_ms - one.start_ms == pytest.approx(1000 * pace * length, abs=1)


@given(
    st.lists(st.lists(st.text("abcde", min_size=1, max_size=9), min_size=1, max_size=30), min_size=1, max_size=3),
    st.floats(8, 20),
)
def test_a_caption_begins_with_its_first_word(script: list[list[str]], pace: float) -> None:
    spoken, at = [], 0.5
    for sentence in script:
        spoken.append((at, at + sum(map(len, sentence)) / pace, " ".join(sentence)))
        at = spoken[-1][1] + 1
    heard = [word.start_ms for word in words(spoken)]
    for caption in captions(spoken):
        assert min(abs(caption.start_ms - start) for start in heard) <= 1


def test_a_character_that_is_a_syllable_is_a_word() -> None:
    assert len(words([(0, 4, "你好，欢迎。こんにちは World")])) == 4 + 5 + 1


def test_a_dash_is_a_pause_and_not_a_word() -> None:
    assert words([(0, 3, "ab - cd")]) == (Word(0, 1120), Word(1800, 2920))


def test_nothing_said_is_nothing_heard() -> None:
    assert (
        words([]) == words([(0, 1, " ")]) == words([(2, 2, "no time")]) == words([(0, float("inf"), "for ever")]) == ()
    )
