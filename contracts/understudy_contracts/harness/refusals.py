"""What an answer says no to, and what that leaves open."""

from __future__ import annotations

from collections.abc import Mapping

from understudy_contracts.checks.exchange import Exchange
from understudy_contracts.operations import Cause, Operation

from .line import WHO_ASKS
from .permission import not_live
from .probe import CouldNotCheck


def refused(exchange: Exchange) -> bool:
    """Whether an answer says no."""
    return exchange.status >= 400 or (isinstance(exchange.body, Mapping) and not exchange.body.get("data", True))


def began_nothing(exchange: Exchange) -> bool:
    """Whether it is certain that nothing was begun that has to be paid for."""
    body = exchange.body if isinstance(exchange.body, Mapping) else {}
    # A socket has no statuses of its own: who says no there says it in words.
    says_no = bool(body.get("errors")) or (exchange.transport == "http" and exchange.status >= 400)
    # Who says that something went wrong on their side, or took too long, may have begun what they were asked for; so
    # may who has something to tell of it all the same.
    return says_no and exchange.status < 500 and exchange.status != 408 and not body.get("data")


def pause(exchange: Exchange, attempt: int) -> float:
    """How many seconds to wait before who is too busy is asked again."""
    told = exchange.headers.get("retry-after", "")
    return min(60.0, float(told)) if told.isdecimal() else 2.0**attempt


def blame_nobody(exchange: Exchange, operation: Operation, cause: Cause | None, *, shows: bool, excused: bool) -> None:
    """Raise `CouldNotCheck` for an answer that is about who asks, or how often, and not about what was asked.

    `shows` is whether the run's own key was shown; without `excused` a 403 may be about what was asked.
    """
    status = exchange.status
    asks_who = operation.purpose == "authenticate" and exchange.transport == "websocket" and refused(exchange)
    if shows and (exchange.request == WHO_ASKS or (asks_who and cause is None)):
        raise CouldNotCheck("the key was refused on the socket")
    if cause is not None and cause.case.status == status:
        return
    if status == 401 and not shows and (reason := not_live(operation, cause)):
        raise CouldNotCheck(reason)
    if shows and (status == 401 or (status == 403 and excused)):
        raise CouldNotCheck(f"the key was refused: HTTP {status}")
    if status == 402:
        raise CouldNotCheck("the account has no credits left: HTTP 402")
    if status == 429:
        raise CouldNotCheck("the provider says that it is asked too often: HTTP 429")


def blame_nobody_for_trouble(exchange: Exchange) -> None:
    """Raise `CouldNotCheck` for an answer that says that something went wrong where it comes from."""
    if exchange.status >= 500:
        raise CouldNotCheck(f"the provider is not well: HTTP {exchange.status}")
