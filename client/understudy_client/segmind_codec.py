"""Segmind's words on the wire, read. Nothing here sends anything.

Sources: the provider's page for `heygen-avatar-iv`, its documentation, the official SDK (segmind 1.3.0) and what
deployed clients have seen. Where no source shows the form of a list, the first list in the answer is taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from .errors import InvalidAnswer, Problem
from .flow import Answer, retry_after
from .jobs import Job, JobStatus, MediaResult
from .json_body import decode as decode_object
from .json_body import foreign, text_of
from .moments import unix_seconds
from .segmind_records import Credits, HistoryPage, HistoryRow, SegmindModel, money

PROVIDER = "segmind"

#: Where a job ends; any other word is one on the way, as the official SDK has it.
_TERMINAL = frozenset({"COMPLETED", "FAILED"})

#: Where results are looked for, in the order of deployed clients.
_MEDIA_FIELDS = ("output", "video_url", "url", "video", "images", "audio")

#: A seed: a number that no machine word is too small for.
_NUMBER = re.compile(r"[0-9]{1,20}")

#: Where the provider says to ask about a request.
_LINKS = ("status_url", "response_url", "poll_url")


def decode(answer: Answer) -> Mapping[str, Any]:
    """Read the JSON object that a success is. Raises InvalidAnswer."""
    body = decode_object(answer)
    if answer.status >= 300 or body is None:
        raise _foreign(answer)
    return body


def problems(answer: Answer) -> tuple[Problem, ...]:
    """Read an error body: `{"error": text}`, or the `detail` or `message` of some; none of a page."""
    body = decode_object(answer)
    return () if body is None else _problems(body)


def _problems(body: Mapping[str, Any]) -> tuple[Problem, ...]:
    error, told = text_of(body.get("error")), text_of(body.get("error_description"))
    if error and told:
        # The console's errors are named by a word and explained by a text.
        return (Problem(error, told, raw=body),)
    texts = (error, *(text_of(body.get(name)) for name in ("detail", "message", "error_message")))
    return tuple(Problem("", text, raw=body) for text in texts if text)[:1]


def asked_pause(answer: Answer) -> float | None:
    """Seconds an answer asks to wait: until `x-rate-limit-reset-at-utc`, or by a `Retry-After`.

    How that moment is written is not documented, so every usual form is read, against the answer's own `Date`.
    """
    until = unix_seconds(answer.headers.get("x-rate-limit-reset-at-utc"))
    sent = unix_seconds(answer.headers.get("date"))
    if until is None or sent is None:
        return retry_after(answer.headers)
    return max(0.0, until - sent)


def submitted(answer: Answer, task: Mapping[str, Any]) -> Job:
    """Read the answer to a submit. Raises InvalidAnswer."""
    body = decode(answer)
    id_ = text_of(body.get("request_id"))
    if not id_:
        raise _foreign(answer)
    links = {name: body[name] for name in _LINKS if text_of(body.get(name))}
    return Job(id_, request=task, links=links)


def is_terminal(answer: Answer) -> bool:
    """Whether an answer tells of a job that ended, whatever its HTTP status: a failure comes as 422."""
    body = decode_object(answer)
    return body is not None and text_of(body.get("status")) in _TERMINAL


def status(job: Job, answer: Answer) -> JobStatus:
    """Read where a job stands and what it made. Raises InvalidAnswer."""
    body = decode_object(answer)
    if body is None or not text_of(body.get("status")):
        raise _foreign(answer)
    word = body["status"]
    failed = word == "FAILED"
    return JobStatus(
        job,
        tuple(media(job.id, body)) if word == "COMPLETED" else (),
        (_problems(body) or (Problem("", "the provider gave no reason", raw=body),)) if failed else (),
        pending=0 if word in _TERMINAL else 1,
        word=word,
        raw=body,
        answer=answer,
    )


def media(job: str, body: Mapping[str, Any]) -> list[MediaResult]:
    """List the files that a result has, each once. The first carries the cost, which is of the whole request."""
    metrics = body.get("metrics")
    cost = money(metrics.get("cost")) if isinstance(metrics, Mapping) else None
    seed = text_of(body.get("seed")) or str(body.get("seed"))
    urls = dict.fromkeys(url for name in _MEDIA_FIELDS for url in _urls(body.get(name)))
    return [
        MediaResult(
            str(number),
            job,
            url,
            cost=cost if number == 0 else None,
            seed=int(seed) if _NUMBER.fullmatch(seed) else None,
            raw=body,
        )
        for number, url in enumerate(urls)
    ]


def _urls(value: Any) -> list[str]:
    entries = value if isinstance(value, list) else [value]
    told = (text_of(entry.get("url") if isinstance(entry, Mapping) else entry) for entry in entries)
    # The output of a model that writes is a text, which is no URL even when it begins with one.
    return [url for url in told if url.startswith(("http://", "https://")) and not any(map(str.isspace, url))]


def credit(answer: Answer) -> Credits:
    """Read what an account can spend. Raises InvalidAnswer."""
    body = decode(answer)
    told, free = money(body.get("credits")), money(body.get("free-credits", 0))
    if told is None or free is None:
        raise _foreign(answer)
    return Credits(told, free)


def history(answer: Answer, page: int, per_page: int) -> HistoryPage:
    """Read a page of the history. Raises InvalidAnswer."""
    body = decode(answer)
    rows = tuple(_row(item, answer) for item in _list(body, answer))
    total = body.get("total")
    total = total if isinstance(total, int) and not isinstance(total, bool) else None
    more = len(rows) >= per_page if total is None else page * per_page < total
    return HistoryPage(rows, total, page, more and bool(rows))


def row(answer: Answer) -> HistoryRow:
    """Read one request of the history. Raises InvalidAnswer."""
    return _row(decode(answer), answer)


def _row(item: Any, answer: Answer) -> HistoryRow:
    if not isinstance(item, Mapping) or not text_of(item.get("request_id")):
        raise _foreign(answer)
    latency = item.get("latency_ms")
    timed = isinstance(latency, int | float) and not isinstance(latency, bool)
    return HistoryRow(
        id=item["request_id"],
        model=text_of(item.get("model_name")),
        word=text_of(item.get("model_status")).upper(),
        request=_fields(item.get("request_body")),
        url=text_of(item.get("generation_url")),
        cost=money(item.get("credits_deduction")),
        error=text_of(item.get("error")),
        latency=latency / 1000 if timed and latency is not None else None,
        created_at=unix_seconds(item.get("created_at")) or 0,
        raw=item,
    )


def _fields(body: Any) -> Mapping[str, Any] | None:
    if isinstance(body, str):
        try:
            body = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
    return body if isinstance(body, Mapping) else None


def models(answer: Answer) -> list[SegmindModel]:
    """Read the list of models. Raises InvalidAnswer."""
    return [
        SegmindModel(
            slug=item["slug"],
            title=text_of(item.get("title")),
            description=text_of(item.get("description")),
            kind=text_of(item.get("type")),
            deprecated=item.get("is_depreciated") is True,
            raw=item,
        )
        for item in _list(decode(answer), answer)
        if isinstance(item, Mapping) and text_of(item.get("slug"))
    ]


def uploaded(answer: Answer, count: int) -> list[str]:
    """Read where uploaded files are; newer answers say `file_urls`, older ones `urls`. Raises InvalidAnswer."""
    body = decode(answer)
    for name in ("file_urls", "urls"):
        urls = body.get(name)
        if isinstance(urls, list) and len(urls) == count and all(map(text_of, urls)):
            return urls
    raise _foreign(answer)


def _list(body: Mapping[str, Any], answer: Answer) -> Sequence[Any]:
    for value in body.values():
        if isinstance(value, list):
            return value
    raise _foreign(answer)


def _foreign(answer: Answer) -> InvalidAnswer:
    return foreign("Segmind", answer)
