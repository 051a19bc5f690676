"""Calls of a model: v1 keeps the caller waiting and answers with the file, v2 takes the order and is polled."""

import asyncio
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from understudy.answers import Json
from understudy.engine import Engine
from understudy.jobs import Job
from understudy.media.errors import MediaError
from understudy.media.serve import whole
from understudy.placeholders import placeholder
from understudy.wire import ClientGone, hung_up
from understudy_contracts.models import Model

from .bodies import Bodies
from .door import PROVIDER, Caller, Door
from .hooks import Hooks
from .orders import Order, Orders, canonical
from .records import Records
from .refusals import Refusals

#: Seconds that the record of a finished request can still be asked for: the older documentation's hour.
_RECORDS_KEPT = 3600.0


class Gateway:
    """The endpoints of `/v1/{slug}`, `/v2/{slug}` and the requests they made."""

    def __init__(
        self,
        engine: Engine,
        door: Door,
        bodies: Bodies,
        orders: Orders,
        records: Records,
        hooks: Hooks,
        refusals: Refusals,
        stance: Mapping[str, str],
    ) -> None:
        self._engine = engine
        self._door = door
        self._bodies = bodies
        self._orders = orders
        self._records = records
        self._hooks = hooks
        self._refusals = refusals
        self._as_json = stance["v1-answer"] == "json"

    def exists(self, request: Request) -> None:
        """Raise Refused for a slug that no model has."""
        self._orders.model(request.path_params["slug"])

    async def run(self, caller: Caller, request: Request) -> Response:
        """`POST /v1/{slug}`: wait, then the file itself. Hanging up loses nothing: the job goes its way."""
        model = self._orders.model(request.path_params["slug"])
        order = await self._orders.order(
            caller, model, await self._bodies.fields(caller, request, model.request), queued=False
        )
        job = self._orders.start(order, caller, "v1", "insufficientCredits")
        await self.announce(caller, order, job)
        error = job.results[0].error
        wanted = None
        if error is None and model.output.kind != "text":
            # It is made while the caller waits anyway.
            wanted = await asyncio.to_thread(placeholder, model, job, job.results[0])
            self._engine.studio.warm(wanted)
        await self._until_finished(caller, request, job)
        if error is not None:
            raise self._refusals.awaited(error, job.extras["failure"])
        metrics = self._records.metrics(caller.account, job)
        headers = {
            "x-cost": _plain(metrics["cost"]),
            "x-remaining-credits": _plain(metrics["remaining_credits"]),
            "x-request-id": job.id,
            "x-generation-time": _plain(metrics["inference_time"]),
        }
        if wanted is None:
            return Json(self._records.reply(job), headers=headers)
        if self._as_json:
            _, body = await self._records.result(caller.account, job, job.finishes_at, {})
            return Json(body, headers=headers)
        try:
            return await whole(self._engine.studio, wanted, headers)
        except MediaError as problem:
            return Json({"error": f"understudy: the placeholder could not be made: {problem}"}, 503, headers)

    async def submit(self, caller: Caller, request: Request) -> Response:
        """`POST /v2/{slug}`: five keys at once."""
        model = self._orders.model(request.path_params["slug"])
        return await self.queued(caller, request, model)

    async def queued(self, caller: Caller, request: Request, model: Model) -> Response:
        """Take an order for a model, to be polled on v2."""
        order = await self._orders.order(
            caller, model, await self._bodies.fields(caller, request, model.request), queued=True
        )
        job = self._orders.start(order, caller, "v2", "insufficientCreditsQueued")
        await self.announce(caller, order, job)
        poll_url = f"{caller.origin}/v1/requests/{job.id}"
        return Json({"request_id": job.id, "status": "QUEUED", "poll_url": poll_url, **_urls(caller, job)})

    async def status(self, caller: Caller, request: Request) -> Response:
        """`GET /v2/requests/{id}/status`."""
        job = self._job(caller, request, "requestNotFound")
        status, body = self._records.standing(caller.account, job, caller.account.clock.now(), _urls(caller, job))
        return Json(body, status)

    async def result(self, caller: Caller, request: Request) -> Response:
        """`GET /v2/requests/{id}`."""
        return await self._result(caller, self._job(caller, request, "requestNotFound"))

    async def poll(self, caller: Caller, request: Request) -> Response:
        """`GET /v1/requests/{id}`, the older way to ask."""
        return await self._result(caller, self._job(caller, request, "outputNotFound"))

    async def announce(self, caller: Caller, order: Order, job: Job) -> None:
        """Queue what tells of a job, or send it before the job is answered for, where a fault asks for that."""
        deliveries = self._hooks.plan(caller.account, job)
        if order.strike.early:
            for delivery in deliveries:
                await self._engine.outbox.send_now(caller.account, delivery)

    async def _result(self, caller: Caller, job: Job) -> Response:
        now = caller.account.clock.now()
        status, body = await self._records.result(caller.account, job, now, _urls(caller, job))
        return Json(body, status)

    def _job(self, caller: Caller, request: Request, missing: str) -> Job:
        request_id = request.path_params["request_id"]
        job = caller.account.jobs(PROVIDER).get(canonical(request_id))
        self._door.meet(caller, "poll", job=job)
        gone = job is None or caller.account.clock.now() >= job.finishes_at + _RECORDS_KEPT
        if job is None or gone or job.extras["door"] != "v2":
            raise self._refusals.make(missing, id=request_id)
        return job

    async def _until_finished(self, caller: Caller, request: Request, job: Job) -> None:
        """Wait for the job; raises ClientGone when the caller hangs up first."""
        waiting = asyncio.ensure_future(caller.visit.wait(job.finishes_at))
        listening = asyncio.ensure_future(hung_up(request.receive))
        try:
            await asyncio.wait((waiting, listening), return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                raise ClientGone
        finally:
            for task in (waiting, listening):
                task.cancel()


def _urls(caller: Caller, job: Job) -> dict[str, str]:
    here = f"{caller.origin}/v2/requests/{job.id}"
    return {"status_url": f"{here}/status", "response_url": here}


def _plain(number: float) -> str:
    """A number as headers have it: a plain decimal, never with an exponent."""
    return f"{number:.6f}".rstrip("0").rstrip(".") or "0"
