"""A recorded conversation with Runware, sorted by task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from understudy_contracts.errors import kind_of
from understudy_contracts.provider import contract

from .exchange import Exchange, Webhook

Item = Mapping[str, Any]

#: The task that is asked for a video.
VIDEO = "videoInference"


@dataclass(frozen=True, slots=True)
class Poll:
    """What one answer to getResponse says about one task."""

    exchange: Exchange
    items: tuple[Item, ...]
    errors: tuple[Item, ...]

    @property
    def gone(self) -> bool:
        """Whether the task is not known, or no longer."""
        return any(kind_of("runware", str(error.get("code"))) == "not_found" for error in self.errors)

    def finished(self) -> dict[str, Item]:
        """The finished results by their id."""
        return {str(item["videoUUID"]): item for item in self.items if "videoUUID" in item}

    def failures(self) -> list[tuple[str, str]]:
        """Code and message of each failed result, however it is told."""
        inside = [item["error"] for item in self.items if isinstance(item.get("error"), Mapping)]
        # A failure may be told in both places at once: it is still one.
        told = inside if self.gone else max(inside, list(self.errors), key=len)
        return [(str(error.get("code")), str(error.get("message"))) for error in told]


@dataclass(slots=True)
class Task:
    """One accepted task: what was asked, and everything heard of it since."""

    request: Item
    #: Every answer that accepted it: one, if all is well.
    accepted: list[Exchange] = field(default_factory=list)
    polls: list[Poll] = field(default_factory=list)
    webhooks: list[tuple[Webhook, Item]] = field(default_factory=list)

    @property
    def expected(self) -> int:
        """How many results were asked for."""
        asked = self.request.get("numberResults", 1)
        return int(asked) if isinstance(asked, int | float) else 1

    def unknown_until(self, videos: Iterable[str]) -> dict[str, float]:
        """Tell when a poll was asked last that did not know a result yet, or never did; nothing where none was."""
        asked, found = -inf, dict.fromkeys(videos, -inf)
        open_ = set(found)
        for poll in self.polls:
            if poll.gone:
                continue
            asked = max(asked, poll.exchange.at - poll.exchange.seconds)
            open_ -= poll.finished().keys()
            found |= dict.fromkeys(open_, asked)
        return found

    def results(self) -> Iterable[tuple[Exchange | Webhook, Item]]:
        """Every telling of a finished result, with what told it."""
        for poll in self.polls:
            yield from ((poll.exchange, item) for item in poll.finished().values())
        yield from ((webhook, item) for webhook, item in self.webhooks if "videoUUID" in item)


class Record:
    """A recorded conversation, sorted by task. `switches` tell which readings of the contract it is held to.

    An exchange whose body is no JSON object, such as a gateway's page, says nothing about a task.
    """

    def __init__(
        self, exchanges: Iterable[Exchange], webhooks: Iterable[Webhook] = (), switches: Mapping[str, str] | None = None
    ) -> None:
        self.exchanges = sorted((e for e in exchanges if isinstance(e.body, Mapping)), key=lambda e: e.at)
        self.webhooks = sorted(webhooks, key=lambda webhook: webhook.at)
        self.switches = contract("runware").switch_values(switches)
        self.tasks: dict[str, Task] = {}
        for exchange in self.exchanges:
            self._sort(exchange)
        for webhook in self.webhooks:
            for item in _webhook_items(webhook.body):
                if (uuid := uuid_of(item)) in self.tasks:
                    self.tasks[uuid].webhooks.append((webhook, item))

    def _sort(self, exchange: Exchange) -> None:
        data, errors = (by_task(items_of(exchange.body, key)) for key in ("data", "errors"))
        for task in tasks_of(exchange):
            uuid = uuid_of(task)
            poll = Poll(exchange, tuple(data.get(uuid, ())), tuple(errors.get(uuid, ())))
            if task.get("taskType") == "getResponse":
                if uuid in self.tasks and _is_news(exchange):
                    self.tasks[uuid].polls.append(poll)
            elif is_accepted(exchange) and uuid not in errors and task.get("taskType") == VIDEO:
                taken = self.tasks.setdefault(uuid, Task(task))
                taken.accepted.append(exchange)
                if is_sync(task):
                    taken.polls.append(poll)


def tasks_of(exchange: Exchange) -> list[Item]:
    """The tasks that were posted."""
    request = exchange.request if isinstance(exchange.request, list) else []
    return [task for task in request if isinstance(task, Mapping)]


def items_of(body: Any, key: str) -> list[Item]:
    """The members of `data` or `errors`."""
    found = body.get(key, []) if isinstance(body, Mapping) else []
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def by_task(items: Iterable[Item]) -> dict[str, list[Item]]:
    """Sort items by the task that they name."""
    sorted_: dict[str, list[Item]] = {}
    for item in items:
        if "taskUUID" in item:
            sorted_.setdefault(uuid_of(item), []).append(item)
    return sorted_


def uuid_of(item: Item) -> str:
    """The task that an item names, which is the same in capitals."""
    return str(item.get("taskUUID")).lower()


def is_accepted(exchange: Exchange) -> bool:
    """Whether a task that the answer does not refuse was taken."""
    return exchange.status < 300 and not is_dry_run(exchange)


def is_sync(task: Item) -> bool:
    """Whether a submit waits for the results, and is answered with them."""
    return task.get("deliveryMethod") == "sync"


def is_dry_run(exchange: Exchange) -> bool:
    """Whether it was only asked what the tasks would cost."""
    return "x-runware-dry-run" in exchange.sent or "dryRun=1" in exchange.path.partition("?")[2].split("&")


def _webhook_items(body: Any) -> list[Item]:
    wrapped = [*items_of(body, "data"), *items_of(body, "errors")]
    items = wrapped or ([body] if isinstance(body, Mapping) else [])
    return [
        {**item["error"], "taskUUID": item.get("taskUUID")} if isinstance(item.get("error"), Mapping) else item
        for item in items
    ]


def _is_news(exchange: Exchange) -> bool:
    # A poll can itself be refused, which says nothing about the task; a task's own failure is marked by its status.
    errors = items_of(exchange.body, "errors")
    if any(error.get("status") == "error" for error in errors):
        return True
    # A socket has no status to tell the one from the other.
    return exchange.status < 300 and (exchange.transport == "http" or not errors)
