"""The files of Segmind's contract: every one valid, sourced, and true to what was printed or seen."""

from __future__ import annotations

import json
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
from jsonschema import Draft202012Validator

from understudy_contracts.data import ContractError, read
from understudy_contracts.errors import ErrorCase, catalogue, classify, kind_of, kinds, refusal_of
from understudy_contracts.hosts import hosts
from understudy_contracts.models import SizeRule, models
from understudy_contracts.outcome import fill
from understudy_contracts.provider import contract
from understudy_contracts.schema import Judge, Violation, plain
from understudy_contracts.strategies import labels
from understudy_contracts.switches import switches

ROOT = Path(str(files("understudy_contracts")))
SEGMIND = contract("segmind")
AVATAR = SEGMIND.models["heygen-avatar-iv"]
PROVIDERS = ("runware", "gmi", "segmind", "heygen")
SCHEMAS = [*SEGMIND.schemas.values(), *(dict(model.request) for model in SEGMIND.models.values())]
CONFIDENCES = {"documented", "observed", "inferred", "assumed"}
PAGE, SUBMIT, RUNNING, DONE, RESULT, FAILED, GONE = SEGMIND.examples
ASKED: dict[str, Any] = PAGE["request"]
every_case = pytest.mark.parametrize("case", catalogue("segmind").values(), ids=lambda case: case.id)
every_model = pytest.mark.parametrize("model", SEGMIND.models.values(), ids=lambda model: model.id)


def walk(schema: object) -> list[dict[str, Any]]:
    """Every object inside a schema file."""
    if isinstance(schema, list):
        return [found for member in schema for found in walk(member)]
    if isinstance(schema, dict):
        return [schema, *(found for member in schema.values() for found in walk(member))]
    return []


def refused(request: dict[str, Any], **switch_values: str) -> list[str]:
    """The errors a request is refused with."""
    judge = SEGMIND.model_judge("heygen-avatar-iv", switch_values)
    return [refusal_of("segmind", violation).id for violation in judge.violations(request)]


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema["$id"])
def test_every_schema_is_valid_2020_12_and_says_what_it_is_and_where_from(schema: dict[str, Any]) -> None:
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    assert schema["x-sources"]
    Draft202012Validator.check_schema(schema)
    jsonschema_rs.meta.validate(schema)


def test_every_id_says_its_file_and_compiles_under_every_value_of_every_switch() -> None:
    named = {name for name in SEGMIND.switches if f'"{name}"' in json.dumps(dict(SEGMIND.schemas))}
    for name, schema in SEGMIND.schemas.items():
        assert schema["$id"] == f"https://contracts.understudy.invalid/segmind/{name}.json"
        for switch in map(SEGMIND.switches.__getitem__, named):
            for value in switch.values:
                assert isinstance(SEGMIND.judge(name, **{switch.name: value}), Judge)
    for file in sorted((ROOT / "segmind" / "models").glob("*.json")):
        assert read(file)["request"]["$id"].endswith(f"/segmind/models/{file.name}")


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema["$id"])
def test_every_field_at_every_depth_has_a_source_and_a_confidence(schema: dict[str, Any]) -> None:
    pending: list[Any] = [schema]
    while pending:
        part = pending.pop()
        for name, body in part.get("properties", {}).items():
            # `false` forbids a field where another state has it; a `$ref` is described where it leads.
            if isinstance(body, dict) and "$ref" not in body:
                assert body["x-source"], name
                assert body["x-confidence"] in CONFIDENCES, name
                pending.append(body)
        if isinstance(part.get("items"), dict):
            pending.append(part["items"])


def test_every_default_and_every_example_is_legal_under_every_edition() -> None:
    checked = 0
    for values in (SEGMIND.switch_values(), SEGMIND.switch_values({"request-id": "hex", "values": "known"})):
        for schema in SCHEMAS:
            for part in walk(schema):
                settled = plain(part, values) if "x-source" in part else {}
                legal = Draft202012Validator(settled)
                for value in [*settled.get("examples", []), *([settled["default"]] if "default" in settled else [])]:
                    assert legal.is_valid(value), (part, value)
                    checked += 1
    assert checked > 60


