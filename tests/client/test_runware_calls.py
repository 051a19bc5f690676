"""Whose answer is it? Frames of one socket, and all who wait on it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.socket_provider import UUID, acknowledged, failed, finished
from understudy_client.flow import Answer, Lost
from understudy_client.runware_calls import Call, Calls, Unaddressed

OTHER = "0d7b0b6c-7a33-4c39-8d0c-6f3bb9ab0a52"
PONG = {"data": [{"taskType": "ping", "pong": True}]}
CONFLICT = {"code": "conflictTaskUUID", "message": "It is taken."}


class Room:
    """Everyone who waits, by name, and what each was told."""

    def __init__(self) -> None:
        self.calls = Calls()
        self.told: dict[str, list[Answer | Lost]] = {}

    def wait(self, name: str, task: str = UUID, kind: str = "videoInference", parts: int = 1, size: int = 0) -> None:
        self.told[name] = []
        self.calls.add(Call(task, kind, self.told[name].append, parts=parts, size=size))

    def ask(self, name: str, task: str = UUID, parts: int = 1) -> None:
        self.wait(name, task, "getResponse", parts)

    def hear(self, **document) -> bool:
        """Let a frame be heard; whether a heartbeat is sent for it."""
        unsure = self.calls.hear(json.dumps(document))
        if unsure:
            self.calls.fence(unsure)
        return bool(unsure)

    def body(self, name: str) -> dict:
        [outcome] = self.told[name]
        assert isinstance(outcome, Answer)
        return json.loads(outcome.body)


@pytest.fixture
def room() -> Room:
    return Room()


def test_an_answer_goes_to_its_task_whatever_the_case_of_its_letters(room):
    room.wait("mine")
    room.wait("yours", OTHER)
    room.hear(data=[acknowledged(UUID.upper())])
    assert room.body("mine")["data"] == [acknowledged(UUID.upper())]
    assert room.told["yours"] == []


def test_one_frame_may_answer_many(room):
    room.wait("mine")
    room.wait("yours", OTHER)
    room.hear(data=[acknowledged(OTHER), acknowledged(UUID)])
    assert room.body("mine")["data"] == [acknowledged(UUID)]
    assert room.body("yours")["data"] == [acknowledged(OTHER)]


def test_an_acknowledgement_is_the_submits_and_a_result_the_questions(room):
    room.ask("question")
    room.wait("submit")
    room.hear(data=[acknowledged(UUID)])
    assert room.told["question"] == []
    room.wait("another submit")
    room.hear(data=[finished(UUID)])
    assert room.body("question")["data"] == [finished(UUID)]
    assert room.told["another submit"] == []


def test_a_conflict_never_answers_a_question(room):
    room.ask("question")
    room.hear(errors=[CONFLICT | {"taskUUID": UUID}])
    assert room.told["question"] == []


def test_what_nobody_waits_for_harms_nobody(room):
    room.wait("mine")
    room.hear(data=[acknowledged(OTHER), finished(OTHER)])
    room.hear(errors=[CONFLICT | {"taskUUID": OTHER}])
    assert room.told["mine"] == []


def test_a_refusal_in_several_errors_comes_whole_and_with_the_status_of_rest(room):
    room.wait("mine")
    errors = [{"code": code, "message": "No.", "taskUUID": UUID} for code in ("invalidModel", "invalidWidth")]
    room.hear(errors=errors)
    assert room.body("mine")["errors"] == errors
    assert room.told["mine"][0].status == 400


@pytest.mark.parametrize(("code", "status"), [("rateLimitExceeded", 429), ("serviceUnavailable", 503), ("new", 400)])
def test_an_error_has_the_status_that_rest_gives_its_code(room, code, status):
    room.ask("question")
    room.hear(errors=[{"code": code, "message": "No.", "taskUUID": UUID}])
    assert room.told["question"][0].status == status


def test_errors_may_follow_the_data_in_a_frame_of_their_own(room):
    room.ask("question", parts=2)
    room.hear(data=[finished(UUID)])
    assert room.told["question"] == []
    room.hear(errors=[failed(UUID)])
    assert room.body("question") == {"data": [finished(UUID)], "errors": [failed(UUID)]}


def test_data_and_errors_in_one_frame_are_one_answer(room):
    room.ask("question", parts=2)
    room.hear(data=[finished(UUID)], errors=[failed(UUID)])
    assert room.body("question") == {"data": [finished(UUID)], "errors": [failed(UUID)]}


def test_a_heartbeat_answered_after_the_data_means_that_no_errors_follow(room):
    room.ask("question", parts=3)
    room.calls.pinged()
    room.hear(data=[finished(UUID)])
    room.hear(**PONG)
    assert room.told["question"] == [], "that was the answer to an earlier one"
    room.hear(**PONG)
    assert room.body("question") == {"data": [finished(UUID)]}


def test_a_heartbeat_delivered_again_counts_for_none(room):
    room.hear(**PONG)
    room.ask("question", parts=2)
    room.hear(data=[finished(UUID)])
    assert room.told["question"] == []


def test_an_empty_answer_goes_to_the_question_that_waits_longest_and_to_no_submit(room):
    room.wait("submit")
    room.ask("first")
    room.ask("second", OTHER)
    room.hear(data=[])
    assert room.body("first") == {"data": []}
    assert room.told["second"] == room.told["submit"] == []


def test_an_error_without_a_name_is_the_only_one_it_can_be_about(room):
    room.wait("mine")
    room.hear(errors=[{"code": "invalidModel", "message": "No."}])
    assert room.body("mine")["errors"][0]["code"] == "invalidModel"


def test_an_error_that_names_only_a_type_is_told_to_that_type(room):
    room.wait("submit")
    room.ask("question", OTHER)
    room.hear(errors=[{"code": "invalidTaskUUID", "message": "No.", "taskType": "getResponse"}])
    assert room.told["submit"] == []
    assert room.told["question"][0].status == 400


def test_an_error_that_may_be_about_several_is_believed_by_none_and_all_ask_again(room):
    room.wait("mine")
    room.wait("yours", OTHER)
    room.hear(errors=[{"code": "invalidModel", "message": "No."}])
    for name in ("mine", "yours"):
        [outcome] = room.told[name]
        assert isinstance(outcome, Lost)
        assert isinstance(outcome.cause, Unaddressed)
        assert outcome.sent
        assert outcome.retryable


@pytest.mark.parametrize("code", ["invalidApiKey", "insufficientCredits", "serviceUnavailable"])
def test_an_error_of_the_account_or_the_server_is_told_to_everyone(room, code):
    room.wait("mine")
    room.ask("yours", OTHER)
    room.hear(errors=[{"code": code, "message": "No."}])
    assert room.body("mine") == room.body("yours")


@pytest.mark.parametrize("text", ["<html>", '"hello"', "[]", "{}", "null", "\x00"])
def test_what_is_not_the_providers_is_shown_to_everyone(room, text):
    room.wait("mine")
    room.ask("yours", OTHER)
    assert room.calls.hear(text) == []
    assert room.told["mine"] == room.told["yours"] == [Answer(200, {}, text.encode())]


def test_a_lost_line_is_told_to_all_and_once(room):
    room.wait("mine")
    room.ask("yours", OTHER)
    lost = Lost(OSError("cut"), sent=True)
    room.calls.lose(lost)
    room.calls.lose(lost)
    room.hear(data=[acknowledged(UUID)])
    assert room.told["mine"] == room.told["yours"] == [lost]
    assert len(room.calls) == 0


STATES = st.sampled_from(["processing", "success", "error"])


def frames_of(states: list[str], form: str) -> list[dict]:
    """How a provider tells of results in their states: data, and errors in a frame of their own."""
    data, errors = [], []
    for state in states:
        if state != "error":
            data.append(finished(UUID) if state == "success" else {"taskUUID": UUID, "status": state})
            continue
        if form != "errors":
            data.append({"taskUUID": UUID, "status": "error", "error": failed(UUID)})
        if form != "data":
            errors.append(failed(UUID))
    return [{name: items} for name, items in (("data", data), ("errors", errors)) if items]


@given(
    looks=st.integers(1, 4).flatmap(
        lambda count: st.lists(st.lists(STATES, min_size=count, max_size=count), min_size=1, max_size=5)
    ),
    form=st.sampled_from(["errors", "data", "both"]),
    counted=st.booleans(),
)
def test_each_look_at_a_job_is_told_what_was_true_then_whole_and_nothing_of_the_look_before(looks, form, counted):
    room = Room()
    coming: list[dict] = []
    for number, states in enumerate(looks):
        room.ask(str(number), parts=len(states) if counted else 0)
        told = frames_of(states, form)
        coming += told
        while not room.told[str(number)]:
            if room.hear(**coming.pop(0)):
                # The provider reads the heartbeat once it has said what it was about to say.
                coming.append(PONG)
        heard = room.body(str(number))
        assert [{name: heard[name]} for name in ("data", "errors") if heard.get(name)] == told


NAMES = [f"{UUID[:-1]}{digit}" for digit in "0123456789abcdef"]
SCRAPS = st.one_of(
    st.builds(lambda task: {"data": [acknowledged(task)]}, st.sampled_from(NAMES)),
    st.builds(lambda task: {"data": [finished(task)]}, st.sampled_from(NAMES)),
    st.builds(lambda task: {"errors": [failed(task)]}, st.sampled_from(NAMES)),
    st.builds(lambda task: {"errors": [CONFLICT | {"taskUUID": task}]}, st.sampled_from(NAMES)),
    st.just(PONG),
    st.just({"data": []}),
)


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.booleans(), st.integers(0, 3)), max_size=12), st.lists(SCRAPS))
def test_nobody_is_told_twice_nor_of_anothers_task_whatever_comes(waiting, frames):
    room = Room()
    for number, (task, is_question, parts) in enumerate(waiting):
        room.wait(str(number), task, "getResponse" if is_question else "videoInference", parts)
    for frame in frames:
        room.hear(**frame)
    for number, (task, _, _) in enumerate(waiting):
        outcomes = room.told[str(number)]
        assert len(outcomes) <= 1
        for outcome in outcomes:
            said = json.loads(outcome.body)
            assert {item["taskUUID"] for item in [*said["data"], *said.get("errors", [])]} <= {task}


WORDS = st.sampled_from([UUID, OTHER, "getResponse", "videoInference", "ping", "error", "success", "conflictTaskUUID"])
KEYS = st.sampled_from(
    ["data", "errors", "error", "taskUUID", "taskType", "status", "code", "message", "parameter", "videoURL"]
)
ANYTHING = st.recursive(
    st.one_of(WORDS, st.none(), st.booleans(), st.integers(-9, 9)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(KEYS, ANYTHING, max_size=5), max_size=6))
def test_no_frame_is_so_odd_that_it_breaks_the_line_or_tells_somebody_twice(frames):
    room = Room()
    room.wait("submit")
    room.ask("question", parts=2)
    room.ask("other", OTHER)
    for frame in frames:
        room.hear(**frame)
    assert all(len(outcomes) <= 1 for outcomes in room.told.values())
