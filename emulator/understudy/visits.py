"""One request on its way through the server: who and what it is for, what goes wrong with it, and how it ended.

Every request of a provider comes in as a visit and leaves as an exchange in the journal. Providers say what they
find out about it and ask what goes wrong; what a fault does to the answer itself is `front`'s to do.
"""

import time
from collections.abc import Callable, Container, Sequence

from starlette.types import Scope

from .accounts import Account
from .clock import Clock, sleep_until
from .engine import Engine
from .faults import NOTHING, Facts, Strike, meet
from .journal import Exchange

#: Where a visit is found in the scope of its request.
VISIT = "understudy.visit"

#: What asks for a fault in a request itself.
FAULT_HEADER = b"x-understudy-fault"


class Unreached(Exception):
    """A fault keeps the request from reaching the provider: nothing more is to be done about it."""


def _nothing() -> str:
    return ""


class Visit:
    """One request while it is under way."""

    __slots__ = ("_account", "_began", "_due", "_engine", "asked", "exchange", "strike")

    def __init__(self, engine: Engine, exchange: Exchange, asked: str | None = None) -> None:
        self._engine = engine
        self._account: Account | None = None
        self._began = time.monotonic()
        self.exchange = exchange
        #: The fault that the request asks for itself, by its header.
        self.asked = asked
        #: What goes wrong with the answer.
        self.strike: Strike = NOTHING
        #: What the clock had lived when it was known what would be answered, had that taken no real time.
        self._due = 0.0

    @property
    def clock(self) -> Clock:
        """The clock that goes for the request."""
        return self._engine.clock if self._account is None else self._account.clock

    @property
    def held_until(self) -> float:
        """What the clock will have lived when an answer that a fault delays goes out.

        It counts from when the fault struck, which its count tells everybody, or from the end of what was waited for on
        the clock: whoever lets time pass then lets it pass for the answer, too, however long that takes to make.
        """
        return self._due + self.strike.delay

    async def wait(self, moment: float) -> None:
        """Let the request wait until the emulator's time has come to `moment`."""
        try:
            await sleep_until(self.clock, moment)
        finally:
            # It may be past the moment by now.
            self._due = self.clock.lived() - max(0.0, self.clock.now() - moment)

    def of(self, provider: str, account: Account | None) -> None:
        """Say whose request it is."""
        exchange = self.exchange
        exchange.provider = provider
        if account is not None:
            self._account = account
            exchange.account, exchange.at = account.id, account.clock.now()

    def meet(
        self,
        operation: str,
        *,
        model: str | None = None,
        job: str | None = None,
        text: Callable[[], str] = _nothing,
        magic: Sequence[str] = (),
        age: float | None = None,
    ) -> Strike:
        """What goes wrong with the request, now that it is known what it is for.

        Raises Unreached when it does not come to the provider, UnknownFault when it asks for one that there is not.
        """
        exchange, account = self.exchange, self._account
        exchange.operation = operation
        exchange.model = model or exchange.model
        exchange.job = job or exchange.job
        common = self._engine.faults
        own = account is not None and account.has_faults
        if not (common or own or self.asked or "[[" in "\n".join(magic)):
            # Almost always: nothing has to be put together to find that nothing goes wrong.
            return NOTHING
        strike = meet(
            (common,) if account is None else (common, account.faults),
            Facts(
                exchange.provider or "",
                operation,
                model,
                exchange.account,
                text,
                age,
                exchange.transport == "websocket",
                self.strike.taken() if self.strike else None,
                self.strike.names,
            ),
            self.clock.now(),
            header=self.asked,
            texts=magic,
        )
        if strike is not NOTHING:
            if not self.strike:
                self._due = self.clock.lived()
            self.strike = self.strike.joined(strike)
            exchange.faults = names = self.strike.names
            # What struck one part of the request did not leave it alone, whatever it did to the others.
            if exchange.considered and strike.names:
                exchange.considered = _others(exchange.considered, names)
            exchange.consider(_others(strike.considered, names))
            if not strike.reached:
                raise Unreached
        return strike

    def end(self, ended: str, at: float | None = None) -> None:
        """Put it on the record, once; it was over just now, or `at` a moment before."""
        exchange, account = self.exchange, self._account
        if exchange.ended:
            return
        exchange.ended = ended
        exchange.seconds = time.monotonic() - self._began
        exchange.finished = self.clock.now() if at is None else at
        (self._engine.strangers if account is None else account.journal).add(exchange)


def _others(considered: tuple[tuple[str, str], ...], struck: Container[str]) -> tuple[tuple[str, str], ...]:
    return tuple(each for each in considered if each[0] not in struck)


def visit_of(scope: Scope) -> Visit:
    """The visit that a request is."""
    visit: Visit = scope[VISIT]
    return visit
