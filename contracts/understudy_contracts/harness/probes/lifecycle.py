"""The life of a job of each model: handed in, polled to its end, looked up, downloaded and paid for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from understudy_contracts.checks import Exchange, Finding
from understudy_contracts.checks.prices import bill
from understudy_contracts.harness.expected import form_of
from understudy_contracts.harness.jobs import polls_of, state_of
from understudy_contracts.harness.probe import CouldNotCheck, Need, Probe
from understudy_contracts.harness.session import NeverEnds, Session
from understudy_contracts.harness.shortest import fields_of, price
from understudy_contracts.models import Model
from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract
from understudy_contracts.requests import Request

from .jobs import Job, balance_of, cost_of, tells_balance
from .media import faults
from .requests import most, submits

#: Emulator seconds after which every job that anybody has begun is over, and nothing of it is forgotten yet.
_OVER = 600.0
_BENCH = frozenset[Need]({"bench"})
#: Seconds after its end at which a job is looked at again.
_LATER = 5.0


#: What takes a job of its own.
_OF_ITS_OWN = frozenset({"lifecycle", "cancelled"})


def lifecycles(provider: str, models: Iterable[Model]) -> Iterator[Probe]:
    """Try the whole life of one job of each model, the cheapest there is."""
    for model in models:
        for one in submits(model):
            checks = ("lifecycle.ends", "idempotent.poll") if polls_of(one) else ("lifecycle.ends",)
            yield _probe(model, one, "lifecycle", _ends, checks)
            if model.output.kind != "text":
                media = ("media.decodes", "media.type", "media.size", "media.length")
                looked_at = tuple(name for name in media if _has(model, name))
                yield _probe(model, one, "files", _files, looked_at, frozenset({"inspector"}))
            if polls_of(one) and any(_lists(provider)):
                yield _probe(model, one, "listed", _listed, ("lifecycle.ends",))
            # What is made at once cannot be called off.
            for cancel in _cancels(one) if model.output.delivery == "async" else ():
                perform = partial(_cancelled, cancel=cancel)
                yield _probe(model, one, "cancelled", perform, ("lifecycle.ends", "money.balance"), _BENCH)
            told = frozenset[Need]() if tells_balance(provider) else _BENCH
            yield _probe(model, one, "money", _money, ("money.cost", "money.balance"), told)


def _has(model: Model, check: str) -> bool:
    return not (check == "media.size" and model.output.kind == "audio") and not (
        check == "media.length" and model.output.kind == "image"
    )


def _probe(
    model: Model,
    operation: Operation,
    what: str,
    perform: Callable[..., Iterator[Finding]],
    checks: tuple[str, ...],
    needs: frozenset[Need] = frozenset(),
) -> Probe:
    _, seconds = price(model, fields_of(model, {}))
    of = f"{model.provider}.{operation.name}"
    return Probe(
        name=f"{of}.{what}.{model.id}",
        provider=model.provider,
        operation=operation.name,
        checks=checks,
        tier="paid",
        why=operation.why,
        perform=partial(perform, operation=operation, model=model),
        bound=most(operation, model, fields_of(model, {})) if what in _OF_ITS_OWN else Decimal(0),
        seconds=seconds,
        needs=needs,
        follows="" if what in _OF_ITS_OWN else f"{of}.lifecycle.{model.id}",
    )


@dataclass(frozen=True, slots=True)
class _Life:
    """A job with what was seen of it, and what the account had before and after."""

    job: Job
    ended: Exchange
    #: What was made, where it was the answer itself.
    file: bytes
    before: Decimal | None
    after: tuple[Exchange | None, Decimal] | None


def _life(session: Session, operation: Operation, model: Model) -> _Life:
    """The one job of a model that all these probes are about; it is begun, and paid for, once."""
    name = f"{operation.provider}.{operation.name}.{model.id}"
    if name not in session.shared:
        before = _balance(session)
        job = Job.begin(session, operation, model, name=name)
        if job.accepted.status >= 400:
            raise CouldNotCheck(f"{model.id} was not accepted: HTTP {job.accepted.status}")
        file, ended = session.file, job.finish()
        after = _balance(session)
        session.shared[name] = _Life(job, ended, file, None if before is None else before[1], after)
    return session.shared[name]  # type: ignore[no-any-return]


def _balance(session: Session) -> tuple[Exchange | None, Decimal] | None:
    if session.bench is not None:
        # Others that are under way would be paid for meanwhile.
        session.wait(_OVER)
    try:
        return balance_of(session)
    except CouldNotCheck:
        return None


def _ends(session: Session, operation: Operation, model: Model) -> Iterator[Finding]:
    try:
        life = _life(session, operation, model)
    except NeverEnds as problem:
        yield Finding("lifecycle.ends", f"a job of {model.id} does not end: {problem}", session.exchanges[-1])
        return
    job, ended = life.job, life.ended
    if form_of(job.accepted, operation, session.switches) is None:
        yield Finding("lifecycle.ends", f"{model.id}: no answer that {operation.name} declares", job.accepted)
    if not job.polls:
        return
    if state_of(ended) != "done":
        message = f"a job of {model.id} that nothing is wrong with ends as {state_of(ended)}"
        yield Finding("lifecycle.ends", message, ended)
    if session.bench is not None:
        session.wait(_LATER)
    for poll in job.polls:
        first, again = job.ask(poll), job.ask(poll)
        if (first.status, first.body) != (again.status, again.body):
            yield Finding("idempotent.poll", f"{poll.name}: asked twice, it is told in two ways", again)
        if poll.name == job.polls[0].name and (ended.status, ended.body) != (first.status, first.body):
            yield Finding("idempotent.poll", f"{poll.name}: what is told of a job that has ended changes", first)
    for other in job.others:
        exchange = job.ask(other)
        if exchange.status >= 400:
            yield Finding("lifecycle.ends", f"{other.name} does not know of the job: {exchange.status}", exchange)


def _cancels(submit: Operation) -> Iterator[Operation]:
    """The operations that call off a job that was begun so."""
    for one in contract(submit.provider).operations.values():
        told = [parameter.told_by.operation for parameter in one.parameters if parameter.told_by]
        if one.purpose == "cancel" and submit.name in told:
            yield one


def _cancelled(session: Session, operation: Operation, model: Model, cancel: Operation) -> Iterator[Finding]:
    """A job that is called off ends as that, stays so, and costs nothing."""
    before = balance_of(session)[1]
    job = Job.begin(session, operation, model)
    answered = job.ask(cancel)
    ended = job.finish()
    if answered.status >= 400 or state_of(ended) != "failed":
        yield Finding("lifecycle.ends", f"a job that was called off ends as {state_of(ended)}", ended)
    session.wait(_OVER)
    again = job.ask(job.polls[0])
    if (again.status, again.body) != (ended.status, ended.body):
        yield Finding("lifecycle.ends", "a job that was called off goes on", again)
    if (fell := before - balance_of(session)[1]) != 0:
        yield Finding("money.balance", f"a job was called off, and the balance fell by {fell}", again)


def _lists(provider: str) -> Iterator[Operation]:
    """The operations that list jobs, for who has an API key."""
    for one in contract(provider).operations.values():
        asks_nothing = one.task is None and not any(parameter.required for parameter in one.parameters)
        if one.purpose == "list" and asks_nothing and one.authentication not in ((), ("user",)):
            yield one


def _listed(session: Session, operation: Operation, model: Model) -> Iterator[Finding]:
    """The job is in every list that there is, once."""
    job = _life(session, operation, model).job
    for one in _lists(session.provider):
        exchange = session.ask(one.name)
        listed = _ids(exchange.body)
        mine = str((job.accepted.body or {}).get("request_id"))
        if listed.count(mine) != 1:
            times = f"{listed.count(mine)} times"
            yield Finding("lifecycle.ends", f"{one.name} lists a job that was just made {times}", exchange)
        if len(set(listed)) != len(listed):
            yield Finding("lifecycle.ends", f"{one.name} lists a job twice", exchange)
        if any(parameter.name == "limit" for parameter in one.parameters):
            page = session.ask(one.name, {"query": {"limit": "1"}})
            if _ids(page.body) != listed[:1]:
                yield Finding("lifecycle.ends", f"{one.name} has another job on a page of one than first of all", page)


def _ids(document: Any) -> list[str]:
    """The jobs of a list, in its order."""
    lists = [value for value in document.values() if isinstance(value, list)] if isinstance(document, Mapping) else []
    return [
        str(item["request_id"]) for one in lists for item in one if isinstance(item, Mapping) and "request_id" in item
    ]


def _files(session: Session, operation: Operation, model: Model) -> Iterator[Finding]:
    life = _life(session, operation, model)
    if life.ended.body is None:
        yield from faults(session, life.job, life.ended, life.ended, life.file)
        return
    told = [life.ended] if not life.job.polls else [life.job.ask(poll) for poll in life.job.polls]
    found = dict(pair for exchange in told for pair in life.job.files(exchange))
    if not found:
        yield Finding("media.decodes", f"a job of {model.id} tells of no file", life.ended)
    for url, download in found.items():
        exchange = session.send(download, Request("GET", url, {}, None))
        yield from faults(session, life.job, life.ended, exchange, session.file)


def _money(session: Session, operation: Operation, model: Model) -> Iterator[Finding]:
    life = _life(session, operation, model)
    if life.before is None or life.after is None:
        raise CouldNotCheck("nobody tells what the account has")
    shown, left = life.after
    fell, told = life.before - left, cost_of(life.ended)
    cost, expected = fell if told is None else told, bill(model, life.job.fields)
    if expected is not None and not expected.allows(cost):
        yield Finding("money.cost", f"a job of {model.id} cost {cost}, and not {expected}", life.ended)
    if fell == cost:
        return
    message = f"the balance fell by {fell}, and the job cost {cost}"
    if session.target.live and fell > cost:
        raise CouldNotCheck(f"{message}: others may use the account")
    yield Finding("money.balance", message, shown or life.ended)
