"""How long a request's result lasts and what is said in it when, whatever its segments, pauses and recordings."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy_contracts.models import SHORTEST, Condition, DurationRule, Silence, Spoken
from understudy_contracts.provider import contract

AVATAR = contract("gmi").models["heygen-avatar-4"].duration
SPEECH = DurationRule("text", "speed", None, None, None, 10.0, 5.0, "s", "assumed", break_tags=True)
segments = st.lists(
    st.one_of(
        st.builds(
            lambda text, speed: {"voice": {"type": "text", "input_text": text, "speed": speed}},
            st.lists(st.sampled_from(["word", " ", "more", '<break time="0.7s"/>', "<break>", "!"]), max_size=8).map(
                "".join
            ),
            st.floats(0.5, 1.5),
        ),
        st.builds(lambda seconds: {"voice": {"type": "silence", "duration": seconds}}, st.floats(0.1, 9)),
        st.builds(lambda url: {"voice": {"type": "audio", "audio_url": url}}, st.sampled_from(["a", "b"])),
    ),
    min_size=1,
    max_size=4,
)


def said(text: str, **more: Any) -> dict[str, Any]:
    return {"voice": {"type": "text", "input_text": text, **more}}


def test_segments_last_as_long_as_all_of_them_together() -> None:
    one, two = said("a" * 129), said("b" * 258, speed=0.5)
    assert AVATAR.seconds({"video_inputs": [one]}) == 10
    assert AVATAR.seconds({"video_inputs": [one, two]}) == 50


def test_a_pause_in_a_script_lasts_as_written_whatever_the_speed_and_its_letters_are_not_spoken() -> None:
    assert SPEECH.seconds({"text": 'aaaaaaaaaa<break time="1.5s"/>aaaaaaaaaa', "speed": 2}) == 2.5
    assert SPEECH.seconds({"text": "<break time='250ms' />"}) == 0.25


def test_what_only_looks_like_a_pause_is_spoken() -> None:
    assert SPEECH.seconds({"text": '<break time="long"/>'}) == 1.3
    plain = DurationRule("text", None, None, None, None, 10.0, 5.0, "s", "assumed")
    assert plain.seconds({"text": '<break time="2s"/>'}) == 1.1


def test_silence_lasts_as_asked_and_says_nothing_even_beside_a_script() -> None:
    silent = {"voice": {"type": "silence", "duration": 4, "input_text": "never said"}}
    assert AVATAR.seconds({"video_inputs": [silent]}) == 4
    assert AVATAR.spoken({"video_inputs": [silent]}) == ()
    assert AVATAR.seconds({"video_inputs": [{"voice": {"type": "silence"}}]}) == 1


def test_audio_is_named_in_order_and_its_length_counts_where_it_is_known() -> None:
    heard = [{"voice": {"type": "audio", "audio_url": url}} for url in ("b", "a", "b")]
    assert AVATAR.audio_sources({"video_inputs": heard}) == ("b", "a", "b")
    assert AVATAR.seconds({"video_inputs": heard}, {"b": 1.25}) == 2.5 + AVATAR.default_seconds


def test_audio_beside_a_voice_of_text_does_not_count() -> None:
    request = {"video_inputs": [said("a" * 129, audio_url="a")]}
    assert AVATAR.audio_sources(request) == ()
    assert AVATAR.seconds(request, {"a": 99}) == 10


def test_captions_know_when_each_stretch_of_words_is_said() -> None:
    request = {
        "video_inputs": [
            said('aaaaaaaaaa aaa.<break time="2s"/>bbb', speed=1),
            {"voice": {"type": "silence", "duration": 1}},
            said("c" * 129),
        ]
    }
    first = 13 / 12.9
    second = 3 / 12.9
    assert AVATAR.spoken(request) == (
        Spoken(0.0, round(first, 3), "aaaaaaaaaa aaa."),
        Spoken(round(first + 2, 3), round(first + 2 + second, 3), "bbb"),
        Spoken(round(first + 3 + second, 3), AVATAR.seconds(request), "c" * 129),
    )


@given(segments)
def test_what_is_said_is_in_order_inside_the_video_and_free_of_tags(inputs: list[dict[str, Any]]) -> None:
    request, lengths = {"video_inputs": inputs}, {"a": 3.0}
    end, at = AVATAR.seconds(request, lengths), 0.0
    for piece in AVATAR.spoken(request, lengths):
        assert at <= piece.start < piece.end <= end
        assert "<break time" not in piece.text
        assert piece.text == piece.text.strip() != ""
        at = piece.end


@given(segments, segments)
def test_lengths_add_up(one: list[dict[str, Any]], two: list[dict[str, Any]]) -> None:
    def length(inputs: list[dict[str, Any]]) -> float:
        return AVATAR.seconds({"video_inputs": inputs}, {"a": 3.0})

    assert length(one + two) == pytest.approx(length(one) + length(two), abs=2 * SHORTEST)


@pytest.mark.parametrize("strange", [{}, {"video_inputs": []}, {"video_inputs": "x"}, {"video_inputs": [3]}])
def test_a_request_without_segments_gets_the_default(strange: dict[str, Any]) -> None:
    assert AVATAR.seconds(strange) == AVATAR.default_seconds
    assert AVATAR.spoken(strange) == ()


@pytest.mark.parametrize(("asked", "seconds"), [("4", 4), (6, 6), ("8.5", 8.5), (True, 5), ("soon", 5), (-1, 5)])
def test_seconds_may_be_asked_for_in_words_of_digits(asked: object, seconds: float) -> None:
    rule = DurationRule(None, None, None, "length", None, 10.0, 5.0, "s", "assumed")
    assert rule.seconds({"length": asked}) == seconds


def test_nothing_is_longer_than_the_maximum_and_captions_end_with_it() -> None:
    rule = DurationRule("text", None, None, None, None, 10.0, 5.0, "s", "assumed", break_tags=True, maximum=2.0)
    script = {"text": "a" * 15 + '<break time="0.1s"/>' + "b" * 15 + '<break time="9s"/>c'}
    assert rule.seconds(script) == 2.0
    assert [(piece.start, piece.end) for piece in rule.spoken(script)] == [(0.0, 1.5), (1.6, 2.0)]


def test_a_condition_is_about_the_value_of_a_dotted_field() -> None:
    silence = Silence(Condition("voice.type", "silence"), "voice.duration", 1.0)
    assert silence.when.holds({"voice": {"type": "silence"}})
    assert not silence.when.holds({"voice": "silence"})
