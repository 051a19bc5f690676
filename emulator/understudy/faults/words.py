"""What a provider says where a rule names only the kind of a fault: its own 429, its gateway's page."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from understudy_contracts.errors import ErrorCase, catalogue

from .facts import CALLS

_TITLES = {502: "502 Bad Gateway", 503: "503 Service Temporarily Unavailable", 504: "504 Gateway Time-out"}


@cache
def providers() -> tuple[str, ...]:
    """The providers there is a contract for."""
    found = (entry.name for entry in files("understudy_contracts").iterdir() if entry.joinpath("errors.json").is_file())
    return tuple(sorted(name for name in found if name != "files"))


def errors(provider: str) -> Mapping[str, ErrorCase]:
    """A provider's catalogue of errors by id; empty for one there is no contract for."""
    return catalogue(provider) if provider in providers() else {}


@cache
def error_of_limit(provider: str) -> ErrorCase | None:
    """What a provider answers when there are too many requests; None when that is not known."""
    cases = errors(provider).values()
    return next((case for case in cases if case.kind == "rate_limit" and case.strikes == "submit"), None)


@cache
def page_of(provider: str, status: int) -> str:
    """The page of the gateway in front of a provider; a common one where its own is not known."""
    for case in errors(provider).values():
        if case.strikes == "transport" and case.status == status and case.message.startswith("<"):
            return case.message
    title = _TITLES[status]
    return f"<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>"


#: Errors that strike a job after it was accepted, by when: the operations that can bring one about.
_LATER = {
    "processing": frozenset({"submit", "train"}),
    "upstream": frozenset({"submit", "train"}),
    "poll": frozenset({"submit", "poll"}),
    "expiry": frozenset({"submit", "poll"}),
}


def struck_by(case: ErrorCase) -> frozenset[str]:
    """The operations that an error can be the fate of."""
    return _LATER.get(case.strikes, CALLS)
