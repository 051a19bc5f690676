"""A provider's socket: every task over it, too, what is refused there, and nothing in a frame too many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import orjson

from understudy_contracts.checks import Exchange, Finding
from understudy_contracts.harness.expected import form_of, tells
from understudy_contracts.harness.jobs import state_of, told_in
from understudy_contracts.harness.probe import Need, NotHere, Probe
from understudy_contracts.harness.session import Session
from understudy_contracts.harness.shortest import shortest
from understudy_contracts.operations import Answer, Cause, Operation
from understudy_contracts.provider import contract

from .before import asking
from .operations import check_of, know_keys

_SOCKET: frozenset[Need] = frozenset({"socket"})
_NONE: Mapping[str, Any] = {}


def socket(provider: str) -> Iterator[Probe]:
    """Try every task over the provider's socket, where it has one."""
    for one in contract(provider).operations.values():
        if "websocket" not in one.transports:
            continue
        for answer in one.answers:
            change = _asked(one, answer)
            perform = partial(_accepted, operation=one, answer=answer, change=change)
            yield asking(one, f"{answer.schema}.socket", "accepted", perform, change, needs=_SOCKET)
        for cause in _refusals(one):
            perform = partial(_refused, operation=one, cause=cause)
            change, name = dict(cause.request or _NONE), f"{cause.case.id}.socket"
            yield asking(one, name, check_of(cause), perform, change, cause=cause, needs=_SOCKET)
        if one.task == "modelSearch":
            yield asking(one, "two-at-once.socket", "accepted", partial(_two, operation=one), needs=_SOCKET)


def _asked(operation: Operation, answer: Answer) -> dict[str, Any]:
    """How a request is changed that an answer is the answer to: what is a header elsewhere is asked of the line."""
    change = {**(shortest(operation, {}) or {}), **(answer.request or {})}
    if change.pop("headers", None) is not None:
        told = [one for one in operation.parameters if one.transport == "websocket" and one.typical is not None]
        change["query"] = {one.name: str(one.typical) for one in told}
    return change


def _refusals(operation: Operation) -> Iterable[Cause]:
    """The refusals that a request causes, each once."""
    over = [one for one in operation.errors if one.request is not None and "websocket" in one.transports]
    return {one.case.id: one for one in reversed(over)}.values()


def _accepted(session: Session, operation: Operation, answer: Answer, change: Mapping[str, Any]) -> Iterator[Finding]:
    if missing := [name for name, value in answer.switch.items() if session.switches.get(name) != value]:
        raise NotHere(f"it is answered only where the switch {missing[0]} says {answer.switch[missing[0]]}")
    if "after" in operation.typical:
        session.answer(operation.typical["after"])
    own = dict(change)
    if operation.purpose in ("submit", "train"):
        own["with"] = {**own.get("with", {}), "taskUUID": session.new_id(), **_another_model(session, operation)}
    exchange = session.ask(operation.name, own, over="websocket")
    if operation.free and state_of(exchange) == "open":
        exchange = session.finish(lambda: session.ask(operation.name, own, over="websocket"), exchange)
    if form_of(exchange, operation, session.switches) != answer:
        yield Finding("accepted", f"{operation.name} is not answered as {answer.schema} on the socket", exchange)
    yield from _too_many(operation, session.more)


def _another_model(session: Session, operation: Operation) -> dict[str, Any]:
    """A model is there once: what is uploaded over the socket is another one."""
    air = (operation.typical.get("body") or {}).get("air")
    return {} if air is None else {"air": f"{str(air).partition(':')[0]}:{session.dice.randrange(10_000, 99_999)}@1"}


def _refused(session: Session, operation: Operation, cause: Cause) -> Iterator[Finding]:
    key = (cause.request or _NONE).get("key")
    if key is not None:
        know_keys(session, operation, nobody=key == "none")
    if "after" in operation.typical:
        session.answer(operation.typical["after"])
    exchange = session.ask(operation.name, cause=cause, over="websocket")
    if problem := tells(exchange, operation, cause.case, session.switches):
        yield Finding(check_of(cause), f"{cause.how} {problem}, on the socket.", exchange)
    yield from _too_many(operation, session.more)


def _two(session: Session, operation: Operation) -> Iterator[Finding]:
    """Ask two things at once: each is answered, once, by what was asked there."""
    asked = {session.new_id(): "avatar", session.new_id(): "nothing of this name"}
    tasks = [{**operation.typical["body"], "taskUUID": uuid, "search": text} for uuid, text in asked.items()]
    request = replace(session.written(operation), content=orjson.dumps(tasks))
    exchange = session.send(operation, request, over="websocket")
    items = [item for one in (exchange, *session.more) for item in told_in(one.body, "data")]
    found = {str(item.get("taskUUID")): bool(item.get("results")) for item in items}
    if len(items) != len(asked) or found != {uuid: text == "avatar" for uuid, text in asked.items()}:
        yield Finding("accepted", "two questions at once do not have each its own answer", exchange)


def _too_many(operation: Operation, more: Iterable[Exchange]) -> Iterator[Finding]:
    for one in more:
        yield Finding("declared", f"{operation.name} is answered in one frame, and this is another", one)
