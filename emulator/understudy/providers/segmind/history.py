"""What an account made and asked for: generations, and the request history with its filters and pages."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from understudy.accounts import Account
from understudy.answers import Json
from understudy.engine import Engine
from understudy.jobs import Job, Result
from understudy.moments import day, iso

from .door import PROVIDER, Caller
from .orders import canonical
from .records import Records
from .refusals import Refusals

#: Rows a page of generations holds: assumed, as the history's default is 20.
_PAGE = 20

#: The longest window of the history, both days included, and what is looked at unless asked otherwise.
_LONGEST_WINDOW, _USUAL_WINDOW = timedelta(days=31), timedelta(days=7)

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

#: The history's own words for where a request stands; they are others than those of v2.
_STATUSES = {"QUEUED": "PENDING", "PROCESSING": "PENDING", "COMPLETED": "COMPLETED", "FAILED": "FAILED"}

_ORDERS: dict[str, Callable[["_Row"], Any]] = {
    "model_created": lambda row: row.job.submitted_at,
    "model_name": lambda row: row.job.model,
    "credits_deduction": lambda row: row.cost,
}


@dataclass(frozen=True, slots=True)
class _Row:
    """One output of a request at a moment: a request with several outputs has a row for each."""

    job: Job
    result: Result
    status: str
    cost: float


class History:
    """The endpoints of `/inference-request/…`. The lists' envelopes are shown by no source: assumed."""

    def __init__(self, engine: Engine, records: Records, refusals: Refusals) -> None:
        self._engine = engine
        self._records = records
        self._refusals = refusals

    async def generations(self, caller: Caller, request: Request) -> Response:
        """`GET /inference-request/generations?page=…`: what was made, newest first."""
        query = Query(request, self._refusals)
        page = query.number("page", 1)
        self._only_own(caller, query)
        first, last = query.day("start_date"), query.day("end_date")
        named = query.text("model_name")
        rows = [
            row
            for row in self._rows(caller.account)
            if row.status == "COMPLETED"
            and named in (None, row.job.model)
            and (first is None or first <= day(row.job.submitted_at))
            and (last is None or day(row.job.submitted_at) <= last)
        ]
        shown = rows[(page - 1) * _PAGE : page * _PAGE]
        found = [self._generation(caller.account, row) for row in shown]
        return Json({"generations": found, "total": len(rows), "page": page})

    async def recent(self, caller: Caller, request: Request) -> Response:
        """`GET /inference-request/recent-generations?model_name=…`: the last of one model."""
        query = Query(request, self._refusals)
        named = query.text("model_name")
        rows = [
            row for row in self._rows(caller.account) if row.status == "COMPLETED" and named in (None, row.job.model)
        ]
        return Json({"generations": [self._generation(caller.account, row) for row in rows[:_PAGE]]})

    async def requests(self, caller: Caller, request: Request) -> Response:
        """`GET /inference-request/request-history`: everything that was asked for, in a window of days."""
        query = Query(request, self._refusals)
        page, per_page = query.number("page", 1), query.number("per_page", 20, most=100)
        self._only_own(caller, query)
        first, last = self._window(caller, query)
        named, status = query.text("model_name"), query.choice("status", ("COMPLETED", "FAILED", "PENDING"))
        by, order = query.choice("sort_by", tuple(_ORDERS)), query.choice("sort_order", ("desc", "asc"))
        rows = [
            row
            for row in self._rows(caller.account)
            if first <= day(row.job.submitted_at) <= last
            and (named is None or named in row.job.model)
            and status in (None, row.status)
        ]
        # The rows come newest first; a stable sort keeps that order among equals.
        rows.sort(key=_ORDERS[by or "model_created"], reverse=order != "asc")
        shown = rows[(page - 1) * per_page : page * per_page]
        found = [self._request(row) for row in shown]
        return Json({"requests": found, "total": len(rows), "page": page, "per_page": per_page})

    async def one(self, caller: Caller, request: Request) -> Response:
        """`GET /inference-request/request-history/{id}`: one request, however old."""
        request_id = request.path_params["request_id"]
        job = caller.account.jobs(PROVIDER).get(canonical(request_id))
        if job is None:
            raise self._refusals.make("requestNotFound", id=request_id)
        return Json(self._request(self._row(job, job.results[0], caller.account.clock.now())))

    def _rows(self, account: Account) -> Iterator[_Row]:
        now = account.clock.now()
        for job in reversed(account.jobs(PROVIDER).values()):
            for result in job.results:
                yield self._row(job, result, now)

    def _row(self, job: Job, result: Result, now: float) -> _Row:
        status = _STATUSES[self._records.status(job, now)]
        return _Row(job, result, status, job.cost / 1_000_000 if status == "COMPLETED" else 0.0)

    def _generation(self, account: Account, row: _Row) -> dict[str, Any]:
        fields = orjson.loads(row.job.request)
        return {
            "request_id": row.job.id,
            "model_name": row.job.model,
            "generation_url": self._records.url(row.job, row.result),
            "status": row.status,
            "credits_deduction": row.cost,
            "latency_ms": _latency(row.job),
            "prompt": fields.get("prompt", fields.get("script")),
            "parameters": fields,
            "user_id": account.user,
            "user_email": account.email,
            "created_at": iso(row.job.submitted_at),
        }

    def _request(self, row: _Row) -> dict[str, Any]:
        job, pending = row.job, row.status == "PENDING"
        made = row.status == "COMPLETED"
        told: dict[str, Any] = {
            "request_id": job.id,
            "model_name": job.model,
            "model_status": row.status,
            "credits_deduction": row.cost,
            "request_body": orjson.loads(job.request),
            "generation_url": self._records.url(job, row.result) if made else None,
            "latency_ms": None if pending else _latency(job),
            "created_at": iso(job.submitted_at),
            "updated_at": iso(job.submitted_at if pending else job.finishes_at),
        }
        return told if row.status != "FAILED" else {**told, "error": job.extras["failure"]}

    def _window(self, caller: Caller, query: "Query") -> tuple[date, date]:
        last = query.day("to_date") or day(caller.account.clock.now())
        first = query.day("from_date") or max(last, date.min + _USUAL_WINDOW) - _USUAL_WINDOW
        if first > last:
            raise self._refusals.make("invalidQuery", parameter="from_date", reason="it is after to_date")
        if last - first >= _LONGEST_WINDOW:
            raise self._refusals.make("invalidQuery", parameter="from_date", reason="the window is over 31 days")
        return first, last

    def _only_own(self, caller: Caller, query: "Query") -> None:
        """Refuse to show the requests of anybody else: the emulator's accounts are in no team."""
        user, mail = query.text("user_id"), query.text("user_email")
        if user is not None and mail is not None:
            raise self._refusals.make("invalidQuery", parameter="user_email", reason="user_id was given as well")
        if user not in (None, caller.account.user) or mail not in (None, caller.account.email):
            raise self._refusals.make("otherUser")


