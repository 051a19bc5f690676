"""A recorded conversation with GMI Cloud's queue, sorted by request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from understudy_contracts.provider import contract

from .exchange import Exchange
from .gmi_paths import Place, place_of

Item = Mapping[str, Any]

ORDER = {"created": 0, "queued": 1, "dispatched": 2, "processing": 3, "success": 4, "failed": 4, "cancelled": 4}
FINAL = 4


@dataclass(slots=True)
class Request:
    """One request to the queue: what was asked, and everything heard of it since."""

    #: Every submit that made it: one, if all is well.
    submits: list[Exchange] = field(default_factory=list)
    #: Six keys or a whole record, each with the answer that showed it, in the order of time.
    seen: list[tuple[Exchange, Item]] = field(default_factory=list)

    @property
    def records(self) -> list[tuple[Exchange, Item]]:
        """What was heard of it in whole records."""
        return [(exchange, item) for exchange, item in self.seen if "outcome" in item]


class Record:
    """A recorded conversation of one account. `switches` tell which readings of the contract it is held to.

    An exchange whose body is no JSON object, such as a gateway's page, says nothing about a request.
    """

    def __init__(self, exchanges: Iterable[Exchange], switches: Mapping[str, str] | None = None) -> None:
        kept = sorted((e for e in exchanges if isinstance(e.body, Mapping)), key=lambda e: e.at)
        self.exchanges: list[tuple[Exchange, Place]] = [(e, place_of(e.method, e.path)) for e in kept]
        self.switches = contract("gmi").switch_values(switches)
        self.requests: dict[str, Request] = {}
        for exchange, place in self.exchanges:
            for item in told(exchange, place):
                request = self.requests.setdefault(str(item["request_id"]), Request())
                request.seen.append((exchange, item))
                if place.form == "submit-answer":
                    request.submits.append(exchange)


def payload_of(request: Request, item: Item, switches: Mapping[str, str]) -> Item | None:
    """What was asked for: as it was submitted, or else as a record shows it; None where neither tells."""
    sent = asked(request.submits[0]).get("payload") if request.submits else None
    if sent is None and switches["payload-echo"] == "verbatim":
        sent = item.get("payload")
    return sent if isinstance(sent, Mapping) else None


def told(exchange: Exchange, place: Place) -> list[Item]:
    """What an answer tells about requests."""
    if exchange.status >= 400 or place.form not in ("submit-answer", "record", "list-answer"):
        return []
    found = exchange.body.get("requests") if place.form == "list-answer" else [exchange.body]
    items = found if isinstance(found, list) else []
    return [item for item in items if isinstance(item, Mapping) and isinstance(item.get("request_id"), str)]


def asked(exchange: Exchange) -> Item:
    """What was sent, where it is an object."""
    return exchange.request if isinstance(exchange.request, Mapping) else {}
