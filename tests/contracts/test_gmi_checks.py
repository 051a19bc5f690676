"""Checks over recorded conversations with GMI Cloud's queue: each way to go wrong is found by its own check."""

from __future__ import annotations

from typing import Any

import pytest

from understudy_contracts.checks import Exchange, Finding
from understudy_contracts.checks import violations as violations_of
from understudy_contracts.checks.gmi_paths import place_of
from understudy_contracts.provider import contract

GMI = contract("gmi")
SUBMIT, STATUS, *_ = GMI.examples
A, B = "a1b2c3d4-e5f6-7890-abcd-ef1234567890", "b1b2c3d4-e5f6-7890-abcd-ef1234567890"
PREFIX = "/api/v1/ie/requestqueue/apikey"
ASKED: dict[str, Any] = SUBMIT["request"]
KEYS: dict[str, Any] = SUBMIT["response"]
DONE: dict[str, Any] = {**STATUS["response"], "payload": ASKED["payload"]}
QUEUED = {**DONE, "status": "queued", "outcome": None, "updated_at": DONE["created_at"]}
RUNNING = {**QUEUED, "status": "processing"}
FAILED = {**DONE, "status": "failed", "outcome": {"error": "no"}, "error": "no"}


def submit(answer: Any = KEYS, status: int = 200, asked: Any = ASKED, at: float = 0) -> Exchange:
    return Exchange(asked, status, answer, at, "POST", f"{PREFIX}/requests")


def get(at: float, record: Any, status: int = 200, uuid: str = A) -> Exchange:
    return Exchange(None, status, record, at, "GET", f"https://console.gmicloud.ai{PREFIX}/requests/{uuid}")


def listed(at: float, *records: Any, total: int = 1, more: bool = False, query: str = "") -> Exchange:
    path = f"{PREFIX}/requests?model_id=heygen-avatar-4{query}"
    return Exchange(None, 200, {"requests": list(records), "total": total, "has_more": more}, at, "GET", path)


GOOD = [submit(), get(1, QUEUED), listed(2, RUNNING), get(3, RUNNING), get(4, DONE), get(5, DONE), listed(6, DONE)]


def violations(seen: Exchange | list[Exchange], switches: dict[str, str] | None = None) -> list[Finding]:
    return violations_of(seen, (), switches, "gmi")


def rules(exchanges: list[Exchange], **switches: str) -> set[str]:
    return {finding.rule for finding in violations(exchanges, switches)}


