"""What an answer says of money is taken for what it can be, whatever a server answers."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from understudy_contracts import PROVIDERS
from understudy_contracts.checks import Exchange
from understudy_contracts.harness import Budget, CouldNotCheck, Plan, Session, probes, verify
from understudy_contracts.harness.costs_told import costs_told, jobs_of
from understudy_contracts.harness.jobs import state_of
from understudy_contracts.harness.line import _is_pong
from understudy_contracts.harness.refusals import began_nothing, refused
from understudy_contracts.operations import Operation

odd = st.sampled_from([None, True, 5, -1, 1e300, "x", "NaN", "sNaN", "Infinity", "1e9999999", "-5", [], {}, "success"])
rows = st.dictionaries(st.sampled_from(["taskUUID", "cost", "status", "taskType"]), odd)
parts = odd | rows | st.lists(odd | rows, max_size=3)
bodies = odd | st.dictionaries(
    st.sampled_from(["data", "errors", "metrics", "status", "request_id", "finetune"]), parts
)  # fmt: skip
said = st.dictionaries(st.sampled_from(["x-cost", "x-request-id"]), odd.map(str))


@given(st.sampled_from(sorted(PROVIDERS)), bodies, said)
@example("runware", {"data": [{"status": "success", "taskUUID": "a", "cost": "sNaN"}]}, {})
@example("runware", {"data": 5, "errors": None}, {})
@example("runware", {"data": [{"status": "success", "taskUUID": "a", "cost": 1}, 5]}, {})
@example("runware", {"data": [{"status": "success", "taskUUID": "a", "cost": "9e9999999"}] * 2}, {})
@example("segmind", {}, {"x-cost": "9e9999999", "x-request-id": "a"})
def test_whatever_is_answered_is_taken_for_what_it_is_and_a_cost_is_an_amount(provider, body, headers):
    exchange = Exchange([{"taskUUID": "a"}], 200, body, 0.0, provider=provider, headers=headers)
    assert state_of(exchange) in ("open", "done", "failed", "unknown")
    assert all(isinstance(job, str) for job in jobs_of(exchange))
    assert _is_pong(body) in (True, False)
    budget = Budget(Decimal(1))
    for job, cost in costs_told(exchange).items():
        budget.hold(job, Decimal(0))
        budget.settle(job, cost)
    assert 0 <= budget.spent < Decimal("1e12")


@pytest.mark.parametrize(
    ("status", "body", "transport", "certain"),
    [
        (400, {"error": "no"}, "http", True),
        (400, {"data": [], "errors": [{"code": "x"}]}, "http", True),
        (200, {"data": [], "errors": [{"code": "x"}]}, "http", True),
        (200, {"data": []}, "http", False),
        (200, {"data": None}, "http", False),
        (400, {"data": [{"taskUUID": "a"}], "errors": [{"code": "x"}]}, "http", False),
        (307, None, "http", False),
        (408, {"error": "slow"}, "http", False),
        (500, {"errors": [{"code": "x"}]}, "http", False),
        (400, {"errors": [{"code": "x"}]}, "websocket", True),
        (400, None, "websocket", False),
        (400, {"hello": 1}, "websocket", False),
    ],
)
def test_what_may_have_begun_is_not_taken_for_refused_for_nothing(status, body, transport, certain):
    exchange = Exchange([{}], status, body, 0.0, provider="runware", transport=transport)
    assert began_nothing(exchange) == certain
    assert refused(exchange) or not certain


@pytest.mark.parametrize(
    ("status", "cause", "word"),
    [
        (429, False, "too often"),
        (429, True, "too often"),
        (402, True, "no credits"),
        (401, True, "the key"),
        (404, True, ""),
        (400, True, ""),
    ],
)
def test_who_says_no_for_a_reason_of_their_own_is_not_held_to_what_was_asked(status, cause, word):
    session = Session("gmi", Refusing(status), "any")
    operation = session.contract.operations["submitRequest"]
    named = next(one for one in operation.errors if one.case.id == "invalidJson") if cause else None
    try:
        session.ask("submitRequest" if cause else "listModels", cause=named)
        said = ""
    except CouldNotCheck as problem:
        said = str(problem)
    assert word in said
    assert bool(word) == bool(said)


class Refusing:
    """Somebody who is no stand-in, and refuses everything for other reasons than the contract has."""

    name, live = "somebody", False
    switches = {}  # noqa: RUF012

    def __init__(self, status=418):
        self.asked, self.status = [], status

    def ask(self, operation: Operation, request):
        self.asked.append(operation.name)
        return Exchange(None, self.status, {}, 0.0, "POST", request.target, {}, operation.provider, operation.name)


@pytest.mark.parametrize("provider", ["gmi", "runware", "segmind"])
def test_where_a_limit_is_set_no_smaller_example_is_looked_for_with_money(provider):
    violated = 0
    for probe in [one for one in probes(provider, examples=5) if ".broken." in one.name][:3]:
        target = Refusing()
        session = Session(provider, target, "any", budget=Budget(Decimal(1000)).part())
        [result] = verify(Plan((probe,)), session, date="2026-11-21T12:00:00Z").results
        assert len(target.asked) <= 1, probe.name
        violated += result.state == "violated"
    assert violated
