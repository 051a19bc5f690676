"""One run's conversation with one provider's target: every request of it goes through here, and is on record."""

from __future__ import annotations

import hashlib
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from decimal import Decimal
from typing import Any

from understudy_contracts.checks.exchange import Exchange, Transport, Webhook
from understudy_contracts.operations import Cause, Operation
from understudy_contracts.provider import contract
from understudy_contracts.requests import Request

from .bench import Bench
from .budget import Budget
from .cost import bound
from .costs_told import costs_told, jobs_of
from .earlier import Earlier
from .journal import Journal, Unrecorded
from .means import Inspector, Sink
from .permission import argument, not_live
from .probe import CouldNotCheck, Need, Probe
from .reading import parsed
from .refusals import began_nothing, blame_nobody, blame_nobody_for_trouble, pause
from .target import Target
from .waiting import Waiting

#: How often a provider that says it is too busy is asked again.
_TRIES = 4
#: How many bytes of a file stay on record: a run may see thousands of them.
_KEPT = 64 * 1024


class Conversation:
    """What is said in a run: nothing is said that is not on record, nor anything that may cost more than there is.

    A request that may begin a paid job is refused, with `NotFree`, unless the probe is a paid one, and is covered by
    the budget before it is sent.
    """

    def __init__(
        self,
        provider: str,
        target: Target,
        key: str,
        *,
        seed: int = 0,
        run: uuid.UUID | None = None,
        budget: Budget | None = None,
        bench: Bench | None = None,
        sink: Sink | None = None,
        inspector: Inspector | None = None,
        journal: Journal | None = None,
        earlier: Earlier | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.provider = provider
        self.contract = contract(provider)
        self.target = target
        self.key = key
        self.seed = seed
        #: Tells this run's jobs from those of others.
        self.run = run or uuid.uuid4()
        self.budget = budget or Budget(None)
        self.bench = bench
        self.sink = sink
        self.inspector = inspector
        self.switches = dict(target.switches.get(provider, {}))
        self.journal: Journal = journal or Unrecorded()
        #: What an earlier part of the same run did.
        self.earlier = earlier or Earlier()
        self.exchanges: list[Exchange] = list(self.earlier.exchanges)
        #: What several probes are about, by names of theirs.
        self.shared: dict[str, Any] = {}
        #: What came on a socket behind the last answer.
        self.more: list[Exchange] = []
        #: The last answer that was a file, whole; on record is only how it begins.
        self.file = b""
        #: The size and the SHA-256 of every file that is not on record whole, by its address.
        self.files: dict[str, tuple[int, str]] = {}
        self.probe: Probe | None = None
        #: Those of the probe that is being performed: the same in every part of a run.
        self.dice = random.Random(seed)
        #: Lets time pass: `session.wait(30)`.
        self.wait = Waiting(bench, sleep)
        #: What operations answered when all went well, and how many seconds had passed by then.
        self.answers: dict[str, tuple[float, Exchange]] = {}
        #: How often something was done by this probe, or for all of them, for names that are the same in every run.
        self._counts: Counter[str] = Counter()
        #: Under which name each job was paid for.
        self._jobs = {job: name for name, answer in self.earlier.answers.items() for job in jobs_of(answer)}

    @property
    def webhooks(self) -> list[Webhook]:
        """What the sink took."""
        return [*self.earlier.webhooks, *([] if self.sink is None else self.sink.webhooks)]

    def alike(self) -> tuple[list[Exchange], list[Webhook]]:
        """All exchanges and webhooks; as they stand on record, where of an earlier part that is all there is."""
        exchanges, webhooks = self.exchanges, self.webhooks
        if not self.earlier.exchanges:
            return exchanges, webhooks
        heard, came = len(self.earlier.exchanges), len(self.earlier.webhooks)
        return (
            [*exchanges[:heard], *map(self.journal.shown, exchanges[heard:])],
            [*webhooks[:came], *map(self.journal.shown_webhook, webhooks[came:])],
        )

    @property
    def means(self) -> frozenset[Need]:
        """What this run has that a probe may need."""
        has: dict[Need, bool] = {
            "bench": self.bench is not None,
            "sink": self.sink is not None,
            "inspector": self.inspector is not None,
            "socket": any("websocket" in one.transports for one in self.contract.operations.values()),
        }
        return frozenset(need for need, there in has.items() if there)

    @property
    def costs(self) -> bool:
        """Whether it may be real money that is paid: the provider's, or of whom somebody set a limit."""
        return self.target.live or self.budget.most is not None

    @contextmanager
    def performing(self, probe: Probe) -> Iterator[random.Random]:
        """Let a probe speak, by its own dice."""
        self.probe = probe
        self._counts.pop(probe.name, None)
        self._counts.pop(f"{probe.name} ids", None)
        self._counts.pop(f"{probe.name} anew", None)
        self.dice = random.Random(f"{self.seed} {probe.name}")
        try:
            yield self.dice
        finally:
            self.probe = None

    def send(
        self,
        operation: Operation,
        request: Request,
        *,
        cause: Cause | None = None,
        excused: bool = True,
        name: str = "",
        over: Transport = "http",
    ) -> Exchange:
        """Send a request that was written for an operation; `excused`, when a provider may be too busy for it.

        What may be paid for is sent once in all parts of a run under its `name`, which has to be the same in all of
        them: what an earlier part was answered is taken again. Raises `CouldNotCheck` where the answer was lost.
        """
        if self.target.live and (reason := not_live(operation, cause)):
            raise CouldNotCheck(reason)
        self.more = []
        held = self._named(operation, request, cause, name)
        if held is not None and held in self.earlier.handed_in:
            exchange = self.earlier.answer(held)
        elif held is not None and self.budget.holds(held):
            raise CouldNotCheck(f"nobody knows what came of {held}, and it is not paid for again")
        else:
            exchange = self._sent(operation, request, cause, held, over)
        if held is not None and began_nothing(exchange):
            self.settle(held, Decimal(0))
        if self.bench is None:
            blame_nobody(exchange, operation, cause, shows=_shows(request, self.key), excused=excused)
            if self.target.live and excused and cause is None:
                blame_nobody_for_trouble(exchange)
        return exchange

    def settle(self, held: str, cost: Decimal, ids: Iterable[str] = ()) -> None:
        """Replace what was set aside for a paid request by what it did cost."""
        if self.budget.holds(held):
            self.journal.settle(held, cost, ids=ids)
            self.budget.settle(held, cost)

    def new_id(self) -> str:
        """An id that this run has not had before."""
        return self.own_id(self._count(" ids"))

    def own_id(self, printed: str) -> str:
        """The id that this run has in place of one that the contract prints."""
        return str(uuid.UUID(bytes=uuid.uuid5(self.run, printed).bytes, version=4))

    def _count(self, what: str = "") -> str:
        """Name something by the probe that does it and by how often it did."""
        name = f"{self.probe.name if self.probe else ''}{what}"
        self._counts[name] += 1
        return f"{name}#{self._counts[name]}"

    def _named(self, operation: Operation, request: Request, cause: Cause | None, name: str) -> str | None:
        """Name a request that may be paid for; None for one that cannot. Raises `NotFree`."""
        if self.probe is None or self.probe.tier == "free":
            argument(operation, request, cause)
            return None
        return None if operation.free else name or self._count()

    def _sent(
        self,
        operation: Operation,
        request: Request,
        cause: Cause | None,
        held: str | None,
        over: Transport,
    ) -> Exchange:
        if held is not None:
            self._hold(held, operation, request, cause)
        attempt = 1
        while True:
            with self.wait.for_an_answer() if operation.purpose == "submit" else nullcontext():
                heard = self._answered(operation, request, over)
            exchange, *self.more = [self._keep(one, held) for one in heard]
            expected = cause is not None and cause.case.status == 429
            if not (self.target.live and exchange.status == 429 and not expected and attempt < _TRIES):
                return exchange
            self.wait.sleep(pause(exchange, attempt - 1))
            attempt += 1

    def _answered(self, operation: Operation, request: Request, over: Transport) -> list[Exchange]:
        if over == "http":
            return [self.target.ask(operation, request)]
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return self.target.say(operation, request, shown or None)

    def _hold(self, name: str, operation: Operation, request: Request, cause: Cause | None) -> None:
        """Set aside what a request can cost, on the disk, too, before anything is sent. Raises `Exhausted`."""
        body = parsed(request.content or b"")
        most = bound(operation, request.target, body)
        if most is None:
            if self.costs and (cause is None or not cause.free):
                raise CouldNotCheck(f"nobody can say what {operation.name} can cost")
            most = Decimal(0)
        self.budget.hold(name, most)
        tasks = body if isinstance(body, list) else [body]
        ids = [str(task["taskUUID"]) for task in tasks if isinstance(task, Mapping) and "taskUUID" in task]
        self.journal.hold(name, most, probe=self.probe.name if self.probe else "", ids=ids)

    def _keep(self, exchange: Exchange, held: str | None) -> Exchange:
        self.journal.note(exchange, {"probe": self.probe.name if self.probe else None, "held": held})
        if held is not None:
            self._jobs |= dict.fromkeys(jobs_of(exchange), held)
        for job, cost in costs_told(exchange).items():
            if job in self._jobs:
                self.settle(self._jobs[job], cost, ids=[job])
        if exchange.content:
            self.file = exchange.content
        if len(exchange.content) > _KEPT:
            self.files[exchange.path] = len(exchange.content), hashlib.sha256(exchange.content).hexdigest()
            exchange = replace(exchange, content=exchange.content[:_KEPT])
        self.exchanges.append(exchange)
        return exchange


def _shows(request: Request, key: str) -> bool:
    """Whether a request says who asks by the key."""
    said = (*(value.encode() for value in request.headers.values()), request.content or b"")
    return any(key.encode() in one for one in said)
