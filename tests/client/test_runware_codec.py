from __future__ import annotations

import json
from decimal import Decimal
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy_client import InvalidAnswer, Job
from understudy_client.flow import Answer
from understudy_client.runware_codec import decode, encode, envelope, job_of, money, prepare, status_of
from understudy_contracts.provider import contract

JOB = Job("b8a0b08e-e8d5-433c-8527-4397dfa76806", 3)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
words = st.sampled_from(
    ["data", "errors", "error", "taskUUID", "status", "videoURL", "videoUUID", "cost", "code", "message",
     "parameter", "progress", "responseContent"]
)  # fmt: skip
likely = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from([JOB.id, "success", "error", "processing", "x"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=5),
    max_leaves=20,
)


def item(status: str | None = "success", video: str = "v1", **more):
    found = {"taskType": "videoInference", "taskUUID": JOB.id} | more
    if status is not None:
        found["status"] = status
    if status in ("success", None):
        found |= {"videoUUID": video, "videoURL": f"https://vm.runware.ai/{video}.mp4"}
    return found


def failure(**more):
    return {"code": "timeoutProvider", "message": "It took too long.", "taskUUID": JOB.id, "status": "error"} | more


def judged(job=JOB, **body):
    return status_of(job, envelope(body))


@given(json_values | likely)
def test_any_json_is_understood_or_is_an_invalid_answer(body):
    answer = Answer(200, {}, json.dumps(body).encode())
    try:
        said = decode(answer)
    except InvalidAnswer as error:
        assert error.response is answer  # noqa: PT017 - either outcome keeps the promise
    else:
        status = status_of(JOB, said)
        assert status.pending >= 0


@given(st.binary(max_size=60), st.integers(400, 599))
def test_a_page_with_an_error_status_is_an_answer_without_words(body, status):
    assert isinstance(decode(Answer(status, {}, body)).problems, tuple)


def test_an_empty_answer_means_still_running():
    assert judged(data=[]).state == "processing"
    assert judged(data=[]).pending == 3


def test_a_job_is_done_when_as_many_videos_are_there_as_were_asked_for():
    assert judged(data=[item(video="a"), item(video="b")]).pending == 1
    assert judged(data=[item(video="a"), item(video="b"), item(video="c")]).state == "success"


def test_a_video_listed_twice_is_one_video():
    status = judged(data=[item(video="a"), item(video="a"), item(video="b")])
    assert [result.id for result in status.results] == ["a", "b"]
    assert not status.done


def test_a_result_needs_no_status():
    [result] = judged(Job(JOB.id), data=[item(None, cost=2.8866)]).results
    assert result.cost == Decimal("2.8866")


def test_items_of_other_tasks_do_not_count():
    status = judged(Job(JOB.id), data=[item() | {"taskUUID": "5893b754-1341-468b-a130-0c8c07d4e68f"}])
    assert status.results == ()
    assert status.pending == 1


def test_the_case_of_a_uuid_does_not_matter():
    assert judged(Job(JOB.id.upper()), data=[item()]).done


def test_unknown_keys_are_kept_and_do_no_harm():
    [result] = judged(Job(JOB.id), data=[item(shiny={"new": True})], meta={"x": 1}).results
    assert result.raw["shiny"] == {"new": True}


@pytest.mark.parametrize(
    "body",
    [
        {"data": [item(video="a"), item("processing")], "errors": [failure()]},
        {"data": [item(video="a"), item("processing"), item("error", error=failure())]},
        {"data": [item(video="a"), item("processing"), item("error", error=failure())], "errors": [failure()]},
    ],
    ids=["on top", "inside data", "in both places"],
)
def test_a_failure_counts_once_wherever_it_is_told(body):
    status = judged(**body)
    assert [problem.code for problem in status.errors] == ["timeoutProvider"]
    assert (len(status.results), status.pending, status.state) == (1, 1, "processing")


def test_a_failure_with_nothing_left_running_ends_the_job():
    status = judged(data=[], errors=[failure()])
    assert status.state == "error"


def test_progress_is_that_of_the_slowest():
    running = [item("processing", progress=40), item("processing", progress=70)]
    assert judged(data=running).progress == 40


@pytest.mark.parametrize("older", [{"error": failure()}, {"error": [failure()]}, {"errors": failure()}])
def test_older_shapes_of_errors_are_read(older):
    [problem] = envelope(older).problems
    assert problem.task == JOB.id


def test_what_the_upstream_provider_said_is_part_of_the_message():
    for content in ("No face found.", {"message": "No face found."}):
        [problem] = envelope({"errors": [failure(message="Failed.", responseContent=content)]}).problems
        assert problem.message == "Failed: No face found."


def test_several_parameters_are_all_named():
    [problem] = envelope({"errors": [failure(parameter=["width", "height"])]}).problems
    assert problem.parameters == ("width", "height")


def test_a_task_gets_its_uuid_once_and_the_request_is_left_alone():
    request = {"model": "heygen:avatar@4"}
    task = prepare(request, {"numberResults": 2})
    assert request == {"model": "heygen:avatar@4"}
    assert prepare(task, {}) == task
    assert job_of(task) == Job(task["taskUUID"], 2)


@pytest.mark.parametrize("example", contract("runware").examples, ids=lambda example: example["title"])
def test_the_requests_of_the_page_are_sent_as_printed_and_accepted_by_the_contract(example):
    sent = json.loads(encode(prepare(example["request"], {})))
    assert contract("runware").judge("task-array").violations(sent) == []
    assert sent == [example["request"] | {"deliveryMethod": "async"}]


@pytest.mark.parametrize("example", contract("runware").examples, ids=lambda example: example["title"])
def test_the_responses_of_the_page_are_read_to_the_last_cent(example):
    printed = example["response"]
    [result] = status_of(Job(printed["taskUUID"]), envelope({"data": [printed]})).results
    assert (result.id, result.url, result.cost) == (
        printed["videoUUID"],
        printed["videoURL"],
        Decimal(str(printed["cost"])),
    )


@pytest.mark.parametrize("amount", [None, True, "free", "nan", "Infinity", [], {}])
def test_what_is_no_amount_is_no_cost(amount):
    assert money(amount) is None


def test_decimals_travel_as_numbers_and_other_objects_are_refused():
    frozen = MappingProxyType({"speed": Decimal("1.2")})
    assert encode({"speech": frozen}) == b'[{"speech":{"speed":1.2}}]'
    with pytest.raises(TypeError):
        encode({"model": object()})
