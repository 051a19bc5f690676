"""Payloads for GMI Cloud's models: the valid pass, the broken break what they say, whatever list they are in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from first import first
from understudy_contracts.explain import Explainer
from understudy_contracts.provider import contract
from understudy_contracts.shape import at, demands, dotted, place, remove
from understudy_contracts.strategies import Broken, broken_request, labels, request

GMI = contract("gmi")
quick = settings(deadline=None)
every_model = pytest.mark.parametrize("model", GMI.models)
PAGE = GMI.examples[0]["request"]["payload"]


def whole_pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "string") and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield ValidationError("malformed")


@cache
def other_validator(model: str) -> Any:
    """jsonschema as it is, but for `$` as the very end."""
    # At a `$schema`, jsonschema would leave the keyword above for its own.
    schema = {key: value for key, value in GMI.model_judge(model).schema.items() if key != "$schema"}
    made: Any = extend
    return made(Draft202012Validator, {"pattern": whole_pattern})(schema)


def agree(model: str, instance: object) -> bool:
    """What both validators and the explainer say, which must be one thing."""
    judge = GMI.model_judge(model)
    said = judge.accepts(instance)
    assert other_validator(model).is_valid(instance) is said
    assert (Explainer(judge.schema, judge.resources).explain(instance) == []) is said
    return said


@every_model
def test_every_generated_payload_is_valid_by_both_validators(model: str) -> None:
    @quick
    @given(request("gmi", model))
    def check(made: dict[str, Any]) -> None:
        assert agree(model, made)

    check()


@every_model
def test_every_broken_payload_is_refused_for_exactly_the_rule_and_place_it_names(model: str) -> None:
    @quick
    @given(broken_request("gmi", model))
    def check(broken: Broken) -> None:
        assert not agree(model, broken.request)
        (violation,) = GMI.model_judge(model).violations(broken.request)
        assert (violation.rule, violation.parameters) == (broken.rule, (broken.parameter,))

    check()


@every_model
def test_keys_nobody_knows_are_taken_at_every_depth(model: str) -> None:
    @quick
    @given(request("gmi", model), st.text(min_size=20))
    def check(made: dict[str, Any], stranger: str) -> None:
        pending: list[Any] = [made]
        while pending:
            part = pending.pop()
            pending += part.values() if isinstance(part, dict) else part if isinstance(part, list) else []
            if isinstance(part, dict):
                part[stranger] = "prompt"
        assert agree(model, made)

    check()


def test_every_limit_the_page_prints_can_be_broken_alone() -> None:
    voice, character = "video_inputs[0].voice", "video_inputs[0].character"
    assert set(labels("gmi", "heygen-avatar-4")) >= {
        ("required", "video_inputs"),
        ("minItems", "video_inputs"),
        ("required", character),
        ("required", f"{character}.type"),
        ("enum", f"{character}.type"),
        ("required", f"{character}.avatar_id"),
        ("enum", f"{character}.avatar_style"),
        ("minimum", f"{character}.scale"),
        ("maximum", f"{character}.scale"),
        ("type", f"{character}.offset.x"),
        ("required", voice),
        ("required", f"{voice}.type"),
        ("enum", f"{voice}.type"),
        ("required", f"{voice}.input_text"),
        ("maxLength", f"{voice}.input_text"),
        ("required", f"{voice}.voice_id"),
        ("minimum", f"{voice}.speed"),
        ("maximum", f"{voice}.speed"),
        ("type", f"{voice}.pitch"),
        ("minimum", f"{voice}.pitch"),
        ("maximum", f"{voice}.pitch"),
        ("enum", f"{voice}.emotion"),
        ("required", "dimension.width"),
        ("type", "dimension.height"),
        ("type", "caption"),
        ("type", "title"),
    }


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        ("voice.input_text", "x" * 5001, "maxLength"),
        ("voice.speed", 0.49, "minimum"),
        ("voice.speed", 1.51, "maximum"),
        ("voice.pitch", 51, "maximum"),
        ("voice.pitch", 0.5, "type"),
        ("voice.emotion", "excited", "enum"),
        ("voice.voice_id", ["a"], "type"),
        ("character.scale", 5.01, "maximum"),
        ("character.avatar_style", "closeup", "enum"),
        ("character.type", "photo", "enum"),
    ],
)
def test_a_fault_in_any_segment_is_told_with_its_number(path: str, value: object, rule: str) -> None:
    payload = deepcopy(PAGE)
    payload["video_inputs"].append(deepcopy(payload["video_inputs"][0]))
    place(payload["video_inputs"][1], tuple(path.split(".")), value)
    (violation,) = GMI.model_judge("heygen-avatar-4").violations(payload)
    assert (violation.rule, violation.parameters) == (rule, (f"video_inputs[1].{path}",))


def test_the_limits_themselves_are_allowed() -> None:
    for path, value in [
        ("voice.input_text", "x" * 5000),
        ("voice.speed", 0.5),
        ("voice.speed", 1.5),
        ("voice.pitch", -50),
        ("character.scale", 0),
        ("character.scale", 5),
    ]:
        payload = deepcopy(PAGE)
        place(payload["video_inputs"][0], tuple(path.split(".")), value)
        assert agree("heygen-avatar-4", payload)


@pytest.mark.parametrize("kind", ["audio", "silence"])
def test_only_a_voice_of_text_needs_words_and_a_voice_id(kind: str) -> None:
    payload = deepcopy(PAGE)
    payload["video_inputs"][0]["voice"] = {"type": kind}
    assert agree("heygen-avatar-4", payload)
    payload["video_inputs"][0]["voice"] = {"type": "text"}
    assert [violation.parameters for violation in GMI.model_judge("heygen-avatar-4").violations(payload)] == [
        ("video_inputs[0].voice.input_text",),
        ("video_inputs[0].voice.voice_id",),
    ]


def test_generated_payloads_have_several_segments_every_kind_of_voice_and_now_and_then_a_size() -> None:
    made = request("gmi", "heygen-avatar-4")
    first(made, lambda payload: len(payload["video_inputs"]) > 1)
    for kind in ("text", "audio", "silence"):
        first(made, lambda payload, kind=kind: payload["video_inputs"][0]["voice"]["type"] == kind)
    first(made, lambda payload: "dimension" in payload)
    first(made, lambda payload: "dimension" not in payload)


def test_a_seed_may_be_null_where_the_page_says_so() -> None:
    assert agree("Veo3", {"prompt": "a", "seed": None})
    assert not agree("Veo3", {"prompt": "a", "seed": "1"})


def test_paths_reach_into_lists_and_make_what_is_missing() -> None:
    made: dict[str, Any] = {}
    place(made, ("a", 0, "b"), 1)
    place(made, ("a", 1), 2)
    place(made, ("a", 0, "c"), 3)
    assert made == {"a": [{"b": 1, "c": 3}, 2]}
    assert [at(made, path) for path in [("a", 0, "b"), ("a", 5), ("a", "b"), ("x", 0)]] == [1, None, None, None]
    remove(made, ("a", 0, "b"))
    remove(made, ("a", 9, "b"))
    assert made == {"a": [{"c": 3}, 2]}
    assert dotted(("a", 0, "b")) == "a[0].b"


def test_what_one_value_demands_of_others_is_read_from_the_schema() -> None:
    schema = {"if": {"properties": {"kind": {"const": "x"}, "other": {}}}, "then": {"required": ["a", "b"]}}
    assert demands(schema, {}) == {"a": ("kind", "x"), "b": ("kind", "x")}
    assert demands({"if": {"properties": {"kind": {"enum": ["x"]}}}, "then": {"required": ["a"]}}, {}) == {}
