"""Managing webhooks: list, add, change, take out of service, and see what they were sent."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from understudy.answers import Json
from understudy.deliveries import Delivery
from understudy.engine import Engine
from understudy.moments import iso
from understudy.targets import ForbiddenTarget, check_literal

from .bodies import Bodies
from .door import PROVIDER, Caller
from .hooks import Hooks, Webhook, Webhooks
from .refusals import Refusals


class Management:
    """The endpoints of `/webhook/…`. What they answer is shown by no source: the shapes are assumed."""

    def __init__(self, engine: Engine, bodies: Bodies, hooks: Hooks, refusals: Refusals) -> None:
        self._engine = engine
        self._bodies = bodies
        self._hooks = hooks
        self._refusals = refusals

    async def get(self, caller: Caller, _: Request) -> Response:
        """`GET /webhook/get`: all of them, those out of service included."""
        return Json({"webhooks": [_shown(webhook) for webhook in caller.account.keep(Webhooks).by_id.values()]})

    async def add(self, caller: Caller, request: Request) -> Response:
        """`POST /webhook/add` with `webhook_url` and `event.types`; it also hears of jobs under way."""
        url, types = self._wanted(await self._bodies.json(request))
        now = caller.account.clock.now()
        webhook = Webhook(caller.account.new_id(), url, types, now)
        caller.account.keep(Webhooks).by_id[webhook.id] = webhook
        for job in caller.account.jobs(PROVIDER).values():
            if job.finishes_at > now:
                self._hooks.tell(caller.account, webhook, job)
        return _done(webhook, "Webhook added successfully")

    async def update(self, caller: Caller, request: Request) -> Response:
        """`POST /webhook/update`: another URL and other events, for what is still to be sent too."""
        document = await self._bodies.json(request)
        webhook = self._webhook(caller, document.get("webhook_id"))
        webhook.url, webhook.types = self._wanted(document)
        return _done(webhook, "Webhook updated successfully")

    async def inactive(self, caller: Caller, request: Request) -> Response:
        """`GET /webhook/inactive?webhook_id=…`: nothing more is sent to it."""
        webhook = self._webhook(caller, request.query_params.get("webhook_id"))
        webhook.active = False
        return _done(webhook, "Webhook deactivated successfully")

    async def dispatch_logs(self, caller: Caller, request: Request) -> Response:
        """`GET /webhook/dispatch-logs?webhook_id=…`: every attempt, newest first."""
        webhook = self._webhook(caller, request.query_params.get("webhook_id"))
        sent = (each for each in caller.account.deliveries if each.about.get("webhook") == webhook.id)
        logs = [row for delivery in sent for row in _attempts(delivery)]
        logs.sort(key=lambda row: str(row["timestamp"]), reverse=True)
        return Json({"webhook_id": webhook.id, "logs": logs})

    def _webhook(self, caller: Caller, webhook_id: object) -> Webhook:
        known = caller.account.keep(Webhooks).by_id
        try:
            webhook = known.get(str(UUID(str(webhook_id))))
        except ValueError:
            webhook = None
        if webhook is None:
            raise self._refusals.make("webhookNotFound", id=webhook_id)
        return webhook

    def _wanted(self, document: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
        url, event = document.get("webhook_url"), document.get("event")
        types = event.get("types") if isinstance(event, dict) else None
        if not isinstance(url, str):
            raise self._refusals.make(
                "invalidWebhook", parameter="webhook_url", reason="it must be an http or https URL"
            )
        try:
            check_literal(url)
        except ForbiddenTarget as problem:
            raise self._refusals.make("invalidWebhook", parameter="webhook_url", reason=str(problem)) from None
        if not isinstance(types, list) or not types or not all(isinstance(name, str) and name for name in types):
            raise self._refusals.make(
                "invalidWebhook", parameter="event.types", reason="it must be a list of event names"
            )
        return url, tuple(dict.fromkeys(types))


def _shown(webhook: Webhook) -> dict[str, Any]:
    return {
        "webhook_id": webhook.id,
        "webhook_url": webhook.url,
        "event_types": list(webhook.types),
        "status": "ACTIVE" if webhook.active else "INACTIVE",
        "created_at": iso(webhook.created_at),
    }


def _done(webhook: Webhook, message: str) -> Response:
    return Json({"status": "success", "webhook_id": webhook.id, "message": message})


def _attempts(delivery: Delivery) -> list[dict[str, Any]]:
    rows = []
    for attempt in delivery.attempts:
        row = {
            "timestamp": iso(attempt.at),
            "event_type": delivery.about["event"],
            "status": "SUCCESS" if attempt.accepted else "FAILED",
            "response_code": attempt.status,
            "response_time_ms": round(attempt.seconds * 1000),
        }
        rows.append(row if attempt.problem is None else {**row, "error": attempt.problem})
    return rows
