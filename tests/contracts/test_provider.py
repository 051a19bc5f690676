"""One provider's contract under its switches: each switch changes what it says, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from understudy_contracts.provider import contract

RUNWARE = contract("runware")
FOUR = RUNWARE.examples[0]["request"]
FIVE = {
    "taskType": "videoInference",
    "taskUUID": "b8a0b08e-e8d5-433c-8527-4397dfa76806",
    "model": "heygen:avatar@5",
    "inputs": {"avatar": "Brandon_Office_Standing_Front_public"},
    "speech": {"text": "Hello."},
}
SIZELESS = {key: value for key, value in FOUR.items() if key not in ("width", "height")}
UUID = FIVE["taskUUID"]
VIDEO = {"videoUUID": UUID, "videoURL": "https://vm.invalid/a.mp4"}
ABOUT = {"taskType": "videoInference", "taskUUID": UUID}


def broken(request: dict[str, Any], **switches: str) -> list[tuple[str, tuple[str, ...]]]:
    judge = RUNWARE.model_judge(request["model"], switches)
    return [(violation.rule, violation.parameters) for violation in judge.violations(request)]


@pytest.mark.parametrize("preset", ["360p", "480p", "540p", "720p", "1080p"])
def test_avatar_4_takes_the_presets_of_the_edition_asked_for(preset: str) -> None:
    request = {**SIZELESS, "resolution": preset}
    assert broken(request) == []
    on_page = preset in ("720p", "1080p")
    assert broken(request, resolution="page") == ([] if on_page else [("enum", ("resolution",))])


def test_avatar_5_has_no_preset_on_its_page() -> None:
    request = {**FIVE, "resolution": "4K"}
    assert broken(request) == []
    assert broken(request, resolution="page") == [("unknown", ("resolution",))]


@pytest.mark.parametrize(
    ("field", "value"), [("avatar", "Somebody_new"), ("voice", "somebody_new"), ("language", "de-DE")]
)
def test_values_no_source_prints_pass_when_well_formed_unless_the_switch_is_strict(field: str, value: str) -> None:
    place = "inputs" if field == "avatar" else "speech"
    request = {**FIVE, place: {**FIVE[place], field: value}}
    assert broken(request) == []
    assert broken(request, values="known") == [("enum", (f"{place}.{field}",))]
    malformed = {**FIVE, place: {**FIVE[place], field: "not well formed"}}
    assert broken(malformed) == [("pattern", (f"{place}.{field}",))]


def test_auto_is_a_known_voice() -> None:
    assert broken({**FIVE, "speech": {"text": "Hello.", "voice": "auto"}}, values="known") == []


def test_any_version_of_uuid_names_a_task_unless_the_switch_says_version_4() -> None:
    request = {**FIVE, "taskUUID": "01932c07-0000-7000-8000-000000000000"}
    assert broken(request) == []
    assert broken(request, task_uuid="v4") == [("pattern", ("taskUUID",))]


def test_somebody_and_something_to_say_are_required_unless_the_switch_says_otherwise() -> None:
    nothing = {key: FOUR[key] for key in ("taskType", "taskUUID", "model")}
    assert [rule for rule, _ in broken(nothing)] == ["a-face", "a-voice"]
    assert broken(nothing, drivers="optional") == []


def test_a_script_needs_a_voice_only_when_the_switch_says_so() -> None:
    assert broken(FIVE) == []
    assert broken(FIVE, voice_with_text="required") == [("voice-with-text", ("speech.text", "speech.voice"))]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"width": 1280}, ("width-with-height", ("width", "height"))),
        ({"width": 1280, "height": 721}, ("dimension-pairs", ("width", "height"))),
        (
            {"resolution": "4K", "width": 1280, "height": 720},
            ("resolution-excludes-dimensions", ("resolution", "width", "height")),
        ),
        (
            {"speech": {"text": "a"}, "inputs": {"avatar": "a", "audio": UUID}},
            ("speech-excludes-audio", ("speech.text", "inputs.audio")),
        ),
        ({"inputs": {}}, ("required", ("inputs.avatar",))),
        ({"inputs": {"avatar": "a", "image": UUID}}, ("unknown", ("inputs.image",))),
        ({"positivePrompt": "a"}, ("unknown", ("positivePrompt",))),
        ({"settings": {"expressiveness": "low"}}, ("unknown", ("settings.expressiveness",))),
        ({"settings": {"backgroundColor": "#f00"}}, ("pattern", ("settings.backgroundColor",))),
        ({"deliveryMethod": "sync"}, ("enum", ("deliveryMethod",))),
        ({"seed": 1}, ("unknown", ("seed",))),
        ({"ttl": 59}, ("minimum", ("ttl",))),
        ({"webhookURL": "ftp://a.invalid"}, ("pattern", ("webhookURL",))),
        ({"speech": "Hello."}, ("type", ("speech",))),
    ],
)
def test_avatar_5_refuses_what_its_page_does_not_allow(
    change: dict[str, Any], expected: tuple[str, tuple[str, ...]]
) -> None:
    assert expected in broken({**FIVE, **change})


def test_an_image_beside_an_avatar_is_taken() -> None:
    assert broken({**FOUR, "inputs": {"image": UUID, "avatar": "man_casual_young_adult"}}) == []


@pytest.mark.parametrize("source", [UUID, "https://a.invalid/b.jpg", "data:image/png;base64,AAAA", "iVBORw0KGgo="])
def test_a_picture_is_a_uuid_a_url_a_data_uri_or_base64(source: str) -> None:
    assert broken({**FOUR, "inputs": {"image": source}}) == []


@pytest.mark.parametrize("source", ["portrait.jpg", "", "https://", "data:text/plain,hello"])
def test_a_picture_is_nothing_else(source: str) -> None:
    assert broken({**FOUR, "inputs": {"image": source}}) == [("pattern", ("inputs.image",))]


def test_a_failed_result_is_told_where_the_switch_says() -> None:
    failed = {"data": [{**ABOUT, "status": "error", "error": {"code": "taskFailed", "message": "no"}}]}
    assert not RUNWARE.judge("get-response-answer").accepts(failed)
    for place in ("data", "both"):
        assert RUNWARE.judge("get-response-answer", failed_task=place).violations(failed) == []


def test_a_finished_result_has_a_status_exactly_when_the_switch_says() -> None:
    with_status = {"data": [{**ABOUT, **VIDEO, "status": "success"}]}
    without = {"data": [{**ABOUT, **VIDEO}]}
    assert RUNWARE.judge("get-response-answer").accepts(with_status)
    assert not RUNWARE.judge("get-response-answer").accepts(without)
    assert RUNWARE.judge("get-response-answer", success_status_field="off").accepts(without)
    assert not RUNWARE.judge("get-response-answer", success_status_field="off").accepts(with_status)


def test_a_webhook_is_wrapped_or_flat_as_the_switch_says() -> None:
    wrapped, flat = {"data": [{**ABOUT, **VIDEO}]}, {**ABOUT, **VIDEO}
    failed = {"errors": [{**ABOUT, "code": "taskFailed", "message": "no"}]}
    assert [RUNWARE.judge("webhook").accepts(body) for body in (wrapped, flat, failed)] == [True, False, True]
    flatly = RUNWARE.judge("webhook", webhook_body="flat")
    assert [flatly.accepts(body) for body in (wrapped, flat, failed)] == [False, True, True]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("task-array", [{"taskType": "ping"}], []),
        ("task-array", [{"taskType": "ping"}] * 2, [{"taskUUID": UUID}]),
        ("authentication-request", {"taskType": "authentication", "apiKey": "k"}, {"taskType": "authentication"}),
        (
            "authentication-answer",
            {"taskType": "authentication", "connectionSessionUUID": UUID},
            {"taskType": "authentication"},
        ),
        ("acknowledgement", ABOUT, {**ABOUT, "status": "success"}),
        ("get-response-request", {**ABOUT, "taskType": "getResponse"}, ABOUT),
        ("submit-answer", {"data": [ABOUT]}, {"data": [{**ABOUT, **VIDEO}]}),
        ("submit-answer", {"data": [], "errors": [{"code": "c", "message": "m"}]}, {"errors": []}),
        ("get-response-answer", {"data": []}, {}),
        (
            "get-response-answer",
            {"data": [{**ABOUT, "status": "processing"}]},
            {"data": [{**ABOUT, **VIDEO, "status": "processing"}]},
        ),
        ("result", {**ABOUT, **VIDEO, "cost": 2.8866}, {**ABOUT, **VIDEO, "cost": 2.88661}),
        ("error", {"code": "c", "message": "m", "anything": 1}, {"code": "c"}),
        ("envelope", {"data": []}, {"data": [], "error": {}}),
    ],
)
def test_each_form_of_message_takes_the_right_and_refuses_the_wrong(name: str, good: object, bad: object) -> None:
    assert RUNWARE.judge(name).violations(good) == []
    assert RUNWARE.judge(name).violations(bad) != []


def test_an_empty_acknowledgement_holds_no_items() -> None:
    assert not RUNWARE.judge("submit-answer", acknowledgement="empty").accepts({"data": [ABOUT]})
    assert RUNWARE.judge("submit-answer", acknowledgement="empty").accepts({"data": []})


def test_a_judge_is_compiled_once() -> None:
    assert RUNWARE.judge("webhook") is RUNWARE.judge("webhook")
    assert RUNWARE.judge("webhook") is not RUNWARE.judge("webhook", webhook_body="flat")
    assert contract("runware") is RUNWARE


def test_a_switch_or_value_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="runware has no switch 'tempo': there are failed-task"):
        RUNWARE.judge("webhook", tempo="fast")
    with pytest.raises(ValueError, match="webhook-body cannot be 'round': it is one of wrapped, flat"):
        RUNWARE.judge("webhook", webhook_body="round")
    with pytest.raises(KeyError):
        RUNWARE.judge("gossip")


def test_a_side_out_of_range_is_told_once_and_not_again_as_a_size_nobody_renders() -> None:
    assert broken({**FIVE, "width": 1, "height": 720}) == [("minimum", ("width",))]


def test_missing_an_avatar_does_not_hide_that_there_is_nothing_to_say() -> None:
    mute = {**FIVE, "inputs": {}, "speech": {}}
    assert broken(mute) == [("required", ("inputs.avatar",)), ("a-voice", ("speech.text", "inputs.audio"))]
