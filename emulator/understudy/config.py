"""What a server is started with; `commands/options.py` says how each is set from outside."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

#: What an API key can be, so that a header can carry it.
KEY = "[!-~]{1,500}"

#: What an account's id looks like; a key can look the same.
ACCOUNT_ID = "[0-9a-f]{16}"

#: How much shorter than the provider's a generation is at the default speed: a 30 s video takes about 2 s.
BRISK = 1 / 30


class SettingError(ValueError):
    """A setting has a value that cannot be used; `str()` says which and what would do."""


class BadScenario(SettingError):
    """A scenario cannot be played; `problems` says why, each in a sentence that begins with where."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        super().__init__(f"{path} is no scenario:\n" + "\n".join(f"  {problem}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast the clock runs, and how long generation takes as a share of the provider's own time."""

    rate: float = 1.0
    latency: float = BRISK

    @classmethod
    def parse(cls, text: str) -> "Speed":
        """Read `brisk`, `real`, `instant` or a number; raises SettingError for anything else."""
        named = {"brisk": cls(), "real": cls(1.0, 1.0), "instant": cls(1.0, 0.0)}
        if text in named:
            return named[text]
        try:
            rate = float(text)
        except ValueError:
            rate = -1.0
        if not 0 < rate <= 1e6:
            raise SettingError(f"speed is brisk, real, instant or a number up to 1000000, not {text!r}")
        return cls(rate, 1.0)


def is_loopback(host: str) -> bool:
    """Whether a host name or an address, in brackets or not, can only ever mean this machine."""
    name = host.removeprefix("[").removesuffix("]").lower()
    if name == "localhost":
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _default_cache() -> Path:
    return Path(tempfile.gettempdir()) / "understudy-media"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a server is started with."""

    host: str = "127.0.0.1"
    port: int = 8899
    speed: Speed = field(default_factory=Speed)
    clock: Literal["flowing", "manual"] = "flowing"
    seed: int | None = None
    public_url: str | None = None
    port_file: Path | None = None
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    api_keys: frozenset[str] = frozenset()
    balance: Decimal = Decimal(100_000)
    switches: Mapping[str, str] = field(default_factory=dict)
    cache_dir: Path = field(default_factory=_default_cache)
    cache_size: int = 1024
    max_body: int = 32
    allow_link_local: bool = False
    #: How many exchanges the journal of one account keeps.
    journal_size: int = 1_000
    #: Whether answers that a fault touched say so in a header.
    fault_header: bool = True
    scenario: Path | None = None
    #: What callers of `/_understudy/` must show; needed as soon as others than this machine can reach the server.
    control_token: str | None = None

    @property
    def max_body_bytes(self) -> int:
        """The largest request body that is read, in bytes."""
        return self.max_body * 1024 * 1024

    @property
    def cache_bytes(self) -> int:
        """How much disk the placeholders may take, in bytes."""
        return self.cache_size * 1024 * 1024

    def switches_of(self, provider: str) -> dict[str, str]:
        """The switches set for one provider, by their own names."""
        prefix = f"{provider}."
        return {name.removeprefix(prefix): value for name, value in self.switches.items() if name.startswith(prefix)}