def test_the_printed_exchanges_satisfy_the_contract() -> None:
    assert SEGMIND.model_judge("heygen-avatar-iv").violations(ASKED) == []
    for example, form in (
        (SUBMIT, "submit-answer"),
        (RUNNING, "status-answer"),
        (RUNNING, "result-answer"),
        (DONE, "status-answer"),
        (RESULT, "result-answer"),
        (RESULT, "result"),
        (FAILED, "failed-answer"),
        (GONE, "error"),
    ):
        assert SEGMIND.judge(form).violations(example["response"]) == [], (example["title"], form)


def test_the_page_s_sample_is_kept_value_for_value() -> None:
    assert list(ASKED) == [
        "image_url",
        "video_title",
        "script",
        "voice_id",
        "video_orientation",
        "fit",
        "custom_motion_prompt",
        "enhance_custom_motion_prompt",
        "audio_url",
    ]
    assert ASKED["enhance_custom_motion_prompt"] is False
    assert ASKED["script"] == "Hello, this is an avatar demo."
    assert PAGE["confidence"] == "documented"
    assert (FAILED["status"], GONE["status"]) == (422, 404)


@pytest.mark.parametrize(
    ("form", "body", "spoilt"),
    [
        ("status-answer", DONE, {"output": "https://images.segmind.com/a.mp4"}),
        ("status-answer", DONE, {"metrics": {}}),
        ("status-answer", DONE, {"status": "FAILED"}),
        ("status-answer", RUNNING, {"metrics": {"cost": 0.25}}),
        ("result-answer", RESULT, {"output": None}),
        ("result-answer", RESULT, {"video": {"url": "https://images.segmind.com/a.mp4"}}),
        ("result-answer", RUNNING, {"output": ""}),
        ("failed-answer", FAILED, {"status": "COMPLETED"}),
        ("failed-answer", FAILED, {"metrics": {**FAILED["response"]["metrics"], "cost": 0.1}}),
        ("submit-answer", SUBMIT, {"eta": 3}),
        ("submit-answer", SUBMIT, {"status_url": ""}),
        ("error", GONE, {"error": None}),
    ],
)
def test_an_answer_that_is_wrong_in_one_place_is_refused(form: str, body: Any, spoilt: dict[str, Any]) -> None:
    assert SEGMIND.judge(form).accepts(body["response"])
    assert not SEGMIND.judge(form).accepts({**body["response"], **spoilt})


def test_a_request_s_id_has_the_form_of_the_switch() -> None:
    plain_id = SUBMIT["response"]["request_id"].replace("-", "")
    undashed = {**SUBMIT["response"], "request_id": plain_id}
    assert not SEGMIND.judge("submit-answer").accepts(undashed)
    assert SEGMIND.judge("submit-answer", request_id="hex").accepts(undashed)


def test_a_workflow_tells_its_failure_under_the_keys_of_the_switch() -> None:
    both = {"status": "FAILED", "output": "", "error_message": {"a": 1}, "error": "no"}
    accepted = {
        value: [
            SEGMIND.judge("workflow-answer", workflow_failure=value).accepts({"status": "FAILED", **keys})
            for keys in ({"error_message": "no", "error": "no"}, {"error_message": "no"}, {"error": "no"})
        ]
        for value in ("both", "error_message", "error")
    }
    assert accepted == {
        "both": [True, False, False],
        "error_message": [False, True, False],
        "error": [False, False, True],
    }
    assert SEGMIND.judge("workflow-answer").accepts(both)


def test_a_workflow_s_output_is_empty_until_it_is_a_list_in_text() -> None:
    judge = SEGMIND.judge("workflow-answer")
    assert judge.accepts({"status": "PROCESSING", "output": ""})
    assert not judge.accepts({"status": "PROCESSING", "output": "[]"})
    assert judge.accepts({"status": "COMPLETED", "output": '[{"keyname":"a","value":{"data":"u","type":"image"}}]'})
    assert not judge.accepts({"status": "COMPLETED", "output": [1]})
    assert not judge.accepts({"status": "COMPLETED"})


def test_an_upload_is_told_under_the_keys_of_the_switch() -> None:
    told = {"message": "Files uploaded successfully", "file_urls": ["https://images.segmind.com/assets/a.png"]}
    assert SEGMIND.judge("upload-answer", upload_answer="file_urls").accepts(told)
    assert not SEGMIND.judge("upload-answer").accepts(told)
    assert SEGMIND.judge("upload-answer").accepts({**told, "urls": told["file_urls"]})


