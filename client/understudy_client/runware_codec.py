"""Runware's words on the wire, read and written. Nothing here sends anything.

Sources: the provider's pages for `heygen:avatar@4` and `heygen:avatar@5`, its task-polling, errors and
webhooks pages, and the official SDKs. Where they disagree on what the server sends, every form is understood.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from . import json_body
from .errors import InvalidAnswer, Problem
from .flow import Answer
from .jobs import Job, JobStatus, MediaResult

PROVIDER = "runware"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every answer and every webhook holds: items that went well, and problems."""

    data: tuple[Mapping[str, Any], ...] = ()
    problems: tuple[Problem, ...] = ()
    raw: Any = field(default=None, repr=False, compare=False)

    def about(self, task: str) -> Envelope:
        """Keep what concerns one task: its own items, and problems that name it or no task at all."""
        return Envelope(
            tuple(item for item in self.data if _same(item.get("taskUUID"), task)),
            tuple(p for p in self.problems if p.task is None or _same(p.task, task)),
            self.raw,
        )


def prepare(request: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Complete a request into a task: type, delivery, and a UUID fixed before the first attempt."""
    task = {"taskType": "videoInference", **request, **fields}
    task.setdefault("taskUUID", str(uuid.uuid4()))
    # The HeyGen models know nothing else; for others the API's own default is not settled.
    task.setdefault("deliveryMethod", "async")
    return task


def job_of(task: Mapping[str, Any]) -> Job:
    """Name the job that a task becomes."""
    count = task.get("numberResults", 1)
    # A count that is no count is the provider's to refuse; this side only needs a number to expect.
    return Job(str(task["taskUUID"]), count if isinstance(count, int) and count > 0 else 1, task)


def encode(*tasks: Mapping[str, Any]) -> bytes:
    """Write tasks as the array every request body is."""
    return json_body.encode([dict(task) for task in tasks])


def decode(answer: Answer) -> Envelope:
    """Read an answer; a gateway's page with an error status is an envelope with nothing in it.

    Raises InvalidAnswer when a success is not JSON, or is JSON of another shape.
    """
    try:
        return envelope(orjson.loads(answer.body))
    except (orjson.JSONDecodeError, InvalidAnswer) as error:
        if answer.status >= 400:
            return Envelope()
        start = answer.body[:80].decode("utf-8", "replace")
        raise InvalidAnswer(
            f"HTTP {answer.status} with a body that is not Runware's: {start!r}",
            provider=PROVIDER,
            status=answer.status,
            response=answer,
        ) from error


def envelope(body: Any) -> Envelope:
    """Read a parsed body: `data`, `errors`, both, or the older `error`.

    Raises InvalidAnswer when it holds none of them.
    """
    if not isinstance(body, Mapping):
        raise InvalidAnswer(f"expected a JSON object, not {type(body).__name__}", provider=PROVIDER)
    if not {"data", "errors", "error"} & body.keys():
        raise InvalidAnswer("expected `data` or `errors` in the body", provider=PROVIDER)
    items = _objects(body.get("data"))
    top = _objects(body.get("errors")) or _objects(body.get("error"))
    shared = {key: body[key] for key in ("taskUUID", "taskType") if key in body}
    return Envelope(tuple(items), tuple(problem({**shared, **error}) for error in top), body)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        return [value]
    if isinstance(value, list):
        return [item for item in value if isinstance(item, Mapping)]
    return []


def problem(error: Mapping[str, Any]) -> Problem:
    """Read one error object; an upstream provider's own words are kept with Runware's."""
    message = _text(error.get("message"))
    upstream = error.get("responseContent")
    if isinstance(upstream, Mapping):
        upstream = upstream.get("message")
    if isinstance(upstream, str) and upstream and upstream not in message:
        message = f"{message.rstrip('. ')}: {upstream}" if message else upstream
    named = error.get("parameter")
    names = named if isinstance(named, list) else [named]
    return Problem(
        code=_text(error.get("code")),
        message=message,
        parameters=tuple(name for name in names if isinstance(name, str) and name),
        task=_text(error.get("taskUUID")) or None,
        documentation=_text(error.get("documentation")) or None,
        raw=error,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def videos(items: Iterable[Mapping[str, Any]]) -> Iterator[MediaResult]:
    """Read the finished videos among some items, each once however often it is listed."""
    seen = set()
    for item in items:
        url = item.get("videoURL")
        if not isinstance(url, str) or not url or item.get("status", "success") != "success":
            continue
        name = _text(item.get("videoUUID")) or url
        if name not in seen:
            seen.add(name)
            yield _video(name, url, item)


def _video(name: str, url: str, item: Mapping[str, Any]) -> MediaResult:
    seed, unsafe = item.get("seed"), item.get("NSFWContent")
    return MediaResult(
        id=name,
        job=_text(item.get("taskUUID")),
        url=url,
        cost=money(item.get("cost")),
        seed=seed if isinstance(seed, int) else None,
        nsfw=unsafe if isinstance(unsafe, bool) else None,
        raw=item,
    )


def money(value: Any) -> Decimal | None:
    """Read an amount of US dollars exactly as it was printed; None when there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def failures(envelope: Envelope) -> tuple[Problem, ...]:
    """Collect failed videos, listed on top (the docs), inside `data` (the SDK's tests), or in both places."""
    inside = []
    for item in envelope.data:
        if item.get("status") == "error":
            told = item.get("error")
            inside.append(problem({**item, **(told if isinstance(told, Mapping) else {})}))
    # The same failure in two places is one failure; in one place, each is its own.
    return envelope.problems if len(envelope.problems) >= len(inside) else tuple(inside)


def status_of(job: Job, answer: Envelope) -> JobStatus:
    """Judge where a job stands by an answer to `getResponse`.

    An empty `data` means running: the API answers so for a running task now and then. A failure while nothing
    is listed as processing is the end of the job, even when fewer videos were told of than were asked for.
    """
    own = answer.about(job.id)
    results, errors = tuple(videos(own.data)), failures(own)
    running = [item for item in own.data if not _is_final(item)]
    missing = job.count - len(results) - len(errors)
    pending = len(running) if errors else max(len(running), missing, 0)
    told = [item["progress"] for item in running if isinstance(item.get("progress"), int)]
    return JobStatus(job, results, errors, pending, min(told, default=None))


def _is_final(item: Mapping[str, Any]) -> bool:
    return item.get("status") in ("error", "success") or bool(item.get("videoURL"))


def _same(named: Any, task: str) -> bool:
    return isinstance(named, str) and named.lower() == task.lower()
