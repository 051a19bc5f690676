"""What can be a rule, and what somebody is told whose rule cannot."""

import random
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faulty import documents
from understudy.faults import OPERATIONS, RULE_SCHEMA, SHOWN_SCHEMA, BadRule, FaultTable, error_of_limit
from understudy.faults.vocabulary import EFFECTS, FIELDS
from understudy.faults.words import errors, page_of, providers, struck_by


def _add(document: object, *, shared: bool = False) -> Any:
    return FaultTable(random.Random(0), shared=shared).add(document, 0.0)  # type: ignore[arg-type]


def _problems(document: object, *, shared: bool = False) -> list[str]:
    with pytest.raises(BadRule) as caught:
        _add(document, shared=shared)
    assert str(caught.value) == "; ".join(caught.value.problems)
    return caught.value.problems


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([], "a rule is a JSON object, not []"),
        ({}, "it has no effect: there are error, delay"),
        ({"corrupt": False}, "it has no effect"),
        ({"nht": 2, "delay": 1}, "there is no 'nht'; did you mean nth?"),
        ({"zzzzzz": 2, "delay": 1}, "there is no 'zzzzzz'; there are provider, model"),
        ({7: 2, "delay": 1}, "there is no 7"),
        ({"provider": "runwar", "delay": 1}, "there is no provider 'runwar'; did you mean runware?"),
        ({"error": "timeoutProvider"}, "error needs provider, for each has its own errors (timeoutProvider is one of runware)"),
        ({"error": "nothing"}, "error needs provider, for each has its own errors"),
        ({"provider": "runware", "error": "timeoutProvidr"}, "did you mean timeoutProvider?"),
        ({"provider": "runware", "error": "corupt"}, "did you mean corrupt?"),
        ({"provider": "gmi", "error": "zzzzzz"}, "`understudy errors --provider gmi` lists them"),
        ({"provider": "runware", "model": "heygen:avatar@9", "delay": 1}, "did you mean heygen:avatar@"),
        ({"provider": "gmi", "model": "*@4", "delay": 1}, "no model of gmi is called '*@4'"),
        ({"model": "*.safetensors", "delay": 1}, "no model is called '*.safetensors'"),
        ({"operation": "sumbit", "delay": 1}, "operation is 'submit', 'poll'"),
        ({"account": "key", "delay": 1}, "account is for rules of the whole server"),
        ({"account": "\0", "delay": 1}, "account is an API key or an account's id, not '\\x00'"),
        ({"account": "key\n", "delay": 1}, "account is an API key or an account's id"),
        ({"account": "\ud800", "delay": 1}, "account is an API key or an account's id"),
        ({"times": 0, "delay": 1}, "times is a number from 1 up to 1e+09, not 0"),
        ({"nth": 1.5, "delay": 1}, "nth is a whole number, not 1.5"),
        ({"probability": 0, "delay": 1}, "probability is a number above 0 up to 1, not 0"),
        ({"probability": 1.01, "delay": 1}, "probability is a number above 0 up to 1"),
        ({"delay": True}, "delay is a number, not True"),
        ({"delay": float("inf")}, "delay is a number above 0 up to 3.16"),
        ({"slow": float("nan")}, "slow is a number above 0"),
        ({"times": 10**400}, "times is a number from 1 up to 1e+09"),
        ({"delay": -1}, "delay is a number above 0"),
        ({"corrupt": 1}, "corrupt is true or false, not 1"),
        ({"gateway": 500}, "gateway is 502, 503 or 504, not 500"),
        ({"reset": "often"}, "reset is true, false, 'before' or 'after', not 'often'"),
        ({"content_type": "a\r\nset-cookie: b"}, "content_type is the value of a header"),
        ({"content_type": "ü"}, "content_type is the value of a header"),
        ({"limit": "5"}, "limit is a number of requests and of seconds, such as 5/60"),
        ({"limit": "0/60"}, "limit is a number"),
        ({"limit": "5/0.0"}, "limit is a number"),
        ({"limit": "5/60\n"}, "limit is a number"),
        ({"provider": "gmi", "drop": True}, "at gmi there is no webhook, but submit, poll, cancel, list"),
        ({"provider": "runware", "operation": "cancel", "delay": 1}, "at runware there is no cancel, but submit"),
        ({"provider": "gmi", "operation": "train", "delay": 1}, "at gmi there is no train"),
        ({"provider": "heygen", "operation": "submit", "delay": 1}, "at heygen there is no submit, but models"),
        ({"provider": "heygen", "stuck": True}, "at heygen there is no submit, but models"),
        ({"provider": "gmi", "operation": "poll", "text": "x", "delay": 1}, "at gmi, nothing tells the text of what is for poll"),
        ({"provider": "segmind", "operation": "list", "text": "x", "delay": 1}, "nothing tells the text of what is for list"),
        ({"operation": "train", "model": "heygen-avatar-4", "delay": 1}, "at gmi there is no train"),
        ({"provider": "heygen", "limit": "5/60"}, "limit needs a provider whose answer to too many requests is known"),
        ({"drop": True, "status": 403}, "never strike the same request: status strikes download, drop strikes webhook"),
        ({"operation": "poll", "status": 403}, "status is nothing that strikes poll: it strikes download"),
        ({"operation": "webhook", "gateway": 502}, "it strikes every operation but webhook"),
        ({"operation": "poll", "provider": "runware", "error": "timeoutProvider"}, "it is for submit or train"),
        ({"reset": True, "silent": True}, "reset and silent cannot be together"),
        ({"gateway": 502, "limit": "5/60"}, "gateway and limit cannot be together"),
        ({"empty": True, "corrupt": True}, "empty and corrupt cannot be together"),
        ({"stuck": True, "slow": 2}, "stuck and slow cannot be together"),
        ({"drop": True, "duplicate": 1}, "drop and duplicate cannot be together"),
        ({"reset": True, "corrupt": True}, "corrupt cannot be with reset: there is no answer then"),
        ({"silent": "before", "stuck": True}, "stuck cannot be with silent"),
        ({"reset": "before", "truncate": 5}, "truncate cannot be with reset"),
        ({"provider": "gmi", "error": "unauthorized", "reset": True}, "error cannot be with reset"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_says_what_is_wrong(document: object, told: str) -> None:
    assert any(told in problem for problem in _problems(document)), _problems(document)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    wrong = {"provider": "runware", "error": "nope", "tims": 1, "nth": 0, "account": "k", "model": "x", "gateway": 1}
    assert len(_problems(wrong)) == 6


@pytest.mark.parametrize(
    "document",
    [
        {"silent": "after", "stuck": True},
        {"reset": True, "truncate": 10, "content_type": "text/plain"},
        {"reset": True, "provider": "runware", "error": "timeoutProvider"},
        {"provider": "runware", "error": "taskNotFound", "operation": "poll"},
        {"provider": "gmi", "error": "unauthorized", "operation": "list"},
        {"operation": "webhook", "delay": 5},
        {"operation": "download", "gateway": 503},
        {"corrupt": True, "empty": False},
        {"times": 2.0, "delay": 1},
    ],
)
def test_what_makes_sense_together_is_a_rule(document: dict[str, Any]) -> None:
    assert _add(document).document == {name: value for name, value in document.items() if value is not False}


@pytest.mark.parametrize(
    ("document", "operations"),
    [
        ({"provider": "runware", "error": "timeoutProvider"}, {"submit"}),
        ({"stuck": True, "delay": 1}, {"submit"}),
        ({"early": True}, {"submit"}),
        ({"status": 403, "delay": 1}, {"download"}),
        ({"expire": 5}, {"download"}),
        ({"drop": True, "delay": 1}, {"webhook"}),
        ({"storm": 5, "corrupt": True}, {"webhook"}),
        ({"delay": 1}, set(OPERATIONS) - {"download", "webhook"}),
        ({"limit": "5/60"}, set(OPERATIONS) - {"download", "webhook"}),
        ({"corrupt": True, "operation": "download"}, {"download"}),
    ],
)
def test_a_rule_that_names_no_operation_strikes_where_its_effects_belong(
    document: dict[str, Any], operations: set[str]
) -> None:
    assert set(_add(document).shown(0.0)["operations"]) == operations


@given(documents(chances=True))
def test_what_the_schema_takes_and_makes_sense_is_a_rule_and_is_shown_as_its_own_schema_says(
    document: dict[str, Any],
) -> None:
    jsonschema_rs.validate(RULE_SCHEMA, document)
    jsonschema.Draft202012Validator(RULE_SCHEMA).validate(document)
    rule = _add(document)
    assert rule.document == document
    jsonschema_rs.validate(SHOWN_SCHEMA, rule.shown(0.0))


_ANY = st.one_of(
    st.booleans(), st.integers(-5, 1_000), st.floats(allow_nan=False), st.text(max_size=8), st.none(), st.just([])
)


@given(st.dictionaries(st.sampled_from([*FIELDS, "else"]), _ANY, max_size=4))
def test_what_the_schema_refuses_is_no_rule(document: dict[str, Any]) -> None:
    try:
        rule = _add(document, shared=True)
    except BadRule:
        return
    assert jsonschema_rs.is_valid(RULE_SCHEMA, document)
    assert any(name in rule.document for name in EFFECTS)


def test_the_schemas_are_schemas_and_tell_of_every_field() -> None:
    for schema in (RULE_SCHEMA, SHOWN_SCHEMA):
        jsonschema.Draft202012Validator.check_schema(schema)
        assert all(field["description"].endswith(".") for field in schema["properties"].values())


def test_every_error_of_every_provider_can_be_a_rule() -> None:
    assert {"runware", "gmi", "segmind"} <= set(providers())
    for provider in providers():
        for case in errors(provider).values():
            rule = _add({"provider": provider, "error": case.id})
            usual = {"models"} if provider == "heygen" else {"submit"}
            assert rule.match.operations == usual <= struck_by(case)


def test_too_many_requests_and_gateways_are_answered_in_the_providers_own_words() -> None:
    limits = {provider: error_of_limit(provider) for provider in ("runware", "gmi", "segmind")}
    assert [(case.id, case.status) for case in limits.values() if case] == [
        ("rateLimitExceeded", 429),
        ("rateLimitExceeded", 429),
        ("rateLimited", 429),
    ]
    assert page_of("segmind", 502) == errors("segmind")["badGateway"].message
    assert page_of("runware", 504) == errors("runware")["gateway504"].message
    assert "503 Service Temporarily Unavailable" in page_of("nobody", 503)
