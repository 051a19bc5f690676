"""The host names that are a provider's own: what its clients call, and where its files are."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from urllib.parse import unquote

from . import PROVIDERS
from .data import folder, read


@dataclass(frozen=True, slots=True)
class Host:
    """One host name, and what is there."""

    name: str
    #: What its clients do there, in a sentence.
    purpose: str
    sources: tuple[str, ...]
    confidence: str


@cache
def hosts(provider: str) -> tuple[Host, ...]:
    """List the hosts of a provider, the one it is called at first. Raises `ContractError`."""
    rows = read(folder(provider).joinpath("hosts.json"), "hosts")["hosts"]
    return tuple(Host(row["host"], row["for"], tuple(row["sources"]), row["confidence"]) for row in rows)


@lru_cache(100)
def provider_at(host: str) -> str:
    """Tell whose a host is, by its domain and however it is written; empty where it is no provider's."""
    domain = _domain(host)
    return next((name for name in PROVIDERS if domain in {_domain(one.name) for one in hosts(name)}), "")


def _domain(host: str) -> str:
    name = unquote(host)
    with suppress(UnicodeError):
        # What is no plain dot or letter becomes one before a name is looked up.
        name = name.encode("idna").decode()
    return ".".join(name.lower().rstrip(".").split(".")[-2:])
