"""What a provider sends of its own accord: webhooks and files, to an address on this machine."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from understudy_contracts.checks import Exchange, Finding
from understudy_contracts.checks.exchange import Webhook
from understudy_contracts.harness.expected import texts
from understudy_contracts.harness.jobs import state_of
from understudy_contracts.harness.probe import CouldNotCheck, Need, Probe
from understudy_contracts.harness.session import Session, Sink
from understudy_contracts.harness.shortest import fields_of
from understudy_contracts.models import Model
from understudy_contracts.operations import Operation, Told
from understudy_contracts.provider import contract
from understudy_contracts.requests import field_of

from .jobs import Job
from .requests import most, submits

#: Real seconds that something that was sent may take to arrive.
_PATIENCE = 1.0
#: Seconds after which it would have been sent again.
_LATER = 300.0


def webhooks(provider: str, models: Iterable[Model]) -> Iterator[Probe]:
    """Try whether what a provider sends arrives, once for each result, and tells what a poll tells."""
    for sent in contract(provider).operations.values():
        if sent.outgoing and sent.address is not None:
            asked = contract(provider).operations[sent.address.operation]
            field = sent.address.field.removeprefix("request.")
            for model in models:
                for one in submits(model):
                    if one.name == asked.name:
                        yield _probe(model, one, sent, partial(_of_job, sent=sent, model=model, field=field))
            if asked.free:
                yield _by_account(provider, sent, asked, field)


def _probe(model: Model, submit: Operation, sent: Operation, perform: Any) -> Probe:
    checks = ("webhook.agrees", "webhook.once") if sent.method == "POST" else ("webhook.agrees",)
    return Probe(
        name=f"{model.provider}.{sent.name}.{model.id}",
        provider=model.provider,
        operation=submit.name,
        checks=checks,
        tier="paid",
        why=submit.why,
        perform=partial(perform, submit=submit),
        bound=most(submit, model, fields_of(model, {})),
        needs=frozenset[Need]({"sink", "bench"}),
        not_live="no webhook can reach this machine from the provider",
    )


def _by_account(provider: str, sent: Operation, asked: Operation, field: str) -> Probe:
    submit = _of_no_model(provider)
    return Probe(
        name=f"{provider}.{sent.name}.of-account",
        provider=provider,
        operation=asked.name,
        checks=("webhook.agrees", "webhook.once"),
        tier="paid",
        why=submit.why,
        perform=partial(_of_account, sent=sent, asked=asked, field=field),
        bound=Decimal(0),
        needs=frozenset[Need]({"sink", "bench"}),
        not_live=f"it leaves {asked.leaves} behind at the provider",
    )


def _of_job(session: Session, submit: Operation, sent: Operation, model: Model, field: str) -> Iterator[Finding]:
    """Name the address in the request for a job."""
    sink = _sink(session)
    came: list[Any] = sink.files if sent.method == "PUT" else sink.webhooks
    before = len(came)
    job = Job.begin(session, submit, model, {field: sink.url})
    if state_of(job.ask(job.polls[0])) == "open" and len(came) > before:
        yield Finding(
            "webhook.agrees", "a webhook arrives before the job has ended", _shown(came, before, job.accepted)
        )
    ended = job.finish()
    yield from _arrived(session, came, before, 1, ended)
    if sent.method == "PUT" and session.file and came[before:] and not came[-1]:
        yield Finding("webhook.agrees", "the file that is sent is empty", ended)


def _of_account(session: Session, sent: Operation, asked: Operation, field: str) -> Iterator[Finding]:
    """Register the address; it then hears of every job of the kind that the contract prints an event of."""
    sink = _sink(session)
    session.ask(asked.name, {"with": {field: sink.url}})
    submit = _of_no_model(session.provider)
    before = len(sink.webhooks)
    accepted = session.ask(submit.name)
    [poll, *_] = session.polls_of(submit.name)
    ended = session.finish(lambda: session.ask(poll.name, told=lambda source: _told(accepted, source)))
    yield from _arrived(session, sink.webhooks, before, 1, ended)
    said = {text for one in sink.webhooks[before:] for text in texts(Exchange(None, 200, one.body, one.at))}
    if sink.webhooks[before:] and not said & set(texts(accepted)) & _ids(accepted):
        yield Finding("webhook.agrees", "a webhook does not tell which job it is about", sink.webhooks[before])


def _of_no_model(provider: str) -> Operation:
    every = contract(provider).operations.values()
    mine = (one for one in every if one.purpose == "submit" and one.request is not None and one.request.models is None)
    return next(mine)


def _told(accepted: Exchange, source: Told) -> str:
    return str(field_of(accepted.body, source.field))


def _ids(accepted: Exchange) -> set[str]:
    body = accepted.body if isinstance(accepted.body, Mapping) else {}
    return {str(value) for name, value in body.items() if name.endswith("_id")}


def _sink(session: Session) -> Sink:
    assert session.sink is not None
    return session.sink


def _arrived(session: Session, came: list[Any], before: int, wanted: int, ended: Exchange) -> Iterator[Finding]:
    session.wait(1.0)
    until = time.monotonic() + _PATIENCE
    while len(came) - before < wanted and time.monotonic() < until:
        time.sleep(0.01)
    if len(came) - before < wanted:
        if why := _out_of_reach(session):
            raise CouldNotCheck(f"what is sent cannot reach this machine: {why}")
        yield Finding("webhook.agrees", f"nothing arrives within {_PATIENCE:g} s of the end of a job", ended)
        return
    session.wait(_LATER)
    if len(came) - before > wanted:
        shown = _shown(came, before + wanted, ended)
        yield Finding("webhook.once", f"{len(came) - before} arrive, and {wanted} were to be sent", shown)


def _out_of_reach(session: Session) -> str:
    """Why nothing that was sent to us got to us, as with a stand-in in a container; "" where something did."""
    if session.bench is None:
        return ""
    base = _sink(session).url.rsplit("/", 1)[0]
    tried = [one for each in session.bench.deliveries() if each["url"].startswith(base) for one in each["attempts"]]
    alone = tried and all(one["status"] is None for one in tried)
    return str(tried[-1]["problem"]) if alone else ""


def _shown(came: list[Any], index: int, otherwise: Exchange) -> Exchange | Webhook:
    return came[index] if isinstance(came[index], Webhook) else otherwise
