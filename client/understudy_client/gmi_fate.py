"""What came of one attempt to submit to GMI, as far as its answer tells."""

from __future__ import annotations

from typing import Literal

from .flow import Answer, Lost
from .gmi_codec import PROVIDER
from .gmi_failures import problems
from .json_body import is_whole
from .refusals import meaning

#: What came of one attempt: made, refused for good, certainly not made, or nobody knows.
Fate = Literal["made", "refused", "not made", "unknown"]


def fate(outcome: Answer | Lost) -> Fate:
    """Judge an attempt by what was heard of it."""
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
    return "refused" if is_settled(outcome) else "unknown"


def may_come_late(outcome: Answer | Lost) -> bool:
    """Say whether the server may still be carrying out an attempt that failed."""
    return outcome.silent if isinstance(outcome, Lost) else is_late(outcome)


def is_settled(answer: Answer) -> bool:
    """Say whether a 5xx is the end of a submit: the vendor behind GMI refused, and GMI keeps a failed record.

    Any other 5xx leaves open whether the request exists.
    """
    return any(
        meaning(PROVIDER, problem, answer.status) not in ("server", "timeout", "unknown")
        for problem in problems(answer)
    )


def is_late(answer: Answer) -> bool:
    """Say whether an answer only tells that time ran out, so that the request may be carried out yet."""
    told = (meaning(PROVIDER, problem, answer.status) for problem in problems(answer))
    return answer.status == 504 or (answer.status >= 500 and "timeout" in told)
