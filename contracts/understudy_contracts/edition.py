"""Which state of a provider's contract this is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources.abc import Traversable

from .data import folder


@cache
def edition(provider: str) -> str:
    """A digest of all JSON files of a contract: another one, when anything in it is another. Raises `ContractError`."""
    digest = hashlib.sha256()
    for name, file in sorted(_files(folder(provider), ""), key=lambda row: row[0]):
        content = file.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def _files(directory: Traversable, place: str) -> Iterator[tuple[str, Traversable]]:
    for entry in directory.iterdir():
        if entry.is_dir():
            yield from _files(entry, f"{place}{entry.name}/")
        elif entry.name.endswith(".json"):
            yield place + entry.name, entry
