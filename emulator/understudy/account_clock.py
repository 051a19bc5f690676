"""An account's clock: it goes with the server's, and can be advanced on its own."""

import math

from .clock import Clock, Sleepers, Wake, When, forward


class AccountClock:
    """The server's time plus what an account was advanced by on its own."""

    __slots__ = ("_parent", "_set", "_sleepers", "offset")

    def __init__(self, parent: Clock, offset: float = 0.0) -> None:
        self._parent = parent
        #: Seconds by which the account is ahead of the server; it only grows, unless the account is set back whole.
        self.offset = offset
        #: Seconds by which time was set, ahead or back, rather than lived through.
        self._set = 0.0
        # Most accounts never sleep on their clock: there are thousands of them.
        self._sleepers: Sleepers | None = None

    @property
    def still(self) -> bool:
        """Whether time moves by an advance only."""
        return self._parent.still

    def now(self) -> float:
        """The account's time, in unix seconds."""
        return self._parent.now() + self.offset

    def real_delay(self, moment: float) -> float | None:
        """Real seconds until `moment`; 0 when it has come, None when only an advance can bring it, or nothing."""
        return self._parent.real_delay(self.at_parent(moment))

    def at_parent(self, moment: float) -> float:
        """What the server's clock shows when this one shows `moment`, if this one is not advanced before."""
        return moment - self.offset

    def on_leap(self, wake: Wake, when: When | None = None) -> Wake:
        """Call `wake` after every advance, of this clock or the server's, until the returned call."""
        forget_own = self.on_advance(wake, when)
        forget_parents = self._parent.on_leap(wake, None if when is None else lambda: self.at_parent(when()))
        return lambda: (forget_own(), forget_parents())

    def on_advance(self, wake: Wake, when: When | None = None) -> Wake:
        """Call `wake` after every advance of this clock alone, until the returned call."""
        if self._sleepers is None:
            self._sleepers = Sleepers()
        return self._sleepers.add(wake, when)

    def next_wake(self) -> float:
        """The next moment until which anybody sleeps on this clock."""
        return math.inf if self._sleepers is None else self._sleepers.next(self.now())

    def set(self, offset: float) -> None:
        """Let the account be so far ahead of the server, whatever it was before."""
        self._set += offset - self.offset
        self.offset = offset
        self.wake()

    def advance(self, seconds: float) -> float:
        """Move this account's time forward and return it; raises ValueError on a negative step."""
        self._move(seconds)
        self.wake()
        return self.now()

    def step(self, seconds: float) -> float:
        """The same, but those who sleep longer must be woken later, as `wake` does."""
        self._move(seconds)
        if self._sleepers is not None:
            self._sleepers.wake(self.now())
        return self.now()

    def wake(self) -> None:
        """Let everybody who sleeps look at the clock."""
        if self._sleepers is not None:
            self._sleepers.wake()

    def lived(self) -> float:
        """The account's time, had it never been set back or ahead."""
        return self.now() - self._set

    def moment_of(self, lived: float) -> float:
        """What the account's clock shows then, if it is not set before."""
        return lived + self._set

    def _move(self, seconds: float) -> None:
        parent = self._parent.now()
        # The offset is what two clock readings differ by, so that adding it to one and taking it from the other
        # round alike: a moment that has come by `now` has come by `real_delay`.
        self.offset = (parent + self.offset + forward(seconds)) - parent
