"""What of a request is seen and heard is data of its model, for every provider alike."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

import understudy_contracts
from understudy_contracts.inputs import Inputs
from understudy_contracts.models import Model
from understudy_contracts.provider import contract
from understudy_contracts.shape import look_up

FOLDER = Path(understudy_contracts.__file__).parent
RUNWARE, GMI, SEGMIND = (contract(name).models for name in ("runware", "gmi", "segmind"))
FOURTH, FIFTH = RUNWARE["heygen:avatar@4"], RUNWARE["heygen:avatar@5"]
AVATAR, WAN, SPEECH = GMI["heygen-avatar-4"], GMI["wan2.6-i2v"], GMI["minimax-tts-speech-2.8-hd"]


WITH_INPUTS = [model for models in (RUNWARE, GMI, SEGMIND) for model in models.values() if model.inputs is not None]


def inputs(model: Model) -> Inputs:
    assert model.inputs is not None
    return model.inputs


def test_the_pictures_of_every_kind_of_request_are_found() -> None:
    both = {"inputs": {"image": "a", "background": "b"}}
    assert FOURTH.pictures(both) == {"subject": "a", "backdrop": "b"}
    assert FIFTH.pictures(both) == {"backdrop": "b"}
    assert WAN.pictures({"img_url": "a"}) == {"subject": "a"}
    assert GMI["Veo3"].pictures({"image": "a"}) == {"subject": "a"}
    assert GMI["seedream-5.0-pro"].pictures({"image": ["a", "b"]}) == {"subject": "a"}
    assert SEGMIND["heygen-avatar-iv"].pictures({"image_url": "a"}) == {"subject": "a"}
    assert SEGMIND["pixelflow"].pictures({"image_url": "a"}) == {}


def test_an_image_beside_an_avatar_is_not_shown() -> None:
    assert FOURTH.pictures({"inputs": {"image": "a", "avatar": "b"}}) == {}


def test_the_first_segment_with_a_background_speaks_for_all() -> None:
    segments: list[dict[str, Any]] = [
        {"background": {"type": "video", "url": "v"}},
        {"background": {"type": "image", "url": "first"}},
        {"background": {"type": "image", "url": "second"}},
        {"background": {"type": "color", "value": "#123456"}, "voice": {"pitch": 50}},
    ]
    request = {"video_inputs": segments}
    assert AVATAR.pictures(request) == {"backdrop": "first"}
    assert inputs(AVATAR).colour(AVATAR.duration.segments(request)) == "#123456"
    assert inputs(AVATAR).semitones(AVATAR.duration.segments(request)) == pytest.approx(7.02, abs=0.01)


def test_a_recording_that_has_no_say_in_the_length_is_heard_all_the_same() -> None:
    asked = {"img_url": "a", "audio_url": "b", "duration": 7}
    assert WAN.recordings(asked) == ("b",)
    assert WAN.duration.seconds(asked, {"b": 20.0}) == 7.0
    assert SEGMIND["heygen-avatar-iv"].recordings({"audio_url": "b"}) == ("b",)
    assert WAN.recordings({}) == ()


def test_a_recording_is_heard_where_its_segment_is() -> None:
    voices = [
        {"type": "text", "input_text": "a" * 129},
        {"type": "audio", "audio_url": "b"},
        {"type": "silence", "duration": 2},
        {"type": "audio", "audio_url": "unknown"},
        {"type": "audio", "audio_url": "b"},
    ]
    request = {"video_inputs": [{"voice": voice} for voice in voices]}
    heard = AVATAR.duration.heard(request, {"b": 3.5})
    assert [(one.start, one.end, one.source) for one in heard] == [
        (10.0, 13.5, "b"),
        (15.5, 20.5, "unknown"),
        (20.5, 24.0, "b"),
    ]


def test_a_script_is_spoken_in_the_stead_of_a_recording_that_nobody_could_read() -> None:
    rule = SEGMIND["heygen-avatar-iv"].duration
    both = {"script": "a" * 129, "audio_url": "b"}
    assert rule.heard(both, {}) == ()
    assert [one.text for one in rule.spoken(both)] == ["a" * 129]
    assert [(one.start, one.end) for one in rule.heard(both, {"b": 3.0})] == [(0.0, 3.0)]
    assert rule.spoken(both, {"b": 3.0}) == ()
    assert [(one.start, one.end) for one in rule.heard({"audio_url": "b"}, {})] == [(0.0, rule.default_seconds)]


@given(st.lists(st.floats(0.05, 9), max_size=5), st.floats(0.05, 9))
def test_recordings_are_heard_one_after_the_other_and_never_beyond_the_end(lengths: list[float], first: float) -> None:
    known = {str(index): seconds for index, seconds in enumerate([first, *lengths])}
    request = {"video_inputs": [{"voice": {"type": "audio", "audio_url": name}} for name in known]}
    heard = AVATAR.duration.heard(request, known)
    assert [one.source for one in heard] == list(known)
    for earlier, later in pairwise(heard):
        assert earlier.end == pytest.approx(later.start, abs=0.002)
    assert heard[-1].end <= AVATAR.duration.seconds(request, known) + 0.001


def test_the_fit_is_the_one_asked_for_and_else_the_one_that_is_assumed() -> None:
    fifth, iv = inputs(FIFTH), inputs(SEGMIND["heygen-avatar-iv"])
    assert [fifth.fit_of([one]) for one in ({}, {"settings": {"fit": "contain"}})] == ["cover", "contain"]
    assert [iv.fit_of([one]) for one in ({}, {"fit": "contain"}, {"fit": "stretch"})] == ["cover", "contain", "cover"]


def test_a_background_is_left_out_only_when_that_is_asked() -> None:
    asked: list[dict[str, Any]] = [
        {},
        {"settings": {"removeBackground": False}},
        {"settings": {"removeBackground": True}},
    ]
    assert [inputs(FOURTH).transparent([one]) for one in asked] == [False, False, True]


@pytest.mark.parametrize("given_", ["red", "#12345", "#1234567", "", 5, None, {"hex": "#123456"}])
def test_what_is_no_colour_is_none(given_: object) -> None:
    assert inputs(AVATAR).colour([{"background": {"type": "color", "value": given_}}]) is None


@given(st.floats(-50, 50), st.floats(-50, 50))
def test_a_higher_pitch_is_never_lower(one: float, other: float) -> None:
    low, high = (inputs(FOURTH).semitones([{"speech": {"pitch": pitch}}]) for pitch in sorted((one, other)))
    assert -12 - 1e-9 <= low <= high <= 12


@given(st.floats(0, 10), st.floats(0, 10))
def test_a_larger_volume_is_never_softer_and_one_is_as_it_is(one: float, other: float) -> None:
    soft, loud = (inputs(SPEECH).loudness([{"vol": volume}]) for volume in sorted((one, other)))
    assert 0 <= soft <= loud <= 2
    assert inputs(SPEECH).loudness([{"vol": 1}]) == inputs(SPEECH).loudness([{}]) == 1
    assert inputs(FIFTH).loudness([{"speech": {"volume": 0}}]) == 0


def test_a_pitch_counts_in_what_its_model_says() -> None:
    assert inputs(SPEECH).semitones([{"pitch": 12}]) == 12
    assert inputs(FOURTH).semitones([{"speech": {"pitch": -50}}]) == pytest.approx(-12)
    assert inputs(FOURTH).semitones([{"speech": {}}]) == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["inputs", "image", "type"]), inner),
    max_leaves=10,
)


@given(st.sampled_from(WITH_INPUTS), st.data())
def test_no_request_whatever_breaks_the_reading(model: Model, data: st.DataObject) -> None:
    tops = list(model.request["properties"])
    request = data.draw(st.dictionaries(st.sampled_from(tops), JSON))
    if model.duration.segments_field is not None and data.draw(st.booleans()):
        members = st.fixed_dictionaries({}, optional={"background": JSON, "voice": JSON})
        request[model.duration.segments_field] = data.draw(st.lists(members | JSON, max_size=3))
    segments = model.duration.segments(request)
    assert set(model.pictures(request)) <= {"subject", "backdrop"}
    assert all(isinstance(source, str) for source in (*model.pictures(request).values(), *model.recordings(request)))
    assert inputs(model).fit_of(segments) in ("cover", "contain")
    assert 0 <= inputs(model).loudness(segments) <= 2
    assert isinstance(inputs(model).transparent(segments), bool)


@pytest.mark.parametrize("model", WITH_INPUTS, ids=lambda model: model.id)
def test_every_field_that_is_documented_is_one_the_request_has(model: Model) -> None:
    """Of GMI's segments the background is HeyGen's own, which the page does not name."""
    fields = ("subject_field", "transparent_field", "fit_field", "recording_field", "pitch_field", "volume_field")
    schema: Any = model.request
    if model.duration.segments_field is not None:
        schema = schema["properties"][model.duration.segments_field]["items"]
    for name in filter(None, (getattr(inputs(model), field) for field in fields)):
        assert look_up(schema, "properties." + name.replace(".", ".properties.")) is not None


def test_what_a_pitch_counts_in_and_where_the_captions_are_told_is_labelled_as_assumed() -> None:
    for file in FOLDER.glob("*/models/*.json"):
        said = orjson.loads(file.read_bytes()).get("inputs", {})
        assert "pitch_field" not in said or said["pitch_confidence"] == "assumed"
    sidecar = FIFTH.sidecar
    assert sidecar is not None
    assert sidecar.confidence == "assumed"
    shown = contract("runware").schemas["result"]["properties"][sidecar.key]
    assert shown["x-confidence"] == "assumed"
    assert "no source names" in shown["description"]
    assert contract("runware").switches["srt-field"].default == "on"
