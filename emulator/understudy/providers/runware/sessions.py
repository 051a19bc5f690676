"""Sessions: what a caller on a socket is owed, across the sockets it loses.

A frame that was handed to the network may never have arrived, and nobody tells: so after a connection broke off,
what was sent in its last moments is sent again to whoever resumes the session, and what could not be sent at all.
Data may therefore come twice, which every client takes in its stride; an error is only repeated when it certainly
did not arrive, for clients give an error about a task they do not know to every task they wait for.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from understudy.accounts import Account
from understudy.clock import Clock

#: Seconds that a session outlives its connection: documented.
RESUMABLE = 120.0

#: Seconds and frames before the end of a connection that may not have arrived: assumed.
_DOUBTFUL, _MOST_FRAMES = 5.0, 512


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
    """What was to be sent, when, and whether a connection took it."""

    at: float
    text: str
    is_error: bool
    sent: bool


@dataclass(slots=True, eq=False)
class Session:
    """One caller's session: the connection it has, if any, and the frames that may not have arrived."""

    id: str
    account: Account
    line: Line | None = None
    lost_at: float = 0.0
    resumed_at: float | None = None
    kept: deque[Frame] = field(default_factory=lambda: deque(maxlen=_MOST_FRAMES))

    async def deliver(self, text: str, now: float, *, is_error: bool) -> None:
        """Send a frame to whatever connection the session has, or keep it for the next."""
        sent = False
        while (line := self.line) is not None:
            sent = await line.put(text)
            if self.line is line or (sent and is_error):
                break
        while self.kept and self.kept[0].sent and self.kept[0].at < now - _DOUBTFUL:
            self.kept.popleft()
        if not (sent and is_error):
            self.kept.append(Frame(now, text, is_error, sent))


class Sessions:
    """All sessions of a server."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, Session] = {}
        #: Those without a connection, the longest lost first.
        self._lost: dict[str, Session] = {}

    def begin(self, account: Account, line: Line) -> Session:
        """A new session for an account."""
        self._tidy()
        session = Session(account.new_id(), account, line)
        self._open[session.id] = session
        return session

    def find(self, session_id: object, account: Account) -> Session | None:
        """The session of that id, when it is the account's own and can still be resumed."""
        self._tidy()
        if not isinstance(session_id, str):
            return None
        session = self._open.get(session_id.lower()) or self._lost.get(session_id.lower())
        return session if session is not None and session.account is account else None

    def resume(self, session: Session, line: Line) -> "list[Frame]":
        """Give a session another connection; the frames that may not have arrived, in their order."""
        former, session.line = session.line, line
        if former is not None and former is not line:
            former.hang_up("resumed elsewhere")
        self._lost.pop(session.id, None)
        self._open[session.id] = session
        session.resumed_at = self._clock.now()
        owed = list(session.kept)
        session.kept.clear()
        return owed if former is not line else []

    def lose(self, session: Session, line: Line, *, cleanly: bool) -> None:
        """The connection of a session ended; after a clean end everything sent had arrived."""
        if session.line is not line:
            return
        now = self._clock.now()
        session.line, session.lost_at = None, now
        kept = (one for one in session.kept if not one.sent or (one.at >= now - _DOUBTFUL and not cleanly))
        session.kept = deque(kept, maxlen=_MOST_FRAMES)
        del self._open[session.id]
        self._lost[session.id] = session

    def _tidy(self) -> None:
        over = self._clock.now() - RESUMABLE
        while self._lost:
            session = next(iter(self._lost.values()))
            if session.lost_at > over:
                break
            del self._lost[session.id]
