"""What came of one attempt to submit where nothing marks a request as the same one, as far as its answer tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from .errors import Problem
from .flow import Answer, Lost
from .json_body import is_whole
from .refusals import meaning

#: What came of one attempt: made, refused for good, certainly not made, or nobody knows.
Fate = Literal["made", "refused", "not made", "unknown"]


def fate(provider: str, outcome: Answer | Lost, told: Sequence[Problem]) -> Fate:
    """Judge an attempt by what was heard of it.

    told: the problems that the answer names, if it is one.
    """
    if isinstance(outcome, Lost):
        return "unknown" if outcome.sent else "not made"
    if outcome.status < 400:
        return "made" if is_whole(outcome) else "unknown"
    if outcome.status == 429:
        return "not made"
    if outcome.status == 408:
        return "unknown"
    if outcome.status < 500:
        return "refused" if is_whole(outcome) else "not made"
    return "refused" if is_settled(provider, outcome, told) else "unknown"


def may_come_late(provider: str, outcome: Answer | Lost, told: Sequence[Problem]) -> bool:
    """Say whether the server may still be carrying out an attempt that failed."""
    return outcome.silent if isinstance(outcome, Lost) else is_late(provider, outcome, told)


def is_settled(provider: str, answer: Answer, told: Sequence[Problem]) -> bool:
    """Say whether a 5xx is the end of a submit, as with GMI when the vendor behind it refused.

    Any other 5xx leaves open whether the request exists.
    """
    return any(meaning(provider, problem, answer.status) not in ("server", "timeout", "unknown") for problem in told)


def is_late(provider: str, answer: Answer, told: Sequence[Problem]) -> bool:
    """Say whether an answer only tells that time ran out, so that the request may be carried out yet."""
    meanings = (meaning(provider, problem, answer.status) for problem in told)
    return answer.status == 504 or (answer.status >= 500 and "timeout" in meanings)
