"""Each operation as the contract writes it: its typical request, and the requests that its errors are answers to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from understudy_contracts.checks import Finding
from understudy_contracts.harness.expected import form_of, tells
from understudy_contracts.harness.jobs import state_of
from understudy_contracts.harness.probe import NotHere, Probe
from understudy_contracts.harness.session import Refused, Session
from understudy_contracts.harness.shortest import shortest
from understudy_contracts.operations import Answer, Cause, Operation
from understudy_contracts.provider import contract

from .before import asking
from .uploads import partial_content, uploaded


def typical(provider: str) -> Iterator[Probe]:
    """Try whether each operation takes the request that the contract says it takes."""
    for one in _incoming(provider):
        pays = not one.free and one.request is not None and one.request.models is not None
        yield asking(
            one,
            "typical",
            "accepted",
            partial(_accepted, operation=one),
            not_for_live="the lifecycle of a model asks the same for less" if pays else "",
        )


def refusals(provider: str) -> Iterator[Probe]:
    """Try whether each error that a request can cause is answered as the catalogue has it."""
    for one in _incoming(provider):
        keys: dict[str, Cause] = {}
        for cause in one.errors:
            if cause.request is not None and "http" in cause.transports:
                yield _refusal(one, cause, cause.case.id)
                keys[cause.request.get("key", "")] = cause
        unnamed = keys.get("wrong")
        if one.authentication and unnamed is not None and "none" not in keys:
            yield _refusal(one, replace(unnamed, request={"key": "none"}), "no-key")


def answers(provider: str) -> Iterator[Probe]:
    """Try whether each answer that is declared besides the usual one comes of what is said to bring it about."""
    for one in _incoming(provider):
        for answer in one.answers:
            if answer.request is not None:
                perform = partial(_answered, operation=one, answer=answer)
                check = "wrong-key" if "key" in answer.request else "declared"
                change = {**(shortest(one, {}) or {}), **answer.request}
                name = f"{answer.status}" if answer.status != one.answers[0].status else str(answer.schema)
                yield asking(one, name, check, perform, change)


def check_of(cause: Cause) -> str:
    """Name the check that a refusal serves, by what is wrong with the request."""
    change = cause.request or {}
    if "key" in change:
        return "wrong-key"
    if "method" in change:
        return "wrong-verb"
    if "media_type" in change:
        return "wrong-type"
    return "unknown-id" if cause.case.kind == "not_found" else "error-as-declared"


def _incoming(provider: str) -> Iterator[Operation]:
    return (one for one in contract(provider).operations.values() if not one.outgoing)


def _refusal(operation: Operation, cause: Cause, name: str) -> Probe:
    perform = partial(_as_declared, operation=operation, cause=cause)
    return asking(operation, name, check_of(cause), perform, cause.request or {}, cause=cause)


def _accepted(session: Session, operation: Operation) -> Iterator[Finding]:
    paid = not operation.free and operation.request is not None and operation.request.models is not None
    try:
        exchange = session.ask(operation.name) if paid else session.answer(operation.name)
    except Refused as refusal:
        if refusal.name != operation.name:
            raise
        exchange = refusal.exchange
    wanted = operation.typical.get("status")
    if exchange.status != wanted if wanted else not 200 <= exchange.status < 300:
        yield Finding("accepted", f"{operation.name} refused its typical request: HTTP {exchange.status}", exchange)
    elif (given := uploaded(operation)) is not None and exchange.content != given:
        yield Finding(
            "accepted", f"{operation.name} does not answer the {len(given)} bytes that were uploaded", exchange
        )


def _answered(session: Session, operation: Operation, answer: Answer) -> Iterator[Finding]:
    check = "declared"
    if "key" in (answer.request or {}):
        check = "wrong-key"
    if "key" in (answer.request or {}) or "password" in (answer.request or {}).get("with", {}):
        know_keys(session, operation)
    if missing := [name for name, value in answer.switch.items() if session.switches.get(name) != value]:
        raise NotHere(f"it is answered only where the switch {missing[0]} says {answer.switch[missing[0]]}")
    if "after" in operation.typical:
        session.answer(operation.typical["after"])
    change = {**(shortest(operation, session.switches) or {}), **(answer.request or {})}
    exchange = session.ask(operation.name, change)
    if operation.free and state_of(exchange) == "open":
        exchange = session.finish(lambda: session.ask(operation.name, change), exchange)
    if form_of(exchange, operation, session.switches) != answer:
        message = f"{operation.name} answers HTTP {answer.status} ({answer.when or 'declared'}), not {exchange.status}"
        yield Finding(check, message, exchange)
    elif problem := partial_content(exchange, session.file):
        yield Finding(check, f"{operation.name}: {problem}", exchange)


def _as_declared(session: Session, operation: Operation, cause: Cause) -> Iterator[Finding]:
    if "key" in (cause.request or {}):
        know_keys(session, operation, nobody=(cause.request or {}).get("key") == "none")
    if "after" in operation.typical:
        session.answer(operation.typical["after"])
    exchange = session.ask(operation.name, cause=cause)
    problem = tells(exchange, operation, cause.case, session.switches)
    if problem:
        yield Finding(check_of(cause), f"{cause.how} {problem}.", exchange)


def know_keys(session: Session, operation: Operation, *, nobody: bool = False) -> None:
    """Raise `NotHere` for a stand-in to which no key is a wrong one."""
    told = operation.authentication == ("user",)
    if not nobody and not told and session.bench is not None and not session.bench.knows_keys:
        raise NotHere("the stand-in takes any key: start it with --api-key to see how it refuses a wrong one")
