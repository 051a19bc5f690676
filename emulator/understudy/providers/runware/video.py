"""A videoInference task from its request to its plan: what it lasts, costs and shows, and when it is done."""

import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from understudy.accounts import Account
from understudy.engine import Engine
from understudy.fates import Fate
from understudy.faults import Strike
from understudy.jobs import Job, Result
from understudy.ledger import InsufficientCredit, Part
from understudy.media.clip import LARGEST_SIDE, LONGEST_MILLISECONDS, Clip
from understudy.media.given import Given
from understudy.props import fitted_out, said
from understudy.targets import ForbiddenTarget, check_literal
from understudy.wire import kept_json
from understudy_contracts.limits import limit_case
from understudy_contracts.models import Model
from understudy_contracts.provider import contract
from understudy_contracts.schema import Judge

from .answers import Answers
from .callbacks import Callbacks
from .refusals import Refusal, Refusals
from .storage import Storage

log = logging.getLogger("understudy.runware")

#: How long a result's URL lasts when the task says no `ttl`: seen by a third party, never documented.
DEFAULT_TTL = 7 * 24 * 3600.0

#: Each further result of a task finishes this share of the running time later: assumed, so that partial results occur.
_STAGGER = 0.15


@dataclass(frozen=True, slots=True)
class Order:
    """A task that was found valid, with its price: `cost` in micro-dollars for each of `count` results."""

    uuid: str
    task: Mapping[str, Any]
    model: Model
    seconds: float
    cost: int
    count: int
    #: What came of the pictures and recordings it names.
    given: Given


