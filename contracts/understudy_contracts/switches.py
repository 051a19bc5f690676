"""Where a provider's sources disagree, a named switch picks one reading, and says why it exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from .data import folder, read


@dataclass(frozen=True, slots=True)
class Switch:
    """One disagreement between sources, the readings there are, and the one taken unless told otherwise."""

    name: str
    values: tuple[str, ...]
    default: str
    why: str
    sources: tuple[str, ...]


@cache
def switches(provider: str) -> Mapping[str, Switch]:
    """List the switches of a provider by name, in the order of its file. Raises `ContractError`."""
    rows = read(folder(provider).joinpath("switches.json"), "switches")["switches"]
    return MappingProxyType(
        {
            row["name"]: Switch(row["name"], tuple(row["values"]), row["default"], row["why"], tuple(row["sources"]))
            for row in rows
        }
    )
