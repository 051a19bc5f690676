from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.media.captions import CHARACTERS, Caption, captions

WORDS = st.lists(st.text("abcdefgh.,!?", min_size=1, max_size=10), min_size=1, max_size=120)
SPEECH = (
    "Welcome to our new product line, which changes the way you think about placeholders for good. "
    "Nothing here is faked: every frame is real, and so is every word you read below. Come in!"
)


@given(WORDS, st.floats(0, 100), st.floats(0.05, 300))
def test_every_word_is_shown_once_and_in_order(words: list[str], start: float, length: float) -> None:
    found = captions([(start, start + length, " ".join(words))])
    assert " ".join(caption.text for caption in found).split() == words


@given(st.lists(st.tuples(st.floats(0, 60), st.floats(-1, 60), st.text(max_size=200)), max_size=5))
def test_captions_follow_one_another_within_what_was_said(spoken: list[tuple[float, float, str]]) -> None:
    found = captions((start, start + length, text) for start, length, text in spoken)
    assert all(one.end_ms <= other.start_ms for one, other in pairwise(found))
    for caption in found:
        assert any(
            round(start * 1000) <= caption.start_ms and caption.end_ms <= round((start + length) * 1000)
            for start, length, _ in spoken
        )


@given(st.floats(10, 20), st.integers(1, 8))
def test_speech_of_a_usual_pace_is_cut_into_short_lines_of_one_to_seven_seconds(pace: float, times: int) -> None:
    text = " ".join([SPEECH] * times)
    for caption in captions([(0, len(text) / pace, text)]):
        assert len(caption.text) <= CHARACTERS
        assert 990 <= caption.end_ms - caption.start_ms <= 7000


def test_each_word_gets_time_in_proportion_to_its_letters() -> None:
    text = "aaaa bbbb cccc dddd eeee ffff gggg hhhh iiii jjjj kkkk llll mmmm nnnn oooo pppp"
    first, second = captions([(2, 8, text)])
    assert (first.start_ms, first.end_ms, second.start_ms, second.end_ms) == (2000, 5000, 5000, 8000)
    assert (len(first.text), len(second.text)) == (39, 39)


def test_a_sentence_begins_a_new_caption_when_it_is_long_enough() -> None:
    found = captions([(0, 4, "This is the first one. And here the second.")])
    assert [caption.text for caption in found] == ["This is the first one.", "And here the second."]


def test_a_short_sentence_keeps_a_neighbour_company() -> None:
    assert [caption.text for caption in captions([(0, 3, "Good morning to you all. Hi.")])] == [
        "Good morning to you all. Hi."
    ]


def test_a_word_said_very_slowly_stands_for_seven_seconds() -> None:
    assert captions([(1, 31, "slow")]) == (Caption(1000, 8000, "slow"),)


def test_speech_too_fast_to_read_is_shown_in_captions_of_a_second() -> None:
    assert all(caption.end_ms - caption.start_ms >= 990 for caption in captions([(0, 3, "word " * 300)]))


@pytest.mark.parametrize("spoken", [(0, 0, "no time"), (5, 1, "backwards"), (0, 5, "   "), (0, float("inf"), "never")])
def test_what_cannot_be_shown_is_left_out(spoken: tuple[float, float, str]) -> None:
    assert captions([spoken]) == ()


def test_a_script_without_spaces_is_cut_all_the_same() -> None:
    found = captions([(0, 20, "大家好欢迎来到这里" * 12)])
    assert len(found) > 2
    assert "".join(caption.text for caption in found).replace(" ", "") == "大家好欢迎来到这里" * 12


@pytest.mark.parametrize("moments", [(-1, 5), (5, 5), (6, 5)])
def test_a_caption_that_ends_before_it_starts_is_refused(moments: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="caption"):
        Caption(*moments, "text")
