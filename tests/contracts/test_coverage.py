"""Contract coverage: what is declared and what was seen, counted openly."""

import httpx
import pytest

from understudy_contracts.checks import Exchange
from understudy_contracts.checks.exchange import Webhook
from understudy_contracts.error_answers import answer_of
from understudy_contracts.harness.coverage import Item, coverage
from understudy_contracts.harness.expected import cases_told, form_of, tells
from understudy_contracts.harness.sink import LocalSink
from understudy_contracts.operations import operations
from understudy_contracts.provider import contract

PROVIDERS = ("runware", "gmi", "segmind", "heygen")


def told(operation, case, **more):
    """An answer that tells an error as the contract has it."""
    answer = answer_of(case)
    page = isinstance(answer.body, str)
    return Exchange(
        None,
        answer.status,
        None if page else answer.body,
        0.0,
        headers={"content-type": answer.media_type},
        provider=operation.provider,
        operation=operation.name,
        content=answer.content if page else b"",
        **more,
    )


def test_with_nothing_said_nothing_is_covered():
    for provider in PROVIDERS:
        seen = coverage(provider, [])
        assert len(seen.missing) == len(seen.seen) > 0
        assert not seen.complete
        assert not seen.undeclared


def test_an_answer_that_is_declared_covers_itself_alone():
    body = {"request_id": "5893b754-1341-468b-a130-0c8c07d4e68f"}
    refusal = told(operations("gmi")["getRequest"], contract("gmi").errors["requestNotFound"])
    seen = coverage("gmi", [refusal])
    assert [item for item, count in seen.seen.items() if count] == [Item("getRequest", "http", 404, "requestNotFound")]
    strange = Exchange(None, 418, body, 0.0, provider="gmi", operation="getRequest")
    seen = coverage("gmi", [refusal, strange, strange])
    assert dict(seen.undeclared) == {Item("getRequest", "http", 418, "?"): 2}
    assert "not declared: getRequest 418 ?, 2 times" in seen.table()
    assert seen.document()["undeclared"][0]["count"] == 2


def test_what_nobody_can_bring_about_is_counted_apart_and_with_its_reason():
    seen = coverage("runware", [])
    reasons = {str(item): why for item, why in seen.beyond.items()}
    assert "sync-delivery" in reasons["videoInference 200 result"]
    assert reasons["getCollection 200 content-entry"].startswith("No source")
    assert Item("videoInference", "http", 200, "result") in coverage("runware", [], {"sync-delivery": "allowed"}).seen


def test_what_was_sent_to_an_address_is_covered_by_its_arrival():
    assert Item("tellWebhook", "outgoing", None) in coverage("runware", []).missing
    seen = coverage("runware", [], webhooks=[Webhook({}, 0.0)], files=1)
    assert not [item for item in seen.missing if item.transport == "outgoing"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_error_is_known_by_its_own_answer(provider):
    for one in operations(provider).values():
        waits = one.purpose == "submit"
        for case in one.cases:
            if one.outgoing or (waits and case.strikes == "processing"):
                # Whoever waits is told in another form.
                continue
            exchange = told(one, case)
            assert not tells(exchange, one, case, contract(provider).switch_values())
            assert case in cases_told(exchange, one, contract(provider).switch_values())


def test_another_code_text_parameter_or_status_is_another_error():
    operation, case = operations("runware")["videoInference"], contract("runware").errors["invalidWidth"]
    right = told(operation, case)
    switches = contract("runware").switch_values()
    [item] = right.body["errors"]
    for change in ({"code": "invalidHeight"}, {"message": "Bad request"}, {"parameter": "height"}):
        wrong = Exchange(None, right.status, {"data": [], "errors": [{**item, **change}]}, 0.0, provider="runware")
        assert tells(wrong, operation, case, switches)
    nameless = {name: value for name, value in item.items() if name != "parameter"}
    assert tells(
        Exchange(None, right.status, {"data": [], "errors": [nameless]}, 0.0, provider="runware"),
        operation,
        case,
        switches,
    )
    assert tells(Exchange(None, 422, right.body, 0.0, provider="runware"), operation, case, switches)


def test_a_form_is_known_by_its_schema():
    operation = operations("gmi")["submitRequest"]
    body = {"request_id": "5893b754-1341-468b-a130-0c8c07d4e68f", "model": "m", "status": "queued"}
    whole = {**body, "created_at": 1, "updated_at": 1, "queued_at": 1}
    answer = form_of(Exchange(None, 200, whole, 0.0, provider="gmi"), operation, contract("gmi").switch_values())
    assert answer is not None
    assert answer.schema == "submit-answer"
    assert form_of(Exchange(None, 200, {}, 0.0, provider="gmi"), operation, contract("gmi").switch_values()) is None


def test_the_sink_takes_webhooks_and_files_and_keeps_them_apart():
    with LocalSink() as sink, httpx.Client(trust_env=False) as http:
        assert http.post(sink.url, json={"data": 1}).status_code == 200
        assert http.put(sink.url, content=iter([b"a ", b"film"])).status_code == 200
        assert http.post(sink.url, content=b"no JSON").status_code == 200
        assert [webhook.body for webhook in sink.webhooks] == [{"data": 1}, None]
        assert sink.files == [b"a film"]
