"""The host names that are a provider's own: what its clients call, and where its files are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

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
