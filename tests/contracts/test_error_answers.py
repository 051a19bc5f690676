"""The literal answer of every error: whole, lawful, and with the facts of the request where there are any."""

from __future__ import annotations

import re

import orjson
import pytest

from understudy_contracts.error_answers import answer_of
from understudy_contracts.errors import ErrorCase, catalogue, documentation, forms
from understudy_contracts.provider import contract

PROVIDERS = ("runware", "gmi", "segmind")
CASES = [case for provider in PROVIDERS for case in catalogue(provider).values()]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.provider}.{case.id}")


def judged(case: ErrorCase, place: str | None = None) -> list[object]:
    """What the provider's own schemas have against an answer."""
    body = answer_of(case, place=place).body
    if isinstance(body, str):
        return []
    schemas = contract(case.provider)
    if case.provider == "runware":
        return [violation for item in body["errors"] for violation in schemas.judge("error").violations(item)]
    later = case.strikes == "processing" and place is None
    name = {"gmi": "record", "segmind": "failed-answer"}[case.provider] if later else "error"
    return list(schemas.judge(name).violations(body))


@every_case
def test_an_answer_is_whole_and_keeps_the_provider_s_own_schema(case: ErrorCase) -> None:
    places = [None, "waiting"] if case.strikes == "processing" and "waiting" in forms(case.provider) else [None]
    for place in places:
        answer = answer_of(case, place=place)
        assert not re.search(rb"\$[a-z]\w*|\{\w+\}", answer.content), "something was left unfilled"
        assert judged(case, place) == []
    assert answer_of(case).content == answer_of(case).content


@every_case
def test_an_answer_holds_the_text_of_its_error(case: ErrorCase) -> None:
    answer = answer_of(case)
    said = answer.body if isinstance(answer.body, str) else orjson.loads(answer.content)
    start = case.message.partition("{")[0].rstrip(" '")
    assert start in str(said)


@every_case
def test_an_answer_has_the_status_of_its_row_unless_a_switch_or_its_place_has_another(case: ErrorCase) -> None:
    answer = answer_of(case)
    if case.strikes == "processing":
        assert answer.status == forms(case.provider)["processing"].status
    elif case.status_switch is None:
        assert answer.status == case.status
    else:
        switch = contract(case.provider).switches[case.status_switch]
        assert [answer_of(case, switch_values={switch.name: value}).status for value in switch.values] == [
            int(value) for value in switch.values
        ]
        assert answer.status == int(switch.default)


def test_what_a_request_says_goes_before_what_is_typical() -> None:
    case = catalogue("gmi")["modelDoesNotExist"]
    assert answer_of(case, {"model": "nobody"}).body == {"error": "model nobody does not exist"}
    case = catalogue("runware")["invalidParameter"]
    [item] = answer_of(case, {"taskUUID": "u", "parameter": "settings.fps", "expectation": "Whole."}).body["errors"]
    assert item == {
        "code": "invalidSettingsFps",
        "message": "Invalid value for 'settings.fps' parameter. Whole.",
        "parameter": "settings.fps",
        "documentation": "https://runware.ai/docs/en/video-inference/api-reference#request-settings-fps",
        "taskType": "videoInference",
        "taskUUID": "u",
    }
    [item] = answer_of(catalogue("runware")["incompatibleParameters"]).body["errors"]
    assert item["parameter"] == ["speech.text", "inputs.audio"]


def test_an_error_that_names_nothing_points_nowhere() -> None:
    [item] = answer_of(catalogue("runware")["taskFailed"]).body["errors"]
    assert "parameter" not in item
    assert "documentation" not in item
    [item] = answer_of(catalogue("runware")["invalidApiKey"]).body["errors"]
    assert "documentation" not in item
    assert documentation(catalogue("gmi")["modelNotFound"], "model") is None


def test_a_number_stays_a_number_where_it_stands_alone() -> None:
    told = answer_of(catalogue("gmi")["rateLimitExceeded"], {"retry_after_ms": 1, "model": "m"}).body
    assert told["rate_limit"] == {"limit_type": "RPM", "limit": 2, "interval_seconds": 60, "retry_after_ms": 1}
    assert told["error"] == "Rate limit exceeded for model m: 2 requests per 60 seconds. Retry in 1 ms."


def test_pages_and_the_storage_s_documents_are_answered_as_they_are() -> None:
    page = answer_of(catalogue("runware")["gateway502"])
    assert (page.status, page.media_type, page.content) == (502, "text/html", page.body.encode())
    assert answer_of(catalogue("gmi")["noSuchKey"]).media_type == "application/xml"
    assert answer_of(catalogue("segmind")["gatewayTimeout"]).body == {"error": "Request timed out"}


def test_a_place_where_a_provider_tells_no_errors_is_refused() -> None:
    with pytest.raises(KeyError):
        answer_of(catalogue("runware")["taskFailed"], place="waiting")


def test_where_an_answer_s_form_is_from_is_told() -> None:
    for provider in PROVIDERS:
        for form in forms(provider).values():
            assert form.source
            assert form.confidence in {"documented", "observed", "inferred"}


def test_what_only_a_poll_can_meet_strikes_polls() -> None:
    later = {(case.provider, case.id): case.strikes for case in CASES if case.strikes in ("poll", "expiry")}
    assert later == {
        ("runware", "taskNotFound"): "poll",
        ("runware", "taskExpired"): "expiry",
        ("gmi", "requestNotFound"): "poll",
        ("segmind", "requestNotFound"): "poll",
        ("segmind", "outputNotFound"): "poll",
    }
    assert all(case.status == 404 and not case.retryable for case in CASES if case.strikes in ("poll", "expiry"))


@every_case
def test_a_typical_value_fills_a_blank_of_its_row(case: ErrorCase) -> None:
    common = set.intersection(*(set(other.typical) for other in CASES if other.provider == case.provider))
    blanks = set(re.findall(r"\{(\w+)\}", f"{case.message} {case.extra} {case.nested}")) | {"parameter"}
    if "parameters" in blanks:
        blanks.add("parameter")
    assert set(case.typical) - common <= blanks
