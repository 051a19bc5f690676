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
    error = body.get("error") if isinstance(body, Mapping) else None
    if isinstance(error, Mapping):
        error = error if "code" in error and provider == "heygen" else None
        return [] if error is None else [Told(provider, str(error["code"]), str(error.get("message")))]
    # A failed job tells its error beside its state, in an answer that is none.
    return [Told(provider, "", error)] if isinstance(error, str) and exchange.status >= 400 else []


def cases_of(told: Told) -> list[ErrorCase]:
    """List what it may be in the catalogue: by its code, or by the literal text where there are no codes."""
    return list(_cases(told.provider, told.code or told.text))


@lru_cache(maxsize=4096)
def _cases(provider: str, said: str) -> tuple[ErrorCase, ...]:
    found = [(case, pattern) for case, pattern in _patterns(provider) if pattern.fullmatch(said)]
    # A family such as `invalid{Parameter}` has whatever no case has for itself.
    own = tuple(case for case, pattern in found if said in (case.code, case.message))
    return own or tuple(case for case, _ in found)


def fits_vocabulary(told: Told) -> bool:
    """Whether the provider's own SDK knows what class its code is of; so is any, where there is no such SDK."""
    return told.provider not in _VOCABULARIES or kind_of(told.provider, told.code) != "unknown"


def statuses(told: Told, switches: Mapping[str, str]) -> frozenset[int]:
    """List the statuses an error may have by what is known, and not only assumed: none where nothing is."""
    cases = cases_of(told)
    if any("status" in case.assumed or case.confidence == "assumed" for case in cases):
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
def _patterns(provider: str) -> tuple[tuple[ErrorCase, re.Pattern[str]], ...]:
    cases = catalogue(provider).values()
    if provider in _CODED:
        return tuple((case, _literal(case.code)) for case in cases if case.code and case.strikes != "transport")
    return tuple((case, _literal(case.message)) for case in cases if "message" not in case.assumed)


def _literal(text: str) -> re.Pattern[str]:
    return re.compile(".+".join(re.escape(part) for part in _FIELD.split(text)), re.DOTALL)
