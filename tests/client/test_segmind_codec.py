"""Segmind's words are read in every form they are known to come in, and nothing else breaks the reader."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from client.meanings import EXPECTED
from understudy_client import InvalidAnswer, Job, PermissionDenied
from understudy_client import segmind_codec as codec
from understudy_client.flow import Answer
from understudy_client.moments import unix_seconds
from understudy_client.refusals import refusal
from understudy_client.segmind_places import Places
from understudy_client.segmind_records import Generation, HistoryPage, HistoryRow, Turning, money
from understudy_contracts.errors import catalogue
from understudy_contracts.provider import contract

JOB = Job("r")
CASES = [case for case in catalogue("segmind").values() if case.strikes != "transport"]


def answer(body: object, status: int = 200, **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(body).encode())


#: What the engine behind it says, where the text wraps that.
WRAPPED = {
    "imageTooLarge": "Image size is too large than 20.0 mb",
    "imageTooSmall": "Image height or width is too small than 240",
}


def examples():
    return {example["title"]: example["response"] for example in contract("segmind").examples}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_error_of_the_catalogue_is_raised_as_what_it_means(case):
    told = answer({"error": case.message.replace("{task}", WRAPPED.get(case.id, "{}"))}, case.status)
    error = refusal("segmind", codec.problems(told), told)
    kind = PermissionDenied if (case.kind, case.status) == ("auth", 403) else EXPECTED[case.kind]
    assert type(error) is kind
    assert error.status == case.status


def test_no_credit_and_a_wrong_value_share_a_status_and_not_a_meaning():
    for text, kind in (
        ("Insufficient credits. You have 0.1 credits, this request needs 2 credits.", "quota"),
        ("The monthly spend limit of 20 credits is reached", "quota"),
        ("fit must be one of: cover, contain", "validation"),
        ("Invalid content type", "validation"),
    ):
        told = answer({"error": text}, 406)
        assert type(refusal("segmind", codec.problems(told), told)) is EXPECTED[kind]


@pytest.mark.parametrize("status", [400, 406, 422])
def test_the_parameter_is_read_from_the_text_whatever_it_comes_with(status):
    told = answer({"error": "fit must be one of: cover, contain"}, status)
    assert refusal("segmind", codec.problems(told), told).parameter == "fit"


@pytest.mark.parametrize(
    ("body", "text", "code"),
    [
        ({"error": "No."}, "No.", ""),
        ({"detail": "No."}, "No.", ""),
        ({"message": "No."}, "No.", ""),
        (
            {"error": "invalid_token", "error_description": "It is old.", "status_code": 401},
            "It is old.",
            "invalid_token",
        ),
    ],
)
def test_an_error_is_read_in_each_of_its_forms(body, text, code):
    [problem] = codec.problems(answer(body, 400))
    assert (problem.message, problem.code) == (text, code)


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b"{}", b'{"error": null}', b'{"error": {}}'])
def test_a_body_without_words_has_no_problems(body):
    assert codec.problems(Answer(502, {}, body)) == ()


@pytest.mark.parametrize(
    "reset",
    ["2026-08-01T10:00:41Z", "2026-08-01T12:00:41+02:00", "2026-08-01 10:00:41", "Sat, 01 Aug 2026 10:00:41 GMT",
     "1785578441", "1785578441000", "1785578441.0"],
)  # fmt: skip
def test_the_end_of_a_limit_is_read_in_every_usual_form(reset):
    told = answer({}, 429, date="Sat, 01 Aug 2026 10:00:00 GMT", x_rate_limit_reset_at_utc=reset)
    assert codec.asked_pause(told) == pytest.approx(41.0)


def test_a_limit_whose_end_is_unknown_falls_back_on_retry_after_or_nothing():
    assert codec.asked_pause(answer({}, 429, x_rate_limit_reset_at_utc="soon", retry_after="7")) == 7.0
    assert codec.asked_pause(answer({}, 429, x_rate_limit_reset_at_utc="2026-08-01T10:00:41Z")) is None
    past = answer({}, 429, date="Sat, 01 Aug 2026 10:00:00 GMT", x_rate_limit_reset_at_utc="2026-08-01T09:00:00Z")
    assert codec.asked_pause(past) == 0.0


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.booleans()))
def test_any_moment_is_read_or_is_none(written):
    told = unix_seconds(written)
    assert told is None or isinstance(told, float)


def test_the_examples_are_read():
    told = examples()
    job = codec.submitted(answer(told["Submit a video to the queue"]), {})
    assert job.links["status_url"].endswith(f"/v2/requests/{job.id}/status")
    made = Generation.of(codec.status(job, answer(told["Get the video"])))
    assert (made.cost, made.remaining_credits, made.url) == (Decimal("0.25"), Decimal("9.75"), made.output)
    assert len(made.media) == 1
    assert made.metrics["queue_time"] == 2.0


def test_a_model_with_several_pictures_has_each_once_and_its_cost_once():
    images = [{"url": "http://files/a.png"}, {"url": "http://files/b.png"}]
    body = {
        "status": "COMPLETED",
        "output": "http://files/a.png",
        "images": images,
        "seed": "7",
        "metrics": {"cost": 1},
    }
    status = codec.status(JOB, answer(body))
    assert [result.url for result in status.results] == ["http://files/a.png", "http://files/b.png"]
    assert [result.cost for result in status.results] == [Decimal(1), None]
    assert status.results[0].seed == 7


def test_a_text_is_no_file_even_when_it_begins_with_a_url():
    for text in ("Hello.", "https://example.com is a page.", ""):
        made = Generation.of(codec.status(JOB, answer({"status": "COMPLETED", "output": text})))
        assert (made.media, made.output, made.cost) == ((), text, None)
        with pytest.raises(LookupError):
            print(made.url)


def test_any_word_that_ends_nothing_is_a_job_on_its_way():
    for word in ("QUEUED", "PROCESSING", "WARMING_UP"):
        assert codec.status(JOB, answer({"status": word})).state == "processing"


@pytest.mark.parametrize("body", [{}, {"status": None}, [], "x"])
def test_a_standing_without_a_word_is_not_segminds(body):
    with pytest.raises(InvalidAnswer):
        codec.status(JOB, answer(body))


@pytest.mark.parametrize("name", ["requests", "generations", "data"])
def test_the_history_is_found_under_whatever_name_and_its_fields_as_object_or_text(name):
    rows = [{"request_id": "a", "request_body": '{"prompt": "x"}', "created_at": "2026-08-01T10:00:00Z", "latency_ms": 1500},
            {"request_id": "b", "request_body": {"prompt": "x"}}, {"request_id": "c", "request_body": "x"}]  # fmt: skip
    page = codec.history(answer({name: rows}), 1, 20)
    assert [row.request for row in page.rows] == [{"prompt": "x"}, {"prompt": "x"}, None]
    assert (page.rows[0].created_at, page.rows[0].latency, page.rows[1].created_at) == (1785578400.0, 1.5, 0)
    assert page.has_more is False


def test_a_page_says_whether_there_are_more_by_its_total_or_by_being_full():
    rows = [{"request_id": "a"}, {"request_id": "b"}]
    assert codec.history(answer({"requests": rows, "total": 5}), 2, 2).has_more
    assert not codec.history(answer({"requests": rows, "total": 4}), 2, 2).has_more
    assert codec.history(answer({"requests": rows}), 9, 2).has_more
    assert not codec.history(answer({"requests": [], "total": 9}), 2, 2).has_more


def test_a_request_of_two_outputs_keeps_its_two_rows_and_a_moving_page_repeats_none():
    turning = Turning()
    rows = (HistoryRow("a", "m", "COMPLETED", url="u1"), HistoryRow("a", "m", "COMPLETED", url="u2"))
    assert len(list(turning.unseen(HistoryPage(rows, None, 1, True)))) == 2
    assert list(turning.unseen(HistoryPage(rows, None, 2, False))) == []
    assert turning.more is False


def test_uploads_are_found_under_either_name_and_must_be_as_many_as_files():
    assert codec.uploaded(answer({"urls": ["http://a"]}), 1) == ["http://a"]
    assert codec.uploaded(answer({"file_urls": ["http://b"], "urls": ["http://a"]}), 1) == ["http://b"]
    with pytest.raises(InvalidAnswer):
        codec.uploaded(answer({"file_urls": ["http://b"]}), 2)


@pytest.mark.parametrize(
    ("written", "amount"), [("0.25", Decimal("0.25")), (2, Decimal(2)), ("x", None), (True, None), ("nan", None)]
)
def test_money_is_exact_or_none(written, amount):
    assert money(written) == amount


bodies = st.one_of(
    st.binary(max_size=40),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False), st.text(max_size=9)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(["status", "output", "video", "images", "url", "metrics", "cost", "seed", "error", "credits",
                                 "requests", "request_id", "request_body", "created_at", "slug", "file_urls", "total"]),
                inner, max_size=5,
            ),
        ),
        max_leaves=12,
    ).map(lambda body: json.dumps(body).encode()),
)  # fmt: skip


@example(body=b'{"status": []}', code=200)
@example(body=b'{"status": "COMPLETED", "output": "http://x/", "seed": "' + b"9" * 5000 + b'"}', code=200)
@given(body=bodies, code=st.sampled_from([200, 201, 400, 404, 422, 429, 500, 503]))
def test_no_body_breaks_the_reader(body, code):
    told = Answer(code, {}, body)
    codec.problems(told), codec.asked_pause(told), codec.is_terminal(told)
    for read in (lambda a: Generation.of(codec.status(JOB, a)), lambda a: codec.submitted(a, {}), codec.credit, codec.row,
                 lambda a: codec.history(a, 1, 20), codec.models, lambda a: codec.uploaded(a, 1)):  # fmt: skip
        with suppress(InvalidAnswer):
            read(told)


@pytest.mark.parametrize(
    "base", ["https://api.segmind.com", "https://api.segmind.com/v1", "https://api.segmind.com/v1/"]
)
def test_the_providers_own_services_are_at_their_hosts(base):
    places = Places.at(base)
    assert places.api == "https://api.segmind.com"
    assert places.platform == "https://api.spotprod.segmind.com"
    assert places.storage == "https://workflows-api.segmind.com"


@pytest.mark.parametrize("base", ["http://here:8", "http://here:8/v1", "http://here:8/v2", "http://here:8/gate/v1"])
def test_any_other_place_serves_everything(base):
    places = Places.at(base)
    assert {places.api, places.platform, places.storage} == {base.removesuffix("/v1").removesuffix("/v2")}


@pytest.mark.parametrize(
    ("base", "url", "trusted"),
    [
        ("http://here:8/v1", "http://here:8/v2/requests/r/status", True),
        ("http://here:8/v1", "http://here:9/v2/requests/r/status", False),
        ("http://here:8/v1", "https://here:8/v2/requests/r/status", False),
        ("http://here:8/v1", "http://here.evil:8/x", False),
        ("http://here:8/v1", "http://here:8@evil/x", False),
        ("http://here:8/v1", "http://me:pass@here:8/x", False),
        ("http://here:8/v1", "https://api.segmind.com/v2/requests/r", False),
        ("http://here:8/v1", "/v2/requests/r", False),
        ("http://here:8/v1", "http://[::1", False),
        ("https://api.segmind.com", "https://api.segmind.com/v2/requests/r", True),
        ("https://api.segmind.com", "https://api.segmind.com:443/v2/requests/r", True),
        ("https://api.segmind.com", "https://api.spotprod.segmind.com/v2/requests/r", True),
        ("https://api.segmind.com", "http://api.segmind.com/v2/requests/r", False),
        ("https://api.segmind.com", "https://api.segmind.com.evil/v2/requests/r", False),
        ("https://api.segmind.com", "https://api.segmind.com:8443/v2/requests/r", False),
    ],
)
def test_the_key_goes_where_the_client_was_pointed_and_nowhere_else(base, url, trusted):
    places = Places.at(base)
    assert places.trusts(url) is trusted
    asked = places.of_job(Job("r", links={"status_url": url}), "status_url", "/v2/requests/r/status")
    assert asked == (url if trusted else f"{places.api}/v2/requests/r/status")
