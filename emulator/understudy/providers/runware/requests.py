"""What a caller hands in, on either transport: an array of tasks, the first of which may say who asks."""

from dataclasses import dataclass
from typing import Any

from understudy.wire import BadJson, parse_json

from .refusals import Refusal, Refusals

_KINDS = {dict: "an object", str: "a string", bool: "a boolean", type(None): "null"}


@dataclass(frozen=True, slots=True)
class Requested:
    """The tasks of one request, and the authentication task that came before them, if one did."""

    tasks: list[Any]
    authentication: dict[str, Any] | None


def read(body: bytes, refusals: Refusals) -> Requested | Refusal:
    """Take a request apart; comes back with a refusal for what is no array of tasks."""
    try:
        tasks = parse_json(body)
    except BadJson as problem:
        return unfit(str(problem), refusals)
    if not isinstance(tasks, list):
        return unfit(f"it is {_KINDS.get(type(tasks), 'a number')}", refusals)
    if not tasks:
        return unfit("the array holds no task", refusals)
    first = tasks[0]
    if isinstance(first, dict) and first.get("taskType") == "authentication":
        return Requested(tasks[1:], first)
    return Requested(tasks, None)


def unfit(reason: str, refusals: Refusals) -> Refusal:
    """The refusal of a request that is no array of tasks."""
    return refusals.make("invalidRequestBody", expectation=f"Here, {reason}.")
