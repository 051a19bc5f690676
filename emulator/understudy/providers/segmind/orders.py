"""A call from its parameters to its plan: judged, priced, paid for, and given the moments at which it moves on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from understudy.answers import Refused
from understudy.engine import Engine
from understudy.fates import Fate
from understudy.faults import NOTHING, Strike
from understudy.jobs import Job, Result
from understudy.ledger import Part
from understudy.limits import Cap, Limits
from understudy.media.clip import FRAME_RATE
from understudy.media.given import NOTHING_GIVEN, Given
from understudy.media.placeholder import LONGEST_MILLISECONDS
from understudy.wire import kept_json
from understudy_contracts.errors import ErrorCase
from understudy_contracts.limits import limit_case
from understudy_contracts.models import Model
from understudy_contracts.provider import Contract
from understudy_contracts.schema import Judge

from .bodies import magic_text
from .door import PROVIDER, Caller, Door
from .refusals import Refusals

#: Seconds that files are kept: the provider's own documentation, by way of a dated copy of it.
_FILES_KEPT = 7 * 24 * 3600.0

#: Seconds queued and at work of a job whose parameters turn out to be bad: observed once.
_REFUSED_LATENCY = (0.025989, 0.003372)


@dataclass(frozen=True, slots=True)
class Order:
    """A call with its price in micro-dollars; `failure` is why it will fail, if it will."""

    model: Model
    fields: Mapping[str, Any]
    seconds: float
    given: Given
    cost: int
    failure: "Failure | None" = None
    strike: Strike = NOTHING


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job fails, in the provider's words; `refused` when its parameters are to blame, which shows at once."""

    case: ErrorCase
    text: str
    refused: bool = False


class Orders:
    """Judges, prices and plans calls."""

    def __init__(
        self, engine: Engine, contract: Contract, stance: Mapping[str, str], refusals: Refusals, door: Door
    ) -> None:
        self._engine = engine
        self._door = door
        self._contract = contract
        self._stance = stance
        self._refusals = refusals
        self._judges: dict[str, Judge] = {}
        self._dashed = stance["request-id"] == "dashed"
        self._judged_at_submit = stance["v2-validation"] == "submit"

    def model(self, slug: str) -> Model:
        """The model that is called by that slug; raises Refused when there is none."""
        model = self._contract.models.get(slug)
        if model is None or model.operation == "workflow":
            raise self._refusals.make("modelNotFound", model=slug)
        return model

    async def order(self, caller: Caller, model: Model, fields: dict[str, Any], *, queued: bool) -> Order:
        """Judge and price a call; raises Refused for what the gateway refuses itself.

        A call that waits has its parameters judged first; one that is `queued` is taken as it is and fails later.
        """
        strike = self._door.meet(
            caller,
            "submit",
            model=model.id,
            text=lambda: orjson.dumps(fields).decode(),
            magic=(caller.account.key, magic_text(fields)),
        )
        fault = Fate.of(strike, 1.0).failure
        failure = None
        if fault is not None:
            words = {**fault.typical, "model": model.id, "task_id": caller.account.new_id()}
            failure = Failure(fault, fault.text(words))
        judge = self._judges.get(model.id) or self._judge(model)
        if not judge.accepts(fields):
            case, broken = self._refusals.of_violation(judge.violations(fields)[0])
            if not queued or self._judged_at_submit:
                raise self._refusals.of_case(case, broken)
            failure = failure or Failure(case, case.text(broken), refused=True)
        if failure is not None and failure.refused:
            # Nothing of what was asked can be trusted to say how long it would have become.
            return Order(model, fields, 0.0, NOTHING_GIVEN, 0, failure, strike)
        given = await self._engine.intake.take(
            model.pictures(fields), model.recordings(fields), self._engine.uploads.file_at
        )
        frames = round(min(model.duration.seconds(fields, given.lengths), LONGEST_MILLISECONDS / 1000) * FRAME_RATE)
        seconds = max(1, frames) / FRAME_RATE
        cost = int(model.price.cost(seconds, model.output.count_of(fields)) * 1_000_000)
        return Order(model, fields, seconds, given, cost, failure, strike)

    def start(self, order: Order, caller: Caller, door: str, credit_case: str) -> Job:
        """Hold the price, plan the job and file it; raises Refused when the account cannot or may not pay."""
        now = caller.account.clock.now()
        account = caller.account
        limits = account.limits
        if limits and (limit := limits.refuses(now, order.cost, account.ledger)):
            raise self._limited(limit, limits, now)
        available = account.ledger.available(now)
        # What fails later is still not begun for someone who could not pay for anything.
        if order.cost > available or available <= 0:
            words = {"balance": available / 1_000_000, "cost": order.cost / 1_000_000}
            raise self._refusals.make(credit_case, **words)
        job = self._plan(order, caller, door, now)
        if order.cost:
            part = Part(job.results[0].id, job.finishes_at, order.cost, order.failure is None)
            account.ledger.commit(job.id, now, (part,))
        account.jobs(PROVIDER)[canonical(job.id)] = job
        self._engine.file(account, job)
        caller.visit.exchange.job = job.id
        return job

    def _limited(self, limit: Cap, limits: Limits, now: float) -> Refused:
        case = limit_case(PROVIDER, limit)
        words: dict[str, object] = dict(case.typical)
        if limit == "spend":
            words |= {"period": limits.period, "cap": (limits.spend or 0) / 1_000_000}
        elif (wait := limits.running.wait(now)) is not None:
            words["wait"] = wait
        return self._refusals.of_case(case, words)

    def _judge(self, model: Model) -> Judge:
        """The judge of a model's parameters, compiled when its first call comes."""
        judge = self._judges[model.id] = self._contract.model_judge(model.id, self._stance)
        return judge

    def _plan(self, order: Order, caller: Caller, door: str, now: float) -> Job:
        account, failure = caller.account, order.failure
        queued, running = order.model.latency.seconds(order.seconds)
        if failure is not None and failure.refused:
            queued, running = _REFUSED_LATENCY
        latency = self._engine.settings.speed.latency
        fate = Fate.of(order.strike, latency)
        # What is stuck gets as far as being worked on.
        started_at = now + queued * (latency if fate.pace == math.inf else fate.pace)
        finishes_at = started_at + fate.lasts(running)
        case = None if failure is None else failure.case
        count = order.model.output.count_of(order.fields) if failure is None else 1
        results = tuple(
            Result(account.new_id(), account.random.getrandbits(31), finishes_at, case) for _ in range(count)
        )
        new_id = account.new_id()
        return Job(
            id=new_id if self._dashed and door != "workflow" else new_id.replace("-", ""),
            provider=PROVIDER,
            model=order.model.id,
            container=order.model.output.format_of(order.fields),
            request=kept_json(order.fields),
            origin=caller.content,
            submitted_at=now,
            seconds=order.seconds,
            cost=order.cost if failure is None else 0,
            results=results,
            expires_after=_FILES_KEPT,
            extras={"lengths": order.given.lengths, "door": door, "failure": None if failure is None else failure.text},
            refused=fate.refused,
            given=order.given.names,
            steps=(("QUEUED", now), ("PROCESSING", started_at)),
        )


def canonical(request_id: str) -> str:
    """A request's id without its dashes: the sources show both forms, and both are understood."""
    return request_id.replace("-", "").lower()
