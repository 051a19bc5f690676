"""The files of GMI Cloud's and HeyGen's contracts: every one valid, sourced, and true to what was printed or seen."""

from __future__ import annotations

from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator

from understudy_contracts.data import ContractError, read
from understudy_contracts.errors import ErrorCase, catalogue, classify, kind_of, kinds, reasons
from understudy_contracts.provider import contract
from understudy_contracts.schema import Judge, plain
from understudy_contracts.switches import switches

ROOT = Path(str(files("understudy_contracts")))
GMI, HEYGEN = contract("gmi"), contract("heygen")
SCHEMAS = [
    *GMI.schemas.values(),
    *HEYGEN.schemas.values(),
    *(dict(model.request) for model in GMI.models.values()),
]
CONFIDENCES = {"documented", "observed", "inferred", "assumed"}
SUBMIT, STATUS, LIST, MODEL = GMI.examples
DONE: dict[str, Any] = STATUS["response"]
WAITING = {**DONE, "status": "queued", "outcome": None, "updated_at": DONE["created_at"]}
every_case = pytest.mark.parametrize("case", catalogue("gmi").values(), ids=lambda case: case.id)


def walk(schema: object) -> list[dict[str, Any]]:
    """Every object inside a schema file."""
    if isinstance(schema, list):
        return [found for member in schema for found in walk(member)]
    if isinstance(schema, dict):
        return [schema, *(found for member in schema.values() for found in walk(member))]
    return []


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema["$id"])
def test_every_schema_is_valid_2020_12_and_says_what_it_is_and_where_from(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    assert schema["x-sources"]
    Draft202012Validator.check_schema(schema)
    jsonschema_rs.meta.validate(schema)


@pytest.mark.parametrize("provider", [GMI, HEYGEN], ids=["gmi", "heygen"])
def test_every_id_says_its_file_and_compiles_under_every_value_of_every_switch(provider: Any) -> None:
    for name, schema in provider.schemas.items():
        assert schema["$id"] == f"https://contracts.understudy.invalid/{provider.name}/{name}.json"
        assert isinstance(provider.judge(name), Judge)
        for switch in provider.switches.values():
            for value in switch.values:
                assert isinstance(provider.judge(name, **{switch.name: value}), Judge)
    for file in sorted((ROOT / provider.name / "models").glob("*.json")):
        assert read(file)["request"]["$id"].endswith(f"/{provider.name}/models/{file.name}")


def test_every_field_at_every_depth_has_a_source_and_a_confidence() -> None:
    for model in GMI.models.values():
        rest = {key: value for key, value in model.request.items() if key not in ("if", "then")}
        pending: list[Any] = [rest]
        while pending:
            part = pending.pop()
            for name, body in part.get("properties", {}).items():
                assert body["x-source"], (model.id, name)
                assert body["x-confidence"] in CONFIDENCES, (model.id, name)
                pending.append(body)
            if "items" in part:
                pending.append(part["items"])


def test_every_default_and_every_example_is_legal() -> None:
    checked = 0
    for schema in SCHEMAS:
        for part in walk(schema):
            if "x-source" in part and "$ref" not in part:
                legal = Draft202012Validator(plain(part, GMI.switch_values()))
                for value in [*part.get("examples", []), *([part["default"]] if "default" in part else [])]:
                    assert legal.is_valid(value), (part, value)
                    checked += 1
    assert checked > 30


def test_the_printed_exchanges_satisfy_the_contract() -> None:
    assert GMI.judge("submit").violations(SUBMIT["request"]) == []
    assert GMI.model_judge("heygen-avatar-4").violations(SUBMIT["request"]["payload"]) == []
    assert GMI.judge("submit-answer").violations(SUBMIT["response"]) == []
    assert GMI.judge("record").violations(DONE) == []
    assert GMI.judge("outcome").violations(DONE["outcome"]) == []
    whole = {"requests": [DONE, WAITING], "total": 2, "has_more": False}
    assert GMI.judge("list-answer").violations(whole) == []


def test_the_printed_exchanges_say_what_was_left_out_of_them_and_where_they_went() -> None:
    assert STATUS["elided"] == ["response.payload.video_inputs"]
    assert [example["operation"].split("?")[0].split("/requestqueue")[1] for example in GMI.examples] == [
        "/apikey/requests",
        "/apikey/requests/a1b2c3d4-e5f6-7890-abcd-ef1234567890",
        "/apikey/requests",
        "/apikey/models/heygen-avatar-4",
    ]
    assert [example["response"] for example in (LIST, MODEL)] == [None, None]


@every_case
def test_every_error_is_complete_and_agrees_with_its_place(case: ErrorCase) -> None:
    assert case.provider == "gmi"
    assert case.when.endswith(".")
    assert case.sources
    assert case.confidence in CONFIDENCES
    assert (case.status is None) == (case.strikes == "processing")
    assert not case.billed
    assert case.kind in {kind.name for kind in kinds("gmi")}


@every_case
def test_an_error_is_classified_by_its_status_and_text_alone(case: ErrorCase) -> None:
    assert classify("gmi", case.status, case.message) == case.kind


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (403, "anything", "auth"),
        (404, "model x: you do not have access to it", "auth"),
        (404, "gone", "not_found"),
        (400, "blocked by our Safety system", "safety"),
        (418, "short and stout", "unknown"),
        (None, "Music generation failed: rate limit exceeded(RPM)", "rate_limit"),
        (None, "no idea", "unknown"),
        (500, "rpc: context deadline exceeded (Client.Timeout)", "timeout"),
        (500, "Backend error (429). Please try again.", "provider"),
        (500, "panic", "server"),
    ],
)
def test_an_error_never_seen_is_classified_by_what_it_looks_like(status: int | None, message: str, kind: str) -> None:
    assert classify("gmi", status, message) == kind


