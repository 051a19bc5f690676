"""What an answer says no to, and what that leaves open."""

from __future__ import annotations

from collections.abc import Mapping

from understudy_contracts.checks.exchange import Exchange

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


def excuse(exchange: Exchange) -> None:
    """Raise `CouldNotCheck` for an answer that says nothing of whether the provider keeps its contract."""
    if exchange.status in (401, 403):
        raise CouldNotCheck(f"the key was refused: HTTP {exchange.status}")
    if exchange.status == 402:
        raise CouldNotCheck("the account has no credits left: HTTP 402")
    if exchange.status == 429:
        raise CouldNotCheck("the provider says that it is asked too often: HTTP 429")
    if exchange.status >= 500:
        raise CouldNotCheck(f"the provider is not well: HTTP {exchange.status}")
