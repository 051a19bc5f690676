"""Webhooks: which an account has, and what they are sent when a job ends.

That there are webhooks, how they are managed and that their URL receives a POST is the provider's; what is in it,
and when it is tried again, is documented nowhere: body and schedule are the emulator's own.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from understudy.accounts import Account
from understudy.deliveries import Delivery, RetryPolicy
from understudy.engine import Engine
from understudy.jobs import Job
from understudy.moments import iso

from .records import Records

RETRIES = RetryPolicy(first=1.0, cap=60.0, attempts=6, timeout=10.0)

#: Which of the event names in the sources a job's end is told under, by how the job was asked for.
_EVENTS = {
    "v1": ("MODEL_INFERENCE", "GENERATION"),
    "v2": ("MODEL_INFERENCE", "GENERATION"),
    "workflow": ("PIXELFLOW", "GRAPH_RUN"),
}


@dataclass(slots=True)
class Webhook:
    """A URL that wants to hear of some events."""

    id: str
    url: str
    types: tuple[str, ...]
    created_at: float
    active: bool = True
    deliveries: deque[tuple[str, Delivery]] = field(default_factory=lambda: deque(maxlen=1_000))

    def event(self, names: tuple[str, ...]) -> str | None:
        """The name under which this webhook wants to hear of something that has several."""
        return next((name for name in names if name in self.types), None)


class Webhooks:
    """The webhooks of an account, by their id."""

    def __init__(self) -> None:
        self.by_id: dict[str, Webhook] = {}


class Hooks:
    """Plans what goes out when something ends."""

    def __init__(self, engine: Engine, records: Records) -> None:
        self._engine = engine
        self._records = records

    def plan(self, account: Account, job: Job) -> None:
        """Tell every webhook that asked for it how a job ends, when it does."""
        for webhook in account.keep(Webhooks).by_id.values():
            self.tell(account, webhook, job)

    def tell(self, account: Account, webhook: Webhook, job: Job) -> None:
        """Tell one webhook how a job ends, when it does, if it asked for it."""

        async def body() -> dict[str, Any]:
            return await self._records.news(account, job)

        self.announce(account, webhook, _EVENTS[job.extras["door"]], job.id, job.finishes_at, body)

    def announce(
        self,
        account: Account,
        webhook: Webhook,
        names: tuple[str, ...],
        subject: str,
        due: float,
        data: Callable[[], Any],
    ) -> None:
        """Queue one event for one webhook, if it is active and asked for an event of such a name."""
        event = webhook.event(names)
        if event is None or not webhook.active:
            return
        event_id = account.new_id()

        async def produce() -> bytes:
            document: Mapping[str, Any] = await data()
            told = {"event_type": event, "event_id": event_id, "timestamp": iso(due), "data": document}
            return orjson.dumps(told)

        delivery = Delivery(
            id=f"webhook-{event_id}",
            kind="webhook",
            job=subject,
            result=subject,
            url=webhook.url,
            due=due,
            method="POST",
            content_type="application/json",
            produce=produce,
            policy=RETRIES,
            where=lambda: webhook.url if webhook.active and event in webhook.types else None,
        )
        webhook.deliveries.append((event, delivery))
        account.deliveries.append(delivery)
        self._engine.outbox.add(delivery)
