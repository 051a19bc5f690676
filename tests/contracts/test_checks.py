"""Checks over recorded conversations: a good one passes, and every way to go wrong is found by its own check."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from understudy_contracts.checks import Exchange, Finding, Webhook
from understudy_contracts.checks import violations as violations_of
from understudy_contracts.provider import contract

A, B = "b8a0b08e-e8d5-433c-8527-4397dfa76806", "5893b754-1341-468b-a130-0c8c07d4e68f"
V1, V2 = "86bea572-6922-45f9-81a8-217810634bfc", "8729f343-87a3-459a-8dc9-e18054b595ed"
ABOUT = {"taskType": "videoInference", "taskUUID": A}
RUNNING = {**ABOUT, "status": "processing"}
FIRST = {**ABOUT, "status": "success", "videoUUID": V1, "videoURL": f"https://vm.invalid/{V1}.mp4", "cost": 2.5}
SECOND = {**FIRST, "videoUUID": V2, "videoURL": f"https://vm.invalid/{V2}.mp4"}
FAILED = {"code": "timeoutProvider", "message": "too slow", "status": "error", "taskUUID": A}
TASK = {**contract("runware").examples[0]["request"], "taskUUID": A, "numberResults": 2, "includeCost": True}
ASK = [{"taskType": "getResponse", "taskUUID": A}]


def submit(answer: Any = None, status: int = 200, task: dict[str, Any] = TASK) -> Exchange:
    return Exchange([task], status, {"data": [ABOUT]} if answer is None else answer, 0)


def poll(at: float, *data: Any, errors: list[Any] | None = None, status: int = 200) -> Exchange:
    return Exchange(ASK, status, {"data": list(data), **({"errors": errors} if errors else {})}, at)


def hook(at: float, item: dict[str, Any]) -> Webhook:
    bare = {key: value for key, value in item.items() if key != "status"}
    return Webhook({"errors" if "code" in item else "data": [bare]}, at)


GOOD = [submit(), poll(1, RUNNING, RUNNING), poll(2, FIRST, RUNNING), poll(3, FIRST, SECOND), poll(4, FIRST, SECOND)]
HOOKS = [hook(2, FIRST), hook(2.5, FIRST), hook(3, SECOND)]


def violations(
    seen: Exchange | list[Exchange], webhooks: list[Webhook] | None = None, switches: dict[str, str] | None = None
) -> list[Finding]:
    return violations_of(seen, webhooks or [], switches, "runware")


def rules(exchanges: list[Exchange], webhooks: list[Webhook] | None = None, **switches: str) -> set[str]:
    return {finding.rule for finding in violations(exchanges, webhooks or [], switches)}


def test_a_faultless_conversation_breaks_nothing() -> None:
    assert violations(GOOD, HOOKS) == []


def test_order_of_recording_does_not_matter_only_time() -> None:
    assert violations(GOOD[::-1], HOOKS[::-1]) == []


def test_a_failure_beside_a_success_breaks_nothing() -> None:
    told = [submit(), poll(1, RUNNING, errors=[FAILED]), poll(2, FIRST, errors=[FAILED])]
    assert violations(told, [hook(1, FAILED), hook(2, FIRST)]) == []


@pytest.mark.parametrize("place", ["data", "both"])
def test_a_failure_told_in_the_data_breaks_nothing_under_its_switch(place: str) -> None:
    inside = {**ABOUT, "status": "error", "error": {"code": "timeoutProvider", "message": "too slow"}}
    errors = [FAILED] if place == "both" else None
    told = [submit(), poll(1, RUNNING, inside, errors=errors), poll(2, FIRST, inside, errors=errors)]
    assert violations(told, [hook(1, FAILED)], {"failed-task": place}) == []
    assert "runware.schema" in rules(told)


@pytest.mark.parametrize(
    ("rule", "exchanges"),
    [
        ("runware.schema", [submit({"data": [{**ABOUT, "extra": 1}]})]),
        ("runware.schema", [submit(), poll(1, {**ABOUT, "status": "paused"})]),
        ("runware.ids-echoed", [submit({"data": [ABOUT, {**ABOUT, "taskUUID": B}]})]),
        ("runware.ids-echoed", [submit({"data": []})]),
        ("runware.ids-echoed", [submit({"data": [ABOUT, ABOUT]})]),
        ("runware.only-forward", [*GOOD, poll(5, FIRST, RUNNING)]),
        ("runware.only-forward", [*GOOD, poll(5)]),
        ("runware.only-forward", [*GOOD, poll(5, FIRST, {**SECOND, "videoURL": "https://vm.invalid/other.mp4"})]),
        ("runware.only-forward", [*GOOD, poll(5, FIRST, {**SECOND, "cost": 9})]),
        ("runware.only-forward", [submit(), poll(1, RUNNING, errors=[FAILED]), poll(2, RUNNING, RUNNING)]),
        ("runware.money", [submit(), poll(1, {key: value for key, value in FIRST.items() if key != "cost"})]),
        ("runware.money", [submit(task={**TASK, "includeCost": False}), poll(1, FIRST)]),
        ("runware.one-end", [submit(), poll(1, FIRST, FIRST)]),
        ("runware.one-end", [submit(), poll(1, FIRST, SECOND, errors=[FAILED])]),
        ("runware.one-end", [submit(task={**TASK, "numberResults": 1}), poll(1, FIRST, SECOND)]),
    ],
)
def test_each_wrong_turn_of_polls_is_found(rule: str, exchanges: list[Exchange]) -> None:
    assert rule in rules(exchanges)


@pytest.mark.parametrize(
    ("rule", "webhooks"),
    [
        ("runware.schema", [Webhook({**ABOUT}, 3)]),
        ("runware.webhooks-agree", [hook(3, {**FIRST, "cost": 9})]),
        ("runware.webhooks-agree", [hook(3, FIRST), hook(4, {**FIRST, "seed": 9})]),
        ("runware.webhooks-agree", [hook(3, {**FIRST, "videoUUID": B})]),
        ("runware.webhooks-agree", [hook(3, FAILED)]),
        ("runware.money", [hook(3, {key: value for key, value in FIRST.items() if key != "cost"})]),
    ],
)
def test_each_webhook_that_tells_another_story_is_found(rule: str, webhooks: list[Webhook]) -> None:
    assert rule in rules(GOOD, webhooks)


def test_a_finding_shows_the_exchange_that_is_wrong() -> None:
    wrong = poll(5, FIRST, RUNNING)
    (finding,) = violations([*GOOD, wrong])
    assert finding.exchange == wrong
    assert V2 in finding.message


def test_a_refused_submit_makes_no_task() -> None:
    refusal = {"data": [], "errors": [{"code": "conflictTaskUUID", "message": "used", "taskUUID": A}]}
    again = Exchange([{**TASK, "numberResults": 1}], 400, refusal, 0.5)
    assert violations([*GOOD, again], HOOKS) == []
    assert violations([again, poll(1)]) == []


def test_an_answer_that_is_no_json_says_nothing() -> None:
    page = Exchange(ASK, 502, "<html>", 2.5)
    assert violations([*GOOD, page]) == []


def test_a_refused_poll_says_nothing_about_the_task() -> None:
    busy = {"code": "rateLimitExceeded", "message": "slow down", "taskUUID": A}
    assert violations([*GOOD, poll(5, errors=[busy], status=429)]) == []


def test_an_expired_task_may_lose_its_results() -> None:
    gone = {"code": "taskExpired", "message": "gone", "taskUUID": A}
    assert violations([*GOOD, poll(5, errors=[gone])]) == []


def test_tasks_of_one_conversation_are_kept_apart() -> None:
    other = deepcopy(TASK) | {"taskUUID": B, "numberResults": 1}
    both = Exchange([TASK, other], 200, {"data": [ABOUT, {**ABOUT, "taskUUID": B}]}, 0)
    mixed = Exchange(
        [*ASK, {"taskType": "getResponse", "taskUUID": B}],
        200,
        {"data": [RUNNING, RUNNING, {**FIRST, "taskUUID": B}]},
        1,
    )
    assert violations([both, mixed]) == []
