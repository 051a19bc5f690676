"""What a probe speaks through: it asks for operations by name, and what it needs to know is asked before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from understudy_contracts import requests
from understudy_contracts.checks.exchange import Exchange, Transport
from understudy_contracts.operations import Cause, Operation, Told
from understudy_contracts.requests import Lookup, Request

from .conversation import Conversation
from .jobs import polls_of, state_of
from .means import Inspector, Sink
from .probe import CouldNotCheck
from .refusals import began_nothing, refused
from .shortest import shortest

__all__ = ["Inspector", "NeverEnds", "Refused", "Session", "Sink"]

#: How long a job may take, as a multiple of what the contract expects of its model, before it is given up.
_LENIENCE = 10
#: For how many seconds who signed in need not do so again.
_SIGNED_IN = 300.0


class Refused(CouldNotCheck):
    """What the contract says is accepted was refused, so that nothing can be seen that comes of it."""

    def __init__(self, name: str, exchange: Exchange) -> None:
        super().__init__(f"{name} answered {exchange.status}")
        self.name = name
        self.exchange = exchange


class NeverEnds(CouldNotCheck):
    """A job goes on for longer than anybody can wait."""


class Session(Conversation):
    """What a probe speaks through: `session.ask("listModels")` sends the contract's own request, and tells the answer.

    Made as a `Conversation` is: `Session("gmi", target, key)`.
    """

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
        return self.send(operation, request, cause=cause, excused=excused, name=name_as, over=over)

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

    def answer(self, name: str) -> Exchange:
        """Take what an operation answers when all goes well, and of a poll, what it answers at the end of the job.

        Raises `CouldNotCheck`.
        """
        operation = self.contract.operations[name]
        known = self.answers.get(name)
        signs_in = operation.purpose == "authenticate"
        if known is None or (signs_in and self.wait.passed - known[0] > _SIGNED_IN):
            if "after" in operation.typical:
                self.answer(operation.typical["after"])
            exchange = self._typical(operation)
            if operation.free and state_of(exchange) == "open":
                exchange = self.finish(lambda: self.ask(name), exchange)
            if refused(exchange) and exchange.status != operation.typical.get("status"):
                raise Refused(name, exchange)
            known = self.answers[name] = self.wait.passed, exchange
        return known[1]

    def finish(self, poll: Callable[[], Exchange], first: Exchange | None = None) -> Exchange:
        """Poll until a job has ended, and take the last answer. Raises `CouldNotCheck` for one that never does."""
        expected = max(model.latency.seconds(60.0)[1] for model in self.contract.models.values())
        waited, steps = 0.0, self.wait.steps()
        exchange = first or poll()
        while state_of(exchange) == "open":
            if waited > _LENIENCE * expected:
                raise NeverEnds(f"the job had not ended after {waited:.0f} s")
            step = next(steps)
            self.wait(step)
            waited += step
            exchange = poll()
        return exchange

    def told(self, source: Told) -> str:
        """Look up what an operation tells, asking it now if it was not asked. Raises `CouldNotCheck`."""
        return self._looked_up(source, self.answer(source.operation))

    def told_anew(self, source: Told) -> str:
        """Look up what an operation tells when it is asked now, such as the id of a job that has not ended yet."""
        operation = self.contract.operations[source.operation]
        if operation.free:
            return self.told(source)
        name = self._count(" anew")
        if name in self.earlier.handed_in:
            raise CouldNotCheck(f"{name} was handed in by an earlier part of this run, and may have ended since")
        request = self.written(operation, shortest(operation, self.switches))
        return self._looked_up(source, self.send(operation, request, name=name))

    def asked_again(self, source: Told) -> str:
        """Look up what an operation tells when it is asked once more, such as an address that is good for a while."""
        return self._looked_up(source, self.ask(source.operation))

    def polls_of(self, submit: str) -> tuple[Operation, ...]:
        """List the operations that tell how a job goes that a submit began."""
        return polls_of(self.contract.operations[submit])

    def _looked_up(self, source: Told, exchange: Exchange) -> str:
        within, _, rest = source.field.partition(".")
        document, name = (exchange.request, rest) if within == "request" else (exchange.body, source.field)
        try:
            return str(requests.field_of(document, name))
        except (LookupError, TypeError, ValueError):
            raise CouldNotCheck(f"{source.operation} did not tell {source.field}") from None

    def _typical(self, operation: Operation) -> Exchange:
        """Ask what the contract prints; many probes may want to know what came of it, but one hands it in."""
        if operation.free:
            return self.ask(operation.name)
        request = self.written(operation, self._cheap(operation))
        name = f"{operation.provider}.{operation.name}"
        exchange = self.send(operation, request, name=f"{name}#{self._counts[name] + 1}")
        # What was lost keeps its name: whether it is being made, nobody knows.
        self._counts[name] += not refused(exchange) or began_nothing(exchange)
        return exchange

    def _cheap(self, operation: Operation) -> Mapping[str, Any] | None:
        """The cheapest request there is; as a job of its own, unless it is the one that everybody asks about."""
        change = shortest(operation, self.switches)
        printed = (operation.typical.get("body") or {}).get("taskUUID") if operation.task is not None else None
        if printed is None or self._counts[f"{operation.provider}.{operation.name}"]:
            return change
        return {**(change or {}), "with": {"taskUUID": self.own_id(printed)}}

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
