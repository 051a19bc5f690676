"""Sessions: what a caller on a socket is owed, across the sockets it loses.

A frame that was handed to the network may never have arrived, and nobody tells: so after a connection broke off,
what was sent in its last moments is sent again to whoever resumes the session, and what could not be sent at all.
Data may therefore come twice, which every client takes in its stride; an error is only repeated when it certainly
did not arrive, for clients give an error about a task they do not know to every task they wait for.
"""

import logging
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from understudy.accounts import Account
from understudy.clock import Clock

log = logging.getLogger("understudy.runware")

#: Seconds that a session outlives its connection: documented.
RESUMABLE = 120.0

#: Seconds before the end of a connection in which what was sent may not have arrived: assumed.
_DOUBTFUL = 5.0

#: Characters of frames kept for a session: of those that were sent, and of those that were not.
_MOST_SENT, _MOST_UNSENT = 256 * 1024, 32 * 1024 * 1024


class Line(Protocol):
    """A connection that frames can be handed to."""

    async def put(self, text: str) -> bool:
        """Send a frame; False when the connection is gone."""
        ...

    def hang_up(self, reason: str) -> None:
        """Close it from this side."""
        ...


@dataclass(frozen=True, slots=True)
class Frame:
    """What was to be sent, its place in the order of things, and when: in lived time, as everything here."""

    number: int
    at: float
    text: str
    is_error: bool


@dataclass(slots=True, eq=False)
class Session:
    """One caller's session: the connection it has, if any, and the frames that may not have arrived."""

    id: str
    account: Account
    line: Line | None = None
    lost_at: float = 0.0
    resumed_at: float | None = None
    _unsent: dict[int, Frame] = field(default_factory=dict)
    _sent: deque[Frame] = field(default_factory=deque)
    _unsent_size: int = 0
    _sent_size: int = 0
    _numbers: int = 0

    async def deliver(self, text: str, now: float, *, is_error: bool) -> None:
        """Send a frame to whatever connection the session has, or keep it for the next."""
        self._numbers += 1
        frame = Frame(self._numbers, now, text, is_error)
        # Kept before it is sent: whoever resumes the session while the line hangs finds it here.
        self._unsent[frame.number] = frame
        self._unsent_size += len(text)
        while self._unsent_size > _MOST_UNSENT:
            log.warning("session %s is owed more than is kept: its oldest answer is lost", self.id)
            self._drop_unsent(next(iter(self._unsent)))
        if self.line is not None and await self.line.put(text) and frame.number in self._unsent:
            self._drop_unsent(frame.number)
            if not is_error:
                self._sent.append(frame)
                self._sent_size += len(text)
        self._forget_sent(now - _DOUBTFUL)

    def take(self) -> list[Frame]:
        """The frames that may not have arrived, in their order; they are the caller's to deliver now."""
        owed = sorted((*self._sent, *self._unsent.values()), key=lambda frame: frame.number)
        self._sent.clear()
        self._unsent.clear()
        self._sent_size = self._unsent_size = 0
        return owed

    def lose(self, now: float, *, cleanly: bool) -> None:
        """The connection ended; after a clean end everything that was sent had arrived."""
        self.line, self.lost_at = None, now
        self._forget_sent(now if cleanly else now - _DOUBTFUL)

    def _drop_unsent(self, number: int) -> None:
        self._unsent_size -= len(self._unsent.pop(number).text)

    def _forget_sent(self, until: float) -> None:
        while self._sent and (self._sent[0].at <= until or self._sent_size > _MOST_SENT):
            self._sent_size -= len(self._sent.popleft().text)


class Sessions:
    """All sessions of an account."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, Session] = {}
        #: Those without a connection, the longest lost first.
        self._lost: dict[str, Session] = {}

    def begin(self, account: Account, line: Line) -> Session:
        """A new session for an account."""
        self._tidy()
        # An account that was restored draws the same ids again.
        while (name := account.new_id()) in self._open or name in self._lost:
            pass
        session = Session(name, account, line)
        self._open[session.id] = session
        return session

    def find(self, session_id: object) -> Session | None:
        """The session of that id, when there is one and it can still be resumed."""
        self._tidy()
        if not isinstance(session_id, str):
            return None
        session = self._open.get(session_id.lower()) or self._lost.get(session_id.lower())
        gone = session is not None and session.line is None and session.lost_at <= self._clock.lived() - RESUMABLE
        return None if gone else session

    def resume(self, session: Session, line: Line) -> list[Frame]:
        """Give a session another connection; the frames that may not have arrived, in their order."""
        former, session.line = session.line, line
        if former is line:
            return []
        if former is not None:
            former.hang_up("resumed elsewhere")
        self._lost.pop(session.id, None)
        self._open[session.id] = session
        session.resumed_at = self._clock.lived()
        return session.take()

    def lose(self, session: Session, line: Line, at: float, *, cleanly: bool) -> None:
        """The connection of a session ended, if it was still this one."""
        if session.line is line:
            session.lose(at, cleanly=cleanly)
            del self._open[session.id]
            self._lost[session.id] = session

    def close(self, reason: str) -> None:
        """Hang up on everybody."""
        for session in tuple(self._open.values()):
            if session.line is not None:
                session.line.hang_up(reason)

    def _tidy(self) -> None:
        over = self._clock.lived() - RESUMABLE
        while self._lost:
            session = next(iter(self._lost.values()))
            if session.lost_at > over:
                break
            del self._lost[session.id]
