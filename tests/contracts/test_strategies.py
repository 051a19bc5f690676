"""Generated requests: the valid pass, the broken break what they say, and two validators agree on all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from understudy_contracts.explain import Explainer
from understudy_contracts.faults import faults
from understudy_contracts.provider import contract
from understudy_contracts.strategies import Broken, broken_request, corners, labels, plainest_broken, request

RUNWARE = contract("runware")
MODELS = list(RUNWARE.models)
#: Each differs from the defaults in every switch that changes what a request may hold.
STANCES: list[dict[str, str]] = [
    {},
    {"values": "known", "resolution": "page", "task_uuid": "v4", "drivers": "optional", "voice_with_text": "required"},
]
CASES = [
    pytest.param(model, stance, id=f"{model}-{'default' if not stance else 'other'}")
    for model in MODELS
    for stance in STANCES
]
quick = settings(deadline=None)


def exact_step(validator: Any, step: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "number") and Decimal(str(instance)) % Decimal(str(step)) != 0:
        yield ValidationError("off")


def whole_pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "string") and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield ValidationError("malformed")


def bare(schema: Any) -> dict[str, Any]:
    # At a `$schema`, jsonschema would leave the two keywords below for its own.
    return {key: value for key, value in schema.items() if key != "$schema"}


@cache
def other_validator(model: str, stance: tuple[tuple[str, str], ...]) -> Any:
    """jsonschema as it is, but for decimal steps and for `$` as the very end."""
    judge = RUNWARE.model_judge(model, dict(stance))
    registry: Registry[Any] = Registry().with_resources(
        (uri, DRAFT202012.create_resource(bare(body))) for uri, body in judge.resources.items()
    )
    made: Any = extend
    return made(Draft202012Validator, {"multipleOf": exact_step, "pattern": whole_pattern})(
        bare(judge.schema), registry=registry
    )


def agree(model: str, stance: dict[str, str], instance: dict[str, Any]) -> bool:
    """What both validators and the explainer say, which must be one thing."""
    judge = RUNWARE.model_judge(model, stance)
    said = judge.accepts(instance)
    assert other_validator(model, tuple(stance.items())).is_valid(instance) is said
    assert (Explainer(judge.schema, judge.resources).explain(instance) == []) is said
    assert (judge.violations(instance) == []) is said
    return said


@pytest.mark.parametrize(("model", "stance"), CASES)
def test_every_generated_request_is_valid_by_both_validators(model: str, stance: dict[str, str]) -> None:
    @quick
    @given(request("runware", model, **stance))
    def check(made: dict[str, Any]) -> None:
        assert agree(model, stance, made)

    check()


@pytest.mark.parametrize(("model", "stance"), CASES)
def test_every_broken_request_breaks_exactly_the_rule_it_names(model: str, stance: dict[str, str]) -> None:
    @quick
    @given(broken_request("runware", model, **stance))
    def check(broken: Broken) -> None:
        assert not agree(model, stance, broken.request)
        (violation,) = RUNWARE.model_judge(model, stance).violations(broken.request)
        assert violation.rule == broken.rule
        assert broken.parameter in violation.parameters
        assert violation.message.endswith(".")

    check()


@quick
@given(
    st.sampled_from([one.bad for one in faults({"type": "object", "additionalProperties": False}, {}, [])]), st.data()
)
def test_a_key_that_nobody_knows_has_a_value_that_every_json_library_can_write(bad, data):
    assert orjson.dumps(data.draw(bad))


@pytest.mark.parametrize(("model", "stance"), CASES)
def test_every_limit_of_every_field_can_be_broken_alone(model: str, stance: dict[str, str]) -> None:
    found = set(labels("runware", model, **stance))
    assert found >= {
        *((rule, "outputQuality") for rule in ("type", "minimum", "maximum")),
        *(("required", name) for name in ("taskType", "taskUUID", "model")),
        *(("pattern", name) for name in ("taskUUID", "webhookURL", "uploadEndpoint")),
        *(("enum", name) for name in ("outputType", "outputFormat", "deliveryMethod", "safety.mode")),
        ("unknown", "steps"),
        ("unknown", "safety.steps"),
        ("width-with-height", "width"),
    }
    if "avatar" in model:
        assert found >= {
            *((rule, "speech.speed") for rule in ("type", "minimum", "maximum", "multipleOf")),
            ("minLength", "speech.text"),
            ("maxLength", "speech.text"),
            ("speech-excludes-audio", "speech.text"),
        }
    assert (("dimension-pairs", "width") in found) is (model == "heygen:avatar@5")


@pytest.mark.parametrize("model", MODELS)
@quick
@given(data=st.data())
def test_the_validators_agree_on_requests_spoilt_at_random(model: str, data: st.DataObject) -> None:
    made = data.draw(request("runware", model))
    name = data.draw(st.sampled_from([*made, "width", "speech", "inputs", "resolution", "ttl"]))
    made[name] = data.draw(
        st.one_of(
            st.none(),
            st.integers(-10, 5000),
            st.floats(-60, 60),
            st.text(max_size=5),
            st.just({}),
            st.just([]),
            st.fixed_dictionaries(
                {}, optional={"speed": st.floats(0, 2), "text": st.text(max_size=2), "audio": st.text()}
            ),
        )
    )
    agree(model, {}, made)


def test_generated_task_ids_never_repeat() -> None:
    seen: list[str] = []

    @quick
    @given(request("runware", "heygen:avatar@4"))
    def collect(made: dict[str, Any]) -> None:
        seen.append(made["taskUUID"])

    collect()
    assert len(set(seen)) == len(seen)


def test_a_speed_of_057_is_on_its_step_of_001() -> None:
    example = RUNWARE.examples[0]
    spoken = {**example["request"], "speech": {**example["request"]["speech"], "speed": 0.57}}
    assert agree(example["model"], {}, spoken)
    spoken["speech"]["speed"] = 0.575
    assert not agree(example["model"], {}, spoken)


@pytest.mark.parametrize(("model", "stance"), CASES)
def test_each_rule_that_can_be_broken_has_a_plain_request_that_breaks_it_alone(model, stance):
    judge = RUNWARE.model_judge(model, stance)
    made = plainest_broken("runware", model, **stance)
    assert {(one.rule, one.parameter) for one in made} == set(labels("runware", model, **stance))
    for one in made:
        assert [violation.rule for violation in judge.violations(one.request)] == [one.rule]


@pytest.mark.parametrize(("model", "stance"), CASES)
def test_corners_are_valid_and_hold_each_choice_of_each_field(model, stance):
    judge = RUNWARE.model_judge(model, stance)
    made = corners("runware", model, **stance)
    assert made
    assert all(map(judge.accepts, made))
    for value in judge.schema["properties"].get("outputFormat", {}).get("enum", ()):
        assert any(one.get("outputFormat") == value for one in made)
