"""A recorded conversation with Segmind, sorted by job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from understudy_contracts.models import Model
from understudy_contracts.provider import contract

from .exchange import Exchange, Webhook
from .segmind_paths import Place, place_of

Item = Mapping[str, Any]

_ORDER = {"QUEUED": 0, "PROCESSING": 1, "COMPLETED": 2, "FAILED": 2}
_FINAL = 2
#: The forms of answers that begin a job, and of those that tell of one.
SUBMITS = ("submit-answer", "workflow-submit-answer")
POLLS = ("status-answer", "result-answer", "workflow-answer")


@dataclass(slots=True)
class Heard:
    """One answer about a job."""

    exchange: Exchange
    place: Place
    body: Item

    @property
    def status(self) -> str:
        """The state it tells, in the provider's words."""
        return str(self.body.get("status"))

    @property
    def step(self) -> int | None:
        """How far along that state is; None for one that is none."""
        return _ORDER.get(self.status)

    @property
    def final(self) -> bool:
        """Whether nothing follows."""
        return self.step == _FINAL


@dataclass(slots=True)
class Job:
    """One job: everything heard of it, in the order of time."""

    heard: list[Heard] = field(default_factory=list)

    @property
    def ended(self) -> list[Heard]:
        """The answers that tell how it ended."""
        return [heard for heard in self.heard if heard.final]

    @property
    def open_until(self) -> float:
        """When it was asked last, before its end was told, how the job is."""
        asked = -inf
        for heard in self.heard:
            if heard.final:
                break
            if heard.step is not None and heard.place.form in POLLS:
                asked = max(asked, heard.exchange.at - heard.exchange.seconds)
        return asked


class Record:
    """A recorded conversation, sorted by job. `switches` tell which readings of the contract it is held to."""

    def __init__(
        self, exchanges: Iterable[Exchange], webhooks: Iterable[Webhook] = (), switches: Mapping[str, str] | None = None
    ) -> None:
        kept = sorted(exchanges, key=lambda exchange: exchange.at)
        self.exchanges: list[tuple[Exchange, Place]] = [(e, place_of(e.method, e.path)) for e in kept]
        self.webhooks = sorted(webhooks, key=lambda webhook: webhook.at)
        self.switches = contract("segmind").switch_values(switches)
        self.jobs: dict[str, Job] = {}
        for exchange, place in self.exchanges:
            body = exchange.body
            if isinstance(body, Mapping) and (uuid := _job_of(exchange, place)) is not None:
                self.jobs.setdefault(uuid, Job()).heard.append(Heard(exchange, place, body))


def _job_of(exchange: Exchange, place: Place) -> str | None:
    if place.form in SUBMITS and exchange.status < 400:
        told = exchange.body.get("request_id")
        return None if told is None else str(told)
    return place.id if place.form in POLLS and (exchange.status < 400 or exchange.status in (404, 422)) else None


def model_of(place: Place) -> Model | None:
    """The model that was called, where it is one of the contract."""
    return contract("segmind").models.get(str(place.model))


def mapping(value: Any) -> Item:
    """A value where it is an object; else an empty one."""
    return value if isinstance(value, Mapping) else {}
