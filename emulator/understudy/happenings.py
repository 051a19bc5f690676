"""What happens as time moves, and who is told of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from .moments import iso

if TYPE_CHECKING:
    from .accounts import Account


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened, when it did by the clock of its account."""

    at: float
    #: What: `job.…` for each step of a job, `result.…`, `ledger.…`, `webhook.…`, `upload.…`, `finetune.…` for each step
    #: of a training, `model.…` for each stage of a model that was handed in, or `connection.closed`.
    kind: str
    account: str
    provider: str | None = None
    #: What it is about, by its id: a job, a training or a model.
    job: str | None = None
    result: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "at": self.at,
            "iso": iso(self.at),
            "kind": self.kind,
            "account": self.account,
            "provider": self.provider,
            "job": self.job,
            "result": self.result,
            **self.more,
        }


#: Told of what happened to an account.
Listener: TypeAlias = "Callable[[Account, Happening], object]"


class News:
    """What happens by itself and is in no plan, no ledger and no delivery: whoever watches hears of it."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def watch(self, listener: Listener) -> Callable[[], None]:
        """Tell somebody of everything, until the returned call."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self, account: "Account", happening: Happening) -> None:
        """Something happened to an account."""
        for listener in tuple(self._listeners):
            listener(account, happening)
