"""What a poll tells of a job: whether it goes on, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from understudy_contracts.checks.exchange import Exchange
from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract

State: TypeAlias = Literal["open", "done", "failed", "unknown"]

_WORDS: Mapping[str, State] = {
    # GMI Cloud
    "created": "open", "queued": "open", "dispatched": "open", "processing": "open",
    "success": "done", "failed": "failed", "cancelled": "failed",
    # Segmind: jobs, and then what only a fine-tune goes through
    "QUEUED": "open", "PROCESSING": "open", "COMPLETED": "done", "FAILED": "failed",
    "REQUESTED": "open", "DATA_PROCESSING": "open", "TRAINING_INITIATED": "open", "TRAINING_COMPLETED": "open",
    "DEPLOYING": "open", "AVAILABLE": "done",
}  # fmt: skip


def polls_of(submit: Operation) -> tuple[Operation, ...]:
    """List the operations that tell how a job goes that was begun by a submit."""
    every = contract(submit.provider).operations.values()
    return tuple(one for one in every if one.purpose in ("poll", "train") and _asks_of(one, submit.name))


def _asks_of(poll: Operation, submit: str) -> bool:
    told = [parameter.told_by.operation for parameter in poll.parameters if parameter.told_by]
    told += [row["operation"] for row in poll.typical.get("told", {}).values()]
    return submit in [*told, poll.typical.get("after")]


def state_of(exchange: Exchange) -> State:
    """Tell from a poll's answer how a job is; `unknown` where it tells of none."""
    body = exchange.body
    if not isinstance(body, Mapping):
        return "unknown"
    if exchange.provider == "runware":
        return _of_tasks(body)
    word = body.get("status")
    if word is None and isinstance(body.get("finetune"), Mapping):
        word = body["finetune"].get("status")
    return _WORDS.get(str(word), "unknown")


def _of_tasks(body: Mapping[str, Any]) -> State:
    items = told_in(body, "data")
    if any(item.get("status") == "processing" for item in items):
        return "open"
    if any(error.get("status") == "error" for error in told_in(body, "errors")):
        return "failed"
    return "done" if items and all(item.get("status") == "success" for item in items) else "unknown"


def told_in(body: Any, name: str) -> list[Mapping[str, Any]]:
    """The objects of a list in an answer, whatever else may be in its place, or beside them."""
    rows = body.get(name) if isinstance(body, Mapping) else None
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
