"""The providers the emulator stands in for: wire in, wire out, and nothing else."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from starlette.routing import BaseRoute

from understudy.engine import Engine
from understudy.keepers import Keeper

from .gmi import Gmi
from .heygen import HeyGen
from .runware import Runware
from .segmind import Segmind


class Provider(Protocol):
    """One provider's face: where clients reach it, and the routes that answer them."""

    name: str

    @property
    def hosts(self) -> Mapping[str, str]:
        """The provider's own host names, under which it is alone, each with what its paths begin with here."""
        ...

    @property
    def keeper(self) -> Keeper | None:
        """Who knows how its accounts are written down; None where it keeps nothing for any."""
        ...

    def base_url(self, origin: str) -> str:
        """What to set as an SDK's base URL, given where the server is reached."""
        ...

    def routes(self) -> Sequence[BaseRoute]:
        """Every route of this provider."""
        ...


PROVIDERS: dict[str, Callable[[Engine], Provider]] = {
    "runware": Runware,
    "gmi": Gmi,
    "heygen": HeyGen,
    "segmind": Segmind,
}
