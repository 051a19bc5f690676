"""Errors that no request causes: brought about at a stand-in, by what its account is like or by a fault rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from decimal import Decimal
from functools import partial
from typing import Any

from understudy_contracts import requests
from understudy_contracts.checks import Exchange, Finding
from understudy_contracts.checks.exchange import Transport
from understudy_contracts.errors import ErrorCase
from understudy_contracts.harness.bench import Bench
from understudy_contracts.harness.expected import tells
from understudy_contracts.harness.jobs import polls_of
from understudy_contracts.harness.probe import NotHere, Probe
from understudy_contracts.harness.session import Session
from understudy_contracts.harness.shortest import fields_of, shortest, typical_model
from understudy_contracts.models import Model
from understudy_contracts.operations import Cause, Operation
from understudy_contracts.provider import contract

from .jobs import Job

#: What strikes only once a job was accepted.
_LATER = frozenset({"processing", "poll", "expiry"})

#: What the second of two equal requests is told, and whoever calls off what has ended; seconds after which it has.
_TAKEN, _ENDED, _OVER = ("videoInference", "conflictTaskUUID"), "requestAlreadyFinished", 600.0

#: Seconds after which an address that files are put at is no longer good; bytes that no file may have.
_LONG, _LARGE = 100_000.0, 33_554_433

_NO_BENCH = "only a stand-in can be made to answer it"


def forced(provider: str) -> Iterator[Probe]:
    """Try whether each error that is no request's doing is answered as the catalogue has it."""
    for one in contract(provider).operations.values():
        causes = {} if one.outgoing else {cause.case.id: cause for cause in reversed(one.errors)}
        said = {cause.case.id for cause in one.errors if cause.request is not None}
        for cause in reversed(causes.values()):
            if cause.case.id in said or cause.out_of_reach:
                continue
            for over in one.transports:
                if over in cause.transports:
                    yield Probe(
                        name=f"{provider}.{one.name}.{cause.case.id}{'' if over == 'http' else '.socket'}",
                        provider=provider,
                        operation=one.name,
                        checks=("error-as-declared", *_also(one, cause.case, over)),
                        tier="paid",
                        why=one.why,
                        perform=partial(_told, operation=one, cause=cause, over=over),
                        bound=Decimal(0),
                        needs=frozenset({"bench"} if over == "http" else {"bench", "socket"}),
                        not_live=_NO_BENCH,
                    )


def _also(operation: Operation, case: ErrorCase, over: Transport) -> Iterator[str]:
    """What else can be seen of a job that fails."""
    if case.strikes == "processing":
        if not case.billed:
            yield "money.balance"
        if operation.purpose == "poll" and over == "http":
            yield "idempotent.poll"


def _told(session: Session, operation: Operation, cause: Cause, over: Transport) -> Iterator[Finding]:
    if missing := [name for name, value in cause.switch.items() if session.switches.get(name) != value]:
        raise NotHere(f"it is answered only where the switch {missing[0]} says {cause.switch[missing[0]]}")
    assert session.bench is not None
    session.bench.clear()
    also = set(_also(operation, cause.case, over))
    known = {entry.get("job") for entry in session.bench.ledger()["entries"]} if "money.balance" in also else set()
    try:
        exchange = _brought_about(session, session.bench, operation, cause.case, over)
    finally:
        session.bench.clear()
    if problem := tells(exchange, operation, cause.case, session.switches):
        yield Finding("error-as-declared", f"{problem}.", exchange)
    if "idempotent.poll" in also:
        first, again = session.exchanges[-2:]
        if (first.status, first.body) != (again.status, again.body):
            yield Finding("idempotent.poll", f"asked twice, {cause.case.id} is told in two ways", again)
    if "money.balance" in also:
        yield from _paid_for(session.bench, known, exchange)


def _paid_for(bench: Bench, known: set[str | None], exchange: Exchange) -> Iterator[Finding]:
    """What was taken for jobs that nobody had before, and that failed."""
    taken: dict[str, Decimal] = {}
    for entry in bench.ledger()["entries"]:
        if (job := entry.get("job")) is not None and job not in known:
            taken[job] = taken.get(job, Decimal(0)) - Decimal(str(entry["amount"]))
    for job, amount in taken.items():
        if amount:
            yield Finding("money.balance", f"the job {job} failed, and ${amount} were taken for it", exchange)


