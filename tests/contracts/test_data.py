"""The files of Runware's contract: every one valid, sourced, and true to what the provider printed."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from understudy_contracts.data import ContractError, folder, read
from understudy_contracts.errors import catalogue, kind_of, kinds
from understudy_contracts.provider import contract
from understudy_contracts.schema import Judge, plain
from understudy_contracts.switches import switches

ROOT = Path(str(files("understudy_contracts")))
RUNWARE = contract("runware")
FORMS = [read(file) for file in sorted((ROOT / "files").iterdir())]
SCHEMAS = [*RUNWARE.schemas.values(), *(dict(model.request) for model in RUNWARE.models.values())]
CONFIDENCES = {"documented", "observed", "inferred", "assumed"}


def walk(schema: object) -> list[dict[str, Any]]:
    """Every object inside a schema file."""
    if isinstance(schema, list):
        return [found for member in schema for found in walk(member)]
    if isinstance(schema, dict):
        return [schema, *(found for member in schema.values() for found in walk(member))]
    return []


@pytest.mark.parametrize("schema", [*SCHEMAS, *FORMS], ids=lambda schema: schema["$id"])
def test_every_schema_is_valid_2020_12_and_says_what_it_is_and_where_from(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    assert schema["x-sources"]
    Draft202012Validator.check_schema(schema)
    jsonschema_rs.meta.validate(schema)


def test_every_id_is_unique_and_says_its_file() -> None:
    found = {schema["$id"]: name for name, schema in RUNWARE.schemas.items()}
    assert len(found) == len(RUNWARE.schemas)
    for uri, name in found.items():
        assert uri == f"https://contracts.understudy.invalid/runware/{name}.json"
    for file in sorted((ROOT / "runware" / "models").iterdir()):
        assert read(file)["request"]["$id"] == f"https://contracts.understudy.invalid/runware/models/{file.name}"


@pytest.mark.parametrize("name", RUNWARE.schemas)
def test_every_schema_compiles_under_every_value_of_every_switch(name: str) -> None:
    for switch in RUNWARE.switches.values():
        for value in switch.values:
            assert isinstance(RUNWARE.judge(name, **{switch.name: value}), Judge)


def test_every_field_of_a_request_has_a_source_and_a_confidence() -> None:
    platform = RUNWARE.schemas["video-inference"]
    for schema in [platform, *(model.request for model in RUNWARE.models.values())]:
        containers = [dict(schema), *(body for body in schema["properties"].values() if "properties" in body)]
        for container in containers:
            for name, body in container["properties"].items():
                assert body["x-source"], name
                assert body["x-confidence"] in CONFIDENCES, name


def test_every_rule_between_fields_says_why_who_says_so_and_with_which_error_it_is_answered() -> None:
    for model in RUNWARE.models.values():
        for part in walk(dict(model.request)):
            if "x-rule" in part:
                rule = part["x-rule"]
                assert rule["why"]
                assert rule["source"]
                assert rule["confidence"] in CONFIDENCES
                assert rule["error"] in RUNWARE.errors


def test_every_default_every_example_and_every_known_value_is_legal() -> None:
    checked = 0
    registry: Registry[Any] = Registry().with_resources(
        (uri, DRAFT202012.create_resource(plain(body, RUNWARE.switch_values())))
        for uri, body in ((body["$id"], body) for body in RUNWARE.schemas.values())
    )
    for schema in SCHEMAS:
        for part in walk(schema):
            if "x-source" not in part and "pattern" not in part:
                continue
            legal = Draft202012Validator(
                plain({"$id": schema["$id"], **part}, RUNWARE.switch_values()), registry=registry
            )
            values = [*part.get("examples", []), *part.get("x-known", {}).get("values", [])]
            values += [part["default"]] if "default" in part else []
            for value in values:
                assert legal.is_valid(value), (part, value)
                checked += 1
    assert checked > 50


def test_value_lists_no_source_prints_are_listed_with_source_and_true_count() -> None:
    counts = {
        "heygen:avatar@4": {"avatar": 13, "voice": 2300, "language": 186},
        "heygen:avatar@5": {"avatar": 500, "voice": 2300, "language": 186},
    }
    for model, fields in counts.items():
        properties = RUNWARE.models[model].request["properties"]
        for name, count in fields.items():
            known = properties["inputs" if name == "avatar" else "speech"]["properties"][name]["x-known"]
            assert known["count_stated"] == count
            assert known["sources"]
            assert 0 < len(known["values"]) < count


def test_both_statements_about_resolution_are_kept_with_date_and_source() -> None:
    for model in ("heygen:avatar@4", "heygen:avatar@5"):
        editions = RUNWARE.models[model].request["properties"]["resolution"]["x-editions"]
        assert set(editions) == set(RUNWARE.switches["resolution"].values)
        assert all(edition["date"] and edition["source"] for edition in editions.values())


def test_the_five_printed_exchanges_satisfy_the_contract() -> None:
    assert len(RUNWARE.examples) == 5
    for example in RUNWARE.examples:
        assert RUNWARE.model_judge(example["model"]).violations(example["request"]) == []
        assert RUNWARE.judge("result").violations(example["response"]) == []
        assert RUNWARE.judge("webhook").violations({"data": [example["response"]]}) == []
        assert RUNWARE.judge("webhook", webhook_body="flat").violations(example["response"]) == []
        assert example["request"]["taskUUID"] == example["response"]["taskUUID"]


def test_the_printed_texts_keep_their_typography() -> None:
    scripts = [example["request"]["speech"]["text"] for example in RUNWARE.examples]
    assert [script.count("\u2019") for script in scripts] == [0, 0, 1, 2, 0]
    assert [len(script) for script in scripts] == [455, 371, 476, 464, 334]


def test_every_error_is_complete_and_agrees_with_its_place() -> None:
    errors = catalogue("runware")
    assert len(errors) > 40
    for name, case in errors.items():
        assert (case.id, case.provider) == (name, "runware")
        assert case.code
        assert case.message
        assert case.when.endswith(".")
        assert case.sources
        assert case.confidence in CONFIDENCES
        assert (case.status is None) == (case.strikes == "processing")
        assert not case.billed
        assert case.kind in {kind.name for kind in kinds("runware")}


@pytest.mark.parametrize(
    ("name", "status", "kind", "words"),
    [
        ("invalidApiKey", 401, "auth", "Invalid API key. Get one at https://my.runware.ai/signup"),
        (
            "thirdPartyInsufficientCredits",
            400,
            "quota",
            "External inference tasks require a paid invoice or at least $5 credit.",
        ),
        (
            "missingDimensionParameters",
            400,
            "validation",
            "Missing dimension parameters. Either width and height, or referenceImages must be provided.",
        ),
        (
            "invalidModel",
            400,
            "validation",
            "Invalid value for 'model' parameter. Model must be an string value representing a valid AIR identifier.",
        ),
        (
            "timeoutProvider",
            None,
            "timeout",
            "did not respond within the timeout window. The request was automatically terminated.",
        ),
        ("requestTooLarge", 413, "validation", "larger than"),
        ("rateLimitExceeded", 429, "rate_limit", "over capacity"),
        ("requestTimeout", 504, "timeout", "queue wait"),
    ],
)
def test_a_wire_form_is_written_as_its_source_has_it(name: str, status: int | None, kind: str, words: str) -> None:
    case = catalogue("runware")[name]
    assert (case.status, case.kind) == (status, kind)
    assert words in case.message


def test_text_nobody_has_seen_is_marked_as_assumed() -> None:
    for name in ("invalidTaskUUID", "conflictTaskUUID", "unsupportedTaskType", "taskNotFound", "uploadFailed"):
        case = catalogue("runware")[name]
        assert "message" in case.assumed or case.confidence == "assumed"


def test_every_code_is_classified_as_the_providers_own_sdk_does() -> None:
    from runware.errors import derive_code

    ours = {"rate_limit": "rateLimit", "not_found": "notFound", "server": "serverError"}
    named = [code for kind in kinds("runware") for code in kind.codes]
    made = [
        "invalidSpeechSpeed",
        "missingThing",
        "someConflictHere",
        "fooTimeout",
        "xNotFound",
        "yExpired",
        "aCreditsB",
        "providerX",
        "maxTasks",
        "valueTooLarge",
        "arrayTooSmall",
        "duplicateThing",
        "anApiKeyThing",
        "zRateLimitZ",
        "Invalid",
        "",
        "webhookTimeout",
    ]
    for code in [*named, *made]:
        expected = derive_code(code)
        if expected in ("aborted", "connection"):
            continue
        kind = kind_of("runware", code)
        assert ours.get(kind, kind) == expected, code


def test_a_row_speaks_louder_than_the_vocabulary() -> None:
    assert kind_of("runware", "timeoutProvider") == "timeout"
    assert catalogue("runware")["timeoutProvider"].retryable


def test_every_switch_has_a_default_among_its_values_and_a_reason() -> None:
    for switch in switches("runware").values():
        assert switch.default in switch.values
        assert switch.why.endswith(".")
        assert switch.sources


def test_an_unknown_provider_is_named_in_the_refusal() -> None:
    for name in ("nobody", "../runware", "files"):
        with pytest.raises(ContractError, match="no contract for a provider named"):
            folder(name)


def test_a_broken_file_is_named_in_the_refusal(tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    with pytest.raises(ContractError, match=r"broken\.json: cannot be read"):
        read(file)
    file.write_text("{")
    with pytest.raises(ContractError, match=r"broken\.json: cannot be read as JSON"):
        read(file)
    file.write_text("[]")
    with pytest.raises(ContractError, match=r"broken\.json: holds no object"):
        read(file)
    file.write_bytes(orjson.dumps({"provider": "x", "switches": [{"name": "Bad Name"}]}))
    with pytest.raises(ContractError, match=r"broken\.json: switches\[0\]\.name must be lower-case words"):
        read(file, "switches")
