"""Finding the errors in an answer, and each of them in the catalogue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from understudy_contracts.errors import ErrorCase, catalogue, forms, kind_of
from understudy_contracts.switches import switches as switches_of

from .exchange import Exchange
from .runware_record import items_of

_FIELD = re.compile(r"\{[A-Za-z_]*\}")

#: Whose errors are known by codes; all others by their texts.
_CODED = frozenset({"runware", "heygen"})
#: Whose own SDK has a vocabulary of them.
_VOCABULARIES = frozenset({"runware"})


@dataclass(frozen=True, slots=True)
class Told:
    """One error as it is on the wire."""

    provider: str
    #: "" where the provider has no codes.
    code: str
    text: str

    def __str__(self) -> str:
        return self.code or repr(self.text)


def told_in(exchange: Exchange) -> list[Told]:
    """List the errors that an answer tells, of whatever they are."""
    body, provider = exchange.body, exchange.provider
    if provider == "runware":
        inside = [item.get("error") for item in items_of(body, "data")]
        told = [*items_of(body, "errors"), *(error for error in inside if isinstance(error, Mapping))]
        return [Told(provider, str(error.get("code")), str(error.get("message"))) for error in told if "code" in error]
    error = body.get("error") if isinstance(body, Mapping) and body.get("status") != "FAILED" else None
    if isinstance(error, Mapping):
        error = error if "code" in error and provider == "heygen" else None
        return [] if error is None else [Told(provider, str(error["code"]), str(error.get("message")))]
    # A job that has failed tells why in the words of whatever went wrong, which is no error of who tells it.
    return [Told(provider, "", error)] if isinstance(error, str) and exchange.status >= 400 else []


def cases_of(told: Told) -> list[ErrorCase]:
    """List what it may be in the catalogue: by its code, or by the literal text where there are no codes."""
    return list(_cases(told.provider, told.code or told.text))


@lru_cache(maxsize=4096)
def _cases(provider: str, said: str) -> tuple[ErrorCase, ...]:
    found = [(length, case) for case, length, pattern in _patterns(provider) if pattern.fullmatch(said)]
    # The more of it is literal the nearer it is meant: a family such as `invalid{Parameter}` has what is left.
    nearest = max((length for length, _ in found), default=0)
    return tuple(case for length, case in found if length == nearest)


def fits_vocabulary(told: Told) -> bool:
    """Whether the provider's own SDK knows what class its code is of; so is any, where there is no such SDK."""
    return told.provider not in _VOCABULARIES or kind_of(told.provider, told.code) != "unknown"


def statuses(told: Told, switches: Mapping[str, str]) -> frozenset[int]:
    """List the statuses an error may have by what is known, and not only assumed: none where nothing is."""
    cases, known_by = cases_of(told), "code" if told.code else "message"
    if any({"status", known_by} & set(case.assumed) or case.confidence == "assumed" for case in cases):
        return frozenset()
    return frozenset(status for case in cases for status in _statuses(case, switches))


def _statuses(case: ErrorCase, switches: Mapping[str, str]) -> list[int]:
    if case.status_switch is not None:
        chosen = switches.get(case.status_switch, switches_of(case.provider)[case.status_switch].default)
        return [int(chosen)]
    if case.strikes != "processing":
        return [] if case.status is None else [case.status]
    # What fails while it is made is told in another answer, which has a status of its own.
    told = [forms(case.provider)[place].status for place in ("processing", "waiting") if place in forms(case.provider)]
    return [status for status in told if status is not None]


@cache
def _patterns(provider: str) -> tuple[tuple[ErrorCase, int, re.Pattern[str]], ...]:
    """The cases, each with how much is literal of what it is known by."""
    found = []
    for case in catalogue(provider).values():
        text = case.message if provider not in _CODED else case.code if case.strikes != "transport" else ""
        if text:
            parts = _FIELD.split(text)
            found.append((case, sum(map(len, parts)), re.compile(".+".join(map(re.escape, parts)), re.DOTALL)))
    return tuple(found)