def changed(record: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {**record, **values}


def test_a_faultless_conversation_breaks_nothing_in_whatever_order_it_was_recorded() -> None:
    assert violations(GOOD) == []
    assert violations(GOOD[::-1]) == []


@pytest.mark.parametrize("end", [FAILED, changed(QUEUED, status="cancelled", updated_at=DONE["updated_at"])])
def test_a_failed_or_cancelled_request_breaks_nothing(end: dict[str, Any]) -> None:
    assert violations([submit(), get(1, QUEUED), get(2, end), get(3, end)]) == []


def test_every_other_answer_that_is_right_breaks_nothing() -> None:
    detail = GMI.models["heygen-avatar-4"].detail
    queue = "/api/v1/ie/requestqueue"
    told = [
        ("GET", f"{PREFIX}/models", 200, {"model_ids": ["a"]}),
        ("GET", f"{queue}/models", 200, {"models": [detail]}),
        ("GET", f"{PREFIX}/models/heygen-avatar-4", 200, detail),
        (
            "POST",
            f"{PREFIX}/upload-url",
            200,
            {"upload_url": "https://a.invalid/u", "public_url": "https://a.invalid/p"},
        ),
        ("POST", "/api/v1/me/auth-tokens", 200, {"authToken": "t", "is2FARequired": False}),
        ("PATCH", "/api/v1/me/sessions", 200, {"accessToken": "e30.e30.", "refreshToken": "e30.e30."}),
        ("GET", "/api/v1/organizations/o/api-keys", 200, {"keys": []}),
        ("GET", f"{PREFIX}/requests/{B}", 404, {"error": "Request not found"}),
        ("GET", "/somewhere/else", 200, {"any": "thing"}),
        ("GET", "/api/v1/me/profile", 401, {"message": "no"}),
        ("GET", f"{PREFIX}/requests", 502, "<html>"),
    ]
    assert violations([Exchange(None, status, body, 0, verb, path) for verb, path, status, body in told]) == []


@pytest.mark.parametrize(
    ("rule", "exchanges"),
    [
        ("gmi.schema", [submit(changed(KEYS, outcome=None))]),
        ("gmi.schema", [submit(), get(1, changed(QUEUED, outcome={}))]),
        ("gmi.schema", [submit(), get(1, changed(DONE, outcome=None))]),
        ("gmi.schema", [submit(), get(1, changed(QUEUED, status="completed"))]),
        ("errors.form", [submit({"message": "no"}, 400)]),
        ("gmi.schema", [Exchange(None, 200, {"models": []}, 0, "GET", f"{PREFIX}/models")]),
        ("gmi.ids-echoed", [submit(changed(KEYS, model="Veo3"))]),
        ("gmi.ids-echoed", [submit(), get(1, changed(QUEUED, request_id=B))]),
        ("gmi.ids-unique", [submit(), get(1, changed(QUEUED, model="Veo3"))]),
        ("gmi.ids-unique", [submit(), submit(at=1)]),
        ("gmi.ids-echoed", [submit(), listed(1, QUEUED, QUEUED, total=2)]),
        ("gmi.ids-echoed", [listed(1, changed(QUEUED, model="Veo3"))]),
        (
            "gmi.ids-echoed",
            [Exchange(None, 200, GMI.models["Veo3"].detail, 0, "GET", f"{PREFIX}/models/heygen-avatar-4")],
        ),
        ("gmi.only-forward", [submit(), get(1, RUNNING), get(2, QUEUED)]),
        ("gmi.only-forward", [*GOOD, get(7, RUNNING)]),
        ("gmi.only-forward", [*GOOD, get(7, changed(DONE, updated_at=DONE["updated_at"] + 1))]),
        ("gmi.only-forward", [*GOOD, listed(7, FAILED)]),
        ("gmi.timestamps", [submit(), get(1, changed(QUEUED, created_at=1, updated_at=1))]),
        ("gmi.timestamps", [submit(), get(1, changed(QUEUED, queued_at=1))]),
        ("gmi.timestamps", [submit(), get(1, changed(RUNNING, updated_at=RUNNING["created_at"] + 1))]),
        ("gmi.timestamps", [submit(), get(1, changed(DONE, updated_at=DONE["created_at"] - 1))]),
        ("gmi.lists", [listed(1, QUEUED, changed(QUEUED, request_id=B, created_at=QUEUED["created_at"] + 9), total=2)]),
        ("gmi.lists", [listed(1, QUEUED, changed(QUEUED, request_id=B), total=2, query="&limit=1")]),
        ("gmi.lists", [listed(1, QUEUED, total=0)]),
        ("gmi.lists", [listed(1, QUEUED, total=2)]),
        ("gmi.lists", [listed(1, QUEUED, total=2, more=True, query="&offset=1")]),
        ("gmi.payload-echoed", [submit(), get(1, changed(QUEUED, payload={}))]),
        ("gmi.outcomes", [submit(), get(1, changed(DONE, outcome={"media_urls": []}))]),
        (
            "gmi.outcomes",
            [
                submit(),
                get(1, changed(DONE, outcome={**DONE["outcome"], "media_urls": [{"id": 0, "url": "https://a"}]})),
            ],
        ),
    ],
)
def test_each_wrong_turn_is_found(rule: str, exchanges: list[Exchange]) -> None:
    assert rule in rules(exchanges)


def test_a_payload_is_echoed_to_the_letter() -> None:
    asked = {"model": "Veo3", "payload": {"prompt": "a", "n": 1.0, "b": True}}
    answer, record = changed(KEYS, model="Veo3"), changed(QUEUED, model="Veo3")
    told = [submit(answer, asked=asked), get(1, changed(record, payload={"b": True, "n": 1.0, "prompt": "a"}))]
    assert violations(told) == []
    told[1] = get(1, changed(record, payload={"prompt": "a", "n": 1, "b": True}))
    assert rules(told) == {"gmi.payload-echoed"}


def test_switches_hold_the_conversation_to_another_reading() -> None:
    empty = [submit(), get(1, changed(QUEUED, payload={}))]
    assert rules(empty, payload_echo="empty") == set()
    dispatched = [submit(changed(KEYS, status="dispatched"))]
    assert rules(dispatched) == {"gmi.schema"}
    assert rules(dispatched, submit_status="dispatched") == set()


def test_a_model_that_answers_at_once_is_held_to_its_own_form() -> None:
    asked = {"model": "seedream-5.0-lite", "payload": {"prompt": "a"}}
    outcome = {"media_urls": [{"id": "0", "url": "https://a.invalid/0.png"}]}
    record = changed(DONE, **asked, outcome=outcome)
    assert rules([submit(record, asked=asked), get(1, record)]) == set()
    keys = changed(KEYS, model=asked["model"], status="success")
    assert rules([submit(keys, asked=asked)]) == {"gmi.schema"}
    assert rules([submit(keys, asked=asked), get(1, record)], sync_answer="keys") == set()


def test_a_page_beyond_the_last_request_is_empty_and_breaks_nothing() -> None:
    assert rules([submit(), listed(1, total=1, query="&offset=100&limit=10")]) == set()


def test_requests_that_others_submitted_are_held_to_every_rule_but_the_echo() -> None:
    strange = changed(QUEUED, request_id=B, payload={"from": "the console"})
    assert rules([listed(0, strange), get(1, changed(strange, status="processing"), uuid=B)]) == set()
    assert rules([listed(1, changed(strange, status="processing")), get(2, strange, uuid=B)]) == {"gmi.only-forward"}


def test_a_finding_shows_the_exchange_that_is_wrong() -> None:
    wrong = get(7, RUNNING)
    (finding,) = (one for one in violations([*GOOD, wrong]) if "went back" in one.message)
    assert finding.exchange == wrong
    assert A in finding.message


def test_a_path_is_read_whole_or_bare_with_its_query() -> None:
    place = place_of("GET", "https://h.invalid/api/v1/ie/requestqueue/apikey/requests?model_id=Veo3&limit=5&offset=x")
    assert (place.form, place.model, place.limit, place.offset) == ("list-answer", "Veo3", 5, 0)
    assert place_of("GET", "/models/Kling%2FX").id == "Kling/X"
    assert place_of("DELETE", f"{PREFIX}/requests/{A}").form is None
