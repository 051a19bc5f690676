"""GMI's words on the wire, read and written. Nothing here sends anything.

Sources: the provider's page for `heygen-avatar-4`, its video API reference, the official SDK (gmicloud 0.1.10)
and live records of deployed clients. Where they disagree on what the server sends, every form is understood.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

from .errors import InvalidAnswer
from .flow import Answer, retry_after
from .gmi_records import STATUSES, ModelDetail, Page, Record
from .jobs import Job
from .json_body import decode as decode_object
from .json_body import foreign, is_whole, text_of

PROVIDER = "gmi"


def decode(answer: Answer) -> Mapping[str, Any]:
    """Read the JSON object that every success is. Raises InvalidAnswer."""
    body = decode_object(answer)
    if answer.status >= 300 or body is None:
        raise _foreign(answer)
    return body


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
    if text_of(body.get("status")) not in STATUSES:
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
        model=text_of(body.get("model")),
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
        description=text_of(body.get("brief_description")),
        price=Decimal(price) / 1_000_000 if micros and price is not None else None,
        unit=text_of(price_info.get("unit")),
        delivery=text_of(body.get("delivery_mode")) or "async",
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


def _seconds(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _foreign(answer: Answer) -> InvalidAnswer:
    return foreign("GMI", answer)
