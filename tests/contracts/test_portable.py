"""A schema written for other validators means what it meant before."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from understudy_contracts.portable import portable
from understudy_contracts.provider import contract

RUNWARE = contract("runware")
BASE = "https://example.invalid/"


def accepts(schema: dict[str, Any], value: object) -> bool:
    """What validators of two drafts, old and new, agree on."""
    draft7 = jsonschema_rs.Draft7Validator({key: body for key, body in schema.items() if key != "$schema"})
    verdicts = {draft7.is_valid(value), jsonschema_rs.Draft201909Validator(schema).is_valid(value)}
    assert len(verdicts) == 1
    return verdicts.pop()


@pytest.mark.parametrize("name", RUNWARE.schemas)
def test_every_schema_of_the_contract_can_stand_alone(name: str) -> None:
    judge = RUNWARE.judge(name)
    written = portable(judge.schema, judge.resources)
    assert '"$ref"' not in json.dumps(written)
    for value in ({}, [], None, {"taskType": "ping"}, {"data": []}, {"code": "a", "message": "b"}):
        assert accepts(written, value) == judge.accepts(value)


@pytest.mark.parametrize("example", RUNWARE.examples, ids=lambda example: example["title"])
def test_printed_exchanges_are_judged_alike(example: dict[str, Any]) -> None:
    result = RUNWARE.judge("result")
    written = portable(result.schema, result.resources)
    for value in (example["response"], {**example["response"], "status": "processing"}, {"status": "error"}):
        assert accepts(written, value) == result.accepts(value)


def test_properties_of_several_files_stand_side_by_side() -> None:
    other = {"$id": f"{BASE}b/other.json", "required": ["b"], "properties": {"b": {"type": "string"}}}
    schema = {"$id": f"{BASE}a.json", "properties": {"a": {}}, "allOf": [{"$ref": "b/other.json"}]}
    written = portable({**schema, "unevaluatedProperties": False}, {other["$id"]: other})
    assert set(written["properties"]) == {"a", "b"}
    assert written["required"] == ["b"]
    assert accepts(written, {"b": "x"})
    assert not accepts(written, {"b": 1})
    assert not accepts(written, {"b": "x", "c": 1})


def test_a_reference_may_point_into_a_file() -> None:
    resources = {f"{BASE}other.json": {"$id": f"{BASE}other.json", "$defs": {"word": {"type": "string"}}}}
    schema = {"$id": f"{BASE}a.json", "properties": {"a": {"$ref": "other.json#/$defs/word"}}}
    written = portable(schema, resources)
    assert accepts(written, {"a": "x"})
    assert not accepts(written, {"a": 1})


def test_what_two_files_say_of_a_property_both_holds() -> None:
    member = {"properties": {"a": {"maximum": 9, "type": "integer", "allOf": [{"not": {"const": 2}}]}, "b": False}}
    own = {"a": {"maximum": 5, "minimum": 2, "allOf": [{"multipleOf": 2}]}, "b": {"type": "string"}}
    written = portable({"properties": own, "allOf": [member]}, {})
    verdicts = {value: accepts(written, {"a": value}) for value in (0, 2, 3, 4, 6, 12)}
    assert [value for value, good in verdicts.items() if good] == [4]
    assert not accepts(written, {"b": "x"})


def test_a_closed_object_stays_closed() -> None:
    written = portable(
        {"properties": {"a": {}}, "additionalProperties": False, "allOf": [{"properties": {"b": {}}}]}, {}
    )
    assert not accepts(written, {"b": 1})


def test_what_a_member_judges_together_stays_and_what_it_names_is_known() -> None:
    member = {"properties": {"b": {"type": "integer"}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}
    written = portable({"properties": {"a": {}}, "allOf": [member], "unevaluatedProperties": False}, {})
    assert accepts(written, {"b": 1})
    assert not accepts(written, {})
    assert not accepts(written, {"b": "x"})
    assert not accepts(written, {"a": 1, "c": 1})


def test_one_property_may_demand_others() -> None:
    written = portable({"dependentRequired": {"a": ["b", "c"]}}, {})
    assert accepts(written, {"b": 1})
    assert accepts(written, {"a": 1, "b": 1, "c": 1})
    assert not accepts(written, {"a": 1, "b": 1})


@pytest.mark.parametrize(("step", "kept"), [(2, True), (0.5, True), (0.01, False), (0.1, False)])
def test_a_step_is_kept_only_where_binary_division_keeps_it(step: float, kept: bool) -> None:
    written = portable({"properties": {"a": {"type": "number", "multipleOf": step}}}, {})
    assert ("multipleOf" in written["properties"]["a"]) == kept


def test_a_reference_to_an_unknown_file_is_named() -> None:
    with pytest.raises(KeyError, match="nowhere"):
        portable({"$id": f"{BASE}a.json", "allOf": [{"$ref": "nowhere.json"}]}, {})
