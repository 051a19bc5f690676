"""What a provider's door does whatever the provider: ask what goes wrong with a request, and say no where it must."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from understudy_contracts.errors import ErrorCase

from .accounts import Account
from .answers import Refused
from .faults import Strike, UnknownFault
from .jobs import Job
from .visits import Visit


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and where they reached us."""

    account: Account
    origin: str
    visit: Visit


class Doorway(ABC):
    """A door with its faults; how the provider says no is its own."""

    def meet(
        self,
        caller: Caller,
        operation: str,
        *,
        job: Job | None = None,
        model: str | None = None,
        text: Callable[[], str] = str,
        magic: Sequence[str] = (),
    ) -> Strike:
        """What goes wrong with a request; raises Refused for what is told at once."""
        model = model if job is None else job.model
        try:
            strike = caller.visit.meet(
                operation, model=model, job=job.id if job is not None else None, text=text, magic=magic
            )
        except UnknownFault as problem:
            raise self.unknown_fault(problem) from None
        error = strike.error
        if error is None and job is not None and operation == "poll":
            error = job.refusal(caller.account.clock.now())
        if error is not None and (operation != "submit" or error.strikes in ("submit", "transport")):
            raise self.refusal(error, caller, model=model, job=job, wait=strike.retry_after)
        return strike

    @abstractmethod
    def refusal(
        self, error: ErrorCase, caller: Caller, *, model: str | None, job: Job | None, wait: float | None
    ) -> Refused:
        """How the provider tells an error at once; `wait` is after how many seconds a limit lets the caller in."""

    @abstractmethod
    def unknown_fault(self, problem: UnknownFault) -> Refused:
        """How a request is refused that asks for a fault that there is not."""