@every_case
def test_every_error_is_complete_and_agrees_with_its_place(case: ErrorCase) -> None:
    assert case.provider == "segmind"
    assert case.when.endswith(".")
    assert case.sources
    assert case.confidence in CONFIDENCES
    assert case.status is not None
    assert not case.billed
    assert case.kind in {kind.name for kind in kinds("segmind")}
    assert case.strikes in ("submit", "processing", "poll", "transport")
    assert (case.confidence == "assumed") <= ("message" in case.assumed)


@every_case
def test_an_error_is_classified_by_its_status_and_text_alone(case: ErrorCase) -> None:
    words = {"parameter": "fit", "allowed": "cover, contain", "balance": "0.0", "cost": "2.2", "period": "monthly"}
    assert classify("segmind", case.status, case.text(words)) == case.kind


def test_every_status_of_the_page_s_table_and_of_the_docs_has_a_row() -> None:
    told = {case.status for case in catalogue("segmind").values()}
    assert told >= {400, 401, 402, 403, 404, 405, 406, 410, 422, 429, 500, 502, 504}


@pytest.mark.parametrize(
    ("name", "status", "text"),
    [
        ("missingKey", 401, "Missing Authorization or x-api-key in header"),
        ("invalidKey", 401, "Unauthorized. API key is invalid or may have expired..."),
        ("invalidContentType", 406, "Invalid content type"),
        ("insufficientCreditsQueued", 402, "Insufficient credits. You have 0.0 credits."),
        ("mediaRejected", 400, "Reference media rejected: URL must be a valid HTTP or HTTPS URL."),
        ("promptRequired", 422, "Prompt is required for video generation."),
        ("requestNotFound", 404, "Request 7 not found"),
        ("noCredits", 404, "No credits found for the user"),
    ],
)
def test_a_wire_form_is_written_as_its_source_has_it(name: str, status: int, text: str) -> None:
    case = SEGMIND.errors[name]
    assert (case.status, case.text({"id": "7", "balance": "0.0"})) == (status, text)
    assert "message" not in case.assumed
    assert case.confidence in ("documented", "observed")


def test_words_printed_for_another_parameter_come_of_the_template_and_are_marked() -> None:
    case = SEGMIND.errors["missingParameter"]
    assert case.text({"parameter": "Prompt"}) == "Prompt is Mandatory and must be string"
    assert "message" in case.assumed
    assert SEGMIND.errors["outputNotFound"].text({"id": "7"}) == "Output for this request ID 7 Not Found"
    assert "message" in SEGMIND.errors["outputNotFound"].assumed


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("imageTooLarge", "Image size is too large than 20.0 mb"),
        ("imageTooSmall", "Image height or width is too small than 240"),
    ],
)
def test_a_vendor_s_failure_is_its_task_as_json_inside_the_text(name: str, message: str) -> None:
    case = SEGMIND.errors[name]
    head, _, task = case.text({"task_id": 'a"{b}'}).partition(": ")
    assert head == "the provider task failed"
    assert orjson.loads(task) == {
        "task_id": 'a"{b}',
        "task_status": "FAILED",
        "video_url": "",
        "code": "InvalidParameter",
        "message": message,
    }
    assert (case.status, case.strikes, case.confidence) == (400, "processing", "observed")


def test_a_field_that_nobody_fills_is_left_out() -> None:
    assert SEGMIND.errors["requestNotFound"].text() == "Request  not found"
    assert contract("runware").errors["missingParameter"].nested == {}


def test_pages_are_told_from_json_by_their_first_character() -> None:
    pages = [case.id for case in catalogue("segmind").values() if case.message.startswith("<")]
    assert pages == ["methodNotAllowed", "badGateway"]


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (406, "Insufficient credits…", "quota"),
        (406, "anything", "validation"),
        (422, "Blocked by content policy", "safety"),
        (422, "Something broke", "provider"),
        (503, "", "server"),
        (408, "", "timeout"),
        (None, "Insufficient credits", "quota"),
        (None, "inference failed", "provider"),
        (418, "short and stout", "unknown"),
    ],
)
def test_an_error_never_seen_is_classified_by_what_it_looks_like(status: int | None, message: str, kind: str) -> None:
    assert classify("segmind", status, message) == kind


