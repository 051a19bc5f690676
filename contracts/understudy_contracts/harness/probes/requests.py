"""Generated requests: valid ones, which are accepted, and ones that break one rule, which are refused by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import orjson

from understudy_contracts import requests
from understudy_contracts.checks import Exchange, Finding
from understudy_contracts.harness.budget import Exhausted
from understudy_contracts.harness.cost import bound
from understudy_contracts.harness.expected import form_of, names, refusal, tells
from understudy_contracts.harness.probe import CouldNotCheck, Probe
from understudy_contracts.harness.reading import parsed
from understudy_contracts.harness.session import Session
from understudy_contracts.harness.shortest import fields_of, price
from understudy_contracts.harness.target import Unreachable
from understudy_contracts.models import Model
from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract

from .jobs import Job

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from understudy_contracts.strategies import Broken

#: How many times what the cheapest request of a model costs a generated one may cost, where it is real money.
_DEAR = 4

#: How much of a request a finding shows.
_SHOWN = 400


def generated(provider: str, models: Iterable[Model], examples: int) -> Iterator[Probe]:
    """Try whether generated requests for each model are accepted and refused as its rules have it."""
    for model in models:
        for one in submits(model):
            if one.request is None or not one.request.judged_later:
                yield _probe(model, one, "broken", "refused", _refused, examples)
            if model.output.delivery == "sync" or not _waits(one):
                yield _probe(model, one, "valid", "accepted", _accepted, examples)


def submits(model: Model) -> list[Operation]:
    """List the operations that begin a job of a model, for who has an API key."""
    every = contract(model.provider).operations.values()
    mine = [one for one in every if one.purpose == "submit" and one.request is not None and one.request.models]
    return [one for one in mine if one.authentication != ("user",) and model.operation != "workflow"]


def _waits(operation: Operation) -> bool:
    """Whether a call is answered only when what is made is there."""
    return all(answer.schema is None or answer.headers is not None for answer in operation.answers[:1])


def _probe(model: Model, operation: Operation, kind: str, check: str, judge: Any, examples: int) -> Probe:
    _, seconds = price(model, fields_of(model, {}))
    cheapest = most(operation, model, fields_of(model, {}))
    return Probe(
        name=f"{model.provider}.{operation.name}.{kind}.{model.id}",
        provider=model.provider,
        operation=operation.name,
        checks=(check,),
        tier="paid",
        why=operation.why if check == "accepted" else f"Were it not refused: {operation.why}",
        perform=partial(_tried, operation=operation, model=model, kind=kind, judge=judge, examples=examples),
        bound=None if cheapest is None else cheapest * _DEAR * examples,
        seconds=seconds,
    )


def _tried(
    session: Session, operation: Operation, model: Model, kind: str, judge: Any, examples: int
) -> Iterator[Finding]:
    from understudy_contracts import strategies

    valid = kind == "valid"

    def tried(one: Any) -> Iterator[Finding]:
        return judge(session, operation, model, one)  # type: ignore[no-any-return]

    if not session.costs:
        # Nothing is paid for: every rule, every choice and every bound has its turn before chance has.
        listed = strategies.corners if valid else strategies.plainest_broken
        for one in listed(model.provider, model.id, **session.switches):
            if found := list(tried(one)):
                yield from found
                return
    make: Any = strategies.request if valid else strategies.broken_request
    yield from smallest(session, make(model.provider, model.id, **session.switches), examples, tried)


def smallest(
    session: Session, strategy: SearchStrategy[Any], examples: int, judge: Callable[[Any], Iterator[Finding]]
) -> list[Finding]:
    """Try generated requests, and tell what is wrong with the smallest that anything is wrong with.

    Where requests are real money the first such is told: looking for a smaller one would be paid for.
    """
    from hypothesis import HealthCheck, Phase, given, seed, settings

    phases = [Phase.generate] if session.costs else [Phase.generate, Phase.shrink]
    found: list[Finding] = []
    stopped: list[Exception] = []
    tried = 0

    def run(example: Any) -> None:
        nonlocal tried
        if stopped:
            return
        if found and session.costs:
            # Hypothesis looks again at what it has found.
            raise AssertionError
        try:
            wrong = list(judge(example))
        except (CouldNotCheck, Exhausted, Unreachable) as problem:
            stopped.append(problem)
            return
        tried += 1
        if wrong:
            found[:] = wrong
            raise AssertionError

    quiet = settings(
        max_examples=examples, database=None, deadline=None, phases=phases, suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )  # fmt: skip
    try:
        seed(session.dice.getrandbits(32))(quiet(given(strategy)(run)))()
    except Exception:
        # Whatever way Hypothesis tells it: what was found is what counts.
        if not found:
            raise
    if stopped and not found:
        raise stopped[0]
    if not tried:
        raise CouldNotCheck("no request that was generated is cheap enough")
    return found


def _sent(session: Session, operation: Operation, model: Model, fields: Mapping[str, Any], broken: str) -> Exchange:
    own = dict(fields)
    for name in _addresses(operation.provider) - {broken}:
        # Nobody is there: what is to be sent there would be sent again and again.
        own.pop(name, None)
    if "taskUUID" in own and broken != "taskUUID":
        own["taskUUID"] = session.new_id()
    change = requests.of_model(operation, model, own)
    if operation.task is not None and "taskUUID" not in own:
        # The session would name it.
        change["without"] = ("taskUUID",)
    if session.costs:
        _assume_cheap(operation, model, requests.changed(operation, change, "", lambda told: ""))
    return session.ask(operation.name, change, excused=False)


@cache
def _addresses(provider: str) -> frozenset[str]:
    """The fields that say where something is to be sent."""
    told = [one.address for one in contract(provider).operations.values() if one.outgoing and one.address is not None]
    return frozenset(one.field.removeprefix("request.") for one in told)


def _assume_cheap(operation: Operation, model: Model, request: requests.Request) -> None:
    from hypothesis import assume

    cheapest = most(operation, model, fields_of(model, {}))
    dear = bound(operation, request.target, parsed(request.content or b""))
    assume(dear is not None and cheapest is not None and dear <= cheapest * _DEAR)


def most(operation: Operation, model: Model, fields: Mapping[str, Any]) -> Decimal | None:
    """The most that a request for a model can cost; None where nobody can say."""
    request = requests.changed(operation, requests.of_model(operation, model, fields), "", lambda told: "")
    return bound(operation, request.target, parsed(request.content or b""))


def _accepted(session: Session, operation: Operation, model: Model, fields: Mapping[str, Any]) -> Iterator[Finding]:
    exchange = _sent(session, operation, model, fields, "")
    if contract(model.provider).gated(model.id, fields, session.switches):
        case = contract(model.provider).errors["notEntitled"]
        problem = tells(exchange, operation, case, session.switches)
    else:
        problem = "" if form_of(exchange, operation, session.switches) else f"it is answered HTTP {exchange.status}"
    if problem:
        yield Finding("accepted", f"{model.id} does not take a valid request: {problem}: {_shown(fields)}", exchange)
    elif not session.costs:
        # What is told of a request shows what became of its odder values.
        job = Job(session, operation, model, exchange.request[0] if operation.task is not None else fields, exchange)
        for poll in job.polls[:1] if exchange.status < 300 else ():
            job.ask(poll)


def _refused(session: Session, operation: Operation, model: Model, broken: Broken) -> Iterator[Finding]:
    judge = contract(model.provider).model_judge(model.id, session.switches)
    [violation] = judge.violations(broken.request)
    exchange = _sent(session, operation, model, broken.request, broken.parameter)
    case = refusal(model.provider, violation)
    problem = tells(exchange, operation, case, session.switches) or names(exchange, case, violation)
    if problem:
        message = f"{broken.parameter} breaks the rule {broken.rule}: {problem}: {_shown(broken.request)}"
        yield Finding("refused", message, exchange)


def _shown(document: Mapping[str, Any]) -> str:
    text = orjson.dumps(document).decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
