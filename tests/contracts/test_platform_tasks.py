"""The tasks around a video on Runware: what each takes and answers, as the SDKs' own types have it."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, get_args, get_origin, get_type_hints

import pytest
from runware.types import task_map

from understudy_contracts.checks import Exchange, violations
from understudy_contracts.provider import contract
from understudy_contracts.schema import plain

RUNWARE = contract("runware")
TASK, OTHER, MEDIA = (f"b8a0b160-f135-40f8-aa5e-ad9cd0dc302{number}" for number in range(3))
URL = "https://assets.invalid/a.png"
DATA_URI, BASE64 = "data:audio/wav;base64,UklGRg==", "UklGRg=="

#: Each task with the SDK's types of what it takes and answers.
TYPES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "authentication": (task_map.AuthenticationParams, (task_map.AuthenticationResult,)),
    "ping": (task_map.PingParams, (task_map.PingResult,)),
    "get-task-details": (task_map.GetTaskDetailsParams, (task_map.GetTaskDetailsResult,)),
    "account-management": (task_map.AccountManagementParams, (task_map.AccountManagementResult,)),
    "image-upload": (task_map.ImageUploadParams, (task_map.ImageUploadResult,)),
    "media-storage": (
        task_map.MediaStorageParams,
        (task_map.MediaStorageResultUpload, task_map.MediaStorageResultDelete),
    ),
    "model-search": (task_map.ModelSearchParams, (task_map.ModelSearchResult,)),
    "model-upload": (task_map.ModelUploadParams, (task_map.ModelUploadResult,)),
}
#: What one source requires and another leaves out.
LENIENT = {("ping", "ping")}

ABOUT = {"taskUUID": TASK}
REQUESTS: dict[str, list[dict[str, Any]]] = {
    "authentication": [{"apiKey": "key"}, {"apiKey": "key", "connectionSessionUUID": OTHER}],
    "ping": [{"ping": True}, {"taskUUID": TASK}],
    "get-task-details": [ABOUT],
    "account-management": [
        {**ABOUT, "operation": "getDetails"},
        {**ABOUT, "operation": "getUsageErrors", "startDate": "2026-11-01", "groupBy": ["model"], "timezone": "UTC"},
    ],
    "image-upload": [{**ABOUT, "image": image} for image in (URL, "data:image/png;base64,UklGRg==", BASE64)],
    "media-storage": [
        *({**ABOUT, "operation": "upload", "media": media} for media in (URL, DATA_URI, BASE64)),
        {**ABOUT, "operation": "delete", "media": MEDIA},
    ],
    "model-search": [
        ABOUT,
        {**ABOUT, "search": "avatar", "limit": 100, "sort": "-name", "tags": ["a"], "visibility": "all", "extra": 1},
    ],
    "model-upload": [
        {
            **ABOUT,
            "category": "lora",
            "architecture": "sdxl",
            "format": "safetensors",
            "name": "mine",
            "version": "1",
            "downloadURL": "https://assets.invalid/model.safetensors",
            **more,
        }
        for more in ({}, {"air": "me:1@1", "retry": 2, "conditioning": "canny", "defaultGuidanceScale": 7.5})
    ],
}
REFUSED: list[tuple[str, dict[str, Any], str, tuple[str, ...]]] = [
    ("ping", {"ping": False}, "const", ("ping",)),
    ("get-task-details", {}, "required", ("taskUUID",)),
    ("get-task-details", {**ABOUT, "page": 1}, "unknown", ("page",)),
    ("account-management", {**ABOUT, "operation": "close"}, "enum", ("operation",)),
    ("account-management", ABOUT, "required", ("operation",)),
    ("image-upload", {**ABOUT, "image": DATA_URI}, "pattern", ("image",)),
    ("media-storage", {**ABOUT, "operation": "upload", "media": MEDIA}, "pattern", ("media",)),
    ("media-storage", {**ABOUT, "operation": "upload", "media": "not base64!"}, "pattern", ("media",)),
    ("media-storage", {**ABOUT, "operation": "delete", "media": URL}, "pattern", ("media",)),
    ("media-storage", {**ABOUT, "operation": "rename", "media": URL}, "enum", ("operation",)),
    ("media-storage", {**ABOUT, "media": URL}, "required", ("operation",)),
    ("media-storage", {**ABOUT, "operation": "upload"}, "required", ("media",)),
    ("model-search", {**ABOUT, "limit": 0}, "minimum", ("limit",)),
    ("model-search", {**ABOUT, "limit": 101}, "maximum", ("limit",)),
    ("model-search", {**ABOUT, "sort": "price"}, "enum", ("sort",)),
    ("model-upload", {**REQUESTS["model-upload"][0], "category": "video"}, "enum", ("category",)),
    ("model-upload", {**REQUESTS["model-upload"][0], "downloadURL": "here"}, "pattern", ("downloadURL",)),
]
DETAILS = {
    "operation": "getDetails",
    "organizationUUID": OTHER,
    "organizationName": "understudy",
    "balance": {"amount": 2450.75, "currency": "USD"},
    "team": [{"name": "A", "email": "a@example.invalid", "roles": ["owner"], "joinedAt": "2026-11-21T00:00:00Z"}],
    "apiKeys": [{"name": "default", "apiKey": "********cdef", "enabled": True, "requests": 3}],
    "usage": {name: {"credits": 1.5, "requests": 3} for name in ("total", "today", "last7Days", "last30Days")},
}
FOUND = {
    "name": "HeyGen Avatar IV",
    "air": "heygen:avatar@4",
    "version": "4",
    "category": "checkpoint",
    "architecture": "heygen",
    "tags": [],
    "heroImage": URL,
    "private": False,
    "comment": "",
    "defaultWidth": 1280,
}
ANSWERS: dict[str, list[dict[str, Any]]] = {
    "authentication": [{"connectionSessionUUID": OTHER}],
    "ping": [{"pong": True}],
    "get-task-details": [
        {**ABOUT, "request": [{"taskType": "videoInference"}], "response": {"data": [{"taskUUID": TASK}]}},
        {**ABOUT, "request": [{}], "response": {"errors": [{"code": "taskFailed", "message": "No."}]}},
    ],
    "account-management": [
        {**ABOUT, **DETAILS},
        {**ABOUT, "operation": "getUsageActivity", "usage": {"items": [{"date": "2026-11-21", "requests": 1}]}},
    ],
    "image-upload": [{**ABOUT, "imageUUID": MEDIA, "imageURL": URL}],
    "media-storage": [
        {**ABOUT, "operation": "upload", "mediaUUID": MEDIA, "mediaURL": URL},
        {**ABOUT, "operation": "delete", "mediaUUID": MEDIA},
    ],
    "model-search": [{**ABOUT, "results": [FOUND], "totalResults": 1}, {**ABOUT, "results": [], "totalResults": 7}],
    "model-upload": [
        {**ABOUT, "status": status, "message": "On the way.", "air": "me:1@1"}
        for status in ("validated", "downloaded", "optimized", "stored", "ready", "failed")
    ],
}
WRONG_ANSWERS: list[tuple[str, dict[str, Any]]] = [
    ("ping", {"pong": True, **ABOUT}),
    ("get-task-details", {**ABOUT, "request": [{}], "response": {}}),
    ("get-task-details", {**ABOUT, "request": [{}], "response": [{"data": []}]}),
    ("account-management", {**ABOUT, "operation": "getUsageErrors", "balance": {"amount": 1}}),
    ("account-management", {**ABOUT, "operation": "getDetails", "usage": {"total": {"credits": 1}}}),
    ("media-storage", {**ABOUT, "operation": "upload", "mediaUUID": MEDIA}),
    ("media-storage", {**ABOUT, "operation": "delete", "mediaUUID": MEDIA, "mediaURL": URL}),
    ("model-search", {**ABOUT, "results": [{"name": "no identifier"}], "totalResults": 1}),
    ("model-upload", {**ABOUT, "status": "success", "message": "Done."}),
]


def kind(name: str) -> str:
    """The task's type on the wire: `mediaStorage` of `media-storage`."""
    first, *rest = name.split("-")
    return first + "".join(word.title() for word in rest)


