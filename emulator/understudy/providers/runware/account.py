"""accountManagement: who one is, what is left, and what was used when."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import takewhile
from typing import Any

from understudy.accounts import Account
from understudy.engine import Engine
from understudy.faults import Strike
from understudy.jobs import Job
from understudy.moments import day, iso
from understudy_contracts.provider import Contract

from .platform import judged
from .refusals import Refusals
from .work import Answer, Caller, Performer

_MICRO = 1_000_000

#: Seconds of a day; the days of the usage are those of UTC.
_DAY = 86_400.0

_ECHOED = ("taskType", "taskUUID", "operation", "startDate", "endDate")

#: What the windows of the summary are called, and how many days each has.
_WINDOWS = {"today": 1, "last7Days": 7, "last30Days": 30}


@dataclass(frozen=True, slots=True)
class _Question:
    first: date | None
    last: date | None
    models: frozenset[str]
    by_model: bool
    by_key: bool


class Management:
    """Performs accountManagement. Of what its usage operations answer no source tells: those rows are assumed."""

    def __init__(self, engine: Engine, contract: Contract, refusals: Refusals, stance: Mapping[str, str]) -> None:
        self._engine = engine
        self._contract = contract
        self._refusals = refusals
        self._balance_is_object = stance["balance"] == "object"
        self._measures: dict[str, Callable[[Account, list[Job], float], dict[str, Any]]] = {
            "getUsageActivity": lambda account, jobs, now: {"credits": _spent(jobs, now)},
            "getUsagePerformance": lambda account, jobs, now: _performance(jobs, now),
            "getUsageErrors": lambda account, jobs, now: {"errors": _errors(jobs, now)},
        }

    @property
    def performers(self) -> dict[str, Performer]:
        """Who performs what, by task type."""
        return {"accountManagement": self._perform}

    async def _perform(self, caller: Caller, task: dict[str, Any], answer: Answer, strike: Strike) -> None:
        if refused := judged(self._contract, self._refusals, "account-management-request", task):
            answer.refuse(*refused)
            return
        days: dict[str, date | None] = {}
        for name in ("startDate", "endDate"):
            try:
                days[name] = date.fromisoformat(task[name][:10]) if name in task else None
            except ValueError:
                answer.refuse(self._refusals.invalid(task, name, "It must begin with a day such as 2026-11-21."))
                return
        told: dict[str, Any] = {name: task[name] for name in _ECHOED if name in task}
        if task["operation"] == "getDetails":
            answer.accept({**told, **self._details(caller.account)})
            return
        groups = task.get("groupBy", [])
        question = _Question(
            days["startDate"], days["endDate"], frozenset(task.get("models", ())), "model" in groups, "apiKey" in groups
        )
        items = self._usage(caller.account, task["operation"], question, task.get("apiKeys"))
        answer.accept({**told, "usage": {"items": items}})

    def _details(self, account: Account) -> dict[str, Any]:
        now = account.clock.now()
        jobs = list(account.jobs("runware").values())
        balance = account.ledger.balance(now) / _MICRO
        midnight = (now // _DAY) * _DAY
        usage = {"total": _summary(jobs, now)}
        for name, length in _WINDOWS.items():
            since = midnight - (length - 1) * _DAY
            # Jobs are filed in the order of time: the younger ones are at the end.
            young = list(takewhile(lambda job: job.submitted_at >= since, reversed(jobs)))  # noqa: B023 - used at once
            usage[name] = _summary(young, now)
        key: dict[str, Any] = {
            "name": "default",
            "apiKey": _masked(account.key),
            "description": "",
            "createdAt": iso(account.ledger.opened_at),
            "enabled": True,
            "requests": len(jobs),
        }
        if jobs:
            key["lastUsedAt"] = iso(jobs[-1].submitted_at)
        member = {
            "name": "understudy",
            "email": account.email,
            "roles": ["owner"],
            "joinedAt": iso(account.ledger.opened_at),
        }
        return {
            "organizationUUID": account.organization,
            "organizationName": "understudy",
            "balance": {"amount": balance, "currency": "USD"} if self._balance_is_object else balance,
            "team": [member],
            "apiKeys": [key],
            "usage": usage,
        }

    def _usage(
        self, account: Account, operation: str, question: _Question, keys: list[str] | None
    ) -> list[dict[str, Any]]:
        mask = _masked(account.key)
        if keys and account.key not in keys and mask not in keys:
            return []
        now = account.clock.now()
        groups: dict[tuple[date, str], list[Job]] = {}
        for job in account.jobs("runware").values():
            made = day(job.submitted_at)
            early = question.first is not None and made < question.first
            late = question.last is not None and made > question.last
            if not early and not late and (not question.models or job.model in question.models):
                groups.setdefault((made, job.model if question.by_model else ""), []).append(job)
        rows = []
        for (made, model), jobs in sorted(groups.items()):
            row: dict[str, Any] = {"date": made.isoformat()}
            if question.by_model:
                row["model"] = model
            if question.by_key:
                row["apiKey"] = mask
            rows.append({**row, "requests": len(jobs), **self._measures[operation](account, jobs, now)})
        return rows


def _summary(jobs: list[Job], now: float) -> dict[str, Any]:
    return {"credits": _spent(jobs, now), "requests": len(jobs)}


def _spent(jobs: Iterable[Job], now: float) -> float:
    return sum(job.cost for job in jobs for result in job.results if result.state(now) == "success") / _MICRO


def _performance(jobs: list[Job], now: float) -> dict[str, Any]:
    states = Counter(result.state(now) for job in jobs for result in job.results)
    ended = [job.finishes_at - job.submitted_at for job in jobs if job.finishes_at <= now]
    average = {"averageSeconds": round(sum(ended) / len(ended), 3)} if ended else {}
    return {**average, "succeeded": states["success"], "failed": states["error"]}


def _errors(jobs: list[Job], now: float) -> dict[str, int]:
    codes = (
        result.error.code for job in jobs for result in job.results if result.error and result.state(now) == "error"
    )
    return dict(Counter(codes))


def _masked(key: str) -> str:
    return f"{'*' * 8}{key[-4:]}" if len(key) > 8 else "*" * 8
