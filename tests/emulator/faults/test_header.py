"""A fault on one line, and one that a request asks for itself."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faulty import documents
from understudy.faults import (
    NOTHING,
    BadRule,
    Facts,
    FaultTable,
    Strike,
    UnknownFault,
    called_for,
    compact,
    meet,
    parse_compact,
)
from understudy.faults.words import errors


@given(documents(chances=True))
def test_a_rule_on_one_line_is_read_back_as_it_was(document: dict[str, Any]) -> None:
    assert parse_compact(compact(document)) == document


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_a_text_is_read_back_whatever_is_in_it(text: str) -> None:
    document = {"text": text, "delay": 1, "content_type": text, "error": text}
    assert parse_compact(compact(document)) == document


@given(st.text(max_size=30) | st.text('abc=,"\\ 19.-', max_size=30))
def test_any_line_is_read_or_refused(line: str) -> None:
    try:
        document = parse_compact(line)
    except BadRule as refusal:
        document = dict.fromkeys(refusal.problems)
    assert document


@pytest.mark.parametrize(
    ("line", "document"),
    [
        ("timeoutProvider", {"error": "timeoutProvider"}),
        (" delay=2 ,corrupt ", {"delay": 2, "corrupt": True}),
        ("error=timeoutProvider,", {"error": "timeoutProvider"}),
        ("reset, truncate=10", {"reset": True, "truncate": 10}),
        ("reset=before", {"reset": "before"}),
        ("gateway=503,times=1", {"gateway": 503, "times": 1}),
        ("delay=0.5", {"delay": 0.5}),
        ("content-type=text/html; charset=x", {"content_type": "text/html; charset=x"}),
        ('text="a, b", drop', {"text": "a, b", "drop": True}),
        ("corrupt=false, empty=true", {"corrupt": False, "empty": True}),
    ],
)
def test_what_a_line_means(line: str, document: dict[str, Any]) -> None:
    assert parse_compact(line) == document


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", "it is empty"),
        ("  ", "is no effect"),
        ("delay", "delay needs a value"),
        ("dealy=2", "there is no 'dealy'; did you mean .*delay"),
        ("delay=soon", "delay=soon cannot be read"),
        ("times=inf", "times=inf cannot be read"),
        ("truncate=nan", "truncate=nan cannot be read"),
        ("delay=1, delay=2", "delay is there twice"),
        ('text="a', "is no effect"),
        (",", "is no effect"),
        ("=", "is no effect"),
        ('text="\\x"', "cannot be read"),
    ],
)
def test_a_line_that_cannot_be_says_what_is_wrong(line: str, told: str) -> None:
    with pytest.raises(BadRule, match=told):
        parse_compact(line)


def _asked(header: str, operation: str = "submit", provider: str = "runware", **facts: Any) -> Strike:
    return meet((), Facts(provider, operation, **facts), 0.0, header=header)


def test_a_request_gets_the_fault_it_asks_for() -> None:
    strike = _asked("timeoutProvider, delay=2")
    assert strike.error is errors("runware")["timeoutProvider"]
    assert strike.delay == 2
    assert strike.names == ("header:timeoutProvider", "header:delay")


@pytest.mark.parametrize("operation", ["poll", "upload", "list", "cancel"])
def test_an_error_asked_for_strikes_any_call_that_it_can_be_the_answer_of(operation: str) -> None:
    assert _asked("serviceUnavailable", operation).error is errors("runware")["serviceUnavailable"]
    later = _asked("timeoutProvider", operation)
    assert not later
    assert later.considered == (("header:timeoutProvider", f"the operation is {operation}, not submit or train"),)
    assert bool(_asked("taskNotFound", operation)) == (operation == "poll")


def test_a_header_that_a_client_sends_with_everything_can_name_what_it_is_for() -> None:
    assert _asked("serviceUnavailable, operation=poll", "poll")
    assert not _asked("serviceUnavailable, operation=poll", "submit")


def test_a_download_can_be_asked_to_go_wrong() -> None:
    assert _asked("status=403", "download").status == 403
    assert not _asked("status=403", "submit")
    assert _asked("expire=5", "download", age=5.0).expire == 5
    assert not _asked("expire=5", "download", age=4.0)
    assert not _asked("serviceUnavailable", "download")


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("timeoutProvidr", "did you mean timeoutProvider?"),
        ("corupt", "did you mean corrupt?"),
        ("drop", "a request cannot ask for drop itself, but a rule can"),
        ("limit=5/60", "a request cannot ask for limit itself"),
        ("delay=1, times=2", "a request cannot ask for times itself"),
        ("text=x, delay=1", "a request cannot ask for text itself"),
        ("delay=-1", "delay is a number above 0"),
        ("", "it is empty"),
    ],
)
def test_a_header_that_cannot_be_meant_is_refused_with_a_hint(header: str, told: str) -> None:
    for _ in range(2):
        with pytest.raises(UnknownFault, match=told):
            _asked(header)


@given(st.text(max_size=30))
def test_whatever_a_header_says_a_request_is_struck_or_refused(header: str) -> None:
    try:
        told = _asked(header).names[0]
    except UnknownFault as refusal:
        told = str(refusal)
    assert told.startswith(("header:", "x-understudy-fault: "))


def test_a_magic_value_comes_before_the_header_and_the_header_before_rules() -> None:
    table = FaultTable(random.Random(0))
    table.add({"provider": "gmi", "error": "unauthorized"}, 0.0)
    table.add({"gateway": 502}, 0.0)
    table.add({"delay": 1}, 0.0)
    facts = Facts("gmi", "submit")
    magic = "a cat [[error:generationFailed]]"
    strike = meet((table,), facts, 0.0, header="missingModel, delay=2", texts=("", magic))
    assert strike.error is errors("gmi")["generationFailed"]
    assert strike.names == ("magic:generationFailed", "header:delay", "rule-2", "rule-3")
    assert strike.delay == 3
    assert dict(strike.considered) == {
        "header:missingModel": "it is eclipsed by magic:generationFailed",
        "rule-1": "it is eclipsed by magic:generationFailed",
    }
    assert meet((table,), facts, 0.0, header="missingModel").error is errors("gmi")["missingModel"]


def test_a_magic_value_names_an_error_anywhere_in_a_text() -> None:
    cases = errors("runware")
    assert called_for(["x", "say [[error: timeoutProvider ]] now"], cases) is cases["timeoutProvider"]
    assert called_for(["[[error:", "[[error]]", ""], cases) is None
    with pytest.raises(UnknownFault, match="did you mean timeoutProvider"):
        called_for(["[[error:timeoutProvidr]]"], cases)
    with pytest.raises(UnknownFault, match="understudy errors"):
        called_for(["[[error:]]"], cases)
    assert meet((), Facts("runware", "submit"), 0.0, texts=["nothing"]) is NOTHING
