"""One thing the emulator sends out by itself, a webhook or an upload, with every attempt on the record."""

import base64
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

from .faults import NOTHING, Strike
from .faults.facts import silence
from .moments import iso
from .wire import BadJson, parse_json

#: What a delivery sends: bytes as they are, or a file streamed from disk.
Content = bytes | Path

Produce: TypeAlias = Callable[[], Awaitable[Content]]

Kind: TypeAlias = Literal["webhook", "upload"]

#: `refused` is an address that may not be called, `withdrawn` what nobody wants any more, `dropped` a fault's doing.
State: TypeAlias = Literal["waiting", "delivered", "given up", "refused", "withdrawn", "dropped"]

Headers: TypeAlias = tuple[tuple[str, str], ...]


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


@dataclass(slots=True, eq=False)
class Attempt:
    """One try: when, how long it took in real seconds, and the receiver's status or what went wrong.

    It is filled in as it goes on, so that one which failed still tells what was sent.
    """

    #: How much of a body is kept, in bytes.
    REQUEST_KEPT = 64 * 1024
    RESPONSE_KEPT = 4 * 1024

    at: float
    seconds: float = 0.0
    status: int | None = None
    problem: str | None = None
    request_headers: Headers = ()
    #: None for a file, of which only the size is remembered.
    request_body: bytes | None = None
    request_size: int = 0
    response_headers: Headers = ()
    response_body: bytes = b""

    @property
    def accepted(self) -> bool:
        """Whether the receiver took it: any 2xx."""
        return self.status is not None and 200 <= self.status < 300

    def shown(self) -> dict[str, Any]:
        """The attempt as JSON. A body is a document where it is JSON, else text, else base64: `encoding` says which."""
        cut = self.request_body is not None and len(self.request_body) < self.request_size
        return {
            "at": self.at,
            "iso": iso(self.at),
            "seconds": self.seconds,
            "status": self.status,
            "problem": self.problem,
            "request": {
                "headers": [list(pair) for pair in self.request_headers],
                "size": self.request_size,
                "cut": cut,
                **_shown_body(self.request_body, cut),
            },
            "response": {
                "headers": [list(pair) for pair in self.response_headers],
                **_shown_body(self.response_body, cut=True),
            },
        }


@dataclass(slots=True, eq=False)
class Delivery:
    """What goes where, and how it went so far. `then` follows once this one is delivered or given up.

    `where`, if there is one, is asked right before each attempt: the address as it is now, None when nobody wants
    it any more. `about` is what its provider needs to make the content again, in another server if need be.
    """

    id: str
    kind: Kind
    provider: str
    job: str
    result: str
    url: str
    due: float
    method: Literal["POST", "PUT"]
    content_type: str
    produce: Produce
    policy: RetryPolicy
    model: str | None = None
    about: Mapping[str, str] = field(default_factory=dict)
    then: "Delivery | None" = None
    where: Callable[[], str | None] | None = None
    #: What the request it is about says, for rules that ask.
    text: Callable[[], str] = silence
    attempts: list[Attempt] = field(default_factory=list)
    state: State = "waiting"
    #: Tries of the current round; a resending begins another.
    tries: int = 0
    #: Whether its first try began: then nothing but itself sets it off.
    begun: bool = False
    #: What goes wrong with it: known once it fell due for the first time, None until then.
    strike: Strike | None = None
    #: The names of what struck it, and why other rules did not.
    faults: tuple[str, ...] = ()
    considered: tuple[tuple[str, str], ...] = ()

    #: How many attempts are remembered: the newest.
    ATTEMPTS_KEPT = 100

    @property
    def is_fresh(self) -> bool:
        """Whether it did not fall due yet."""
        return self.state == "waiting" and not self.begun and self.strike is None

    @property
    def is_first_try(self) -> bool:
        """Whether its first try is under way."""
        return self.begun and not self.tries and self.state == "waiting"

    @property
    def receiver(self) -> str:
        """The host and port it goes to: one that is slow holds up what goes there, and nothing else."""
        try:
            return urlsplit(self.url).netloc
        except ValueError:
            # What is no address at all is refused as it is tried, and goes nowhere until then.
            return self.url

    def chain(self) -> Iterator["Delivery"]:
        """The delivery, what follows it, and so on."""
        each: Delivery | None = self
        while each is not None:
            yield each
            each = each.then

    def copy(self, number: int) -> "Delivery":
        """Another one of the same, which a fault asks for: it is spoilt alike, and copied no further."""
        return replace(
            self, id=f"{self.id}-copy-{number}", then=None, attempts=[], state="waiting", tries=0, begun=False
        )

    def keep_in_order(self, why: str) -> None:
        """Be reordered no more, and name no rule for that, which was to do nothing else."""
        assert self.strike is not None
        if (rule := self.strike.swap) is not None:
            self.faults = tuple(name for name in self.faults if name != rule)
            self.considered += ((rule, why),)
        self.strike = self.strike.in_order()

    def remember(self, attempt: Attempt) -> None:
        """Put an attempt on the record."""
        if self.attempts and self.attempts[-1].request_body == attempt.request_body:
            # A body that is sent again and again is kept once.
            attempt.request_body = self.attempts[-1].request_body
        self.attempts.append(attempt)
        del self.attempts[: -self.ATTEMPTS_KEPT]

    def settle(self, attempt: Attempt, now: float, chance: Callable[[], float]) -> None:
        """Be delivered, be tried again later or be given up, as an attempt went; `chance` spreads the waits."""
        self.tries += 1
        if attempt.accepted:
            self.state = "delivered"
        elif self.state == "waiting" and self.tries < self.policy.attempts:
            self.due = now + self.policy.delay(self.tries, chance())
        elif self.state == "waiting":
            self.state = "given up"

    def renew(self, now: float) -> None:
        """Make it due once more, with all its tries ahead, and whole: no fault strikes what is resent."""
        self.state, self.due, self.tries, self.strike = "waiting", now, 0, NOTHING

    def shown(self) -> dict[str, Any]:
        """The delivery with all its attempts as JSON; `next_attempt` is when it is tried next, if ever."""
        due = self.due if self.due < float("inf") else None
        return {
            "id": self.id,
            "kind": self.kind,
            "provider": self.provider,
            "model": self.model,
            "job": self.job,
            "result": self.result,
            "method": self.method,
            "url": self.url,
            "content_type": self.content_type,
            "state": self.state,
            "next_attempt": due if self.state == "waiting" else None,
            "follows_up": self.then.id if self.then is not None else None,
            "faults": list(self.faults),
            "considered": [{"rule": rule, "why": why} for rule, why in self.considered],
            "about": dict(self.about),
            "attempts": [attempt.shown() for attempt in self.attempts],
        }


def _shown_body(body: bytes | None, cut: bool) -> dict[str, Any]:
    if body is None:
        return {"encoding": None, "body": None}
    try:
        # What is nested too deep to be told as JSON is text.
        return {"encoding": "json", "body": parse_json(body)}
    except BadJson:
        pass
    try:
        return {"encoding": "text", "body": body.decode(errors="ignore" if cut else "strict")}
    except UnicodeDecodeError:
        return {"encoding": "base64", "body": base64.b64encode(body).decode()}
