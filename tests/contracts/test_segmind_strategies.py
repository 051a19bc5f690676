"""Requests for Segmind's models: the valid pass, the broken break what they say, and each is refused in its own way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from first import first
from understudy_contracts.errors import refusal_of
from understudy_contracts.explain import Explainer
from understudy_contracts.provider import contract
from understudy_contracts.strategies import Broken, broken_request, labels, request

SEGMIND = contract("segmind")
quick = settings(deadline=None)
every_model = pytest.mark.parametrize("model", [name for name in SEGMIND.models if labels("segmind", name)])


def whole_pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "string") and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield ValidationError("malformed")


@cache
def other_validator(model: str) -> Any:
    """jsonschema as it is, but for `$` as the very end."""
    # At a `$schema`, jsonschema would leave the keyword above for its own.
    schema = {key: value for key, value in SEGMIND.model_judge(model).schema.items() if key != "$schema"}
    made: Any = extend
    return made(Draft202012Validator, {"pattern": whole_pattern})(schema)


def agree(model: str, instance: object) -> bool:
    """What both validators and the explainer say, which must be one thing."""
    judge = SEGMIND.model_judge(model)
    said = judge.accepts(instance)
    assert other_validator(model).is_valid(instance) is said
    assert (Explainer(judge.schema, judge.resources).explain(instance) == []) is said
    return said


@pytest.mark.parametrize("model", SEGMIND.models)
def test_every_generated_request_is_valid_by_both_validators(model: str) -> None:
    @quick
    @given(request("segmind", model))
    def check(made: dict[str, Any]) -> None:
        assert agree(model, made)

    check()


@every_model
def test_every_broken_request_is_refused_for_exactly_the_rule_and_place_it_names(model: str) -> None:
    @quick
    @given(broken_request("segmind", model))
    def check(broken: Broken) -> None:
        assert not agree(model, broken.request)
        (violation,) = SEGMIND.model_judge(model).violations(broken.request)
        assert violation.rule == broken.rule
        assert broken.parameter in violation.parameters
        case = refusal_of("segmind", violation)
        assert (case.strikes, case.kind) == ("submit", "validation")

    check()


@pytest.mark.parametrize("model", SEGMIND.models)
def test_keys_nobody_knows_are_taken(model: str) -> None:
    @quick
    @given(request("segmind", model), st.text(min_size=20))
    def check(made: dict[str, Any], stranger: str) -> None:
        assert agree(model, {**made, stranger: "prompt"})

    check()


def test_every_rule_of_the_page_can_be_broken_alone_under_every_switch() -> None:
    avatar = "heygen-avatar-iv"
    assert set(labels("segmind", avatar)) == {
        ("required", "image_url"),
        ("type", "image_url"),
        ("pattern", "image_url"),
        ("required", "video_title"),
        ("type", "video_title"),
        ("type", "audio_url"),
        ("pattern", "audio_url"),
        ("type", "custom_motion_prompt"),
        ("type", "enhance_custom_motion_prompt"),
        ("type", "fit"),
        ("enum", "fit"),
        ("type", "script"),
        ("type", "video_orientation"),
        ("enum", "video_orientation"),
        ("type", "voice_id"),
        ("pattern", "voice_id"),
        ("type", "resolution"),
        ("speech", "script"),
    }
    assert ("enum", "voice_id") in labels("segmind", avatar, values="known")
    assert ("unknown", "steps") in labels("segmind", avatar, unknown_field="refused")
    assert "speech" not in [rule for rule, _ in labels("segmind", avatar, speech="optional")]


def test_generated_requests_have_a_script_a_recording_or_both() -> None:
    made = request("segmind", "heygen-avatar-iv")
    for wanted in ({"script"}, {"audio_url"}, {"script", "audio_url"}):
        first(made, lambda found, wanted=wanted: wanted == {"script", "audio_url"} & set(found))


def test_a_chat_is_a_prompt_or_messages_or_both() -> None:
    made = request("segmind", "gpt-5.5")
    for wanted in ({"prompt"}, {"messages"}, {"prompt", "messages"}):
        first(made, lambda found, wanted=wanted: wanted == {"prompt", "messages"} & set(found))
    assert not agree("gpt-5.5", {"temperature": 1})
