"""What tasks are performed with: who asks, what goes back, and what goes back later."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from understudy.accounts import Account
from understudy.faults import Strike
from understudy.visits import Visit

from .refusals import Refusal


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, where files are for them, whether they only want to know the price, and by which transport."""

    account: Account
    origin: str
    visit: Visit
    dry_run: bool = False
    on_socket: bool = False
    #: When the caller's session was last taken up again on a new connection.
    resumed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """What an answer will hold from a moment on: `add` puts it there as of the moment it is given.

    It `holds` as long as what it is about is still there.
    """

    at: float
    add: "Callable[[Answer, float], None]"
    holds: Callable[[], bool]


@dataclass(slots=True)
class Answer:
    """What goes back: items of the tasks that went well, errors of those that did not.

    `later` is what a socket gets pushed when its moment comes; of that, `awaited` is what keeps an HTTP answer
    waiting.
    """

    data: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    accepted: int = 0
    #: Bytes of what was quoted in it, where that can be much.
    quoted: int = 0
    refused: list[int] = field(default_factory=list)
    later: list[Later] = field(default_factory=list)
    awaited: list[Later] = field(default_factory=list)

    def accept(self, *items: dict[str, Any]) -> None:
        """Add what one task that went well answers."""
        self.data.extend(items)
        self.accepted += 1

    def refuse(self, *refusals: Refusal) -> None:
        """Add the errors of one refused task."""
        for refusal in refusals:
            self.errors.append(refusal.item)
            self.refused.append(refusal.status)

    @property
    def status(self) -> int:
        """The HTTP status: 200 when any task was accepted, else what the refusals agree on, else 400."""
        if self.accepted or not self.refused:
            return 200
        return self.refused[0] if len(set(self.refused)) == 1 else 400


#: Performs a task that may be performed, with what goes wrong with it all the same.
Performer: TypeAlias = Callable[[Caller, dict[str, Any], Answer, Strike], Awaitable[None]]
