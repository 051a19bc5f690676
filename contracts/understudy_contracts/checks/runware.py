"""Rules that any recording of a Runware conversation must keep, whoever spoke the provider's part.

Each check takes a `Record` and returns what it found wrong; `violations` runs them all. An exchange whose body is no
JSON object, such as a gateway's page, says nothing about the contract and is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from understudy_contracts.errors import kind_of
from understudy_contracts.provider import contract

from .exchange import Exchange, Finding, Webhook

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Poll:
    """What one answer to getResponse says about one task."""

    exchange: Exchange
    items: tuple[Item, ...]
    errors: tuple[Item, ...]

    def finished(self) -> dict[str, Item]:
        """The finished results by their id."""
        return {item["videoUUID"]: item for item in self.items if "videoUUID" in item}

    def failures(self) -> list[tuple[object, object]]:
        """Code and message of each failed result, however it is told."""
        inside = [item["error"] for item in self.items if isinstance(item.get("error"), Mapping)]
        # A failure may be told in both places at once: it is still one.
        told = max(inside, [error for error in self.errors if not _is_gone(error)], key=len)
        return [(error.get("code"), error.get("message")) for error in told]


@dataclass(slots=True)
class Task:
    """One accepted task: what was asked, and everything heard of it since."""

    request: Item
    polls: list[Poll] = field(default_factory=list)
    webhooks: list[tuple[Webhook, Item]] = field(default_factory=list)

    @property
    def expected(self) -> int:
        """How many results were asked for."""
        return int(self.request.get("numberResults", 1))


class Record:
    """A recorded conversation, sorted by task. `switches` tell which readings of the contract it is held to."""

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
                if (uuid := str(item.get("taskUUID"))) in self.tasks:
                    self.tasks[uuid].webhooks.append((webhook, item))

    def _sort(self, exchange: Exchange) -> None:
        refused = {error.get("taskUUID") for error in _items(exchange.body, "errors")}
        for asked in _asked(exchange):
            uuid = str(asked.get("taskUUID"))
            if asked.get("taskType") == "getResponse":
                if uuid in self.tasks and _is_news(exchange):
                    mine = (_about(exchange.body, key, uuid) for key in ("data", "errors"))
                    self.tasks[uuid].polls.append(Poll(exchange, *mine))
            elif exchange.status < 300 and uuid not in refused and asked.get("taskType") == "videoInference":
                self.tasks.setdefault(uuid, Task(asked))


def violations(
    exchanges: Iterable[Exchange], webhooks: Iterable[Webhook] = (), switches: Mapping[str, str] | None = None
) -> list[Finding]:
    """List every rule that a recorded conversation breaks; nothing when it keeps them all.

    Raises `ValueError` for a switch or a value that Runware's contract does not have.
    """
    record = Record(exchanges, webhooks, switches)
    return [finding for check in CHECKS for finding in check(record)]


def schema(record: Record) -> Iterator[Finding]:
    """Every answer and every webhook has the form the contract gives it."""
    judges = contract("runware")
    for exchange in record.exchanges:
        kinds = {task.get("taskType") == "getResponse" for task in _asked(exchange)}
        name = {frozenset({True}): "get-response-answer", frozenset({False}): "submit-answer"}.get(
            frozenset(kinds), "envelope"
        )
        for violation in judges.judge(name, **record.switches).violations(exchange.body):
            yield Finding("schema", violation.message, exchange)
    for webhook in record.webhooks:
        for violation in judges.judge("webhook", **record.switches).violations(webhook.body):
            yield Finding("schema", violation.message, webhook)


def ids_echoed(record: Record) -> Iterator[Finding]:
    """An answer speaks of the tasks it was asked about, and a submit of each of them exactly once."""
    for exchange in record.exchanges:
        asked = [str(task["taskUUID"]) for task in _asked(exchange) if "taskUUID" in task]
        told = [
            str(item["taskUUID"])
            for key in ("data", "errors")
            for item in _items(exchange.body, key)
            if "taskUUID" in item
        ]
        for uuid in told:
            if uuid not in asked:
                yield Finding("ids-echoed", f"nobody asked about the task {uuid}", exchange)
        submitted = [str(task.get("taskUUID")) for task in _asked(exchange) if task.get("taskType") == "videoInference"]
        if exchange.status < 300 and record.switches["acknowledgement"] == "item":
            for uuid in dict.fromkeys(submitted):
                if uuid not in told:
                    yield Finding("ids-echoed", f"the task {uuid} was neither accepted nor refused", exchange)
        accepted = [
            str(item.get("taskUUID"))
            for item in _items(exchange.body, "data")
            if item.get("taskType") == "videoInference" and "status" not in item
        ]
        for uuid in set(submitted):
            if accepted.count(uuid) > 1:
                yield Finding("ids-echoed", f"the task {uuid} was accepted twice in one answer", exchange)


def only_forward(record: Record) -> Iterator[Finding]:
    """A finished result stays, as it was; so does a failed one."""
    for uuid, task in record.tasks.items():
        finished: dict[str, Item] = {}
        failed = 0
        for poll in task.polls:
            if any(_is_gone(error) for error in poll.errors):
                continue
            now = poll.finished()
            for video, item in finished.items():
                if video not in now:
                    yield Finding("only-forward", f"the result {video} of {uuid} is gone again", poll.exchange)
                elif now[video] != item:
                    yield Finding("only-forward", f"the finished result {video} of {uuid} changed", poll.exchange)
            failures = len(poll.failures())
            if failures < failed:
                yield Finding("only-forward", f"a failed result of {uuid} is gone again", poll.exchange)
            finished, failed = {**now, **finished}, max(failures, failed)


def money(record: Record) -> Iterator[Finding]:
    """A result says what it cost exactly when the task asked."""
    for uuid, task in record.tasks.items():
        asked = task.request.get("includeCost") is True
        told: list[tuple[Exchange | Webhook, Item]] = [
            (poll.exchange, item) for poll in task.polls for item in poll.finished().values()
        ]
        for source, item in [*told, *((w, item) for w, item in task.webhooks if "videoUUID" in item)]:
            if ("cost" in item) != asked:
                yield Finding("money", f"a result of {uuid} {'lacks its' if asked else 'has a'} cost", source)


def one_end(record: Record) -> Iterator[Finding]:
    """A task ends in as many results as it asked for, each finished or failed once."""
    for uuid, task in record.tasks.items():
        videos: set[str] = set()
        for poll in task.polls:
            listed = [item["videoUUID"] for item in poll.items if "videoUUID" in item]
            if len(listed) != len(set(listed)):
                yield Finding("one-end", f"an answer lists a result of {uuid} twice", poll.exchange)
            videos |= set(listed)
            if len(videos) + len(poll.failures()) > task.expected:
                yield Finding("one-end", f"the task {uuid} has more than {task.expected} ends", poll.exchange)


def webhooks_agree(record: Record) -> Iterator[Finding]:
    """Webhooks tell what polls tell, and tell it the same way every time they are repeated."""
    for uuid, task in record.tasks.items():
        finished = {video: _without_status(item) for poll in task.polls for video, item in poll.finished().items()}
        failures = {failure for poll in task.polls for failure in poll.failures()}
        complete = any(len(poll.finished()) + len(poll.failures()) >= task.expected for poll in task.polls)
        first: dict[str, Item] = {}
        for webhook, item in task.webhooks:
            if "videoUUID" in item:
                video, bare = item["videoUUID"], _without_status(item)
                if first.setdefault(video, bare) != bare:
                    yield Finding("webhooks-agree", f"the result {video} of {uuid} was told in two ways", webhook)
                elif finished.get(video, bare) != bare or (complete and video not in finished):
                    yield Finding("webhooks-agree", f"polls tell {video} of {uuid} otherwise", webhook)
            elif complete and (item.get("code"), item.get("message")) not in failures:
                yield Finding("webhooks-agree", f"polls know nothing of a failure of {uuid}", webhook)


#: Every check there is.
CHECKS = (schema, ids_echoed, only_forward, money, one_end, webhooks_agree)


def _asked(exchange: Exchange) -> list[Item]:
    request = exchange.request if isinstance(exchange.request, list) else []
    return [task for task in request if isinstance(task, Mapping)]


def _items(body: Any, key: str) -> list[Item]:
    found = body.get(key, []) if isinstance(body, Mapping) else []
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _about(body: Any, key: str, uuid: str) -> tuple[Item, ...]:
    return tuple(item for item in _items(body, key) if item.get("taskUUID") == uuid)


def _webhook_items(body: Any) -> list[Item]:
    wrapped = [*_items(body, "data"), *_items(body, "errors")]
    items = wrapped or ([body] if isinstance(body, Mapping) else [])
    return [
        item["error"] | {"taskUUID": item.get("taskUUID")} if isinstance(item.get("error"), Mapping) else item
        for item in items
    ]


def _without_status(item: Item) -> Item:
    return {key: value for key, value in item.items() if key != "status"}


def _is_news(exchange: Exchange) -> bool:
    # A poll can itself be refused, which says nothing about the task; a task's own failure is marked by its status.
    return exchange.status < 300 or any(error.get("status") == "error" for error in _items(exchange.body, "errors"))


def _is_gone(error: Item) -> bool:
    return kind_of("runware", str(error.get("code"))) == "not_found"
