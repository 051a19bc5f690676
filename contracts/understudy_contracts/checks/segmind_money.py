"""What any recording of a conversation with Segmind must keep about money."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from understudy_contracts.models import Model

from .check import Notes, Rules
from .exchange import Exchange
from .prices import amount_of, bill
from .segmind_record import SUBMITS, Item, Record, mapping, model_of

RULES: Rules[Record] = Rules("segmind")

_HARVEST = "a dated harvest of Segmind's docs, api-evangelist/segmind, 2026-08"


@dataclass(frozen=True, slots=True)
class Charge:
    """A cost that was told, and what for."""

    id: str
    cost: Decimal
    exchange: Exchange
    model: Model | None
    #: What the model was given.
    sent: Item


@RULES.check(
    "metrics",
    why="Cost and times are booked from whichever poll came first: a later one must not tell others.",
    sources=("Segmind docs, async inference", _HARVEST, "that a part is no longer than the whole is inferred"),
)
def metrics(record: Record, notes: Notes) -> None:
    """What a job took is told once it has ended, the same by every poll, and no part is longer than the whole."""
    for uuid, job in record.jobs.items():
        polled = [heard for heard in job.heard if heard.place.poll and "metrics" in heard.body]
        told = None
        for heard in polled:
            notes.look()
            mine = heard.body["metrics"]
            if not heard.final:
                if mine:
                    notes.find(f"the job {uuid} has metrics before its end", heard.exchange)
                continue
            told = told or mine
            if mine != told:
                notes.find(f"the metrics of {uuid} changed", heard.exchange)
            total, *parts = (amount_of(mapping(mine).get(f"{name}_time")) for name in ("total", "inference", "queue"))
            if total is not None and any(part is not None and part > total for part in parts):
                notes.find(f"a part of {uuid} took longer than the whole", heard.exchange)


@RULES.check(
    "money",
    why="A failure that is charged, or a history that has another cost, is a wrong bill.",
    sources=(f"{_HARVEST}: only what is completed is billed", "credits_deduction: segmind 1.3.0 (PyPI)"),
)
def money(record: Record, notes: Notes) -> None:
    """Only a success costs, and the history has the cost that was told."""
    costs = {charge.id: charge.cost for charge in _charges(record)}
    for uuid, job in record.jobs.items():
        for heard in job.ended:
            notes.look()
            if heard.status == "FAILED" and "cost" in mapping(heard.body.get("metrics")):
                notes.find(f"the job {uuid} failed and has a cost", heard.exchange)
    for exchange, row in _history(record):
        uuid, deducted = str(row.get("request_id")), row.get("credits_deduction")
        if row.get("model_status") == "FAILED":
            notes.look()
            if deducted:
                notes.find(f"the request {uuid} failed and was charged {deducted}", exchange)
        elif row.get("model_status") == "COMPLETED" and uuid in costs:
            notes.look()
            if amount_of(deducted) != costs[uuid]:
                notes.find(f"the request {uuid} cost {costs[uuid]}, the history has {deducted}", exchange)


@RULES.check(
    "price",
    why="A bill that is not price times length is a wrong bill.",
    sources=(
        "segmind/models/*.json, each price and rule of length with its own source and confidence",
        "$0.125 a second of heygen-avatar-iv: a survey quoting its page of prices, 2026-08 (observed)",
        "how long a script is: inferred from printed examples of the same engine",
    ),
)
def price(record: Record, notes: Notes) -> None:
    """A cost is the model's price times the length: where the request tells it exactly, or about that for a script.

    What is only assumed of a price is held against nobody, nor is the length of a recording nobody measured.
    """
    for charge in _charges(record):
        expected = None if charge.model is None else bill(charge.model, charge.sent)
        if expected is not None:
            notes.look()
            if not expected.allows(charge.cost):
                notes.find(f"{charge.id} cost {charge.cost}, and not {expected}", charge.exchange)


def _charges(record: Record) -> Iterator[Charge]:
    for uuid, job in record.jobs.items():
        submit = next((heard for heard in job.heard if heard.place.form in SUBMITS), None)
        model = None if submit is None else model_of(submit.place)
        sent = {} if submit is None else mapping(submit.exchange.request)
        for heard in job.ended:
            cost = amount_of(mapping(heard.body.get("metrics")).get("cost"))
            if cost is not None:
                yield Charge(uuid, cost, heard.exchange, model, sent)
    for exchange, place in record.exchanges:
        if place.blocking and exchange.status < 300:
            told = exchange.headers
            cost = amount_of(told.get("x-cost"))
            if cost is not None:
                yield Charge(told.get("x-request-id", ""), cost, exchange, model_of(place), mapping(exchange.request))


def _history(record: Record) -> Iterator[tuple[Exchange, Item]]:
    for exchange, place in record.exchanges:
        if exchange.status >= 400 or place.form not in ("history-answer", "history-row"):
            continue
        body = mapping(exchange.body)
        rows = body.get("requests") if place.form == "history-answer" else [body]
        known = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
        times = Counter(str(row.get("request_id")) for row in known)
        # A request with several files has a row for each, and no source tells how they share its cost.
        yield from ((exchange, row) for row in known if times[str(row.get("request_id"))] == 1)
