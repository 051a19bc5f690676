"""From what a provider wrote to the error a caller catches.

What a code means is data: `understudy_contracts.errors` holds each provider's catalogue and vocabulary, and
for a provider without codes the texts it uses. This module only says which class belongs to which meaning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from understudy_contracts.errors import ErrorCase, catalogue, classify, kind_of

from .errors import (
    AuthError,
    ContentRefused,
    InsufficientCredits,
    NotFound,
    PermissionDenied,
    Problem,
    ProviderError,
    ProviderFailed,
    ProviderTimeout,
    RateLimited,
    ServerError,
    TaskConflict,
    TaskNotFound,
    ValidationError,
)

if TYPE_CHECKING:
    from .flow import Answer
    from .jobs import Job, MediaResult

_BY_KIND: dict[str, type[ProviderError]] = {
    "validation": ValidationError,
    "auth": AuthError,
    "quota": InsufficientCredits,
    "rate_limit": RateLimited,
    "safety": ContentRefused,
    "timeout": ProviderTimeout,
    "not_found": NotFound,
    "server": ServerError,
    "provider": ProviderFailed,
}

#: Used when no code speaks: a gateway's HTML page, an empty body, a code nobody knows.
_BY_STATUS: dict[int, type[ProviderError]] = {
    400: ValidationError,
    401: AuthError,
    402: InsufficientCredits,
    403: PermissionDenied,
    404: NotFound,
    405: ValidationError,
    406: ValidationError,
    408: ServerError,
    409: TaskConflict,
    410: NotFound,
    413: ValidationError,
    415: ValidationError,
    422: ValidationError,
    429: RateLimited,
}

#: Told by a page without words, and still certain: nothing is made by a method that is not allowed.
_WRONG_METHOD = 405

_FORBIDDEN = frozenset({"forbidden", "permissionDenied", "insufficientPermissions"})


def refusal(
    provider: str,
    problems: Sequence[Problem],
    answer: Answer | None,
    *,
    job: Job | None = None,
    about: Literal["submit", "question", "job"] = "job",
    repeated: bool = False,
    results: Sequence[MediaResult] = (),
    retry_after: float | None = None,
) -> ProviderError:
    """Make the error to raise for what the provider wrote.

    about: what was refused. A refused submit is never billed (runware-sdk 1.8.0, README); a refused question
    says nothing of the job it was about.
    repeated: an earlier attempt of the same submit may have been carried out.
    """
    first = problems[0] if problems else None
    status = answer.status if answer is not None and answer.status >= 400 else None
    case = _case(provider, first, status) if first else None
    kind = meaning(provider, first, status) if first else "unknown"
    chosen = _class_of(provider, first, status)
    if chosen is NotFound and about == "question" and job is not None:
        chosen = TaskNotFound
    facts: dict[str, Any] = {
        "provider": provider,
        "status": status,
        "request": job.request if job is not None else None,
        "response": answer,
        "job": job,
        "retryable": case.retryable if case else None,
        "billed": _billed(case, kind, about, status, problems, repeated),
        "errors": problems,
        "results": results,
    }
    if first is None:
        return _with_pause(chosen(_without_words(status), **facts), retry_after)
    parameter = ", ".join(first.parameters) or _parameter(provider, first.message)
    message = first.message or f"{provider} gave no reason"
    return _with_pause(chosen(message, code=first.code, parameter=parameter, **facts), retry_after)


def _class_of(provider: str, problem: Problem | None, status: int | None) -> type[ProviderError]:
    by_status = _BY_STATUS.get(status or 0) or (ServerError if status and status >= 500 else ProviderError)
    if problem is None:
        return by_status
    if problem.code == "conflictTaskUUID":
        return TaskConflict
    if problem.code in _FORBIDDEN:
        return PermissionDenied
    by_kind = _BY_KIND.get(meaning(provider, problem, status), by_status)
    if by_kind is AuthError and status in (403, 404):
        # 404 is how GMI hides a model from an account that may not use it.
        return PermissionDenied
    if by_kind is NotFound and problem.code.startswith("task"):
        return TaskNotFound
    return by_kind


def meaning(provider: str, problem: Problem, status: int | None) -> str:
    """Say what kind of error a problem is, by its code, or by its words where it has none."""
    by_code = kind_of(provider, problem.code) if problem.code else "unknown"
    told = classify(provider, status, problem.message) if by_code == "unknown" else by_code
    if told == "unknown" and status is None and (case := _case(provider, problem, None)) is not None:
        # A record that failed tells the words of the answer that came with a status then.
        return case.kind
    return told


def status_of_code(provider: str, code: str) -> int | None:
    """Say with which HTTP status a provider gives a code, where its catalogue knows one."""
    return next((case.status for case in catalogue(provider).values() if case.code == code and case.status), None)


def _case(provider: str, problem: Problem, status: int | None) -> ErrorCase | None:
    if problem.code:
        return next((case for case in catalogue(provider).values() if case.code == problem.code), None)
    said = [case for case in catalogue(provider).values() if _form(case.message).fullmatch(problem.message)]
    # A failure while processing is told with the status of whichever question it answers.
    failed = (case for case in said if case.strikes in ("processing", "upstream"))
    return next((case for case in said if case.status == status), next(failed, None))


@cache
def _form(message: str) -> re.Pattern[str]:
    """Make of a catalogued text, such as `model {model} does not exist`, what tells it from others."""
    return re.compile(_pattern(message), re.DOTALL)


def _pattern(message: str) -> str:
    return ".+".join(re.escape(part) for part in re.split(r"\{\w+\}", message))


def _parameter(provider: str, message: str) -> str | None:
    """Read the parameter from a text whose catalogued form says where it stands, whichever status it came with."""
    for case in catalogue(provider).values():
        before, field, after = case.message.partition("{parameter}")
        form = rf"{_pattern(before)}(\S+?){_pattern(after)}"
        if field and (found := re.fullmatch(form, message, re.DOTALL)):
            return found[1]
    return None


def _billed(
    case: ErrorCase | None, kind: str, about: str, status: int | None, problems: Sequence[Problem], repeated: bool
) -> bool | None:
    if about == "submit":
        if status == _WRONG_METHOD and not repeated:
            return False
        # A gateway without the provider's words, or a server that broke, may have made the job first.
        refused = (status or 400) < 500 or kind not in ("server", "timeout", "unknown")
        return False if problems and refused and not repeated else None
    return case.billed if case and about == "job" else None


def _with_pause(error: ProviderError, seconds: float | None) -> ProviderError:
    if isinstance(error, RateLimited):
        error.retry_after = seconds
    return error


def _without_words(status: int | None) -> str:
    return f"the server answered HTTP {status} without saying why" if status else "the provider gave no reason"
