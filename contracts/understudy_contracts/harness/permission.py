"""Which requests can never begin a job that is paid for, judged by the very bytes that are about to be sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

from understudy_contracts.operations import Cause, Operation
from understudy_contracts.provider import contract
from understudy_contracts.requests import Request

from .reading import parsed


class NotFree(Exception):
    """Nobody has argued in the contract why this request could not begin a job that is paid for."""


def argument(operation: Operation, request: Request, cause: Cause | None = None) -> str:
    """Say why a request costs nothing, in the contract's words. Raises `NotFree` where the contract has none.

    A request counts as all the operations that its bytes could be taken for, whatever it was written as.
    """
    if any(step in (".", "..") for step in unquote(urlsplit(request.target).path).split("/")):
        raise NotFree(f"{request.method} {request.target} leads elsewhere than it says")
    reached = taken_for(operation.provider, request)
    if reached and all(one.free for one in reached):
        return " ".join(dict.fromkeys(one.why for one in reached))
    if cause is not None and cause.free:
        return cause.free
    names = ", ".join(one.name for one in reached if not one.free) or "what the contract does not know"
    raise NotFree(f"{request.method} {request.target} may be taken for {names}, which may be paid for")


def not_live(operation: Operation, cause: Cause | None = None) -> str:
    """Say why an operation is never asked of the provider itself; empty where it may be."""
    if operation.leaves and not (cause is not None and "key" in (cause.request or {})):
        return f"it leaves {operation.leaves} behind at the provider"
    if operation.authentication == ("user",) or "password" in (operation.typical.get("body") or {}):
        return "it takes an e-mail address and a password, which nobody is asked for"
    return ""


def taken_for(provider: str, request: Request) -> tuple[Operation, ...]:
    """List the operations that a request could be: those at its path with its method, or all there if none has it."""
    path = urlsplit(request.target).path
    there = [one for one in contract(provider).operations.values() if not one.outgoing and fits(one, path)]
    meant = [one for one in there if one.method == request.method] or there
    types = _task_types(parsed(request.content or b""))
    if types is not None and any(one.task for one in meant):
        meant = [one for one in meant if one.task in types]
    return tuple(meant)


def _task_types(body: Any) -> set[str] | None:
    """The types of the tasks in a body; None where a type is missing or there is something that is no task."""
    tasks = body if isinstance(body, list) else [body]
    types = {task.get("taskType") if isinstance(task, Mapping) else None for task in tasks}
    return {str(one) for one in types} if types and all(isinstance(one, str) for one in types) else None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)) + "/?")


def fits(operation: Operation, address: str) -> bool:
    """Tell whether an address, or a path, can be that of an operation, wherever its host's paths begin."""
    path = urlsplit(address).path
    pattern = _pattern(str(operation.path))
    return any(pattern.fullmatch(path, found.start()) for found in re.finditer("/", path))
