"""What any recording of a conversation with GMI Cloud's queue must keep, whoever spoke the queue's part."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from understudy_contracts.provider import contract

from .asked import declared_answer, misfits
from .check import Notes, Rules
from .exchange import Exchange
from .gmi_paths import Place
from .gmi_record import FINAL, ORDER, Record, asked, told

RULES: Rules[Record] = Rules("gmi")

_PAGE = "GMI model page, HeyGen Avatar 4"
_API = "GMI docs, video API reference"
_SDK = "gmicloud 0.1.10 (PyPI)"
_RECORDS = "live records of deployed clients, 2026 (observed)"

#: Moments in seconds lie between these two: 2001 and 2286. In milliseconds they would lie beyond.
_EARLIEST, _LATEST = 1_000_000_000, 9_999_999_999


@RULES.check(
    "schema",
    why="The official SDK raises on a field of another type and on a status that it does not know.",
    sources=(_PAGE, _API, _SDK, _RECORDS),
    scope="exchange",
)
def schema(record: Record, notes: Notes) -> None:
    """Every answer has the form the contract gives it; what comes of a request is null until it has ended."""
    for exchange, place in record.exchanges:
        if forms := _forms(exchange, place, record.switches):
            notes.look()
            for violation in misfits("gmi", forms, exchange.body, record.switches):
                notes.find(violation.message, exchange)


def _forms(exchange: Exchange, place: Place, switches: Mapping[str, str]) -> tuple[str, ...]:
    if exchange.status < 400 and place.form is not None:
        return ("sync-answer",) if place.form == "submit-answer" and _is_sync(exchange) else (place.form,)
    said = declared_answer(exchange, switches)
    return said.schemas if said is not None else ()


@RULES.check(
    "ids-echoed",
    why="A record of somebody else's request is taken for the own one, and its video for the own video.",
    sources=(_PAGE, _API, f"lists: {_SDK}"),
    scope="exchange",
)
def ids_echoed(record: Record, notes: Notes) -> None:
    """An answer speaks of the request or the model it was asked about, and a list of each request once."""
    for exchange, place in record.exchanges:
        if exchange.status >= 400 or place.form not in ("record", "model-detail", "submit-answer", "list-answer"):
            continue
        notes.look()
        body = exchange.body
        if place.form == "record" and body.get("request_id") != place.id:
            notes.find(f"asked about {place.id}, told of {body.get('request_id')}", exchange)
        elif place.form == "model-detail" and body.get("model") != place.id:
            notes.find(f"asked about {place.id}, told of {body.get('model')}", exchange)
        elif place.form == "submit-answer" and body.get("model") != asked(exchange).get("model"):
            notes.find(f"asked for {asked(exchange).get('model')}, got {body.get('model')}", exchange)
        elif place.form == "list-answer":
            listed = told(exchange, place)
            if place.model is not None and any(item.get("model") != place.model for item in listed):
                notes.find(f"a list of {place.model} holds requests of others", exchange)
            if len({item["request_id"] for item in listed}) < len(listed):
                notes.find("a list holds a request twice", exchange)


@RULES.check(
    "ids-unique",
    why="Two submits that share a request share its video, too: one of them was paid for nothing.",
    sources=(f"{_API}: request_id is a UUID",),
)
def ids_unique(record: Record, notes: Notes) -> None:
    """Every submit makes a request of its own, and a request is of one model for ever."""
    for uuid, request in record.requests.items():
        notes.look()
        for exchange in request.submits[1:]:
            notes.find(f"two submits made one request, {uuid}", exchange)
        _, first = request.seen[0]
        others = [exchange for exchange, item in request.seen if item.get("model") != first.get("model")]
        if others:
            notes.find(f"the request {uuid} is of several models", others[0])


@RULES.check(
    "only-forward",
    why="Clients stop asking at the first end they see: what comes after it is never heard.",
    sources=(f"{_PAGE}: the states", f"{_SDK}: created and dispatched", f"the order: {_RECORDS}"),
)
def only_forward(record: Record, notes: Notes) -> None:
    """A request only goes forward, and one that has ended stays as it is."""
    for uuid, request in record.requests.items():
        reached, ended = 0, None
        for exchange, item in request.seen:
            notes.look()
            now = ORDER.get(str(item.get("status")), reached)
            # However a submit says that the request was taken, it says no more than that it is queued.
            if item.get("status") == record.switches["submit-status"] and exchange in request.submits:
                now = ORDER["queued"]
            if now < reached:
                notes.find(f"the request {uuid} went back to {item.get('status')}", exchange)
            reached = max(reached, now)
            if "outcome" not in item:
                continue
            if ended is not None and item != ended:
                notes.find(f"the request {uuid} changed after it had ended", exchange)
            if now == FINAL:
                ended = ended or item


@RULES.check(
    "timestamps",
    why="A client that lost an answer finds its request, and its money, by created_at in the list.",
    sources=(f"{_PAGE}: unix seconds", f"updated_at stays until the end: {_RECORDS}"),
)
def timestamps(record: Record, notes: Notes) -> None:
    """Moments are unix seconds; when a request came never changes, and `updated_at` moves only as it ends."""
    for uuid, request in record.requests.items():
        _, first = request.seen[0]
        for exchange, item in request.seen:
            notes.look()
            if any(item.get(name) != first.get(name) for name in ("created_at", "queued_at")):
                notes.find(f"the request {uuid} came at two times", exchange)
            created, queued, updated = (item.get(name) for name in ("created_at", "queued_at", "updated_at"))
            if not isinstance(created, int) or not isinstance(updated, int) or not isinstance(queued, int):
                continue
            if not all(_EARLIEST <= moment <= _LATEST for moment in (created, queued, updated)):
                notes.find(f"the request {uuid} has moments that are no unix seconds", exchange)
            if queued < created:
                notes.find(f"the request {uuid} was queued before it was made", exchange)
            if updated < created or (updated != created and ORDER.get(str(item.get("status"))) != FINAL):
                notes.find(f"the request {uuid} was updated without an end", exchange)


@RULES.check(
    "lists",
    why="Clients page through a list to find what they have paid for: a page too short hides it.",
    sources=(f"limit, offset, total and has_more: {_RECORDS}", "newest first: inferred from how clients look"),
    scope="exchange",
)
def lists(record: Record, notes: Notes) -> None:
    """A list is newest first, no longer than asked, and says truly how many there are and whether more follow."""
    for exchange, place in record.exchanges:
        if place.form != "list-answer" or exchange.status >= 400:
            continue
        notes.look()
        listed = told(exchange, place)
        stamps = [stamp for item in listed if isinstance(stamp := item.get("created_at"), int)]
        total, more = exchange.body.get("total"), exchange.body.get("has_more")
        if stamps != sorted(stamps, reverse=True):
            notes.find("the list is not newest first", exchange)
        if place.limit is not None and len(listed) > place.limit:
            notes.find(f"{len(listed)} requests were told where {place.limit} were asked for", exchange)
        if isinstance(total, int):
            end = place.offset + len(listed)
            if listed and end > total:
                notes.find(f"there are {end} requests and not {total}", exchange)
            if more is not (end < total):
                notes.find(f"has_more is {more} at {end} of {total}", exchange)


@RULES.check(
    "lists-whole",
    why="After a lost answer a client looks for its request in the list: one that is not there is paid for again.",
    sources=(f"has_more: {_RECORDS}", "that nothing is left out is inferred from how clients look"),
)
def lists_whole(record: Record, notes: Notes) -> None:
    """A list that nothing follows has every request that was made before."""
    made: dict[str, dict[str, object]] = {}
    for exchange, place in record.exchanges:
        if exchange.status >= 400 or place.form not in ("submit-answer", "list-answer"):
            continue
        # Whoever is signed in may be somebody else than the key is.
        mine = made.setdefault(urlsplit(exchange.path).path, {})
        here = {str(item["request_id"]): item.get("model") for item in told(exchange, place)}
        if place.form == "submit-answer":
            mine.update(here)
        elif place.offset == 0 and exchange.body.get("has_more") is False:
            wanted = [uuid for uuid, model in mine.items() if place.model in (None, model)]
            notes.look(min(len(wanted), 1))
            for uuid in wanted:
                if uuid not in here:
                    notes.find(f"a whole list lacks the request {uuid}", exchange)


@RULES.check(
    "rate-limit",
    why="There is no Retry-After: a client waits as long as these numbers say.",
    sources=("live record of 2026-10-06 (observed)",),
    scope="exchange",
)
def rate_limit(record: Record, notes: Notes) -> None:
    """A refusal for being too quick says in numbers when to come again, and the same in words."""
    for exchange, place in record.exchanges:
        if exchange.status != 429 or not place.queue:
            continue
        notes.look()
        numbers, words = exchange.body.get("rate_limit"), str(exchange.body.get("error"))
        wait = numbers.get("retry_after_ms") if isinstance(numbers, Mapping) else None
        if not isinstance(wait, int | float) or wait < 0:
            notes.find("a refusal for being too quick does not say when to come again", exchange)
        elif "Retry in" in words and f"Retry in {wait} ms" not in words:
            notes.find(f"rate_limit says {wait} ms, and {words!r}", exchange)


def _is_sync(exchange: Exchange) -> bool:
    model = contract("gmi").models.get(str(asked(exchange).get("model")))
    return model is not None and model.output.delivery == "sync"
