"""One thing the emulator sends out by itself, a webhook or an upload, with every attempt on the record."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

#: What a delivery sends: bytes as they are, or a file streamed from disk.
Content = bytes | Path


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to try again: delays double from `first` to `cap` seconds, each shortened by up to half at random."""

    first: float
    cap: float
    attempts: int
    timeout: float

    def delay(self, attempt: int, chance: float) -> float:
        """Emulator seconds to wait after the attempt of that number, counted from 1; `chance` is in 0..1."""
        full = min(self.cap, self.first * 2.0 ** min(attempt - 1, 64))
        return full * (1 - chance / 2)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: when, how long it took in real seconds, and the receiver's status or what went wrong."""

    at: float
    seconds: float
    status: int | None
    problem: str | None

    @property
    def accepted(self) -> bool:
        """Whether the receiver took it: any 2xx."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(slots=True)
class Delivery:
    """What goes where, and how it went so far. `then` follows once this one is delivered or given up.

    `where`, if there is one, is asked right before each attempt: the address as it is now, None when nobody wants
    it any more.
    """

    id: str
    kind: Literal["webhook", "upload"]
    job: str
    result: str
    url: str
    due: float
    method: Literal["POST", "PUT"]
    content_type: str
    produce: Callable[[], Awaitable[Content]]
    policy: RetryPolicy
    then: "Delivery | None" = None
    where: Callable[[], str | None] | None = None
    attempts: list[Attempt] = field(default_factory=list)
    state: Literal["waiting", "delivered", "given up", "refused", "withdrawn"] = "waiting"
