"""Where documents are, and which server they describe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from understudy_contracts.provider import contract

#: Where the documents are while they are in a folder: below it, the path of an id is the path of its file.
NOWHERE = "https://contracts.understudy.invalid"


@dataclass(frozen=True, slots=True)
class Site:
    """Where documents are, which server they describe, and how it reads what sources disagree on."""

    #: The address below which the documents are; their ids begin with it.
    base: str = NOWHERE
    #: The one server that has every path, such as `http://127.0.0.1:8899`; None for the provider's own hosts.
    origin: str | None = None
    #: What the paths of a host begin with at `origin`, where it is not nothing.
    prefixes: Mapping[str, str] = field(default_factory=dict)
    #: Switch values by provider, where they are not the defaults.
    switches: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def stance(self, provider: str) -> dict[str, str]:
        """Every switch value of a provider. Raises `ValueError` for a switch or a value that it does not have."""
        return contract(provider).switch_values(self.switches.get(provider))

    def server(self, host: str) -> str:
        """The address of a host."""
        return f"https://{host}" if self.origin is None else self.origin

    def path(self, host: str, path: str) -> str:
        """A path of a host, at that address."""
        return path if self.origin is None else f"{self.prefixes.get(host, '')}{path}"

    def place(self, name: str) -> str:
        """The address of a document by the path of its file, such as `gmi/openapi.json`."""
        return f"{self.base}/{name}"


@cache
def version() -> str:
    """The version of the package that the documents are from."""
    from importlib.metadata import version as installed

    return installed("understudy")
