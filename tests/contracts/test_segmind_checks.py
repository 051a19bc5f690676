"""Checks over recorded conversations with Segmind: each way to go wrong is found by its own check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from understudy_contracts.checks import Exchange, Finding, Webhook
from understudy_contracts.checks import violations as violations_of
from understudy_contracts.checks.segmind_paths import place_of
from understudy_contracts.provider import contract

SEGMIND = contract("segmind")
PAGE, SUBMIT, RUNNING, DONE, RESULT, FAILED, GONE = (example["response"] for example in SEGMIND.examples)
ASKED: dict[str, Any] = SEGMIND.examples[0]["request"]
A = SUBMIT["request_id"]
B = "b" + A[1:]
HEX = A.replace("-", "")
QUEUED = {**RUNNING, "status": "QUEUED"}
HEADERS = {
    "Content-Type": "video/mp4",
    "X-Cost": "0.25",
    "x-remaining-credits": "9.75",
    "x-request-id": B,
    "x-generation-time": "36.2",
}
FLOW = {
    "message": "ok",
    "poll_url": f"https://a.invalid/workflows/request/{HEX}",
    "request_id": HEX,
    "status": "QUEUED",
}
FLOWN = {"status": "COMPLETED", "output": '[{"keyname":"a","value":{"data":"u","type":"video"}}]'}
ROW = {
    "request_id": A,
    "model_name": "heygen-avatar-iv",
    "model_status": "COMPLETED",
    "credits_deduction": 0.25,
    "request_body": ASKED,
    "generation_url": "https://a.invalid/a.mp4",
    "latency_ms": 38200,
}
EVENT: dict[str, Any] = {
    "event_type": "GENERATION",
    "event_id": "e",
    "timestamp": "2026-01-01T00:00:00Z",
    "data": {
        "request_id": A,
        "model_name": "heygen-avatar-iv",
        "status": "COMPLETED",
        "output": RESULT["output"],
        "error": None,
        "metrics": {},
    },
}


def submit(answer: Any = SUBMIT, status: int = 200, at: float = 0) -> Exchange:
    return Exchange(ASKED, status, answer, at, "POST", "/v2/heygen-avatar-iv")


def poll(at: float, answer: Any, status: int = 200, uuid: str = A) -> Exchange:
    return Exchange(None, status, answer, at, "GET", f"https://api.segmind.com/v2/requests/{uuid}/status")


def result(at: float, answer: Any, status: int = 200, version: int = 2) -> Exchange:
    return Exchange(None, status, answer, at, "GET", f"/v{version}/requests/{A}")


def blocking(body: Any = b"mp4", status: int = 200, model: str = "heygen-avatar-iv", **headers: str) -> Exchange:
    told = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    told = {name: value for name, value in told.items() if value}
    return Exchange(ASKED, status, body, 0, "POST", f"/v1/{model}", told)


def flow(at: float, answer: Any, status: int = 200) -> Exchange:
    return Exchange(None, status, answer, at, "GET", f"/workflows/request/{HEX}")


def begun(answer: Any = FLOW) -> Exchange:
    return Exchange({}, 200, answer, 0, "POST", f"/workflows/{'0' * 24}-v3")


def asked(method: str, path: str, body: Any, status: int = 200, request: Any = None) -> Exchange:
    return Exchange(request, status, body, 0, method, path)


def history(*rows: Any) -> Exchange:
    listed = {"requests": list(rows), "total": len(rows), "page": 1, "per_page": 20}
    return Exchange(None, 200, listed, 9, "GET", "/inference-request/request-history?page=1")


def changed(body: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {**body, **values}


def violations(
    seen: Exchange | list[Exchange], webhooks: Sequence[Webhook] = (), switches: dict[str, str] | None = None
) -> list[Finding]:
    return violations_of(seen, webhooks, switches, "segmind")


def rules(exchanges: list[Exchange], *webhooks: Webhook, **switches: str) -> set[str]:
    return {finding.rule for finding in violations(exchanges, webhooks, switches)}


GOOD = [
    submit(),
    poll(1, QUEUED),
    poll(2, RUNNING),
    result(2.5, RUNNING),
    poll(3, DONE),
    result(4, RESULT),
    result(5, RESULT, version=1),
    poll(6, DONE),
    history(ROW),
    poll(5000, GONE, 404),
    result(5001, GONE, 404),
    poll(5002, GONE, 404),
]


def test_a_faultless_conversation_breaks_nothing_in_whatever_order_it_was_recorded() -> None:
    assert violations(GOOD) == []
    assert violations(GOOD[::-1], [Webhook(EVENT, 7)]) == []


def test_a_failed_job_breaks_nothing() -> None:
    row = changed(ROW, model_status="FAILED", credits_deduction=0, generation_url=None)
    told = [submit(), poll(1, RUNNING), poll(2, FAILED, 422), result(3, FAILED, 422), result(4, FAILED, 422, 1)]
    assert violations([*told, history(row)]) == []


@pytest.mark.parametrize("end", [FLOWN, {"status": "FAILED", "output": "", "error_message": "no", "error": "no"}])
def test_a_workflow_that_completes_or_fails_breaks_nothing(end: dict[str, Any]) -> None:
    waiting = {"status": "PROCESSING", "output": ""}
    assert violations([begun(), flow(1, waiting), flow(2, end), flow(3, end)]) == []


def test_a_blocking_call_is_judged_by_its_headers_where_they_were_recorded() -> None:
    assert rules([blocking(), history(changed(ROW, request_id=B))]) == set()
    assert rules([Exchange(ASKED, 200, b"", 0, "POST", "/v1/heygen-avatar-iv")]) == set()
    assert rules([blocking({"error": "Unauthorized"}, 401, Content_Type="application/json")]) == set()
    words = {"choices": [{"message": {"content": "Waves."}}]}
    assert rules([blocking(words, model="gpt-5.5", Content_Type="application/json")]) == set()
    assert rules([blocking(b"", model="seedream-4.5", Content_Type="image/jpeg")]) == set()
    assert rules([blocking(b"", model="never-heard-of", Content_Type="image/webp")]) == set()
    assert rules([blocking(b"", model="never-heard-of", Content_Type="model/gltf")]) == {"declared"}


def test_with_the_switch_a_blocking_call_answers_the_result_of_the_queue() -> None:
    told = blocking(changed(RESULT, request_id=B), Content_Type="application/json")
    assert rules([told], v1_answer="json") == set()
    assert rules([told]) == {"segmind.headers"}
    assert rules([blocking({"status": "COMPLETED"}, Content_Type="application/json")], v1_answer="json") == {
        "segmind.schema"
    }


def test_every_other_answer_that_is_right_breaks_nothing() -> None:
    tune = {
        "id": 1,
        "finetune_id": A,
        "name": "n",
        "data_source_path": "s3://b/k",
        "instance_prompt": None,
        "status": "TRAINING_INITIATED",
        "source_type": "AWS_S3",
        "base_model": "FLUX",
        "slug": None,
        "public_model": False,
        "error_message": None,
        "cloud_storage_url": None,
        "created_ts": "2026-01-01T00:00:00Z",
        "updated_ts": "2026-01-02T00:00:00Z",
    }
    details = [model.detail for model in SEGMIND.models.values() if model.detail]
    told = [
        asked("GET", "/v1/get-user-credits", {"credits": 1.5, "free-credits": 0.0}),
        asked("POST", "/workflows/v2/my-flow", SUBMIT),
        asked("POST", "/upload-asset", {"file_urls": ["https://a"], "urls": ["https://a"], "message": "m"}),
        asked(
            "GET",
            "/inference-model-information/list",
            {"Inference Segmind Model Information List With Details": details},
        ),
        asked("GET", "/inference-request/generations?page=1", {"generations": [], "total": 0, "page": 1}),
        asked("GET", "/inference-request/recent-generations", {"generations": []}),
        asked("GET", f"/inference-request/request-history/{A}", ROW),
        asked("GET", "/webhook/get", {"webhooks": []}),
        asked("GET", "/webhook/inactive?webhook_id=w", {"status": "success", "webhook_id": "w", "message": ""}),
        asked("GET", "/webhook/dispatch-logs?webhook_id=w", {"webhook_id": "w", "logs": []}),
        asked("POST", "/finetune/request/submit", {"status": "REQUESTED", "finetune_id": A, "name": "n"}),
        asked("GET", "/finetune/request/details", {"finetune": tune}, request={"request_id": A}),
        asked("GET", "/finetune/request/list", [tune]),
        asked("PUT", "/finetune/request/access-update", None),
        asked("GET", "/finetune/request/file/download", "https://a.invalid/model"),
        asked("GET", "/somewhere/else", {"any": "thing"}),
        asked("GET", "/somewhere/else", {"any": "thing"}, 500),
        asked("GET", "/v1/get-user-credits", "<html>", 502),
        asked("GET", f"/v1/requests/{B}", {"error": "Output for this request ID b Not Found"}, 404),
    ]
    assert violations(told) == []


@pytest.mark.parametrize(
    ("rule", "exchanges"),
    [
        ("segmind.schema", [submit(changed(SUBMIT, eta=1))]),
        ("errors.form", [submit({"message": "no"}, 402)]),
        ("segmind.schema", [submit(), poll(1, changed(RUNNING, status="RUNNING"))]),
        ("segmind.schema", [submit(), poll(1, changed(DONE, output="https://a"))]),
        ("segmind.schema", [asked("GET", "/finetune/request/list", [{"id": 1}])]),
        ("segmind.schema", [asked("GET", "/v1/get-user-credits", {"credits": "1"})]),
        ("segmind.headers", [blocking(x_request_id="")]),
        ("segmind.headers", [blocking(X_Cost="$0.25")]),
        ("segmind.headers", [blocking(Content_Type="image/png")]),
        ("segmind.headers", [blocking({"error": "slow down"}, 429)]),
        ("segmind.ids-echoed", [submit(), poll(1, changed(RUNNING, request_id=B))]),
        ("segmind.ids-echoed", [submit(changed(SUBMIT, status_url=f"https://a.invalid/v2/requests/{B}/status"))]),
        ("segmind.ids-unique", [submit(), submit(at=1)]),
        ("segmind.ids-echoed", [asked("GET", f"/inference-request/request-history/{B}", ROW)]),
        ("segmind.ids-echoed", [asked("GET", "/webhook/dispatch-logs?webhook_id=w", {"webhook_id": "v", "logs": []})]),
        (
            "segmind.ids-echoed",
            [
                asked(
                    "POST",
                    "/webhook/update",
                    {"status": "success", "webhook_id": "v", "message": ""},
                    request={"webhook_id": "w"},
                )
            ],
        ),
        ("segmind.only-forward", [submit(), poll(1, RUNNING), poll(2, QUEUED)]),
        ("segmind.only-forward", [submit(), poll(1, DONE), result(2, RUNNING)]),
        ("segmind.only-forward", [submit(), poll(1, DONE), result(2, FAILED, 422)]),
        (
            "segmind.only-forward",
            [submit(), result(1, RESULT), result(2, changed(RESULT, output="https://a.invalid/b.mp4"))],
        ),
        ("segmind.only-forward", [submit(), poll(1, FAILED, 422), poll(2, changed(FAILED, error="other"), 422)]),
        ("segmind.only-forward", [submit(), poll(1, GONE, 404), poll(2, RUNNING)]),
        ("segmind.only-forward", [begun(), flow(1, FLOWN), flow(2, {"status": "PROCESSING", "output": ""})]),
        ("segmind.failed-is-422", [submit(), poll(1, FAILED)]),
        ("segmind.failed-is-422", [submit(), poll(1, DONE, 422)]),
        ("segmind.metrics", [submit(), poll(1, changed(RUNNING, metrics={"queue_time": 1}))]),
        (
            "segmind.metrics",
            [submit(), poll(1, DONE), result(2, changed(RESULT, metrics={**RESULT["metrics"], "cost": 0.3}))],
        ),
        (
            "segmind.money",
            [submit(), poll(1, changed(FAILED, metrics={**FAILED["metrics"], "cost": 0.1}), 422)],
        ),
        ("segmind.money", [history(changed(ROW, model_status="FAILED"))]),
        ("segmind.money", [submit(), poll(1, DONE), history(changed(ROW, credits_deduction=0.26))]),
        ("segmind.money", [blocking(), history(changed(ROW, request_id=B, credits_deduction=1))]),
    ],
)
def test_each_wrong_turn_is_found(rule: str, exchanges: list[Exchange]) -> None:
    assert rule in rules(exchanges)


def test_a_webhook_is_judged_and_tells_the_end_that_polls_tell() -> None:
    told = [submit(), poll(1, DONE)]
    failed = {**EVENT, "data": {**EVENT["data"], "status": "FAILED"}}
    assert rules(told, Webhook(failed, 2)) == {"segmind.webhooks-agree"}
    assert rules(told, Webhook({"event": "job.succeeded"}, 2)) == {"segmind.schema"}
    assert rules(told, Webhook({**EVENT, "data": {**EVENT["data"], "request_id": B, "status": "FAILED"}}, 2)) == set()


def test_switches_hold_the_conversation_to_another_reading() -> None:
    undashed = {key: value.replace(A, HEX) for key, value in SUBMIT.items()}
    assert rules([submit(undashed)]) == {"segmind.schema"}
    assert rules([submit(undashed)], request_id="hex") == set()
    failed = flow(1, {"status": "FAILED", "output": "", "error": "no"})
    assert rules([begun(), failed]) == {"segmind.schema"}
    assert rules([begun(), failed], workflow_failure="error") == set()


def test_several_files_of_one_request_say_nothing_of_its_cost() -> None:
    half = changed(ROW, credits_deduction=0.125)
    assert rules([submit(), poll(1, DONE), history(half, half)]) == set()


@pytest.mark.parametrize("rubbish", [None, [], {}, "text", {"request_id": None}, {"status": []}, {"metrics": 7}])
def test_no_rubbish_makes_a_check_fall_over(rubbish: Any) -> None:
    told = [
        submit(rubbish),
        poll(1, rubbish),
        result(2, rubbish, 422),
        flow(3, rubbish),
        history(rubbish),
        asked("GET", "/inference-request/request-history", rubbish),
        asked("GET", f"/inference-request/request-history/{A}", rubbish),
        blocking(rubbish, X_Cost="NaN", x_request_id="?"),
    ]
    assert isinstance(violations(told, [Webhook(rubbish, 1)]), list)


def test_a_finding_shows_the_exchange_that_is_wrong() -> None:
    wrong = poll(7, RUNNING)
    (finding,) = (one for one in violations([*GOOD[:8], wrong]) if "went back" in one.message)
    assert finding.exchange == wrong
    assert A in finding.message


def test_a_path_is_read_whole_or_bare_with_its_query() -> None:
    place = place_of("GET", f"https://api.segmind.com/v2/requests/{A}/status?x=1")
    assert (place.form, place.id, place.poll) == ("status-answer", A, True)
    place = place_of("POST", "/v1/some%20model")
    assert (place.form, place.model, place.blocking) == (None, "some model", True)
    assert place_of("GET", "/v1/heygen-avatar-iv") == place_of("DELETE", "/v2/a")
    assert not place_of("GET", "/elsewhere").known