def test_a_wire_without_codes_classifies_no_code_and_a_provider_with_codes_no_text() -> None:
    assert kind_of("gmi", "") == "unknown"
    assert kind_of("gmi", "INVALID_INPUT") == "validation"
    assert classify("runware", 400, "anything") == "unknown"
    assert reasons("runware") == {}


@pytest.mark.parametrize(
    ("name", "status", "text"),
    [
        ("modelDoesNotExist", 404, "model {model} does not exist"),
        ("requestNotFound", 404, "Request not found"),
        ("modelNotFound", 404, "Model not found"),
        ("insufficientCredits", 402, "Insufficient credits. Please add more credits to your account."),
        ("backendError400", 500, "Backend error (400). Please try again."),
        ("backendError403", 500, "Backend error (403). Please try again."),
        ("capacityExhausted", 503, "Upstream capacity temporarily exhausted; please retry later"),
        (
            "generationRejected",
            400,
            "Generation rejected; please review the prompt and parameters then retry",
        ),
        ("downloadFailed", None, "Failed to download media"),
        ("musicRateLimited", None, "Music generation failed: rate limit exceeded(RPM)"),
    ],
)
def test_a_wire_form_is_written_as_its_source_has_it(name: str, status: int | None, text: str) -> None:
    case = GMI.errors[name]
    assert (case.status, case.message) == (status, text)
    assert case.confidence == "observed"
    assert "message" not in case.assumed


def test_the_recorded_refusals_come_of_their_templates() -> None:
    case = GMI.errors["rateLimitExceeded"]
    assert (
        case.message.format(model="seedream-5.0-lite", limit=2, interval=60, retry_after_ms=29970)
        == "Rate limit exceeded for model seedream-5.0-lite: 2 requests per 60 seconds. Retry in 29970 ms."
    )
    assert set(case.extra["rate_limit"]) == {"limit_type", "limit", "interval_seconds", "retry_after_ms"}
    listed = f"text ({reasons('gmi')['required'].text})"
    assert (
        GMI.errors["invalidPayload"].message.format(parameters=listed)
        == "invalid payload parameters: text (Required parameter is missing)"
    )


def test_text_nobody_has_seen_is_marked_as_assumed() -> None:
    for name in ("unauthorized", "invalidOrganization", "invalidJson", "missingModel", "invalidLimit"):
        case = GMI.errors[name]
        assert "message" in case.assumed or case.confidence == "assumed"
    for rule, reason in reasons("gmi").items():
        assert reason.confidence == {"required": "observed", "enum": "inferred"}.get(rule, "assumed")


def test_every_rule_a_payload_can_break_has_a_reason() -> None:
    from understudy_contracts.strategies import labels

    for model in GMI.models:
        assert {rule for rule, _ in labels("gmi", model)} <= set(reasons("gmi"))


def test_every_switch_has_a_default_among_its_values_and_a_reason() -> None:
    assert {name: switch.default for name, switch in switches("gmi").items()} == {
        "submit-status": "queued",
        "sync-answer": "record",
        "failed-outcome": "string",
        "failed-top-level-error": "on",
        "payload-echo": "verbatim",
        "nested-validation": "payload",
        "enterprise": "off",
        "rate-limits": "off",
        "mp3-upload-type": "audio/mpeg",
        "key-refusal": "401",
        "media-cors": "off",
    }
    for switch in switches("gmi").values():
        assert switch.default in switch.values
        assert switch.why.endswith(".")
        assert switch.sources


def test_a_record_has_an_outcome_exactly_when_it_has_ended() -> None:
    record = GMI.judge("record")
    for status in ("created", "queued", "dispatched", "processing", "cancelled"):
        assert record.violations({**WAITING, "status": status}) == []
        assert not record.accepts({**DONE, "status": status})
    for status in ("success", "failed"):
        assert not record.accepts({**WAITING, "status": status})
    assert not record.accepts({**WAITING, "status": "completed"})


