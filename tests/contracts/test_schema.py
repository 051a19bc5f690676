"""Judging: a fast yes and an explained no, which never disagree."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy_contracts.provider import contract
from understudy_contracts.schema import Judge, Violation, judge, plain

SPEECH = {
    "type": "object",
    "additionalProperties": False,
    "required": ["text"],
    "properties": {
        "text": {"type": "string", "minLength": 1, "maxLength": 5},
        "speed": {"type": "number", "minimum": 0.5, "maximum": 1.5, "multipleOf": 0.01, "default": 1},
        "voice": {"enum": ["a", "b"]},
        "tag": {"type": "string", "pattern": "^[a-z]+$", "x-expects": "small letters"},
        "lines": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "object", "required": ["at"]}},
    },
    "dependentRequired": {"speed": ["voice"]},
}


def only(instance: object, schema: dict[str, Any] = SPEECH) -> Violation:
    (violation,) = judge(instance, schema)
    return violation


def test_an_accepted_value_has_no_violations() -> None:
    assert judge({"text": "hi", "speed": 0.57, "voice": "a", "tag": "x", "lines": [{"at": 1}]}, SPEECH) == []


@pytest.mark.parametrize(
    ("instance", "rule", "parameters", "allowed", "words"),
    [
        ({}, "required", ("text",), ["text"], "text is required."),
        ({"text": ""}, "minLength", ("text",), 1, 'text must not be empty, not "".'),
        ({"text": "123456"}, "maxLength", ("text",), 5, "text must have at most 5 characters"),
        ({"text": 7}, "type", ("text",), "string", "text must be a string, not 7."),
        ({"text": "t", "voice": "c"}, "enum", ("voice",), ["a", "b"], 'voice must be one of a, b, not "c".'),
        ({"text": "t", "voice": "a", "speed": 0.4}, "minimum", ("speed",), 0.5, "speed must be at least 0.5, not 0.4."),
        ({"text": "t", "voice": "a", "speed": 2}, "maximum", ("speed",), 1.5, "speed must be at most 1.5, not 2."),
        ({"text": "t", "voice": "a", "speed": 0.575}, "multipleOf", ("speed",), 0.01, "a multiple of 0.01"),
        (
            {"text": "t", "speed": 1},
            "dependentRequired",
            ("speed", "voice"),
            ["speed", "voice"],
            "needs voice beside it",
        ),
        ({"text": "t", "tag": "A"}, "pattern", ("tag",), "^[a-z]+$", 'tag must be small letters, not "A".'),
        ({"text": "t", "tag": "a\n"}, "pattern", ("tag",), "^[a-z]+$", "tag must be small letters"),
        ({"text": "t", "lines": []}, "minItems", ("lines",), 1, "lines must not be empty"),
        ({"text": "t", "lines": [{"at": 1}] * 3}, "maxItems", ("lines",), 2, "lines must have at most 2 members"),
        ({"text": "t", "lines": [{"at": 1}, {}]}, "required", ("lines[1].at",), ["at"], "lines[1].at is required."),
        ({"text": "t", "pitch": 1}, "unknown", ("pitch",), None, "pitch is not known here."),
        ([], "type", (), "object", "The value must be an object, not []."),
    ],
)
def test_a_violation_names_rule_place_and_what_would_have_been_allowed(
    instance: object, rule: str, parameters: tuple[str, ...], allowed: object, words: str
) -> None:
    violation = only(instance)
    assert (violation.rule, violation.parameters, violation.allowed) == (rule, parameters, allowed)
    assert words in violation.message


def test_a_violation_carries_the_subschema_so_that_a_caller_can_read_its_limits() -> None:
    assert only({"text": "t", "voice": "a", "speed": 9}).schema["minimum"] == 0.5
    assert only({}).schema == SPEECH["properties"]["text"]  # type: ignore[index]


def test_several_mistakes_are_all_told_once_and_always_in_the_same_order() -> None:
    instance = {"text": "", "voice": "c", "x": 1, "y": 2}
    first = judge(instance, SPEECH)
    assert sorted(violation.rule for violation in first) == ["enum", "minLength", "unknown", "unknown"]
    assert judge(instance, SPEECH) == first


def test_a_value_of_the_wrong_type_is_told_once_and_not_once_a_keyword() -> None:
    schema = {"properties": {"size": {"type": "string", "enum": ["a"], "pattern": "^a$"}}}
    assert only({"size": 3}, schema).rule == "type"


def test_a_known_key_with_a_bad_value_is_not_called_unknown() -> None:
    schema = {"allOf": [{"properties": {"a": {"type": "integer"}}}], "unevaluatedProperties": False}
    assert only({"a": "x"}, schema).rule == "type"
    assert only({"a": 1, "b": 2}, schema).parameters == ("b",)


def test_a_schema_of_keywords_told_plainly_is_still_told() -> None:
    assert only({"a": 1}, {"properties": {"a": False}}).rule == "unknown"
    assert only(1, {"anyOf": [{"type": "string"}, {"const": 2}]}).rule == "anyOf"
    assert only(1, {"const": 2}).message == "The value must be 2, not 1."
    assert only({"a": 1}, {"additionalProperties": {"type": "string"}}).rule == "type"
    assert only({"a": 1}, {"unevaluatedProperties": {"type": "string"}}).rule == "unevaluatedProperties"
    assert (
        only({"a": 1}, {"patternProperties": {"^b": {}}, "additionalProperties": False}).rule == "additionalProperties"
    )


@pytest.mark.parametrize("key", ["text", "lines", "unknown"])
def test_no_depth_of_nesting_raises(key: str) -> None:
    deep: object = "bottom"
    for _ in range(5000):
        deep = [deep]
    found = judge_of(SPEECH).violations({"text": "t", key: deep})
    assert found
    assert not judge_of(SPEECH).accepts({"text": "t", key: deep})


def judge_of(schema: dict[str, Any]) -> Judge:
    return Judge(schema)


@pytest.mark.parametrize("key", ["routing", "width", "speech", "inputs", "unheard-of"])
def test_no_depth_of_nesting_raises_in_a_real_request(key: str) -> None:
    deep: object = {}
    for _ in range(5000):
        deep = {"a": deep}
    judge = contract("runware").model_judge("heygen:avatar@4")
    request = {**contract("runware").examples[0]["request"], key: deep}
    assert (judge.violations(request) == []) is judge.accepts(request)


@given(st.integers(-5000, 5000), st.sampled_from(["0.1", "0.01", "0.0001"]))
@settings(deadline=None)
def test_a_step_means_the_written_decimal(count: int, step: str) -> None:
    written = float(f"{count * float(step):.4f}")
    schema = {"multipleOf": float(step)}
    assert judge(written, schema) == []
    off = float(f"{written}5" if "." in str(written) and "e" not in str(written) else written + float(step) / 2)
    if abs(off - written) < float(step) and off != written:
        assert bool(judge(off, schema)) is not Judge(schema).accepts(off)


def test_a_schema_that_points_nowhere_fails_when_it_is_compiled() -> None:
    with pytest.raises(ValueError, match="elsewhere"):
        Judge({"$ref": "https://elsewhere.invalid/schema.json"})


def test_saying_yes_needs_neither_jsonschema_nor_hypothesis() -> None:
    # Both are slow to import; a server that starts must not wait for them.
    code = """
