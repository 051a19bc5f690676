"""What a provider answers an account that has spent what it may, or has as many requests under way as it may have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

from .data import ContractError, folder, read
from .errors import ErrorCase, catalogue

Limit = Literal["spend", "concurrency"]


@dataclass(frozen=True, slots=True)
class LimitAnswer:
    """The error that tells an account of one of its limits."""

    case: ErrorCase
    #: Why this one: what the provider says of such a limit, or that it says nothing.
    why: str
    sources: tuple[str, ...]
    #: That the limit is answered like this, not of the error itself: documented, observed, inferred or assumed.
    confidence: str


@cache
def limit_answers(provider: str) -> Mapping[str, LimitAnswer]:
    """List what a provider answers, by the limit: `spend` and `concurrency`. Raises `ContractError`."""
    rows = read(folder(provider).joinpath("limits.json"), "limits")["limits"]
    known = catalogue(provider)
    answers = {}
    for limit, row in rows.items():
        if row["case"] not in known:
            raise ContractError(f"limits.json: {provider} has no error {row['case']!r}")
        answers[limit] = LimitAnswer(known[row["case"]], row["why"], tuple(row["sources"]), row["confidence"])
    return MappingProxyType(answers)


def limit_case(provider: str, limit: Limit) -> ErrorCase:
    """Tell which error a provider answers with when a limit of the account refuses. Raises `ContractError`."""
    return limit_answers(provider)[limit].case