def _brought_about(session: Session, bench: Bench, operation: Operation, case: ErrorCase, over: Transport) -> Exchange:
    if (operation.provider, case.id) in _FILES:
        return _FILES[operation.provider, case.id](session, operation)
    if case.strikes in _LATER:
        return _failed(session, bench, operation, case, over)
    request = session.written(operation, shortest(operation, session.switches))
    if (operation.name, case.id) == _TAKEN:
        session.send(operation, request, excused=False, over=over)
        return session.send(operation, request, excused=False, over=over)
    if case.id == _ENDED:
        session.wait(_OVER)
        return session.send(operation, request, excused=False, over=over)
    with _struck(bench, operation, case):
        return session.send(operation, request, excused=False, over=over)


def _struck(bench: Bench, operation: Operation, case: ErrorCase) -> AbstractContextManager[None]:
    """Have the account be such that this is answered, or a rule strike it, or whoever asks where nobody says who."""
    state = _STATES.get((operation.provider, case.id))
    if state is not None and operation.purpose == "submit":
        return state(bench)
    rule = {"provider": operation.provider, "error": case.id, "operation": operation.purpose, "times": 1}
    if not operation.authentication and operation.task is None:
        return bench.failing_for_all(**rule)
    bench.fail(**rule)
    return nullcontext()


def _failed(session: Session, bench: Bench, operation: Operation, case: ErrorCase, over: Transport) -> Exchange:
    """Let a job fail, and ask how it is: whoever waits for it is told as well."""
    rule = {"provider": operation.provider, "error": case.id, "operation": "submit", "times": 1}
    if operation.purpose == "submit":
        request = session.written(operation, _waiting(session, operation))
        bench.fail(**rule)
        return session.send(operation, request, excused=False, over=over)
    submit = next(one for one in _submits(operation.provider) if operation in polls_of(one))
    bench.fail(**rule)
    job = Job.begin(session, submit, typical_model(submit))
    if case.strikes == "expiry":
        job.finish()
    elif case.strikes == "processing":
        session.finish(lambda: job.ask(operation))
    return job.ask(operation, over)


def _submits(provider: str) -> Iterator[Operation]:
    every = contract(provider).operations.values()
    return (one for one in every if one.purpose == "submit" and one.request is not None and one.request.models)


def _waiting(session: Session, operation: Operation) -> Mapping[str, Any]:
    """A request whose caller waits for what comes of it."""
    known = contract(operation.provider).models.values()
    at_once = [model for model in known if model.output.delivery == "sync"]
    model: Model = at_once[0] if at_once else typical_model(operation)
    fields = fields_of(model, session.switches)
    if operation.task is not None:
        fields["deliveryMethod"] = "sync"
    return requests.of_model(operation, model, fields)


@contextmanager
def _spent(bench: Bench) -> Iterator[None]:
    """Nothing more may be spent today."""
    bench.limit(spend={"amount": 0, "period": "daily"})
    try:
        yield
    finally:
        bench.limit(spend=None)


@contextmanager
def _busy(bench: Bench) -> Iterator[None]:
    """No job more may be under way."""
    bench.limit(concurrency=0)
    try:
        yield
    finally:
        bench.limit(concurrency=None)


def _too_late(session: Session, operation: Operation) -> Exchange:
    """Use an address once it is no longer good."""
    request = session.written(operation, told=session.asked_again)
    session.wait(_LONG)
    return session.send(operation, request, excused=False)


def _too_large(session: Session, operation: Operation) -> Exchange:
    """Send a file that is larger than anybody takes."""
    request = session.written(operation, {"bytes": _LARGE}, told=session.asked_again)
    return session.send(operation, request, excused=False)


#: What is wrong with a file that is stored at an address of which nobody knows whose it is.
_FILES: Mapping[tuple[str, str], Callable[[Session, Operation], Exchange]] = {
    ("gmi", "expiredToken"): _too_late,
    ("gmi", "entityTooLarge"): _too_large,
}

#: What an account is like to be refused so, and not by a rule.
_STATES: Mapping[tuple[str, str], Callable[[Bench], AbstractContextManager[None]]] = {
    ("runware", "videoInferenceInsufficientCredits"): Bench.broke,
    ("runware", "insufficientCredits"): _spent,
    ("runware", "rateLimitExceeded"): _busy,
    ("gmi", "insufficientCredits"): Bench.broke,
    ("gmi", "rateLimitExceeded"): _busy,
    ("segmind", "insufficientCredits"): Bench.broke,
    ("segmind", "insufficientCreditsQueued"): Bench.broke,
    ("segmind", "spendLimit"): _spent,
    ("segmind", "rateLimited"): _busy,
}
