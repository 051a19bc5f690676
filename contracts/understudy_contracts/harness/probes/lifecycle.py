"""The life of a job of each model: handed in, polled to its end, looked up, downloaded and paid for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import partial

from understudy_contracts.checks import Finding
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

from .jobs import Job, balance_of, cost_of, rest_of, tells_balance
from .life import OVER, life_of
from .lists import listed, lists_of
from .media import faults
from .requests import most, submits

_BENCH = frozenset[Need]({"bench"})
#: Seconds after its end at which a job is looked at again.
_LATER = 5.0


#: What takes a job of its own.
_OF_ITS_OWN = frozenset({"lifecycle", "cancelled", "several"})


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
            if polls_of(one) and any(lists_of(provider)):
                yield _probe(model, one, "listed", listed, ("lifecycle.ends",))
            # What is made at once cannot be called off.
            for cancel in _cancels(one) if model.output.delivery == "async" else ():
                perform = partial(_cancelled, cancel=cancel)
                yield _probe(model, one, "cancelled", perform, ("lifecycle.ends", "money.balance"), _BENCH)
            told = frozenset[Need]() if tells_balance(provider) else _BENCH
            yield _probe(model, one, "money", _money, ("money.cost", "money.balance"), told)
            if polls_of(one):
                yield _probe(model, one, "asking", _asking, ("idempotent.poll",), _BENCH)
            if model.output.count_field is not None:
                yield _probe(model, one, "several", _several, ("lifecycle.ends", "accepted"), _BENCH)


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
        bound=_bound(model, operation, what),
        seconds=seconds,
        needs=needs,
        follows="" if what in _OF_ITS_OWN else f"{of}.lifecycle.{model.id}",
    )


def _bound(model: Model, operation: Operation, what: str) -> Decimal | None:
    if what not in _OF_ITS_OWN:
        return Decimal(0)
    several = {str(model.output.count_field): 2} if what == "several" else {}
    return most(operation, model, {**fields_of(model, {}), **several})


def _ends(session: Session, operation: Operation, model: Model) -> Iterator[Finding]:
    try:
        life = life_of(session, operation, model)
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
    session.wait(OVER)
    again = job.ask(job.polls[0])
    if (again.status, again.body) != (ended.status, ended.body):
        yield Finding("lifecycle.ends", "a job that was called off goes on", again)
    if (fell := before - balance_of(session)[1]) != 0:
        yield Finding("money.balance", f"a job was called off, and the balance fell by {fell}", again)


def _files(session: Session, operation: Operation, model: Model) -> Iterator[Finding]:
    life = life_of(session, operation, model)
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
    life = life_of(session, operation, model)
    if life.after is None:
        raise CouldNotCheck("nobody tells what the account has")
    if life.before is None:
        raise CouldNotCheck("what the account had before the job was handed in is not known any more")
    shown, left = life.after
    fell, told = life.before - left, cost_of(life.ended)
    cost, expected = fell if told is None else told, bill(model, life.job.fields)
    if expected is not None and not expected.allows(cost):
        yield Finding("money.cost", f"a job of {model.id} cost {cost}, and not {expected}", life.ended)
    if fell != cost:
        message = f"the balance fell by {fell}, and the job cost {cost}"
        if session.target.live and fell > cost:
            raise CouldNotCheck(f"{message}: others may use the account")
        yield Finding("money.balance", message, shown or life.ended)
    rest = rest_of(life.ended)
    if rest is not None and rest != left and not session.target.live:
        yield Finding("money.balance", f"a job tells that {rest} is left, and the account that {left} is", life.ended)


def _asking(session: Session, operation: Operation, model: Model) -> Iterator[Finding]:
    """Looking is free: what tells of a job that has ended can be asked as often as one likes."""
    life = life_of(session, operation, model)
    _, before = balance_of(session)
    for one in (*life.job.polls, *lists_of(session.provider)):
        exchange = life.job.ask(one)
        _, after = balance_of(session)
        if after != before:
            yield Finding(
                "idempotent.poll", f"{one.name} was asked, and the balance fell by {before - after}", exchange
            )
        before = after


def _several(session: Session, operation: Operation, model: Model) -> Iterator[Finding]:
    """Ask for two results: there come two, and each is another."""
    job = Job.begin(session, operation, model, {str(model.output.count_field): 2})
    if job.accepted.status >= 400:
        yield Finding("accepted", f"{model.id} does not take a request for two results", job.accepted)
        return
    job.finish()
    session.wait(OVER)
    ended = job.ask(job.polls[0]) if job.polls else job.accepted
    files = [url for url, _ in job.files(ended)]
    if len(files) < 2:
        yield Finding("lifecycle.ends", f"two results of {model.id} were asked for, and {len(files)} came", ended)
