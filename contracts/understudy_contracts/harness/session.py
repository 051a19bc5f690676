"""One run's conversation with one provider's target: every request of it goes through here, and is on record."""

from __future__ import annotations

import hashlib
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any, Protocol

from understudy_contracts import requests
from understudy_contracts.checks.exchange import Exchange, Transport, Webhook
from understudy_contracts.operations import Cause, Operation, Told
from understudy_contracts.provider import contract
from understudy_contracts.requests import Lookup, Request

from .bench import Bench
from .budget import Budget
from .cost import bound
from .costs_told import costs_told, jobs_of
from .earlier import Earlier
from .jobs import polls_of, state_of
from .journal import Journal, Unrecorded
from .permission import argument, not_live
from .probe import CouldNotCheck, Need, Probe
from .shortest import shortest
from .target import Target, Unreachable, parsed

#: How long a job may take, as a multiple of what the contract expects of its model, before it is given up.
_LENIENCE = 10
#: Emulator seconds that a stand-in is advanced by between two looks at a job.
_STRIDE = 30.0
#: How many seconds an answer may take before a stand-in's time is made to pass.
_LONG_IN_COMING = 0.05
#: How often a provider that says it is too busy is asked again.
_TRIES = 4
#: For how many seconds who signed in need not do so again.
_SIGNED_IN = 300.0
#: How many bytes of a file stay on record: a run may see thousands of them.
_KEPT = 64 * 1024


class Refused(CouldNotCheck):
    """What the contract says is accepted was refused, so that nothing can be seen that comes of it."""

    def __init__(self, name: str, exchange: Exchange) -> None:
        super().__init__(f"{name} answered {exchange.status}")
        self.name = name
        self.exchange = exchange


class NeverEnds(CouldNotCheck):
    """A job goes on for longer than anybody can wait."""


class Inspector(Protocol):
    """Looks into a file that was made. Raises `ValueError` for one that does not decode."""

    def __call__(self, content: bytes) -> Mapping[str, Any]:
        """Tell `format`, `seconds`, `width`, `height` and `fps` of a file, whichever it has."""


class Sink(Protocol):
    """Somebody on this machine who takes webhooks."""

    @property
    def url(self) -> str:
        """Where they are to be sent."""

    @property
    def webhooks(self) -> list[Webhook]:
        """What came, in order."""

    @property
    def files(self) -> list[bytes]:
        """The files that came, in order."""