def test_the_console_s_codes_are_known_though_the_gateway_has_none() -> None:
    assert kind_of("segmind", "invalid_api_key") == "auth"
    assert kind_of("segmind", "rate_limit_exceeded") == "rate_limit"
    assert kind_of("segmind", "") == "unknown"


@pytest.mark.parametrize(
    ("spoilt", "error"),
    [
        ({"image_url": None}, "missingParameter"),
        ({"video_title": None}, "missingParameter"),
        ({"script": None, "audio_url": None}, "missingParameter"),
        ({"script": "", "audio_url": None}, "missingParameter"),
        ({"fit": "stretch"}, "invalidEnum"),
        ({"video_orientation": "Portrait"}, "invalidEnum"),
        ({"voice_id": "Rex - Broadcaster"}, "invalidEnum"),
        ({"image_url": "ftp://a.invalid/a.png"}, "mediaRejected"),
        ({"image_url": "data:image/png;base64,AAAA"}, "mediaRejected"),
        ({"audio_url": ""}, "mediaRejected"),
        ({"image_url": 7}, "invalidParameter"),
        ({"enhance_custom_motion_prompt": "false"}, "invalidParameter"),
    ],
)
def test_each_broken_rule_is_refused_with_its_error(spoilt: dict[str, Any], error: str) -> None:
    request = {name: value for name, value in {**ASKED, **spoilt}.items() if value is not None}
    assert refused(request) == [error]


def test_every_refusal_names_an_error_that_strikes_a_submit() -> None:
    for model in SEGMIND.models.values():
        for rule, _ in labels("segmind", model.id):
            body = next((part for part in walk(dict(model.request)) if part.get("x-rule", {}).get("name") == rule), {})
            case = refusal_of("segmind", Violation((), rule, None, "", (), schema=body))
            assert case.strikes == "submit"
            assert case.kind == "validation"


def test_a_provider_without_a_table_of_refusals_says_so() -> None:
    with pytest.raises(ContractError, match=r"gmi has no table of refusals"):
        refusal_of("gmi", Violation((), "enum", None, "", ()))
    named = Violation((), "a-voice", None, "", (), schema={"x-rule": {"error": "missingParameter"}})
    assert refusal_of("runware", named).id == "missingParameter"


def test_the_switches_settle_what_sources_leave_open() -> None:
    assert refused({**ASKED, "fps": 30}) == []
    assert refused({**ASKED, "fps": 30}, unknown_field="refused") == ["unknownParameter"]
    silent = {name: value for name, value in ASKED.items() if name not in ("script", "audio_url")}
    assert refused(silent, speech="optional") == []
    stranger = {**ASKED, "voice_id": "0" * 32}
    assert refused(stranger) == []
    assert refused(stranger, values="known") == ["invalidEnum"]
    assert refused(ASKED, values="known", unknown_field="refused") == []


def test_ten_voices_and_the_default_are_known_and_none_of_the_others_is_made_up() -> None:
    voice = AVATAR.request["properties"]["voice_id"]
    known = voice["x-known"]
    assert known["count_stated"] == 61
    assert len(known["values"]) == len(set(known["values"])) == 11
    assert voice["default"] == known["values"][0] == ASKED["voice_id"]


def test_every_switch_has_a_default_among_its_values_and_a_reason() -> None:
    assert {name: switch.default for name, switch in switches("segmind").items()} == {
        "v1-answer": "binary",
        "v1-credit-status": "406",
        "v2-credit-status": "402",
        "v2-validation": "deferred",
        "request-id": "dashed",
        "bearer": "workflows",
        "workflow-failure": "both",
        "upload-answer": "both",
        "values": "wellformed",
        "speech": "required",
        "rate-limit": "off",
        "media-cors": "on",
        "unknown-field": "ignored",
    }
    for switch in switches("segmind").values():
        assert switch.default in switch.values
        assert switch.why.endswith(".")
        assert switch.sources


