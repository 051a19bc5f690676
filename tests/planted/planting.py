"""How a violation is declared: what is broken, in a sentence, and which check has to find it, at which probe."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

#: What is done to a call on its way in, or to its answer on its way out; it is changed in place.
Change: TypeAlias = "Callable[[Call], None]"
#: What goes out in place of one message: none, one or several. The other argument is the run's memory.
Instead: TypeAlias = Callable[[Any, dict[str, Any]], list[Any]]
#: Changes a running server, a `broken.Stand`, for as long as the block lasts.
Patch: TypeAlias = Callable[[Any], AbstractContextManager[Any]]


@dataclass
class Call:
    """One question on its way in, and its answer on the way out; whatever is changed here is what arrives."""

    provider: str
    #: Its name in the contract; "" for what the provider is not asked.
    operation: str
    method: str
    path: str
    query: str
    sent: dict[str, str]
    #: The question's body, where it is JSON.
    asked: Any
    #: What the planted thing remembers from one call to the next, for one run.
    memory: dict[str, Any]
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    #: The answer's body, where it is JSON.
    body: Any = None
    #: The answer's bytes: to be changed where `body` written as JSON would not do.
    content: bytes = b""

    def nth(self, what: str = "") -> int:
        """Which of its kind this call is, from 1 on."""
        name = f"{self.operation} {what}"
        self.memory[name] = self.memory.get(name, 0) + 1
        return int(self.memory[name])


@dataclass(frozen=True)
class Planted:
    """One way to break the emulator."""

    provider: str
    name: str
    #: What is broken, in a sentence.
    broken: str
    #: The check that finds it; "" where none can.
    found: str
    #: The probes that lead there, the first of them above all; `*` stands for anything.
    at: tuple[str, ...]
    #: The operations whose calls are changed; none: all.
    on: tuple[str, ...] = ()
    question: Change | None = None
    answer: Change | None = None
    frame: Instead | None = None
    webhook: Instead | None = None
    emulator: Patch | None = None
    #: Why it is not found.
    unseen: str = ""

    def concerns(self, call: Call) -> bool:
        """Whether a call is one of those that it changes."""
        return not self.on or call.operation in self.on


#: Everything that is planted, by name.
PLANTED: dict[str, Planted] = {}


def planted(kind: str, *, at: str, found: str = "", on: str = "", unseen: str = "") -> Callable[[Any], Any]:
    """Declare that the decorated function breaks the emulator: its name is what it is called, its docstring says how.

    `kind` is what it changes: a `question`, an `answer`, a `frame` of a socket, a `webhook` or the `emulator` itself.
    What nobody finds says why, in `unseen`.
    """
    if bool(found) is bool(unseen):
        raise ValueError("what is planted is found by a check, or says why it is not")

    def declare(change: Any) -> Any:
        provider = at.partition(".")[0]
        name = f"{provider}.{change.__name__.replace('_', '-')}"
        if name in PLANTED:
            raise ValueError(f"{name} is planted twice")
        broken = (inspect.getdoc(change) or "").removesuffix(".")
        made = {kind: change, "unseen": unseen}
        PLANTED[name] = Planted(provider, name, broken, found, tuple(at.split()), tuple(on.split()), **made)
        return change

    return declare