def on_wire(name: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"taskType": kind(name), **body}


def cases(bodies: dict[str, list[dict[str, Any]]]) -> list[Any]:
    return [pytest.param(name, body, id=f"{name}-{i}") for name, them in bodies.items() for i, body in enumerate(them)]


@pytest.mark.parametrize(("name", "body"), cases(REQUESTS))
def test_a_task_is_taken(name: str, body: dict[str, Any]) -> None:
    assert RUNWARE.judge(f"{name}-request").violations(on_wire(name, body)) == []


@pytest.mark.parametrize(("name", "body", "rule", "parameters"), REFUSED)
def test_a_mistaken_task_is_refused_for_its_one_mistake(
    name: str, body: dict[str, Any], rule: str, parameters: tuple[str, ...]
) -> None:
    found = RUNWARE.judge(f"{name}-request").violations(on_wire(name, body))
    assert [(violation.rule, violation.parameters) for violation in found] == [(rule, parameters)]


@pytest.mark.parametrize(("name", "body"), cases(ANSWERS))
def test_an_answer_is_one_alone_and_in_a_frame_with_others(name: str, body: dict[str, Any]) -> None:
    item = on_wire(name, body)
    assert RUNWARE.judge(f"{name}-answer").violations(item) == []
    others = [{"taskType": "videoInference", "taskUUID": OTHER}, on_wire("ping", {"pong": True})]
    assert RUNWARE.judge("submit-answer").violations({"data": [item, *others]}) == []


