"""Rules that any recording of a conversation with Segmind must keep, whoever spoke the provider's part.

Each check takes a `Record` and returns what it found wrong; `violations` runs them all. A recording is of one account.
A body that is neither an object nor a list says nothing; of a file that a blocking call made, the headers are judged,
where they were recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from understudy_contracts.models import Model
from understudy_contracts.provider import contract

from .exchange import Exchange, Finding, Webhook
from .segmind_paths import Place
from .segmind_record import POLLS, SUBMITS, Record

Item = Mapping[str, Any]

_RESET = "x-rate-limit-reset-at-utc"


def violations(
    exchanges: Iterable[Exchange], webhooks: Iterable[Webhook] = (), switches: Mapping[str, str] | None = None
) -> list[Finding]:
    """List every rule that a recorded conversation breaks; nothing when it keeps them all.

    Raises `ValueError` for a switch or a value that Segmind's contract does not have.
    """
    record = Record(exchanges, webhooks, switches)
    return [finding for check in CHECKS for finding in check(record)]


def schema(record: Record) -> Iterator[Finding]:
    """Every answer and every webhook has the form the contract gives it."""
    judges = contract("segmind")
    for exchange, place in record.exchanges:
        form = _form(exchange, place, record.switches)
        if form is not None and isinstance(exchange.body, Mapping | list):
            for violation in judges.judge(form, **record.switches).violations(exchange.body):
                yield Finding("schema", violation.message, exchange)
    for webhook in record.webhooks:
        for violation in judges.judge("webhook-event", **record.switches).violations(webhook.body):
            yield Finding("schema", violation.message, webhook)


def headers(record: Record) -> Iterator[Finding]:
    """A blocking call's answer tells cost, balance, id and time in its headers, and is of the model's own kind."""
    for exchange, place in record.exchanges:
        told = _lowered(exchange)
        if exchange.status == 429 and told and _RESET not in told:
            yield Finding("headers", f"a refusal for being too quick lacks {_RESET}", exchange)
        if not place.blocking or exchange.status >= 300 or not told:
            continue
        for violation in contract("segmind").judge("blocking-headers").violations(told):
            yield Finding("headers", violation.message, exchange)
        model, given = _model(place), told.get("content-type", "")
        if model is not None and not given.startswith(_media_type(model, record.switches)):
            yield Finding("headers", f"{place.model} makes {model.output.kind}, but the answer is {given}", exchange)


def ids_echoed(record: Record) -> Iterator[Finding]:
    """An answer speaks of what it was asked about, its addresses too, and every submit makes a job of its own."""
    for exchange, place in record.exchanges:
        if exchange.status < 400 and isinstance(exchange.body, Mapping):
            yield from _not_echoed(exchange, place, exchange.body)
    for uuid, job in record.jobs.items():
        if sum(heard.place.form in SUBMITS for heard in job.heard) > 1:
            yield Finding("ids-echoed", f"two submits made one job, {uuid}", job.heard[-1].exchange)


def _not_echoed(exchange: Exchange, place: Place, body: Item) -> Iterator[Finding]:
    asked, told = place.id, body.get("request_id")
    if place.form in ("webhook-answer", "webhook-logs-answer"):
        sent = exchange.request if isinstance(exchange.request, Mapping) else {}
        asked, told = asked or sent.get("webhook_id"), body.get("webhook_id")
    if asked is not None and told is not None and told != asked:
        yield Finding("ids-echoed", f"asked about {asked}, told of {told}", exchange)
    if place.form in (*SUBMITS, *POLLS):
        for name in ("poll_url", "status_url", "response_url"):
            address = body.get(name)
            if isinstance(address, str) and told is not None and str(told) not in address:
                yield Finding("ids-echoed", f"{name} leads elsewhere than to {told}", exchange)


def only_forward(record: Record) -> Iterator[Finding]:
    """A job only goes forward; one that has ended stays as it is until it is forgotten, and then stays forgotten."""
    for uuid, job in record.jobs.items():
        reached = 0
        gone: set[str] = set()
        ends: dict[str, Item] = {}
        for heard in job.heard:
            path = heard.exchange.path
            if heard.exchange.status == 404:
                gone.add(path)
                continue
            if path in gone:
                yield Finding("only-forward", f"the job {uuid} was gone and is back", heard.exchange)
            now = reached if heard.step is None else heard.step
            if now < reached:
                yield Finding("only-forward", f"the job {uuid} went back to {heard.status}", heard.exchange)
            reached = max(reached, now)
            if heard.final and ends.setdefault(path, heard.body) != heard.body:
                yield Finding("only-forward", f"the job {uuid} changed after it had ended", heard.exchange)
        if len({heard.status for heard in job.ended}) > 1:
            yield Finding("only-forward", f"the job {uuid} both completed and failed", job.heard[-1].exchange)


def failed_is_422(record: Record) -> Iterator[Finding]:
    """A poll of the queue answers HTTP 422 exactly when the job has failed."""
    for uuid, job in record.jobs.items():
        for heard in job.heard:
            failed = heard.status == "FAILED"
            if heard.place.poll and heard.exchange.status != 404 and failed != (heard.exchange.status == 422):
                message = f"{uuid} is {heard.status}, told with HTTP {heard.exchange.status}"
                yield Finding("failed-is-422", message, heard.exchange)


def metrics(record: Record) -> Iterator[Finding]:
    """What a job took is told once it has ended, and the same by every poll."""
    for uuid, job in record.jobs.items():
        polled = [heard for heard in job.heard if heard.place.poll and "metrics" in heard.body]
        told = None
        for heard in polled:
            if heard.final:
                told = told or heard.body["metrics"]
                if heard.body["metrics"] != told:
                    yield Finding("metrics", f"the metrics of {uuid} changed", heard.exchange)
            elif heard.body["metrics"]:
                yield Finding("metrics", f"the job {uuid} has metrics before its end", heard.exchange)


def money(record: Record) -> Iterator[Finding]:
    """Only a success costs, and the history has the cost that was told."""
    costs = dict(_costs(record))
    for uuid, job in record.jobs.items():
        for heard in job.heard:
            if heard.status == "FAILED" and "cost" in _mapping(heard.body.get("metrics")):
                yield Finding("money", f"the job {uuid} failed and has a cost", heard.exchange)
    for exchange, row in _history(record):
        uuid, deducted = str(row.get("request_id")), row.get("credits_deduction")
        if row.get("model_status") == "FAILED" and deducted:
            yield Finding("money", f"the request {uuid} failed and was charged {deducted}", exchange)
        elif row.get("model_status") == "COMPLETED" and _amount(deducted) != costs.get(uuid, _amount(deducted)):
            yield Finding("money", f"the request {uuid} cost {costs[uuid]}, the history has {deducted}", exchange)


def webhooks_agree(record: Record) -> Iterator[Finding]:
    """A webhook tells the end that polls tell."""
    for webhook in record.webhooks:
        told = _mapping(_mapping(webhook.body).get("data"))
        job = record.jobs.get(str(told.get("request_id")))
        if job is not None and any(heard.status != told.get("status") for heard in job.ended):
            yield Finding("webhooks-agree", f"polls tell another end of {told.get('request_id')}", webhook)


#: Every check there is.
CHECKS = (schema, headers, ids_echoed, only_forward, failed_is_422, metrics, money, webhooks_agree)


def _form(exchange: Exchange, place: Place, switches: Mapping[str, str]) -> str | None:
    """The schema an answer has to satisfy; None where there is nothing to hold it to."""
    if exchange.status >= 400:
        if place.poll and exchange.status == 422:
            return "failed-answer"
        return "error" if place.known else None
    if place.blocking and isinstance(exchange.body, Mapping):
        model = _model(place)
        if model is not None and model.output.kind == "text":
            return "chat-answer"
        return "result" if switches["v1-answer"] == "json" else None
    return place.form


def _model(place: Place) -> Model | None:
    return contract("segmind").models.get(str(place.model))


def _media_type(model: Model, switches: Mapping[str, str]) -> str:
    as_json = model.output.kind == "text" or switches["v1-answer"] == "json"
    return "application/json" if as_json else f"{model.output.kind}/"


def _costs(record: Record) -> Iterator[tuple[str, Decimal]]:
    for uuid, job in record.jobs.items():
        for heard in job.ended:
            cost = _amount(_mapping(heard.body.get("metrics")).get("cost"))
            if cost is not None:
                yield uuid, cost
    for exchange, place in record.exchanges:
        told = _lowered(exchange)
        cost = _amount(told.get("x-cost"))
        if place.blocking and exchange.status < 300 and cost is not None:
            yield told.get("x-request-id", ""), cost


def _history(record: Record) -> Iterator[tuple[Exchange, Item]]:
    for exchange, place in record.exchanges:
        if exchange.status >= 400 or place.form not in ("history-answer", "history-row"):
            continue
        body = _mapping(exchange.body)
        rows = body.get("requests") if place.form == "history-answer" else [body]
        known = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
        ids = [row.get("request_id") for row in known]
        # A request with several files has a row for each, and no source tells how they share its cost.
        yield from ((exchange, row) for row in known if ids.count(row.get("request_id")) == 1)


def _mapping(value: Any) -> Item:
    return value if isinstance(value, Mapping) else {}


def _amount(value: object) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _lowered(exchange: Exchange) -> dict[str, str]:
    return {name.lower(): value for name, value in exchange.headers.items()}
