"""One open socket: what is heard and said on it, all of it on the record."""

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from starlette.types import Send

from understudy.accounts import Account
from understudy.clock import Clock
from understudy.engine import Engine
from understudy.journal import Exchange
from understudy.visits import Visit

from .sessions import Session

if TYPE_CHECKING:
    from .rooms import Room

PROVIDER = "runware"

log = logging.getLogger("understudy.runware")

#: Seconds that a peer has to take its leave.
_LEAVE = 2.0


class Connection:
    """One open socket."""

    __slots__ = (
        *("_account", "_ended", "_engine", "_gone", "_opening", "_reins", "_send", "_tasks", "_visit"),
        *("over", "room", "session"),
    )

    def __init__(self, engine: Engine, opening: Visit, send: Send, reins: Any) -> None:
        self._engine = engine
        self._opening = opening
        self._account: Account | None = None
        #: What the caller said last, while it is being seen to.
        self._visit: Visit | None = None
        self._send = send
        #: What `understudy.websocket` lends; another server than ours has nothing of the kind.
        self._reins = reins
        self._gone = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        #: Where its session is; there is none of either until the caller said who it is.
        self.room: Room | None = None
        self.session: Session | None = None
        self.over = False
        #: When, by the clock that goes for it.
        self._ended = 0.0

    @property
    def number(self) -> int:
        """What the journal calls the connection."""
        return self._opening.exchange.number

    @property
    def _clock(self) -> Clock:
        return self._engine.clock if self._account is None else self._account.clock

    def begin(self, method: str) -> Visit:
        """What is heard on the connection, or said without having been asked, as an exchange of its own."""
        opened = self._opening.exchange
        exchange = Exchange(
            number=next(self._engine.numbers),
            at=(now := self._engine.clock.now()),
            server_time=now,
            transport="websocket",
            method=method,
            target=opened.target,
            request_headers=opened.request_headers,
            scheme=opened.scheme,
            peer=opened.peer,
            connection=opened.number,
        )
        visit = Visit(self._engine, exchange, self._opening.asked)
        visit.of(PROVIDER, self._account)
        if method == "SEND":
            self._visit = visit
        return visit

    def finish(self, visit: Visit) -> None:
        """What was heard has been seen to."""
        self._visit = None
        visit.end(visit.strike.connection or "answered")

    def account_known(self, account: Account) -> None:
        """From now on the connection is of this account."""
        self._account = account
        if self._visit is not None:
            self._visit.of(PROVIDER, account)
            self._visit.exchange.operation = "authenticate"

    def enter(self, room: "Room", session: Session) -> None:
        """From now on the connection carries this session."""
        if self.session is not session:
            self._lose(0.0, cleanly=True)
        self.room, self.session = room, session

    def _lose(self, ago: float, *, cleanly: bool) -> None:
        if self.room is not None and self.session is not None:
            self.room.sessions.lose(self.session, self, self.room.account.clock.lived() - ago, cleanly=cleanly)

    def _note(self, text: str) -> None:
        if self._visit is not None:
            self._visit.exchange.said_frame(text)
        else:
            push = self.begin("PUSH")
            push.exchange.said_frame(text)
            push.end("answered")

    async def put(self, text: str) -> bool:
        """Send a frame; False when the connection is gone, be it while the peer takes nothing."""
        if not self.over and self._reins is not None and not self._reins.writable():
            await self._until_writable()
        if self.over:
            return False
        try:
            await self._send({"type": "websocket.send", "text": text})
        except (OSError, RuntimeError):
            # The server says OSError of a connection that was lost, RuntimeError of one that was closed.
            self.end()
            return False
        # It may have ended while the frame was on its way.
        if not self._gone.is_set():
            self._note(text)
        return not self._gone.is_set()

    def break_off(self, *, at_once: bool = True) -> None:
        """End the connection without a word: reset it, or close it once what was said is gone."""
        self.end()
        if self._reins is not None:
            (self._reins.reset if at_once else self._reins.close)()

    def end(self, *, cleanly: bool = False, ago: float = 0.0) -> None:
        """Nothing more can be sent, for so many seconds: since then its session waits for another connection."""
        if self.over:
            return
        self.over = True
        self._ended = self._clock.now() - ago
        self._gone.set()
        self._lose(ago, cleanly=cleanly)

    def close(self, status: int | None, *, by_us: bool) -> None:
        """Put its end on the record as of when it was: the peer may have taken its time to agree."""
        visit = self.begin("CLOSE")
        exchange = visit.exchange
        exchange.server_time -= max(0.0, exchange.at - self._ended)
        exchange.at, exchange.status = self._ended, status
        visit.end("answered" if by_us else "hung up", self._ended)

    def hang_up(self, reason: str = "idle", *, ago: float = 0.0) -> None:
        """Close the connection from this side; break with a peer that does not take its leave. The code is assumed."""
        if self.over:
            return
        # Whoever is hung up on was told nothing for long, or has another connection, or is no more.
        self.end(cleanly=True, ago=ago)
        if self._reins is not None:
            asyncio.get_running_loop().call_later(_LEAVE, self._reins.abort)
            if not self._reins.writable():
                return
        closing = asyncio.create_task(self._close(reason))
        # The loop itself holds tasks only weakly.
        self._tasks.add(closing)
        closing.add_done_callback(self._tasks.discard)

    async def _close(self, reason: str) -> None:
        try:
            await self._send({"type": "websocket.close", "code": 1000, "reason": reason})
        except (OSError, RuntimeError):
            log.debug("a connection was gone before it could be closed")

    async def _until_writable(self) -> None:
        waits = [asyncio.ensure_future(self._reins.until_writable()), asyncio.ensure_future(self._gone.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
