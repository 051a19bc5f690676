"""One job from its submit to its end: how it is handed in, looked up, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from understudy_contracts import requests
from understudy_contracts.checks import Exchange
from understudy_contracts.checks.exchange import Transport
from understudy_contracts.checks.prices import amount_of
from understudy_contracts.harness.expected import texts
from understudy_contracts.harness.jobs import polls_of
from understudy_contracts.harness.permission import fits, not_live
from understudy_contracts.harness.probe import CouldNotCheck
from understudy_contracts.harness.session import Session
from understudy_contracts.harness.shortest import exact_fields_of, fields_of
from understudy_contracts.models import Model
from understudy_contracts.operations import Operation, Told
from understudy_contracts.provider import contract


@dataclass(slots=True)
class Job:
    """A job that was handed in."""

    session: Session
    submit: Operation
    model: Model
    #: What the model was asked for.
    fields: Mapping[str, Any]
    #: The answer to the submit.
    accepted: Exchange

    @classmethod
    def begin(
        cls, session: Session, submit: Operation, model: Model, more: Mapping[str, Any] | None = None, name: str = ""
    ) -> Job:
        """Hand in the cheapest request for a model; at Runware also asking for its cost, at which nothing changes.

        Under a `name` it is handed in once in all parts of a run.
        """
        # Where nothing is paid for, a request that tells its length is worth more than a cheap one.
        written = fields_of if session.costs else exact_fields_of
        fields = {**written(model, session.switches), **(more or {})}
        if submit.task is not None:
            fields |= {"taskUUID": session.own_id(name) if name else session.new_id(), "includeCost": True}
        accepted = session.ask(submit.name, requests.of_model(submit, model, fields), name_as=name)
        return cls(session, submit, model, fields, accepted)

    def told(self, source: Told) -> str:
        """Look up what the submit told; of everything else, what the session knows. Raises `CouldNotCheck`."""
        if source.operation != self.submit.name:
            return self.session.told(source)
        try:
            return str(requests.field_of(self.accepted.body, source.field))
        except (LookupError, TypeError, ValueError):
            raise CouldNotCheck(f"{self.submit.name} did not tell {source.field}") from None

    @property
    def polls(self) -> tuple[Operation, ...]:
        """The operations that tell how it goes."""
        return tuple(one for one in polls_of(self.submit) if one.purpose == "poll")

    @property
    def others(self) -> Iterator[Operation]:
        """The operations that tell of it otherwise: its details, and lists that it is in."""
        for one in contract(self.submit.provider).operations.values():
            same = one.authentication == self.submit.authentication
            if one.purpose in ("list", "account") and one.free and same:
                yield one

    def ask(self, operation: Operation, over: Transport = "http") -> Exchange:
        """Ask an operation about it."""
        change = {"with": {"taskUUID": self.fields["taskUUID"]}} if "after" in operation.typical else {}
        return self.session.ask(operation.name, change, told=self.told, over=over)

    def finish(self) -> Exchange:
        """Poll it to its end; what has no polls has been answered already."""
        if not self.polls:
            return self.accepted
        return self.session.finish(lambda: self.ask(self.polls[0]))

    def files(self, ended: Exchange) -> Iterator[tuple[str, Operation]]:
        """The addresses of what was made, each with the operation that has it."""
        downloads = [one for one in contract(self.submit.provider).operations.values() if one.purpose == "download"]
        for text in dict.fromkeys(texts(ended)):
            if "://" in text and " " not in text:
                operation = next((one for one in downloads if fits(one, text)), None)
                if operation is not None and not operation.leaves:
                    yield text, operation


def cost_of(ended: Exchange) -> Decimal | None:
    """What the end of a job tells that it cost; None where it does not."""
    if "x-cost" in ended.headers:
        return amount_of(ended.headers["x-cost"])
    body = ended.body if isinstance(ended.body, Mapping) else {}
    if isinstance(body.get("metrics"), Mapping):
        return amount_of(body["metrics"].get("cost"))
    costs = [amount_of(item.get("cost")) for item in body.get("data") or () if isinstance(item, Mapping)]
    known = [cost for cost in costs if cost is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(costs) else None


def rest_of(ended: Exchange) -> Decimal | None:
    """What the end of a job tells to be left on the account; None where it does not."""
    if "x-remaining-credits" in ended.headers:
        return amount_of(ended.headers["x-remaining-credits"])
    metrics = ended.body.get("metrics") if isinstance(ended.body, Mapping) else None
    return amount_of(metrics.get("remaining_credits")) if isinstance(metrics, Mapping) else None


def tells_balance(provider: str) -> Operation | None:
    """Which operation tells what the account has; None where the provider has none."""
    every = contract(provider).operations.values()
    mine = (one for one in every if one.purpose == "account" and one.authentication and not not_live(one))
    return next(mine, None)


def balance_of(session: Session) -> tuple[Exchange | None, Decimal]:
    """Ask what the account has: the provider, or where it does not tell, the stand-in. Raises `CouldNotCheck`."""
    operation = tells_balance(session.provider)
    if operation is None:
        if session.bench is None:
            raise CouldNotCheck("the provider does not tell what is left")
        return None, Decimal(str(session.bench.ledger()["balance"]))
    exchange = session.ask(operation.name)
    body = exchange.body if isinstance(exchange.body, Mapping) else {}
    item = (body.get("data") or [{}])[0] if operation.task is not None else body
    told = item.get("balance", item.get("credits"))
    amount = amount_of(told.get("amount") if isinstance(told, Mapping) else told)
    if amount is None:
        raise CouldNotCheck(f"{operation.name} does not tell what is left")
    return exchange, amount
