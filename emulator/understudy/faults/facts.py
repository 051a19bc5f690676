"""What a request is about: all that a rule can ask of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

#: What a request can be for, in the same words at every provider. `download` is of a result's file, `webhook` is a
#: delivery going out.
OPERATIONS = (
    "submit",
    "poll",
    "cancel",
    "list",
    "upload",
    "models",
    "account",
    "train",
    "download",
    "webhook",
    "authenticate",
    "other",
)

#: The operations a client calls at the provider's own address.
CALLS = frozenset(OPERATIONS) - {"download", "webhook"}


def silence() -> str:
    """No text at all."""
    return ""


@dataclass(frozen=True, slots=True)
class Facts:
    """One request as rules see it; `text` is asked for what it says at most once, and only if a rule wants to know."""

    provider: str
    operation: str
    model: str | None = None
    #: The id of the account, never its key.
    account: str | None = None
    text: Callable[[], str] = silence
    #: Of a download: for how many emulator seconds the file has been there.
    age: float | None = None
    #: Whether it came over a WebSocket.
    on_socket: bool = False
    #: What it cannot have of what only one can have, and because of what.
    taken: Mapping[str, str] | None = None
    #: What struck other parts of it already.
    struck: tuple[str, ...] = ()


class Text:
    """What a request says, asked for once at most."""

    __slots__ = ("_facts", "_text")

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._text: str | None = None

    def read(self) -> str:
        """The text."""
        if self._text is None:
            self._text = self._facts.text()
        return self._text


def listed(operations: frozenset[str]) -> str:
    """Some operations as a person would list them."""
    return " or ".join(sorted(operations)) if len(operations) < 4 else "a call"