class Query:
    """The query of a request, each parameter read as what it should be."""

    def __init__(self, request: Request, refusals: Refusals) -> None:
        self._query = request.query_params
        self._refusals = refusals

    def text(self, name: str) -> str | None:
        """A text; None when it is not given, or empty."""
        return self._query.get(name) or None

    def number(self, name: str, default: int, *, most: int = 1_000_000) -> int:
        """A whole number from 1 to `most`; raises Refused."""
        text = self.text(name)
        if text is None:
            return default
        value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
        if not 1 <= value <= most:
            raise self._refusals.make("invalidQuery", parameter=name, reason=f"it must be from 1 to {most}")
        return value

    def choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        """One of some words; raises Refused."""
        text = self.text(name)
        if text is not None and text not in choices:
            reason = f"it must be one of {', '.join(choices)}"
            raise self._refusals.make("invalidQuery", parameter=name, reason=reason)
        return text

    def day(self, name: str) -> date | None:
        """A day such as 2026-11-21; raises Refused."""
        text = self.text(name)
        try:
            # Python reads more forms of a day than the one that is documented.
            return None if text is None else date.fromisoformat(text if _DAY.fullmatch(text) else "")
        except ValueError:
            raise self._refusals.make("invalidQuery", parameter=name, reason="it must be YYYY-MM-DD") from None


def _latency(job: Job) -> int:
    return round((job.finishes_at - job.submitted_at) * 1000)