def test_the_models_are_of_every_kind_and_only_one_is_documented() -> None:
    assert {model.id: (model.operation, model.output.kind) for model in SEGMIND.models.values()} == {
        "heygen-avatar-iv": ("inference", "video"),
        "seedance-2.0": ("inference", "video"),
        "seedream-4.5": ("inference", "image"),
        "gpt-5.5": ("inference", "text"),
        "pixelflow": ("workflow", "video"),
    }
    assert [model.id for model in SEGMIND.models.values() if model.price.confidence != "assumed"] == [
        "heygen-avatar-iv"
    ]


def test_no_line_of_python_names_a_model() -> None:
    for file in ROOT.rglob("*.py"):
        text = file.read_text("utf-8")
        assert not [name for name in SEGMIND.models if f'"{name}"' in text], file


def test_the_average_clip_costs_and_takes_what_the_page_says() -> None:
    clip = 2.216 / 0.125
    assert str(AVATAR.price.cost(clip)) == "2.2160"
    assert sum(AVATAR.latency.seconds(clip)) == pytest.approx(195.48)


def test_a_recording_goes_before_the_script_and_the_script_before_the_default() -> None:
    rule = AVATAR.duration
    assert rule.audio_sources(ASKED) == (ASKED["audio_url"],)
    assert rule.seconds(ASKED, {ASKED["audio_url"]: 7.25}) == 7.25
    assert rule.seconds(ASKED) == pytest.approx(23 / 12.9, abs=0.001)
    assert rule.seconds({}) == 5


@pytest.mark.parametrize(
    ("request_", "size"),
    [
        ({}, (1280, 720)),
        ({"video_orientation": "landscape"}, (1280, 720)),
        ({"video_orientation": "portrait"}, (720, 1280)),
        ({"resolution": "720p"}, (1280, 720)),
        ({"resolution": "1080p", "video_orientation": "portrait"}, (1080, 1920)),
        ({"resolution": "enormous", "video_orientation": "portrait"}, (720, 1280)),
    ],
)
def test_the_video_lies_or_stands_as_it_is_asked_whatever_the_picture(request_: Any, size: tuple[int, int]) -> None:
    assert AVATAR.size.size(request_) == size
    assert AVATAR.size.size(request_, aspect=0.5) == size


def test_an_orientation_turns_the_shape_of_the_default_and_a_shape_that_is_named_goes_first() -> None:
    rule = SizeRule((600, 800), {"s": 300}, "s", "assumed", orientation_field="turn", aspect_field="shape")
    assert [rule.size({"turn": turn}) for turn in ("portrait", "landscape", None)] == [
        (600, 800),
        (800, 600),
        (600, 800),
    ]
    assert rule.size({"resolution": "s", "turn": "landscape"}) == (400, 300)
    assert rule.size({"shape": "1:1", "turn": "landscape"}) == (600, 600)


@every_model
def test_the_parameters_a_model_lists_are_those_its_requests_are_judged_by(model: Any) -> None:
    if model.operation == "workflow":
        assert model.detail is None
        return
    listed = {"Inference Segmind Model Information List With Details": [model.detail]}
    assert SEGMIND.judge("models-answer").violations(listed) == []
    assert model.detail["slug"] == model.id
    rows, fields = {row["name"]: row for row in model.detail["parameters"]}, model.request["properties"]
    assert list(rows) == list(fields)
    for name, row in rows.items():
        assert row["required"] is (name in model.request.get("required", []))
        assert (row.get("default"), row.get("enum")) == (fields[name].get("default"), fields[name].get("enum"))


@every_model
def test_what_a_success_comes_to_is_a_result_of_the_contract(model: Any) -> None:
    file = {
        "media": "https://images.segmind.com/outputs/a.mp4",
        "content_type": f"{model.output.kind}/x",
        "file_name": "a.mp4",
        "file_size": "12",
    }
    made = fill(model.outcome, {"text": "words", "model": model.id}, [file])
    if model.operation == "workflow":
        assert SEGMIND.judge("workflow-output").violations({"items": made}) == []
        made = {"output": orjson.dumps(made).decode()}
    whole = {**RESULT["response"], **made}
    assert SEGMIND.judge("result").violations({**whole, "video": made["video"]} if "video" in made else whole) == []
    assert (model.reply is None) == (model.output.kind != "text")
    if model.reply is not None:
        reply = fill(model.reply, {"text": "words", "model": model.id})
        assert SEGMIND.judge("chat-answer").violations(reply) == []
        assert reply["choices"][0]["message"]["content"] == "words"


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_names_its_hosts_with_a_purpose_and_a_source(name: str) -> None:
    for host in hosts(name):
        assert host.purpose.endswith(".")
        assert host.sources
        assert host.confidence in CONFIDENCES
    assert contract(name).hosts == tuple(host.name for host in hosts(name))


