"""A request from its payload to its plan: judged, priced, charged, and given the moments at which it will move on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from understudy.doorway import Caller
from understudy.engine import Engine
from understudy.fates import Fate
from understudy.jobs import Job, Result
from understudy.ledger import Part
from understudy.limits import Rate, Window
from understudy.media.clip import FRAME_RATE
from understudy.media.given import NOTHING_GIVEN, Given
from understudy.media.placeholder import LONGEST_MILLISECONDS
from understudy.placeholders import SAMPLE_RATE
from understudy.wire import kept_json
from understudy_contracts.limits import limit_case
from understudy_contracts.models import Model
from understudy_contracts.provider import Contract
from understudy_contracts.schema import Judge

from .door import PROVIDER
from .refusals import Refusals

#: Seconds of one MP3 frame: 1,152 samples.
_MP3_FRAME = 1152 / SAMPLE_RATE

#: Which share of its running time a request spends handed to a worker that has not begun: assumed.
_DISPATCHED = 0.1


@dataclass(frozen=True, slots=True)
class Order:
    """A request that was found valid, with its price in micro-dollars for all of its `count` files."""

    model: Model
    payload: Mapping[str, Any]
    seconds: float
    #: What came of the pictures and recordings it names.
    given: Given
    cost: int
    count: int


@dataclass(slots=True)
class Windows:
    """How often an account asked for each model of late."""

    by_model: dict[str, Window] = field(default_factory=dict)


class Orders:
    """Judges, prices and plans requests."""

    def __init__(self, engine: Engine, contract: Contract, stance: Mapping[str, str], refusals: Refusals) -> None:
        self._engine = engine
        self._contract = contract
        self._stance = stance
        self._refusals = refusals
        self._judges: dict[str, Judge] = {}

    def model(self, name: object) -> Model:
        """The model of that name; raises Refused when there is none."""
        if not isinstance(name, str) or not name:
            raise self._refusals.make("missingModel")
        if (model := self._contract.models.get(name)) is None:
            raise self._refusals.make("modelDoesNotExist", model=name)
        return model

    async def order(self, caller: Caller, model: Model, payload: Any) -> Order:
        """Judge and price a payload; raises Refused for what is wrong with it."""
        judge = self._judges.get(model.id) or self._judge(model)
        if not judge.accepts(payload):
            violations = judge.violations(payload)
            if self._refusals.is_for_upstream(violations):
                self._pass_on(caller, model, payload)
            raise self._refusals.of_payload(violations)
        if self._contract.gated(model.id, payload, self._stance):
            raise self._refusals.make("notEntitled", model=model.id)
        given = await self._engine.intake.take(
            model.pictures(payload), model.recordings(payload), self._engine.uploads.file_at
        )
        seconds = _whole_frames(model, min(model.duration.seconds(payload, given.lengths), LONGEST_MILLISECONDS / 1000))
        count = model.output.count_of(payload)
        return Order(model, payload, seconds, given, int(model.price.cost(seconds, count) * 1_000_000), count)

    def start(self, order: Order, caller: Caller, fate: Fate) -> Job:
        """Charge a request, plan it and file it; raises Refused when the account cannot pay or is too quick."""
        now = caller.account.clock.now()
        job = self._plan(order, caller, fate, now)
        parts = (Part(job.results[0].id, job.finishes_at, order.cost, fate.billed),)
        self._check_limits(order, caller, now)
        # The balance is looked at before the rate, so that who cannot pay does not use up a turn.
        if order.cost > caller.account.ledger.available(now):
            raise self._refusals.make("insufficientCredits")
        self._check_rate(order.model, caller, now)
        caller.account.ledger.commit(job.id, now, parts, prepaid=True)
        caller.account.jobs(PROVIDER)[job.id] = job
        self._engine.file(caller.account, job)
        return job

    def cancel(self, job: Job, caller: Caller, now: float) -> Job:
        """Call a request off, and give its price back."""
        cancelled = job.cancelled(now)
        caller.account.jobs(PROVIDER)[job.id] = cancelled
        self._engine.withdraw(caller.account, job)
        caller.account.ledger.cancel(job.id, now)
        caller.account.limits.running.end(job.id)
        return cancelled

    def _pass_on(self, caller: Caller, model: Model, payload: Mapping[str, Any]) -> NoReturn:
        """Let the vendor behind the queue refuse it: that costs nothing, and leaves a failed record."""
        case = self._refusals.catalogue["backendError400"]
        self.start(Order(model, payload, 0.0, NOTHING_GIVEN, 0, 1), caller, Fate(0.0, case))
        raise self._refusals.of_case(case)

    def _judge(self, model: Model) -> Judge:
        """The judge of a model's payloads, compiled when its first one comes."""
        judge = self._judges[model.id] = self._contract.model_judge(model.id, self._stance)
        return judge

    def _check_limits(self, order: Order, caller: Caller, now: float) -> None:
        limits = caller.account.limits
        if not limits or (limit := limits.refuses(now, order.cost, caller.account.ledger)) is None:
            return
        case = limit_case(PROVIDER, limit)
        words: dict[str, object] = {**case.typical, "model": order.model.id}
        if limit == "concurrency":
            words["limit"] = limits.concurrency
            if (wait := limits.running.wait(now)) is not None:
                words["retry_after_ms"] = max(1, math.ceil(wait * 1000))
        raise self._refusals.of_case(case, **words)

    def _check_rate(self, model: Model, caller: Caller, now: float) -> None:
        limit = model.rate_limit
        if limit is None or self._stance["rate-limits"] == "off":
            return
        rate = Rate(limit.limit, limit.interval_seconds)
        wait = caller.account.keep(Windows).by_model.setdefault(model.id, Window(rate)).take(now)
        if wait is not None:
            raise self._refusals.make(
                "rateLimitExceeded",
                model=model.id,
                limit_type=limit.limit_type,
                limit=limit.limit,
                interval=int(limit.interval_seconds),
                retry_after_ms=max(1, math.ceil(wait * 1000)),
            )

    def _plan(self, order: Order, caller: Caller, fate: Fate, now: float) -> Job:
        queued, running = order.model.latency.seconds(order.seconds)
        if fate.failure is not None and fate.failure.strikes == "upstream":
            fate = replace(fate, pace=0.0)
        # What is stuck gets as far as being worked on.
        pace = self._engine.settings.speed.latency if fate.pace == math.inf else fate.pace
        dispatched_at = now + pace * queued
        started_at = dispatched_at + pace * running * _DISPATCHED
        finishes_at = dispatched_at + fate.lasts(running)
        account = caller.account
        results = tuple(
            Result(account.new_id(), account.random.getrandbits(31), finishes_at, fate.failure)
            for _ in range(order.count)
        )
        return Job(
            id=account.new_id(),
            provider=PROVIDER,
            model=order.model.id,
            container=order.model.output.format_of(order.payload),
            request=kept_json(order.payload),
            origin=caller.origin,
            submitted_at=now,
            seconds=order.seconds,
            cost=order.cost,
            results=results,
            expires_after=float("inf"),
            extras={"lengths": order.given.lengths},
            refused=fate.refused,
            given=order.given.names,
            steps=(("queued", now), ("dispatched", dispatched_at), ("processing", started_at)),
        )


def _whole_frames(model: Model, seconds: float) -> float:
    """What is billed and told is what the file lasts: whole frames of its kind."""
    frame = _MP3_FRAME if model.output.kind == "audio" else 1 / FRAME_RATE
    return round(max(1, round(seconds / frame)) * frame, 3)