@pytest.mark.parametrize(("name", "body"), WRONG_ANSWERS)
def test_a_wrong_answer_is_refused_alone_and_in_a_frame(name: str, body: dict[str, Any]) -> None:
    item = on_wire(name, body)
    assert not RUNWARE.judge(f"{name}-answer").accepts(item)
    assert not RUNWARE.judge("submit-answer").accepts({"data": [item]})


def hints(type_: Any) -> dict[str, tuple[Any, bool]]:
    """The fields of an SDK's type: what each is, and whether it is required."""
    found = get_type_hints(type_, include_extras=True)
    return {
        name: (get_args(hint)[0], False) if get_origin(hint) is NotRequired else (hint, True)
        for name, hint in found.items()
    }


@pytest.mark.parametrize("name", TYPES)
def test_a_request_has_every_field_of_the_sdks_type_and_requires_the_same(name: str) -> None:
    schema = RUNWARE.schemas[f"{name}-request"]
    for field, (hint, required) in hints(TYPES[name][0]).items():
        assert field in schema["properties"]
        assert (field in schema["required"]) == (required and (name, field) not in LENIENT), field
        if get_origin(hint) is Literal and "enum" in schema["properties"][field]:
            assert set(get_args(hint)) <= set(schema["properties"][field]["enum"])


@pytest.mark.parametrize("name", TYPES)
def test_an_answer_has_every_field_of_the_sdks_type_and_what_that_requires(name: str) -> None:
    schema = RUNWARE.schemas[f"{name}-answer"]
    for type_ in TYPES[name][1]:
        for field, (hint, required) in hints(type_).items():
            assert field in schema["properties"]
            assert not required or field in schema["required"] or field == "mediaURL"
            if get_origin(hint) is Literal and "enum" in schema["properties"][field]:
                assert set(get_args(hint)) <= set(schema["properties"][field]["enum"])


@pytest.mark.parametrize(
    "name", [*(f"{name}-{way}" for name in TYPES for way in ("request", "answer")), "account-usage"]
)
def test_every_field_says_where_it_is_from_and_how_sure_that_is(name: str) -> None:
    schema = RUNWARE.schemas[name]
    assert schema["x-confidence"]
    if not name.startswith("authentication"):
        for field, body in schema["properties"].items():
            assert body["x-source"], field
            assert body["x-confidence"] in {"documented", "observed", "inferred", "assumed"}, field


def test_every_default_and_every_example_of_a_task_is_legal() -> None:
    checked = 0
    for name in TYPES:
        schema = plain(RUNWARE.schemas[f"{name}-request"], RUNWARE.switch_values())
        for field, body in schema["properties"].items():
            for value in [*body.get("examples", []), *([body["default"]] if "default" in body else [])]:
                request = {**on_wire(name, REQUESTS[name][0]), field: value}
                assert RUNWARE.judge(f"{name}-request").violations(request) == []
                checked += 1
    assert checked >= 10


