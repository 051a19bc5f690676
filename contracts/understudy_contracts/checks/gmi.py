"""Rules that any recording of a conversation with GMI Cloud's queue must keep, whoever spoke the queue's part.

Each check takes a `Record` and returns what it found wrong; `violations` runs them all. A recording is of one account;
an exchange whose body is no JSON object, such as a gateway's page, says nothing about the contract and is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from understudy_contracts.provider import contract

from .exchange import Exchange, Finding
from .gmi_paths import Place, place_of

Item = Mapping[str, Any]

_ORDER = {"created": 0, "queued": 1, "dispatched": 2, "processing": 3, "success": 4, "failed": 4, "cancelled": 4}
_FINAL = 4


@dataclass(slots=True)
class Request:
    """One request to the queue: what was asked, and everything heard of it since."""

    submit: Exchange | None = None
    #: Six keys or a whole record, each with the answer that showed it, in the order of time.
    seen: list[tuple[Exchange, Item]] = field(default_factory=list)

    @property
    def records(self) -> list[tuple[Exchange, Item]]:
        """What was heard of it in whole records."""
        return [(exchange, item) for exchange, item in self.seen if "outcome" in item]


class Record:
    """A recorded conversation, sorted by request. `switches` tell which readings of the contract it is held to."""

    def __init__(self, exchanges: Iterable[Exchange], switches: Mapping[str, str] | None = None) -> None:
        kept = sorted((e for e in exchanges if isinstance(e.body, Mapping)), key=lambda e: e.at)
        self.exchanges: list[tuple[Exchange, Place]] = [(e, place_of(e.method, e.path)) for e in kept]
        self.switches = contract("gmi").switch_values(switches)
        self.requests: dict[str, Request] = {}
        for exchange, place in self.exchanges:
            for item in _told(exchange, place):
                request = self.requests.setdefault(str(item["request_id"]), Request())
                request.seen.append((exchange, item))
                if place.form == "submit-answer" and request.submit is None:
                    request.submit = exchange


def violations(exchanges: Iterable[Exchange], switches: Mapping[str, str] | None = None) -> list[Finding]:
    """List every rule that a recorded conversation breaks; nothing when it keeps them all.

    Raises `ValueError` for a switch or a value that GMI Cloud's contract does not have.
    """
    record = Record(exchanges, switches)
    return [finding for check in CHECKS for finding in check(record)]


def schema(record: Record) -> Iterator[Finding]:
    """Every answer has the form the contract gives it; what comes of a request is null until it has ended."""
    for exchange, place in record.exchanges:
        form = place.form if exchange.status < 400 else "error" if place.queue else None
        if form == "submit-answer" and _is_sync(exchange):
            form = "sync-answer"
        if form is not None:
            for violation in contract("gmi").judge(form, **record.switches).violations(exchange.body):
                yield Finding("schema", violation.message, exchange)


def ids_echoed(record: Record) -> Iterator[Finding]:
    """An answer speaks of the request or the model it was asked about, and every submit makes a request of its own."""
    for exchange, place in record.exchanges:
        if exchange.status < 400:
            yield from _not_echoed(exchange, place)
    for uuid, request in record.requests.items():
        submits = {
            id(exchange)
            for exchange, _ in request.seen
            if place_of(exchange.method, exchange.path).form == "submit-answer"
        }
        if len(submits) > 1:
            yield Finding("ids-echoed", f"two submits made one request, {uuid}", request.seen[-1][0])
        models = {item.get("model") for _, item in request.seen}
        if len(models) > 1:
            yield Finding("ids-echoed", f"the request {uuid} is of several models", request.seen[-1][0])


def _not_echoed(exchange: Exchange, place: Place) -> Iterator[Finding]:
    body = exchange.body
    if place.form == "record" and body.get("request_id") != place.id:
        yield Finding("ids-echoed", f"asked about {place.id}, told of {body.get('request_id')}", exchange)
    elif place.form == "model-detail" and body.get("model") != place.id:
        yield Finding("ids-echoed", f"asked about {place.id}, told of {body.get('model')}", exchange)
    elif place.form == "submit-answer" and body.get("model") != _asked(exchange).get("model"):
        yield Finding("ids-echoed", f"asked for {_asked(exchange).get('model')}, got {body.get('model')}", exchange)
    elif place.form == "list-answer":
        told = _told(exchange, place)
        if place.model is not None and any(item.get("model") != place.model for item in told):
            yield Finding("ids-echoed", f"a list of {place.model} holds requests of others", exchange)
        if len({item["request_id"] for item in told}) < len(told):
            yield Finding("ids-echoed", "a list holds a request twice", exchange)


def only_forward(record: Record) -> Iterator[Finding]:
    """A request only goes forward, and one that has ended stays as it is."""
    for uuid, request in record.requests.items():
        reached, ended = 0, None
        for exchange, item in request.seen:
            now = _ORDER.get(str(item.get("status")), reached)
            if now < reached:
                yield Finding("only-forward", f"the request {uuid} went back to {item.get('status')}", exchange)
            reached = max(reached, now)
            if "outcome" in item and ended is not None and item != ended:
                yield Finding("only-forward", f"the request {uuid} changed after it had ended", exchange)
            if "outcome" in item and now == _FINAL:
                ended = ended or item


def timestamps(record: Record) -> Iterator[Finding]:
    """When a request came never changes, and `updated_at` moves only as it ends."""
    for uuid, request in record.requests.items():
        _, first = request.seen[0]
        for exchange, item in request.seen:
            if any(item.get(name) != first.get(name) for name in ("created_at", "queued_at")):
                yield Finding("timestamps", f"the request {uuid} came at two times", exchange)
            created, updated = item.get("created_at"), item.get("updated_at")
            if not isinstance(created, int) or not isinstance(updated, int):
                continue
            if updated < created or (updated != created and _ORDER.get(str(item.get("status"))) != _FINAL):
                yield Finding("timestamps", f"the request {uuid} was updated without an end", exchange)


def lists(record: Record) -> Iterator[Finding]:
    """A list is newest first, no longer than asked, and says truly how many there are and whether more follow."""
    for exchange, place in record.exchanges:
        if place.form != "list-answer" or exchange.status >= 400:
            continue
        told = _told(exchange, place)
        stamps = [item.get("created_at", 0) for item in told]
        total, more = exchange.body.get("total"), exchange.body.get("has_more")
        if stamps != sorted(stamps, reverse=True):
            yield Finding("lists", "the list is not newest first", exchange)
        if place.limit is not None and len(told) > place.limit:
            yield Finding("lists", f"{len(told)} requests were told where {place.limit} were asked for", exchange)
        if isinstance(total, int):
            end = place.offset + len(told)
            if told and end > total:
                yield Finding("lists", f"there are {end} requests and not {total}", exchange)
            if more is not (end < total):
                yield Finding("lists", f"has_more is {more} at {end} of {total}", exchange)


def payload_echoed(record: Record) -> Iterator[Finding]:
    """A record shows the payload exactly as it was sent."""
    if record.switches["payload-echo"] != "verbatim":
        return
    for uuid, request in record.requests.items():
        if request.submit is None:
            continue
        sent = _written(_asked(request.submit).get("payload"))
        for exchange, item in request.records:
            if _written(item.get("payload")) != sent:
                yield Finding("payload-echoed", f"the payload of {uuid} is not the one that was sent", exchange)


def outcomes(record: Record) -> Iterator[Finding]:
    """A success comes to what its model promises, its media numbered from "0"."""
    models = contract("gmi").models
    for uuid, request in record.requests.items():
        for exchange, item in request.records:
            outcome, model = item.get("outcome"), models.get(str(item.get("model")))
            if item.get("status") != "success" or not isinstance(outcome, Mapping) or model is None:
                continue
            if lacking := [name for name in model.outcome if name not in outcome]:
                yield Finding("outcomes", f"the outcome of {uuid} lacks {', '.join(lacking)}", exchange)
            media = outcome.get("media_urls", [])
            told = [one.get("id") for one in media if isinstance(one, Mapping)]
            if told != [str(index) for index in range(len(media))]:
                yield Finding("outcomes", f"the media of {uuid} are numbered {told}", exchange)


#: Every check there is.
CHECKS = (schema, ids_echoed, only_forward, timestamps, lists, payload_echoed, outcomes)


def _told(exchange: Exchange, place: Place) -> list[Item]:
    """What an answer tells about requests."""
    if exchange.status >= 400 or place.form not in ("submit-answer", "record", "list-answer"):
        return []
    found = exchange.body.get("requests") if place.form == "list-answer" else [exchange.body]
    items = found if isinstance(found, list) else []
    return [item for item in items if isinstance(item, Mapping) and isinstance(item.get("request_id"), str)]


def _asked(exchange: Exchange) -> Item:
    return exchange.request if isinstance(exchange.request, Mapping) else {}


def _is_sync(exchange: Exchange) -> bool:
    model = contract("gmi").models.get(str(_asked(exchange).get("model")))
    return model is not None and model.output.delivery == "sync"


def _written(value: object) -> bytes:
    # As JSON, for there 1 and 1.0 and true are three things.
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
