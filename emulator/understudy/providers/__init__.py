"""The providers the emulator stands in for: wire in, wire out, and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Protocol

from starlette.routing import BaseRoute

from understudy.engine import Engine
from understudy.keepers import Keeper
from understudy_contracts.hosts import hosts


class Provider(Protocol):
    """One provider as it answers."""

    name: str

    @property
    def keeper(self) -> Keeper | None:
        """Who knows how its accounts are written down; None where it keeps nothing for any."""
        ...

    def routes(self) -> Sequence[BaseRoute]:
        """Every route of this provider."""
        ...


@dataclass(frozen=True, slots=True)
class Face:
    """Where clients find a provider, which is known before any of it is loaded."""

    name: str
    #: What of its module stands in for it.
    stands_in: str
    #: What follows the address of the server in what an SDK calls its base URL.
    path: str
    #: What its paths begin with here on hosts whose paths are not the API's.
    prefixes: Mapping[str, str] = field(default_factory=dict)

    def base_url(self, origin: str) -> str:
        """What to set as an SDK's base URL, given where the server is reached."""
        return f"{origin}{self.path}"

    @property
    def hosts(self) -> dict[str, str]:
        """The provider's own host names, under which it is alone, each with what its paths begin with here."""
        return {host.name: self.prefixes.get(host.name, "") for host in hosts(self.name)}

    def open(self, engine: Engine) -> Provider:
        """Load the provider, and let it play on an engine."""
        provider: Provider = getattr(import_module(f".{self.name}", __package__), self.stands_in)(engine)
        return provider


_SERVICES = ("schemas.runware.ai", "content.runware.ai")

#: In the order in which their routes are tried: what is called most often comes first.
PROVIDERS: dict[str, Face] = {
    face.name: face
    for face in (
        Face("runware", "Runware", "/v1", {host: f"/{host}" for host in _SERVICES}),
        Face("gmi", "Gmi", "/api/v1/ie/requestqueue/apikey"),
        Face("heygen", "HeyGen", ""),
        Face("segmind", "Segmind", "/v1"),
    )
}