import sys
from understudy_contracts.provider import contract
runware = contract("runware")
example = runware.examples[0]
assert runware.model_judge(example["model"]).accepts(example["request"])
assert not {"jsonschema", "hypothesis"} & set(sys.modules), "imported too early"
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_x_when_keeps_a_subschema_only_under_its_switch() -> None:
    schema = {"allOf": [{"x-when": {"drivers": "required"}, "required": ["voice"]}]}
    assert plain(schema, {"drivers": "optional"}) == {}
    assert plain(schema, {"drivers": "required"}) == {"allOf": [{"required": ["voice"]}]}


def test_x_known_becomes_an_enum_only_when_the_switch_says_so() -> None:
    schema = {"pattern": "^a", "x-known": {"values": ["ab"], "count_stated": 9, "sources": ["s"]}}
    assert plain(schema, {"values": "known"}) == {"enum": ["ab"]}
    assert plain(schema, {"values": "known-or-wellformed"}) == {"pattern": "^a"}


def test_x_editions_takes_the_statement_of_one_source() -> None:
    editions = {"page": {"schema": False}, "sdk": {"schema": {"enum": ["4K"]}}}
    schema = {"properties": {"resolution": {"type": "string", "x-switch": "resolution", "x-editions": editions}}}
    assert plain(schema, {"resolution": "page"}) == {"properties": {}}
    assert plain(schema, {"resolution": "sdk"})["properties"]["resolution"] == {"type": "string", "enum": ["4K"]}
    with pytest.raises(ValueError, match="no edition 'rumour' of resolution: there are page, sdk"):
        plain(schema, {"resolution": "rumour"})


def test_data_inside_a_schema_is_never_taken_for_a_schema() -> None:
    schema = {"const": {"x-when": {"a": "b"}}, "default": [{"x-when": {"a": "b"}}], "enum": [{"x-known": 1}]}
    assert plain(schema, {}) == schema


def test_what_is_not_json_is_refused_and_never_raises() -> None:
    assert only({"text": object()}).rule == "type"
    # Half a character cannot be sent, so no keyword has anything to say about it.
    assert only("\ud800", {"minLength": 1}).rule == "depth"
    assert only({1: 2}, {"unevaluatedProperties": False}).parameters == ("[1]",)