def test_a_failure_is_told_where_and_how_the_switches_say() -> None:
    words = {**DONE, "status": "failed", "outcome": {"error": "Failed to download media"}}
    told = {"error": {"code": "1", "message": "no", "status": "INVALID_INPUT"}}
    record = {**DONE, "status": "failed", "outcome": told}
    top = {"error": "Failed to download media"}
    assert GMI.judge("record").accepts({**words, **top})
    assert not GMI.judge("record").accepts(words)
    assert not GMI.judge("record").accepts({**record, **top})
    assert GMI.judge("record", failed_top_level_error="off").accepts(words)
    assert not GMI.judge("record", failed_top_level_error="off").accepts({**words, **top})
    assert GMI.judge("record", failed_outcome="object").accepts({**record, **top})
    assert not GMI.judge("record", failed_outcome="object").accepts({**words, **top})


def test_a_payload_is_echoed_or_empty_as_the_switch_says() -> None:
    assert not GMI.judge("record", payload_echo="empty").accepts(DONE)
    assert GMI.judge("record", payload_echo="empty").accepts({**DONE, "payload": {}})


def test_a_submit_is_answered_by_six_keys_and_the_status_of_the_switch() -> None:
    answer = SUBMIT["response"]
    dispatched = {**answer, "status": "dispatched"}
    assert not GMI.judge("submit-answer").accepts(dispatched)
    assert GMI.judge("submit-answer", submit_status="dispatched").accepts(dispatched)
    assert not GMI.judge("submit-answer").accepts({**answer, "outcome": None})
    for key in answer:
        assert not GMI.judge("submit-answer").accepts({name: answer[name] for name in answer if name != key})


def test_a_model_that_answers_at_once_tells_the_record_or_six_keys_as_the_switch_says() -> None:
    keys = {**SUBMIT["response"], "status": "success"}
    assert GMI.judge("sync-answer").accepts(DONE)
    assert not GMI.judge("sync-answer").accepts(keys)
    assert GMI.judge("sync-answer", sync_answer="keys").accepts(keys)
    assert not GMI.judge("sync-answer", sync_answer="keys").accepts(DONE)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("submit", {"model": "m", "payload": {}}, {"model": "m"}),
        ("models-answer", {"model_ids": ["a"]}, {"model_ids": [{"id": "a"}]}),
        ("twin-models-answer", {"models": []}, {"models": ["a"]}),
        ("upload-url-request", {"file_type": "jpg"}, {"file_type": "mov"}),
        (
            "upload-url-answer",
            {"upload_url": "https://a.invalid/x?y", "public_url": "http://a.invalid"},
            {"upload_url": "a", "public_url": "b"},
        ),
        ("error", {"error": "Request not found"}, {"message": "no"}),
        ("auth-tokens-request", {"email": "a@b.invalid", "password": "x"}, {"email": "a@b.invalid"}),
        ("auth-tokens-answer", {"authToken": "t", "is2FARequired": False}, {"authToken": "t"}),
        ("sessions-request", {"type": "native", "authToken": "t", "otpCode": None}, {"type": "native"}),
        ("sessions-refresh-request", {"refreshToken": "e30.e30."}, {}),
        ("sessions-answer", {"accessToken": "e30.e30.x", "refreshToken": "e30.e30."}, {"accessToken": "opaque"}),
        ("profile-answer", {"user": {"id": "u"}, "organization": {"id": "o"}}, {"user": {"id": "u"}}),
        ("api-keys-answer", {"keys": [{"id": "k", "owner": None}]}, {"keys": {}}),
        ("api-keys-request", {"name": "ci", "scope": "ie_model", "expiresAt": 0}, {"scope": "ie_model"}),
        ("api-keys-create-answer", {"key": "k"}, {}),
    ],
)
def test_each_form_of_message_takes_the_right_and_refuses_the_wrong(name: str, good: object, bad: object) -> None:
    assert GMI.judge(name).violations(good) == []
    assert GMI.judge(name).violations(bad) != []


def test_heygen_lists_only_ids_that_are_known_and_says_nothing_more_of_them_than_is_known() -> None:
    avatars, voices = HEYGEN.document("avatars"), HEYGEN.document("voices")
    assert HEYGEN.judge("avatars-answer").violations(avatars) == []
    assert HEYGEN.judge("voices-answer").violations(voices) == []
    assert [one["avatar_id"] for one in avatars["data"]["avatars"]] == [
        "josh_lite3_20230714",
        "angela_expressive_20231010",
        "wayne_20240422",
        "lily_20230614",
        "Abigail_expressive_2024112501",
    ]
    assert [one["name"] for one in voices["data"]["voices"]] == ["Sara", None]
    assert HEYGEN.models == {}
    assert HEYGEN.examples == ()
    assert kind_of("heygen", "avatar_not_found") == "not_found"
    with pytest.raises(ContractError, match=r"talking\.json: cannot be read"):
        HEYGEN.document("talking")


def test_a_known_avatar_and_voice_make_the_page_s_request_whole() -> None:
    payload = deepcopy(SUBMIT["request"]["payload"])
    (segment,) = payload["video_inputs"]
    segment["character"]["avatar_id"] = HEYGEN.document("avatars")["data"]["avatars"][0]["avatar_id"]
    segment["voice"]["voice_id"] = HEYGEN.document("voices")["data"]["voices"][0]["voice_id"]
    assert GMI.model_judge("heygen-avatar-4").violations(payload) == []
