"""Webhooks: which an account has, and what they are sent when a job ends.

That there are webhooks, how they are managed and that their URL receives a POST is the provider's; what is in it,
and when it is tried again, is documented nowhere: body and schedule are the emulator's own.
"""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson

from understudy.accounts import Account
from understudy.deliveries import Delivery, Produce, RetryPolicy
from understudy.engine import Engine
from understudy.jobs import Job
from understudy.moments import iso

from .records import Records

RETRIES = RetryPolicy(first=1.0, cap=60.0, attempts=6, timeout=10.0)

#: Which of the event names in the sources a job's end is told under, by how the job was asked for.
EVENTS = {
    "v1": ("MODEL_INFERENCE", "GENERATION"),
    "v2": ("MODEL_INFERENCE", "GENERATION"),
    "workflow": ("PIXELFLOW", "GRAPH_RUN"),
}

#: What an event is about, as its webhooks are told when they are.
Data: TypeAlias = Callable[[], Awaitable[Mapping[str, Any]]]


@dataclass(slots=True)
class Webhook:
    """A URL that wants to hear of some events."""

    id: str
    url: str
    types: tuple[str, ...]
    created_at: float
    active: bool = True

    def event(self, names: tuple[str, ...]) -> str | None:
        """The name under which this webhook wants to hear of something that has several."""
        return next((name for name in names if name in self.types), None)


@dataclass(slots=True)
class Webhooks:
    """The webhooks of an account, by their id."""

    by_id: dict[str, Webhook] = field(default_factory=dict)


class Hooks:
    """Plans what goes out when something ends."""

    def __init__(self, engine: Engine, records: Records) -> None:
        self._engine = engine
        self._records = records

    def plan(self, account: Account, job: Job) -> list[Delivery]:
        """Tell every webhook that asked for it how a job ends, when it does; what was queued."""
        told = [self.tell(account, webhook, job) for webhook in account.keep(Webhooks).by_id.values()]
        return [delivery for delivery in told if delivery is not None]

    def tell(self, account: Account, webhook: Webhook, job: Job) -> Delivery | None:
        """Tell one webhook how a job ends, when it does, if it asked for it."""

        names = EVENTS[job.extras["door"]]
        news = self.news(account, job)
        return self.announce(account, webhook, names, job.id, job.finishes_at, news, job.request, job.model)

    def news(self, account: Account, job: Job) -> Data:
        """What is told of a job."""

        async def data() -> dict[str, Any]:
            return await self._records.news(account, job)

        return data

    def revive(self, account: Account, delivery: Delivery, data: Data, request: bytes) -> None:
        """Give a delivery that was written down its content again; raises LookupError when its webhook is not there."""
        webhook = account.keep(Webhooks).by_id[delivery.about["webhook"]]
        delivery.produce, delivery.policy = _content(delivery.about, data), RETRIES
        delivery.where, delivery.text = _address(webhook, delivery.about["event"]), request.decode

    def announce(
        self,
        account: Account,
        webhook: Webhook,
        names: tuple[str, ...],
        subject: str,
        due: float,
        data: Data,
        request: bytes,
        model: str | None = None,
    ) -> Delivery | None:
        """Queue one event for one webhook, if it is active and asked for an event of such a name.

        Rules can ask what is said in the `request` it is about.
        """
        event = webhook.event(names)
        if event is None or not webhook.active:
            return None
        event_id, timestamp = account.new_id(), iso(due) if due < math.inf else ""
        about = {"webhook": webhook.id, "event": event, "event_id": event_id, "timestamp": timestamp}
        delivery = Delivery(
            id=f"webhook-{event_id}",
            kind="webhook",
            provider="segmind",
            model=model,
            job=subject,
            result=subject,
            url=webhook.url,
            due=due,
            method="POST",
            content_type="application/json",
            produce=_content(about, data),
            policy=RETRIES,
            about=about,
            where=_address(webhook, event),
            text=request.decode,
        )
        self._engine.outbox.add(account, delivery)
        return delivery


def _content(about: Mapping[str, str], data: Data) -> Produce:
    event, event_id, timestamp = about["event"], about["event_id"], about["timestamp"]

    async def produce() -> bytes:
        told = {"event_type": event, "event_id": event_id, "timestamp": timestamp, "data": await data()}
        return orjson.dumps(told)

    return produce


def _address(webhook: Webhook, event: str) -> Callable[[], str | None]:
    return lambda: webhook.url if webhook.active and event in webhook.types else None