class Session:
    """What a probe speaks through: `session.ask("listModels")` sends the contract's own request and tells the answer.

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
        self._sleep = sleep
        self._answers: dict[str, Exchange] = {}
        #: How many seconds were let pass, and when who asks was told who it is.
        self._passed = 0.0
        self._signed_in_at: dict[str, float] = {}
        #: How often something was done by this probe, or for all of them, for names that are the same in every run.
        self._counts: Counter[str] = Counter()
        #: Under which name each job was paid for.
        self._jobs = {job: name for name, answer in self.earlier.answers.items() for job in jobs_of(answer)}

    @property
    def webhooks(self) -> list[Webhook]:
        """What the sink took."""
        return [*self.earlier.webhooks, *([] if self.sink is None else self.sink.webhooks)]

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

    @contextmanager
    def performing(self, probe: Probe) -> Iterator[random.Random]:
        """Let a probe speak, by its own dice."""
        self.probe = probe
        self._counts.pop(probe.name, None)
        self._counts.pop(f"{probe.name} ids", None)
        self.dice = random.Random(f"{self.seed} {probe.name}")
        try:
            yield self.dice
        finally:
            self.probe = None

    def ask(
        self,
        name: str,
        change: Mapping[str, Any] | None = None,
        *,
        cause: Cause | None = None,
        told: Lookup | None = None,
        over: Transport = "http",
        name_as: str = "",
        excused: bool = True,
    ) -> Exchange:
        """Send an operation's typical request, changed as `Cause.request` is written, and take the answer.

        `told` looks up what other operations tell, where the session's own answers are not meant; `name_as` and
        `excused` are for `send`. Raises `CouldNotCheck`, and `Unreachable`.
        """
        operation = self.contract.operations[name]
        request = self.written(operation, change, cause, told)
        excused = excused and cause is None
        return self.send(operation, request, cause=cause, excused=excused, name=name_as, over=over)

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
            exchange = self._sent(operation, request, cause, held, excused, over)
        if held is not None and _began_nothing(exchange):
            self.settle(held, Decimal(0))
        if self.target.live and excused:
            _excuse(exchange)
        return exchange

    def settle(self, held: str, cost: Decimal, ids: Iterable[str] = ()) -> None:
        """Replace what was set aside for a paid request by what it did cost."""
        if self.budget.holds(held):
            self.journal.settle(held, cost, ids=ids)
            self.budget.settle(held, cost)

    def told(self, source: Told) -> str:
        """Look up what an operation tells, asking it now if it was not asked. Raises `CouldNotCheck`."""
        return self._looked_up(source, self.answer(source.operation))

    def told_anew(self, source: Told) -> str:
        """Look up what an operation tells when it is asked now, such as the id of a job that has not ended yet."""
        operation = self.contract.operations[source.operation]
        return self.told(source) if operation.free else self._looked_up(source, self._typical(operation))

    def asked_again(self, source: Told) -> str:
        """Look up what an operation tells when it is asked once more, such as an address that is good for a while."""
        return self._looked_up(source, self.ask(source.operation))

    def _looked_up(self, source: Told, exchange: Exchange) -> str:
        within, _, rest = source.field.partition(".")
        document, name = (exchange.request, rest) if within == "request" else (exchange.body, source.field)
        try:
            return str(requests.field_of(document, name))
        except (LookupError, TypeError, ValueError):
            raise CouldNotCheck(f"{source.operation} did not tell {source.field}") from None

    def answer(self, name: str) -> Exchange:
        """Take what an operation answers when all goes well, and of a poll, what it answers at the end of the job.

        Raises `CouldNotCheck`.
        """
        if self._passed - self._signed_in_at.get(name, self._passed) > _SIGNED_IN:
            del self._answers[name]
        if name not in self._answers:
            operation = self.contract.operations[name]
            if "after" in operation.typical:
                self.answer(operation.typical["after"])
            exchange = self._typical(operation)
            if operation.free and state_of(exchange) == "open":
                exchange = self.finish(lambda: self.ask(name), exchange)
            if _refused(exchange) and exchange.status != operation.typical.get("status"):
                raise Refused(name, exchange)
            self._answers[name] = exchange
            if operation.purpose == "authenticate":
                self._signed_in_at[name] = self._passed
        return self._answers[name]

    def finish(self, poll: Callable[[], Exchange], first: Exchange | None = None) -> Exchange:
        """Poll until a job has ended, and take the last answer. Raises `CouldNotCheck` for one that never does."""
        expected = max(model.latency.seconds(60.0)[1] for model in self.contract.models.values())
        waited, pause = 0.0, 1.0
        exchange = first or poll()
        while state_of(exchange) == "open":
            if waited > _LENIENCE * expected:
                raise NeverEnds(f"the job had not ended after {waited:.0f} s")
            step = pause if self.bench is None else _STRIDE
            self.wait(step)
            waited += step
            pause = min(10.0, pause * 1.5)
            exchange = poll()
        return exchange

    def wait(self, seconds: float) -> None:
        """Let time pass: a stand-in's, or one's own."""
        self._passed += seconds
        if self.bench is not None:
            self.bench.advance(seconds)
        else:
            self._sleep(seconds)

    def polls_of(self, submit: str) -> tuple[Operation, ...]:
        """List the operations that tell how a job goes that a submit began."""
        return polls_of(self.contract.operations[submit])

    def new_id(self) -> str:
        """An id that this run has not had before."""
        return self.own_id(self._count(" ids"))

    def own_id(self, printed: str) -> str:
        """The id that this run has in place of one that the contract prints."""
        return str(uuid.UUID(bytes=uuid.uuid5(self.run, printed).bytes, version=4))

    @contextmanager
    def _time_passing(self, operation: Operation) -> Iterator[None]:
        """Let a stand-in's time pass while a submit is long in being answered: it may be waiting for a whole video."""
        if self.bench is None or operation.purpose != "submit":
            yield
            return
        bench, answered = self.bench, threading.Event()

        def pass_time() -> None:
            while not answered.wait(_LONG_IN_COMING):
                with suppress(Unreachable):
                    bench.advance(_STRIDE)
                    self._passed += _STRIDE

        passing = threading.Thread(target=pass_time, name="time-passing", daemon=True)
        passing.start()
        try:
            yield
        finally:
            answered.set()
            passing.join()

    def _task_of(self, name: str) -> str:
        """The id of the task that another operation was asked for, which is asked for now if it was not."""
        printed = self.contract.operations[name].typical["body"]["taskUUID"]
        self.answer(name)
        return self.own_id(printed)

    def _own(self, operation: Operation, change: Mapping[str, Any]) -> Mapping[str, Any]:
        body = operation.typical.get("body") or {}
        if "password" in body and self.bench is not None and not {"content", "bytes"} & change.keys():
            return self._signed_in(change)
        printed = body.get("taskUUID") if operation.task is not None else None
        known = "taskUUID" in change.get("body", {}) or "taskUUID" in change.get("with", {})
        if printed is None or known or {"content", "bytes"} & change.keys():
            return change
        # What is begun anew is another task; what is asked about is the one that was begun as it is printed.
        new = operation.purpose in ("submit", "train")
        own = self.new_id() if new else self.own_id(printed)
        return {**change, "with": {"taskUUID": own, **change.get("with", {})}}

    def _signed_in(self, change: Mapping[str, Any]) -> Mapping[str, Any]:
        """At a stand-in, sign in to the account of the key; or, where any key will do, to one that is as good."""
        assert self.bench is not None
        email = f"{self.run.hex}@example.com"
        self.bench.follow(email)
        return {**change, "with": {"email": email, "password": self.key, **change.get("with", {})}}

    def written(
        self,
        operation: Operation,
        change: Mapping[str, Any] | None = None,
        cause: Cause | None = None,
        told: Lookup | None = None,
    ) -> Request:
        """Write an operation's typical request, changed as `Cause.request` is written, asking what it has to tell."""
        changes = dict(change or (cause.request if cause is not None else None) or {})
        if "after" in changes:
            changes["with"] = {"taskUUID": self._task_of(changes["after"]), **changes.get("with", {})}
        # What is to be called off must not have ended yet.
        own = self.told_anew if operation.purpose == "cancel" and not changes else self.told
        return requests.changed(operation, self._own(operation, changes), self.key, told or own)

    def _typical(self, operation: Operation) -> Exchange:
        """Ask what the contract prints; many probes may want to know what came of it, but one hands it in."""
        if operation.free:
            return self.ask(operation.name)
        request = self.written(operation, self._cheap(operation))
        name = f"{operation.provider}.{operation.name}"
        exchange = self.send(operation, request, name=f"{name}#{self._counts[name] + 1}")
        # What was lost keeps its name: whether it is being made, nobody knows.
        self._counts[name] += not _refused(exchange) or _began_nothing(exchange)
        return exchange

    def _cheap(self, operation: Operation) -> Mapping[str, Any] | None:
        """The cheapest request there is; as a job of its own, unless it is the one that everybody asks about."""
        change = shortest(operation, self.switches)
        printed = (operation.typical.get("body") or {}).get("taskUUID") if operation.task is not None else None
        if printed is None or self._counts[f"{operation.provider}.{operation.name}"]:
            return change
        return {**(change or {}), "with": {"taskUUID": self.own_id(printed)}}

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
        excused: bool,
        over: Transport,
    ) -> Exchange:
        if held is not None:
            self._hold(held, operation, request, cause)
        attempt = 1
        while True:
            with self._time_passing(operation):
                heard = self._answered(operation, request, over)
            exchange, *self.more = [self._keep(one, held) for one in heard]
            if not (self.target.live and exchange.status == 429 and excused and attempt < _TRIES):
                return exchange
            self._sleep(_pause(exchange, attempt - 1))
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
            if (self.target.live or self.budget.most is not None) and (cause is None or not cause.free):
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


def _refused(exchange: Exchange) -> bool:
    return exchange.status >= 400 or (isinstance(exchange.body, Mapping) and not exchange.body.get("data", True))


def _began_nothing(exchange: Exchange) -> bool:
    # Who says that something went wrong on their side, or took too long, may have begun what they were asked for.
    return _refused(exchange) and exchange.status < 500 and exchange.status != 408


def _pause(exchange: Exchange, attempt: int) -> float:
    told = exchange.headers.get("retry-after", "")
    return min(60.0, float(told)) if told.isdecimal() else 2.0**attempt


def _excuse(exchange: Exchange) -> None:
    """Raise `CouldNotCheck` for an answer that says nothing of whether the provider keeps its contract."""
    if exchange.status in (401, 403):
        raise CouldNotCheck(f"the key was refused: HTTP {exchange.status}")
    if exchange.status == 402:
        raise CouldNotCheck("the account has no credits left: HTTP 402")
    if exchange.status == 429:
        raise CouldNotCheck("the provider says that it is asked too often: HTTP 429")
    if exchange.status >= 500:
        raise CouldNotCheck(f"the provider is not well: HTTP {exchange.status}")
