"""Decisions without doing: generators that yield what should happen and are sent what came of it.

A flow yields `Request` or `Sleep`. A driver (`client.py`) carries it out and sends back an `Answer` or a
`Lost` for a request, None for a sleep. Nothing here opens a socket, sleeps, or looks at a clock it was not
given, so the same flow serves the sync and the async client, and a test can play the server with `next` and
`send`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Protocol, TypeAlias, TypeVar

T = TypeVar("T")


class Sink(Protocol):
    """Where a driver puts a body that is too large to hold."""

    def begin(self, status: int, headers: Mapping[str, str]) -> bool:
        """Say whether you want this body; otherwise it is read into the answer."""

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. It never holds the key: `authorized` asks the driver to add it."""

    method: str
    url: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    authorized: bool = False
    #: Seconds this attempt may take at most at each step of its I/O; None leaves it to the driver.
    timeout: float | None = None
    #: Seconds to wait for the answer to begin, where that is not as long as usual; None for the usual.
    patience: float | None = None
    into: Sink | None = None
    #: How many results its answer tells of, where it may come in pieces; 0 when nobody knows.
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Sleep:
    """Do nothing for this many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection failed before a whole answer was there."""

    cause: Exception
    #: False only when it is certain that no byte of the request reached a server.
    sent: bool
    #: False when trying again cannot help, as with a URL no transport understands.
    retryable: bool = True
    #: True when the server still held the line as patience ended: it may carry the request out yet.
    silent: bool = False


Step: TypeAlias = Request | Sleep
Outcome: TypeAlias = Answer | Lost | None
Flow: TypeAlias = Generator[Step, Outcome, T]


class Deadline:
    """A moment on a monotonic clock, or never."""

    def __init__(self, seconds: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._at = None if seconds is None else clock() + seconds

    def remaining(self) -> float | None:
        """Seconds left, never below zero; None when there is no end."""
        return None if self._at is None else max(0.0, self._at - self._clock())

    def allows(self, pause: float) -> bool:
        """Say whether something would be left after a pause of so many seconds."""
        left = self.remaining()
        return left is None or pause < left


@dataclass(frozen=True, slots=True)
class Backoff:
    """How to try again: exponential steps with full jitter, and the server's `Retry-After` on top.

    Tried again are 408, 429, any 5xx and lost connections, as Runware's own SDK does (runware-sdk 1.8.0,
    transport/rest.py). Full jitter keeps many clients from coming back together.
    """

    retries: int = 4
    first: float = 0.5
    factor: float = 2.0
    cap: float = 30.0
    #: The longest `Retry-After` obeyed, in seconds. A longer one ends the attempts: the caller should know.
    patience: float = 60.0
    #: Reads from an answer the pause it asks for, in seconds; None when it asks for none.
    asked: Callable[[Answer], float | None] = lambda answer: pause_in_headers(answer)
    roll: Callable[[], float] = random.random

    def pause(self, attempt: int, outcome: Answer | Lost) -> float | None:
        """Seconds before the next attempt, or None when there should be none.

        attempt: how many attempts were made, counting from 1.
        """
        if attempt > self.retries or not is_transient(outcome):
            return None
        asked = self.asked(outcome) if isinstance(outcome, Answer) else None
        if asked is None:
            return self.roll() * min(self.cap, self.first * self.factor ** (attempt - 1))
        return None if asked > self.patience else asked + self.roll() * self.first


def is_transient(outcome: Answer | Lost) -> bool:
    """Say whether the same request may be answered otherwise in a moment."""
    if isinstance(outcome, Lost):
        return outcome.retryable
    return outcome.status in (408, 429) or outcome.status >= 500


def pause_in_headers(answer: Answer) -> float | None:
    """Seconds an answer asks to wait by its `Retry-After`, the one place every provider could use."""
    return retry_after(answer.headers)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the server asked to wait, by `Retry-After` in seconds or as a date; None when it did not.

    A date is measured against the answer's own `Date`, so two clocks that disagree do no harm.
    """
    asked = headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked)
    until, sent = _date(asked), _date(headers.get("date", ""))
    if until is None or sent is None:
        return None
    return max(0.0, (until - sent).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else None


@dataclass(frozen=True, slots=True)
class Reply:
    """The last word on a request that was tried until it was answered or given up."""

    outcome: Answer | Lost
    #: An earlier attempt may have been carried out: its answer never came or broke off, or was a 408 or a 5xx.
    repeated: bool


def _may_be_done(outcome: Answer | Lost) -> bool:
    """Say of an attempt that is about to be repeated whether the server may have carried it out.

    A 429 or any other no says that it did not, whoever says it; only 408 comes of a server that lost track. A yes
    is repeated only when it broke off.
    """
    if isinstance(outcome, Lost):
        return outcome.sent
    return outcome.status < 300 or outcome.status == 408 or outcome.status >= 500


def ask(request: Request) -> Flow[Answer | Lost]:
    """Send one request, once."""
    outcome = yield request
    if outcome is None:
        raise TypeError("a driver must answer a Request with an Answer or a Lost")
    return outcome


def persist(
    request: Request,
    backoff: Backoff,
    deadline: Deadline,
    is_whole: Callable[[Answer], bool],
) -> Flow[Reply]:
    """Send one request until it is answered, retries run out, or the deadline leaves no time for another.

    is_whole: says of an answer whether its body is complete; a body cut short on a connection without a
    length looks like any other answer to HTTP.
    """
    repeated, attempt = False, 0
    while True:
        attempt += 1
        left = deadline.remaining()
        # A last look is worth a second even when the deadline has just passed.
        outcome = yield from ask(request if left is None else replace(request, timeout=max(1.0, left)))
        if isinstance(outcome, Answer) and not is_whole(outcome):
            pause = backoff.pause(attempt, Lost(ValueError("the answer broke off"), sent=True))
        else:
            pause = backoff.pause(attempt, outcome)
        if pause is None or not deadline.allows(pause):
            return Reply(outcome, repeated)
        repeated = repeated or _may_be_done(outcome)
        yield Sleep(pause)