# The switches.


def test_a_balance_is_an_object_or_a_number_as_the_switch_says() -> None:
    item = on_wire("account-management", {**ABOUT, **DETAILS})
    number = {**item, "balance": -3.5}
    assert RUNWARE.judge("account-management-answer").accepts(item)
    assert not RUNWARE.judge("account-management-answer").accepts(number)
    assert RUNWARE.judge("account-management-answer", balance="number").accepts(number)
    assert not RUNWARE.judge("account-management-answer", balance="number").accepts(item)


def test_a_search_lists_as_many_as_the_switch_lets_it() -> None:
    request = on_wire("model-search", {**ABOUT, "limit": 500})
    assert not RUNWARE.judge("model-search-request").accepts(request)
    assert RUNWARE.judge("model-search-request", model_search_limit="500").accepts(request)


def test_a_wrong_key_is_refused_in_the_form_the_switch_picks() -> None:
    case = RUNWARE.errors["invalidApiKey"]
    error = {"code": case.code, "message": case.message, "parameter": "apiKey", **case.extra}
    plural, both = {"errors": [error]}, {"errors": [error], "error": error}
    assert RUNWARE.judge("authentication-refusal").accepts(plural)
    assert not RUNWARE.judge("authentication-refusal").accepts(both)
    assert RUNWARE.judge("authentication-refusal", ws_auth_error="both").accepts(both)
    assert not RUNWARE.judge("authentication-refusal", ws_auth_error="both").accepts(plural)
    assert not RUNWARE.judge("authentication-refusal").accepts({"errors": [{**error, "taskType": "ping"}]})


def test_only_videos_are_acknowledged_by_nothing_when_the_switch_says_so() -> None:
    judge = RUNWARE.judge("submit-answer", acknowledgement="empty")
    assert judge.accepts({"data": [on_wire("ping", {"pong": True})]})
    assert not judge.accepts({"data": [{"taskType": "videoInference", "taskUUID": TASK}]})


# What is kept of a recording.


def test_a_poll_of_an_upload_lists_its_stages() -> None:
    items = [on_wire("model-upload", body) for body in ANSWERS["model-upload"][:3]]
    assert RUNWARE.judge("get-response-answer").violations({"data": items}) == []
    assert not RUNWARE.judge("get-response-answer").accepts({"data": [{**items[0], "status": "success"}]})
    assert (
        violations(
            [Exchange([{"taskType": "getResponse", "taskUUID": TASK}], 200, {"data": items}, 0.0)], provider="runware"
        )
        == []
    )


def test_a_question_about_a_task_is_no_second_acceptance_of_it() -> None:
    video = {"taskType": "videoInference", "taskUUID": TASK}
    asked = [video, {"taskType": "getTaskDetails", "taskUUID": TASK}]
    told = [video, on_wire("get-task-details", {**ABOUT, "request": [video], "response": {"data": [video]}})]
    assert violations([Exchange(asked, 200, {"data": told}, 0.0)], provider="runware") == []
    assert violations([Exchange([video], 200, {"data": [video, video]}, 0.0)], provider="runware") != []


@pytest.mark.parametrize(
    ("name", "code", "kind_"),
    [
        ("mediaNotFound", "mediaNotFound", "not_found"),
        ("mediaExpired", "mediaExpired", "not_found"),
        ("mediaDownloadFailed", "downloadFailed", "provider"),
        ("mediaStorageFileCouldNotBeMoved", "mediaStorageFileCouldNotBeMoved", "provider"),
        ("errorRetrievingAccountManagement", "errorRetrievingAccountManagement", "server"),
        ("modelAlreadyExists", "modelAlreadyExists", "validation"),
        ("modelOwnershipValidationError", "modelOwnershipValidationError", "validation"),
    ],
)
def test_a_refusal_of_these_tasks_has_a_code_of_the_sdks_vocabulary_and_words_marked_as_assumed(
    name: str, code: str, kind_: str
) -> None:
    case = RUNWARE.errors[name]
    assert (case.code, case.kind) == (code, kind_)
    assert {"status", "message"} <= set(case.assumed)
    assert case.confidence == "inferred"
