"""What GMI sends, in every form that was seen, read as what it means."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from understudy_client import InvalidAnswer
from understudy_client import gmi_codec as codec
from understudy_client.fate import is_late, is_settled
from understudy_client.flow import Answer
from understudy_client.gmi_failures import problems
from understudy_contracts.provider import contract

KEYS = {"request_id": "r", "model": "m", "created_at": 1, "updated_at": 1, "queued_at": 1}
EXAMPLES = {example["title"]: example["response"] for example in contract("gmi").examples}


def answer(body, status: int = 200, **headers) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(body).encode())


def status(word: str, **more):
    return codec.record(KEYS | {"status": word} | more, answer({})).status()


def test_the_completed_record_of_the_page_is_a_video():
    body = next(body for body in EXAMPLES.values() if isinstance(body, dict) and body.get("outcome"))
    [video] = codec.record(body, answer(body)).status().results
    assert video.url == "https://storage.googleapis.com/your_avatar_video.mp4"
    assert video.thumbnail == "https://storage.googleapis.com/your_thumbnail.jpg"
    assert (video.id, video.duration, video.cost) == ("0", 12.5, None)


@pytest.mark.parametrize("word", ["created", "queued", "dispatched", "processing"])
def test_what_is_on_its_way_is_waited_for(word):
    assert status(word).state == "processing"
    assert status(word).word == word


@pytest.mark.parametrize("word", ["cancelled", "canceled"])
def test_both_spellings_of_cancelled_are_understood(word):
    assert status(word, outcome=None).state == "cancelled"


@pytest.mark.parametrize("word", ["finished", "Success", "", None, 7])
def test_a_status_nobody_knows_is_no_answer(word):
    with pytest.raises(InvalidAnswer, match="unknown status"):
        codec.record(KEYS | {"status": word}, answer({}))


def test_a_success_that_does_not_say_of_what_is_not_over():
    assert status("success").state == "processing"
    assert status("success", outcome={"data": {"session_id": "s"}}).state == "success"


@pytest.mark.parametrize(
    ("outcome", "urls", "duration"),
    [
        ({"media_urls": [{"id": "0", "url": "a"}, {"id": "1", "url": "b"}], "duration": 2}, ["a", "b"], 2.0),
        ({"media_urls": ["a", "a"]}, ["a"], None),
        ({"medias": [{"url": "a", "width": 3}]}, ["a"], None),
        ({"video_url": "a", "thumbnail_image_url": "a"}, ["a"], None),
        ({"audio_url": "a", "duration_ms": 1500, "format": "mp3"}, ["a"], 1.5),
        ({"voice_id": "v"}, [], None),
        ({"media_urls": "a", "duration": "long"}, [], None),
        ("done", [], None),
    ],
)
def test_every_form_of_an_outcome_gives_its_media(outcome, urls, duration):
    results = status("success", outcome=outcome).results
    assert [result.url for result in results] == urls
    assert all(result.duration == duration and result.thumbnail is None for result in results)


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"outcome": {"error": "It broke."}}, "", "It broke."),
        ({"outcome": {"error": {"code": "X1", "message": "It broke.", "status": "INVALID"}}}, "X1", "It broke."),
        ({"outcome": {"error": {"message": "It broke.", "status": "INVALID_INPUT"}}}, "INVALID_INPUT", "It broke."),
        ({"outcome": {"error": {"code": 400}}}, "400", "400"),
        ({"outcome": None, "error": "It broke."}, "", "It broke."),
        ({"error": {"message": "It broke."}}, "", "It broke."),
        ({"outcome": {"message": "It broke."}}, "", "It broke."),
        ({"message": "It broke."}, "", "It broke."),
        ({"reason": "It broke."}, "", "It broke."),
        ({"outcome": None}, "", "the provider gave no reason"),
    ],
)
def test_every_form_of_a_failure_gives_its_reason(body, code, message):
    told = status("failed", **body)
    assert told.state == "error"
    assert [(problem.code, problem.message) for problem in told.errors] == [(code, message)]


def test_the_parameters_are_read_from_the_text():
    text = "invalid payload parameters: text (Required parameter is missing), video_inputs[0].voice.speed (Too big)"
    [problem] = problems(answer({"error": text}, 400))
    assert problem.parameters == ("text", "video_inputs[0].voice.speed")


@pytest.mark.parametrize("name", ["error", "message", "detail"])
def test_a_refusal_has_its_words_in_any_of_three_places(name):
    [problem] = problems(answer({name: "No.", "request_id": "r"}, 400))
    assert (problem.message, problem.task) == ("No.", "r")


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b"{}", b'{"error": null}'])
def test_a_body_without_words_has_no_problems(body):
    assert problems(Answer(502, {}, body)) == ()
    assert not is_settled("gmi", Answer(502, {}, body), ())


def test_a_pause_is_the_longer_of_header_and_body():
    limit = {"error": "Slow down.", "rate_limit": {"retry_after_ms": 29970}}
    assert codec.asked_pause(answer(limit, 429)) == 29.97
    assert codec.asked_pause(answer(limit, 429, retry_after="40")) == 40.0
    assert codec.asked_pause(answer(limit, 503)) is None
    assert codec.asked_pause(answer({"rate_limit": {"retry_after_ms": "soon"}}, 429)) is None
    assert codec.asked_pause(Answer(429, {}, b"<html>")) is None


def test_a_page_knows_whether_there_is_more():
    rows = [KEYS | {"status": "queued"}]
    assert codec.page(answer({"requests": rows, "total": 3, "has_more": False}), 0).has_more is False
    assert codec.page(answer({"requests": rows, "total": 3}), 0).has_more is True
    assert codec.page(answer({"requests": rows, "total": 3}), 2).has_more is False
    assert codec.page(answer({"requests": [], "has_more": True}), 0).has_more is False
    assert codec.page(answer({"requests": None}), 0).records == ()


@pytest.mark.parametrize(
    "read",
    [
        lambda told: codec.page(told, 0),
        codec.model_ids,
        codec.model_detail,
        codec.upload_urls,
        lambda told: codec.record(codec.decode(told), told),
    ],
)
@pytest.mark.parametrize("told", [answer([]), answer({}), Answer(200, {}, b"<html>"), answer({"x": 1}, 302)])
def test_an_answer_of_another_shape_is_told(read, told):
    with pytest.raises(InvalidAnswer):
        read(told)


def test_a_model_without_a_price_has_none():
    detail = codec.model_detail(answer({"model": "m"}))
    assert (detail.price, detail.unit, detail.delivery, detail.parameters) == (None, "", "async", ())
    priced = codec.model_detail(answer({"model": "m", "price_info": {"price": 50000, "unit": "second"}}))
    assert priced.price == Decimal("0.05")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(
    ["request_id", "status", "outcome", "error", "media_urls", "url", "requests", "total", "has_more", "model_ids",
     "model", "price_info", "price", "parameters", "rate_limit", "retry_after_ms", "message", "payload"]
)  # fmt: skip
bodies = st.recursive(anything | st.just("success"), lambda inner: st.dictionaries(names, inner, max_size=5) |
                      st.lists(inner, max_size=3), max_leaves=12)  # fmt: skip


@example(body={"request_id": "r", "status": []}, code=200)
@given(body=bodies, code=st.sampled_from([200, 201, 400, 404, 429, 500, 503]))
def test_no_body_breaks_the_reader(body, code):
    told = answer(body, code)
    named = problems(told)
    codec.asked_pause(told), is_settled("gmi", told, named), is_late("gmi", told, named)
    for read in (codec.model_ids, codec.model_detail, codec.upload_urls, lambda a: codec.page(a, 0),
                 lambda a: codec.record(codec.decode(a), a).status()):  # fmt: skip
        with suppress(InvalidAnswer):
            read(told)