class Video:
    """Judges, prices, plans and draws videoInference tasks."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        runware = contract("runware")
        self._contract = runware
        self._models = runware.models
        self.stance = runware.switch_values(engine.settings.switches_of("runware"))
        self._judges: dict[str, Judge] = {}
        self.refusals = Refusals(runware.errors, self.stance)
        self.answers = Answers(self.refusals, self.stance)
        self.storage = Storage(engine, self.refusals)
        self.callbacks = Callbacks(engine, self.answers, self.clip)

    async def order(self, task: dict[str, Any], account: Account) -> Order | list[Refusal]:
        """Judge and price a task; what is wrong with it comes back as one refusal per violation."""
        name = task.get("model")
        if not isinstance(name, str) or (model := self._models.get(name)) is None:
            return [self.refusals.of_model(task)]
        judge = self._judges.get(name) or self._judge(name)
        if not judge.accepts(task):
            return self.refusals.of_violations(task, judge.violations(task))
        if refused := self._forbidden_targets(task):
            return refused
        if unknown := self._unknown_media(task, account):
            return unknown
        given = await self._engine.intake.take(
            model.pictures(task), model.recordings(task), lambda source: self.storage.file(account, source)
        )
        seconds = min(LONGEST_MILLISECONDS / 1000, model.duration.seconds(task, given.lengths))
        return Order(
            uuid=task["taskUUID"],
            task=task,
            model=model,
            seconds=seconds,
            cost=int(model.price.cost(seconds) * 1_000_000),
            count=int(task.get("numberResults", 1)),
            given=given,
        )

    async def start(self, order: Order, account: Account, origin: str, strike: Strike) -> Refusal | None:
        """Plan the job, hold its price and file it, or say why the account cannot or may not have it."""
        jobs, name = account.jobs("runware"), order.uuid.lower()
        if name in jobs:
            # Its twin got in while this one's audio was being read.
            return self.refusals.make("conflictTaskUUID", dict(order.task))
        limits = account.limits
        if limits and (limit := limits.refuses(account.clock.now(), order.cost * order.count, account.ledger)):
            return self.refusals.by_name(limit_case("runware", limit), dict(order.task))
        fate = Fate.of(strike, self._engine.settings.speed.latency)
        job = self._plan(order, account, origin, fate)
        parts = tuple(Part(result.id, result.finishes_at, job.cost, fate.billed) for result in job.results)
        try:
            account.ledger.commit(job.id, job.submitted_at, parts)
        except InsufficientCredit:
            return self.refusals.make("videoInferenceInsufficientCredits", dict(order.task))
        # A UUID is the same UUID in either case; the provider is assumed to think so, too.
        jobs[job.id if job.id == name else name] = job
        self._engine.file(account, job)
        deliveries = self.callbacks.plan(job, order.task, account)
        log.debug(
            "%s %s: %d x %.3f s, $%.4f", job.model, job.id, order.count, job.seconds, order.count * job.cost / 1e6
        )
        if fate.early:
            for delivery in deliveries:
                await self._engine.outbox.send_now(account, delivery)
        return None

    def foresee(self, job: Job) -> None:
        """Have the first file of a job that is looked at begun, if there is time for it."""
        result = job.results[0]
        if self._engine.studio.eager and result.error is None:
            self._engine.studio.foresee(result.id, lambda: self.clip(job, result))

    def clip(self, job: Job, result: Result) -> Clip:
        """What the placeholder of a result shows. It reads the request again: not for the poll path."""
        task = orjson.loads(job.request)
        inputs, speech = (task.get(name) or {} for name in ("inputs", "speech"))
        model = self._models[job.model]
        width, height = (min(side, LARGEST_SIDE) for side in model.size.size(task, job.aspect))
        face = inputs.get("avatar") or ("the given image" if inputs.get("image") else "no avatar")
        clip = Clip(
            width=width,
            height=height,
            milliseconds=round(job.seconds * 1000),
            container=job.container,
            quality=int(task.get("outputQuality", 95)),
            title=model.name,
            lines=(
                str(speech.get("text") or task.get("positivePrompt") or ""),
                f"{face}, voice {speech.get('voice', 'auto')}",
                f"task {job.id}",
            ),
            hue=result.seed % 360,
        )
        return fitted_out(clip, model, job, result, task, said(model, job, task))

    def _judge(self, name: str) -> Judge:
        """The judge of a model's tasks, compiled when its first task comes."""
        judge = self._judges[name] = self._contract.model_judge(name, self.stance)
        return judge

    def _plan(self, order: Order, account: Account, origin: str, fate: Fate) -> Job:
        now = account.clock.now()
        queued, running = order.model.latency.seconds(order.seconds)
        results = tuple(
            Result(
                id=account.new_id(),
                seed=self._seed(order, account, index),
                finishes_at=now + fate.lasts(queued + running * (1 + _STAGGER * index)),
                error=fate.failure,
            )
            for index in range(order.count)
        )
        return Job(
            id=order.uuid,
            provider="runware",
            model=order.model.id,
            container=sys.intern(str(order.task.get("outputFormat", "MP4")).lower()),
            request=kept_json(order.task),
            origin=origin,
            submitted_at=now,
            seconds=order.seconds,
            cost=order.cost,
            results=results,
            expires_after=float(order.task.get("ttl", DEFAULT_TTL)),
            extras=self.answers.extras(order),
            aspect=order.given.aspect,
            refused=fate.refused,
            given=order.given.names,
        )

    def _unknown_media(self, task: dict[str, Any], account: Account) -> list[Refusal]:
        """The refusal of every UUID under which nothing is stored, where a switch asks for that."""
        inputs = task.get("inputs")
        if self.stance["stored-media"] == "any" or not isinstance(inputs, dict):
            return []
        return [
            self.refusals.make("mediaNotFound", task, parameter=f"inputs.{name}", value=inputs[name])
            for name in ("image", "audio", "background")
            if self.storage.unknown(account, inputs.get(name))
        ]

    def _seed(self, order: Order, account: Account, index: int) -> int:
        """The seed the task asks for, counted up for its further results (assumed), else one of the account's."""
        asked = order.task.get("seed")
        return account.random.getrandbits(31) if asked is None else int(asked) + index

    def _forbidden_targets(self, task: dict[str, Any]) -> list[Refusal]:
        if self._engine.settings.allow_link_local:
            return []
        refused = []
        for parameter in ("webhookURL", "uploadEndpoint"):
            url = task.get(parameter)
            if url is not None:
                try:
                    check_literal(url)
                except ForbiddenTarget as reason:
                    refused.append(self.refusals.invalid(task, parameter, f"{reason}."))
        return refused