def test_no_host_is_two_providers_nor_one_that_others_share() -> None:
    every = [host for name in PROVIDERS for host in contract(name).hosts]
    assert len(every) == len(set(every))
    assert all(host.endswith((".runware.ai", ".gmicloud.ai", ".segmind.com", ".heygen.com")) for host in every)
    assert {"api.runware.ai", "console.gmicloud.ai", "api.segmind.com", "api.heygen.com"} <= set(every)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("credits-answer", {"credits": 0.0, "free-credits": 0.0184921035}, {"credits": 1.0, "free_credits": 0.0}),
        ("upload-request", {"data_urls": ["data:image/png;base64,AA=="]}, {"data_urls": ["https://a.invalid"]}),
        ("recent-generations-answer", {"generations": []}, []),
        ("generations-answer", {"generations": [], "total": 0, "page": 1}, {"generations": [], "total": 0, "page": 0}),
        (
            "history-answer",
            {"requests": [], "total": 0, "page": 1, "per_page": 20},
            {"requests": [], "total": 0, "page": 1, "per_page": 101},
        ),
        (
            "history-row",
            {
                "request_id": "a",
                "model_name": "m",
                "model_status": "PENDING",
                "credits_deduction": 0,
                "request_body": {},
                "generation_url": None,
                "latency_ms": None,
            },
            {"request_id": "a", "model_status": "QUEUED"},
        ),
        (
            "webhook-request",
            {"webhook_url": "https://a.invalid/h", "event": {"types": ["PIXELFLOW"]}},
            {"webhook_url": "x"},
        ),
        ("webhooks-answer", {"webhooks": []}, {"webhooks": {}}),
        ("webhook-answer", {"status": "success", "webhook_id": "w", "message": ""}, {"status": "success"}),
        ("webhook-logs-answer", {"webhook_id": "w", "logs": []}, {"logs": []}),
        ("finetunes-answer", [], {}),
        (
            "finetune-upload-answer",
            {"presigned_url": "https://a.invalid/p", "s3_url": "s3://b/k"},
            {"s3_url": "s3://b/k"},
        ),
        (
            "finetune-submit-request",
            {"name": "n", "data_source_path": "s3://b/k", "machine_type": "NVIDIA_H100"},
            {"name": "n"},
        ),
        (
            "account-answer",
            {
                "success": True,
                "authenticated": True,
                "user_id": "u",
                "email": "e",
                "username": "n",
                "subscription": {"plan": "p", "status": "s"},
                "credits": {"balance": 1, "used": 0.5, "total": 1.5},
            },
            {"success": True},
        ),
    ],
)
def test_each_form_of_message_takes_the_right_and_refuses_the_wrong(name: str, good: object, bad: object) -> None:
    assert SEGMIND.judge(name).violations(good) == []
    assert SEGMIND.judge(name).violations(bad) != []


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda d: d["refusals"].pop("*"), r"refusals\.\* is required"),
        (lambda d: d.pop("refusals_source"), r"refusals needs refusals_source beside it"),
        (lambda d: d["cases"][0].update(status=None), r"cases\[0\]\.status must be a whole number"),
    ],
)
def test_a_mistake_in_the_errors_is_named(tmp_path: Path, spoil: Any, sentence: str) -> None:
    document = deepcopy(read(ROOT / "segmind" / "errors.json"))
    spoil(document)
    (tmp_path / "errors.json").write_bytes(orjson.dumps(document))
    with pytest.raises(ContractError, match=sentence):
        read(tmp_path / "errors.json", "errors")


def test_asking_for_the_hosts_opens_no_other_file_of_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    models.cache_clear()
    monkeypatch.setattr("understudy_contracts.provider.models", lambda _: pytest.fail("the models were read"))
    assert contract.__wrapped__("segmind").hosts[0] == "api.segmind.com"
