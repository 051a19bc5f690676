"""GMI's words on the wire, read and written. Nothing here sends anything.

Sources: the provider's page for `heygen-avatar-4`, its video API reference, the official SDK (gmicloud 0.1.10)
and live records of deployed clients. Where they disagree on what the server sends, every form is understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson

from .errors import InvalidAnswer, Problem
from .flow import Answer, retry_after
from .jobs import Job, JobStatus, MediaResult
from .json_body import is_whole
from .refusals import meaning

PROVIDER = "gmi"

#: All statuses there are: five on the page, two more in the SDK, and one spelling more in deployed clients.
_RUNNING = frozenset({"created", "queued", "dispatched", "processing"})
_CANCELLED = frozenset({"cancelled", "canceled"})
_STATUSES = _RUNNING | _CANCELLED | {"success", "failed"}

_MEDIA_LISTS = ("media_urls", "medias")
_MEDIA_FIELDS = ("video_url", "audio_url", "image_url")

_PARAMETERS = re.compile(r"^invalid payload parameters: (.*)$", re.DOTALL)
_PARAMETER = re.compile(r"(?:^|[,;]\s*)([\w.\[\]-]+) \(")


@dataclass(frozen=True, slots=True)
class Record:
    """One request as GMI's queue keeps it."""

    id: str
    model: str
    #: The provider's word: created, queued, dispatched, processing, success, failed or cancelled.
    word: str
    payload: Mapping[str, Any] = field(default_factory=dict, repr=False)
    #: Null until the end.
    outcome: Any = field(default=None, repr=False)
    #: Unix seconds by the provider's clock.
    created_at: int = 0
    updated_at: int = 0
    #: The whole record, with every key the provider added.
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def job(self) -> Job:
        """The job it is, with the request that made it."""
        return Job(self.id, request={"model": self.model, "payload": self.payload})

    @property
    def fell_through(self) -> bool:
        """Whether it ended without a result, and so without a bill."""
        return self.word == "failed" or self.word in _CANCELLED

    def status(self, job: Job | None = None) -> JobStatus:
        """Say where it stands, in the words all providers share."""
        results = tuple(_media(self.id, self.outcome)) if self.word == "success" else ()
        # Some answers say `success` before they say what came of it.
        running = self.word in _RUNNING or (self.word == "success" and self.outcome is None)
        return JobStatus(
            job or self.job,
            results,
            (failure(self.raw),) if self.word == "failed" else (),
            pending=1 if running else 0,
            word=self.word,
            cancelled=self.word in _CANCELLED,
            raw=self.raw,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the list of requests."""

    records: tuple[Record, ...]
    #: How many there are in all, None when it is not told.
    total: int | None
    has_more: bool

    @property
    def newest_first(self) -> bool:
        """Whether it is in the order everybody counts on and no page promises."""
        times = [record.created_at for record in self.records]
        return times == sorted(times, reverse=True)


@dataclass(frozen=True, slots=True)
class ModelDetail:
    """What GMI tells of a model."""

    id: str
    description: str
    #: US dollars for each `unit`; None when it tells no price.
    price: Decimal | None
    #: What is paid for, such as `second`.
    unit: str
    #: `async`: submit and poll. `sync`: the submit is answered with the result.
    delivery: str
    #: The payload's fields, each with name, type, required and more.
    parameters: tuple[Mapping[str, Any], ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


def decode(answer: Answer) -> Mapping[str, Any]:
    """Read the JSON object that every success is. Raises InvalidAnswer."""
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        body = None
    if answer.status >= 300 or not isinstance(body, Mapping):
        raise _foreign(answer)
    return body


def problems(answer: Answer) -> tuple[Problem, ...]:
    """Read an error body: `{"error": text or object}`, or the `message` or `detail` of some; none of a page."""
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return ()
    if not isinstance(body, Mapping):
        return ()
    found = _problem(body, ("error", "message", "detail"))
    return () if found is None else (found,)


def is_settled(answer: Answer) -> bool:
    """Say whether a 5xx is the end of a submit: the vendor behind GMI refused, and GMI keeps a failed record.

    Any other 5xx leaves open whether the request exists.
    """
    return any(
        meaning(PROVIDER, problem, answer.status) not in ("server", "timeout", "unknown")
        for problem in problems(answer)
    )


def is_late(answer: Answer) -> bool:
    """Say whether an answer only tells that time ran out, so that the request may be carried out yet."""
    told = (meaning(PROVIDER, problem, answer.status) for problem in problems(answer))
    return answer.status == 504 or (answer.status >= 500 and "timeout" in told)


def asked_pause(answer: Answer) -> float | None:
    """Seconds an answer asks to wait: the body's `rate_limit.retry_after_ms`, or a `Retry-After`."""
    pause = retry_after(answer.headers)
    if answer.status != 429 or not is_whole(answer) or answer.body.lstrip().startswith(b"<"):
        return pause
    body = orjson.loads(answer.body or b"null")
    limit = body.get("rate_limit") if isinstance(body, Mapping) else None
    told = limit.get("retry_after_ms") if isinstance(limit, Mapping) else None
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 <= told < float("inf"):
        return pause
    return max(told / 1000, pause or 0.0)


def record(body: Any, answer: Answer) -> Record:
    """Read a record, whole or the six keys that answer a submit. Raises InvalidAnswer."""
    if not isinstance(body, Mapping) or not isinstance(body.get("request_id"), str) or not body["request_id"]:
        raise _foreign(answer)
    if body.get("status") not in _STATUSES:
        raise InvalidAnswer(
            f"request {body['request_id']} has the unknown status {body.get('status')!r}",
            provider=PROVIDER,
            status=answer.status,
            response=answer,
            job=Job(body["request_id"]),
        )
    payload = body.get("payload")
    return Record(
        id=body["request_id"],
        model=_text(body.get("model")),
        word=body["status"],
        payload=payload if isinstance(payload, Mapping) else {},
        outcome=body.get("outcome"),
        created_at=_seconds(body.get("created_at")),
        updated_at=_seconds(body.get("updated_at")),
        raw=body,
    )


def page(answer: Answer, offset: int) -> Page:
    """Read a page of the list: `requests`, `total`, and `has_more` where it is told. Raises InvalidAnswer."""
    body = decode(answer)
    rows = body.get("requests")
    if rows is None and "requests" in body:
        # An empty list of the server's language is null in JSON.
        rows = []
    if not isinstance(rows, list):
        raise _foreign(answer)
    records = tuple(record(row, answer) for row in rows)
    total = body.get("total")
    total = total if isinstance(total, int) and not isinstance(total, bool) else None
    told = body.get("has_more")
    more = told if isinstance(told, bool) else total is not None and offset + len(records) < total
    return Page(records, total, more and bool(records))


def model_ids(answer: Answer) -> list[str]:
    """Read the list of models. Raises InvalidAnswer."""
    ids = decode(answer).get("model_ids")
    if not isinstance(ids, list):
        raise _foreign(answer)
    return [name for name in ids if isinstance(name, str)]


def model_detail(answer: Answer) -> ModelDetail:
    """Read what is told of a model; the price is in millionths of a dollar. Raises InvalidAnswer."""
    body = decode(answer)
    if not isinstance(body.get("model"), str):
        raise _foreign(answer)
    told = body.get("price_info")
    price_info: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    price = price_info.get("price")
    micros = isinstance(price, int) and not isinstance(price, bool)
    rows = body.get("parameters")
    return ModelDetail(
        id=body["model"],
        description=_text(body.get("brief_description")),
        price=Decimal(price) / 1_000_000 if micros and price is not None else None,
        unit=_text(price_info.get("unit")),
        delivery=_text(body.get("delivery_mode")) or "async",
        parameters=tuple(row for row in rows if isinstance(row, Mapping)) if isinstance(rows, list) else (),
        raw=body,
    )


def upload_urls(answer: Answer) -> tuple[str, str]:
    """Read where to put a file and where it will be. Raises InvalidAnswer."""
    body = decode(answer)
    put, public = body.get("upload_url"), body.get("public_url")
    if not isinstance(put, str) or not isinstance(public, str):
        raise _foreign(answer)
    return put, public


def failure(body: Mapping[str, Any]) -> Problem:
    """Read why a record failed: `outcome.error` as text or object, the record's own `error`, or what some
    clients have seen instead, `message` and `reason`."""
    outcome = body.get("outcome")
    places = [outcome] if isinstance(outcome, Mapping) else []
    for place in (*places, body):
        found = _problem(place, ("error", "message", "reason"))
        if found is not None:
            return found
    return Problem("", "the provider gave no reason", raw=body)


def _problem(place: Mapping[str, Any], names: tuple[str, ...]) -> Problem | None:
    for name in names:
        told = place.get(name)
        inner: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
        text = _text(told) or _text(inner.get("message"))
        code = str(inner.get("code") or inner.get("status") or "")
        if text or code:
            listed = _PARAMETERS.match(text)
            return Problem(
                code=code,
                message=text or code,
                parameters=tuple(_PARAMETER.findall(listed[1])) if listed else (),
                task=_text(place.get("request_id")) or None,
                raw=place,
            )
    return None


def _media(job: str, outcome: Any) -> Iterator[MediaResult]:
    if not isinstance(outcome, Mapping):
        return
    lists = [outcome[name] for name in _MEDIA_LISTS if isinstance(outcome.get(name), list)]
    entries = [entry for listed in lists for entry in listed]
    entries += [outcome[name] for name in _MEDIA_FIELDS if isinstance(outcome.get(name), str)]
    thumbnail = _text(outcome.get("thumbnail_image_url")) or None
    seen: set[str] = set()
    for entry in entries:
        item: Mapping[str, Any] = entry if isinstance(entry, Mapping) else {"url": entry}
        url = _text(item.get("url"))
        if url and url not in seen:
            seen.add(url)
            yield MediaResult(
                id=_text(item.get("id")) or str(len(seen) - 1),
                job=job,
                url=url,
                duration=_length(outcome),
                # Older models put the video itself in its place.
                thumbnail=thumbnail if thumbnail != url else None,
                raw=outcome,
            )


def _length(outcome: Mapping[str, Any]) -> float | None:
    for name, scale in (("duration", 1), ("duration_ms", 1000)):
        told = outcome.get(name)
        if isinstance(told, int | float) and not isinstance(told, bool):
            return told / scale
    return None


def _seconds(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _foreign(answer: Answer) -> InvalidAnswer:
    start = answer.body[:80].decode("utf-8", "replace")
    return InvalidAnswer(
        f"HTTP {answer.status} with a body that is not GMI's: {start!r}",
        provider=PROVIDER,
        status=answer.status,
        response=answer,
    )
