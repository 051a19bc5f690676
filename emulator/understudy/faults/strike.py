"""What goes wrong with one request, or one delivery: the sum of everything that strikes it."""

from dataclasses import dataclass, fields, replace
from typing import Literal

from understudy_contracts.errors import ErrorCase

#: What can go wrong with an answer once only, of however many parts it is.
_OF_THE_ANSWER = ("connection", "gateway", "truncate", "corrupt", "empty", "content_type", "trickle")

#: Who has it, to whoever asks for another part of the request.
_ANOTHER_PART = "what another part of the request met, for they have one answer"


@dataclass(frozen=True, slots=True)
class Strike:
    """Everything that goes wrong at once; false when nothing does. Seconds are the emulator's."""

    #: What the provider answers instead, or fails with later: the case says when.
    error: ErrorCase | None = None
    #: For how long the answer, or the delivery, is held back.
    delay: float = 0.0
    #: How the connection ends instead of an answer: broken off, or never heard of again.
    connection: Literal["reset", "silent"] | None = None
    #: The status of a gateway that answers in the provider's place, and its page.
    gateway: int | None = None
    page: str = ""
    #: False for a request that the provider never got to see, which therefore changes nothing there.
    reached: bool = True
    #: After how many bytes of the body the connection ends.
    truncate: int | None = None
    corrupt: bool = False
    empty: bool = False
    content_type: str | None = None
    #: How many bytes of the body come in a real second.
    trickle: float | None = None
    #: A bucket of a rule's own is empty, and will have room in so many seconds; `error` is then the provider's 429.
    retry_after: float | None = None
    #: The job never finishes.
    stuck: bool = False
    #: The job takes so many times as long.
    slow: float = 1.0
    #: The job is done at once, and its webhook goes out before the submit is answered.
    early: bool = False
    #: The status a result's file is answered with.
    status: int | None = None
    #: A result's file is gone: so many seconds after it was made are over.
    expire: float | None = None
    #: The webhook is never sent.
    drop: bool = False
    #: How many more times the webhook is sent, one after the other.
    duplicate: int = 0
    #: How many copies of the webhook are sent at once.
    storm: int = 0
    #: The webhook goes out after the next one to the same receiver.
    reorder: bool = False
    #: The rule that does nothing but that, and therefore nothing at all if there is no next one.
    swap: str | None = None
    #: What struck: ids of rules, `magic:` and `header:` with what they asked for.
    names: tuple[str, ...] = ()
    #: Rules that did not strike, each with why.
    considered: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.names)

    def in_order(self) -> "Strike":
        """The same for a webhook that is reordered already, or will not be."""
        return replace(self, reorder=False, swap=None)

    def taken(self) -> dict[str, str]:
        """What the other parts of a request cannot have any more, with who has it."""
        met = ((name, getattr(self, name)) for name in _OF_THE_ANSWER)
        return {name: _ANOTHER_PART for name, value in met if value is not None and value is not False}

    def joined(self, other: "Strike") -> "Strike":
        """Both at once, on one answer: delays add up, of everything else this one's counts, each name is told once.

        A connection ends as the one of them says that keeps the request from the provider.
        """
        if not self:
            return other
        if not other:
            return self
        taken = {
            name: value
            for name, value, default in ((each.name, getattr(self, each.name), each.default) for each in fields(self))
            if value != default
        }
        if not other.reached and other.connection is not None:
            taken["connection"] = other.connection
        together = {"delay": self.delay + other.delay, "names": (*dict.fromkeys((*self.names, *other.names)),)}
        return replace(other, **{**taken, **together})


#: What almost every request meets.
NOTHING = Strike()
