"""What is planted in the webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from planted.broken import Stand
from planted.planting import planted


@planted("webhook", found="webhook.once", at="runware.tellWebhook.heygen:avatar@4")
def webhook_twice(body: Any, memory: dict[str, Any]) -> list[Any]:
    """A webhook that was taken is sent again."""
    return [body, body]


@planted("webhook", found="webhook.once", at="segmind.tellWebhook.of-account")
def event_twice(body: Any, memory: dict[str, Any]) -> list[Any]:
    """An event that was taken is sent again."""
    return [body, body]


@planted("webhook", found="webhook.agrees", at="runware.tellWebhook.heygen:avatar@4")
def no_webhook(body: Any, memory: dict[str, Any]) -> list[Any]:
    """No webhook is ever sent."""
    return []


@planted("webhook", found="webhook.agrees", at="segmind.tellWebhook.of-account")
def no_event(body: Any, memory: dict[str, Any]) -> list[Any]:
    """No event is ever sent."""
    return []


@planted("webhook", found="runware.webhooks-agree", at="runware.tellWebhook.heygen:avatar@4")
def other_seed_by_webhook(body: Any, memory: dict[str, Any]) -> list[Any]:
    """A webhook tells another seed than a poll."""
    for item in body.get("data", [body]):
        item["seed"] = item.get("seed", 0) + 1
    return [body]


@planted("webhook", found="segmind.webhooks-agree", at="segmind.tellWebhook.of-account")
def other_end_by_event(body: Any, memory: dict[str, Any]) -> list[Any]:
    """An event tells that a job failed which polls tell has completed."""
    if body.get("data", {}).get("status") == "COMPLETED":
        body["data"]["status"] = "FAILED"
    return [body]


@planted("webhook", found="runware.schema", at="runware.tellWebhook.heygen:avatar@4")
def webhook_lacks_id(body: Any, memory: dict[str, Any]) -> list[Any]:
    """A webhook does not say which task it is about."""
    for item in body.get("data", [body]):
        item.pop("taskUUID", None)
    return [body]


@contextmanager
def _at_once(stand: Stand) -> Iterator[None]:
    """Send what is to be sent as soon as it is planned."""
    outbox = stand.server.engine.outbox
    add = outbox.add

    def early(account: Any, delivery: Any) -> None:
        delivery.due = account.clock.now()
        add(account, delivery)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox, "add", early)
        patch.setattr(stand.broken, "before_answers", lambda path: outbox.settled())
        yield


@planted("emulator", found="webhook.agrees", at="runware.tellWebhook.heygen:avatar@4")
@contextmanager
def webhook_too_early(stand: Stand) -> Iterator[None]:
    """A webhook tells of a result that polls still tell is being made."""
    with _at_once(stand):
        yield


@planted("emulator", found="webhook.agrees", at="runware.putResult.heygen:avatar@4")
@contextmanager
def no_upload(stand: Stand) -> Iterator[None]:
    """A result is never sent to the address that it was to be uploaded to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stand.server.engine.outbox, "add", lambda account, delivery: None)
        yield


@planted("emulator", found="segmind.webhooks-agree", at="segmind.tellWebhook.of-account")
@contextmanager
def event_too_early(stand: Stand) -> Iterator[None]:
    """An event tells the end of a job that polls still tell is waiting."""
    with _at_once(stand):
        yield
