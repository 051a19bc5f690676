"""The request queue: hand in, look at, list, call off."""

import asyncio
from collections.abc import Mapping
from itertools import islice

from starlette.requests import Request
from starlette.responses import Response

from understudy.answers import Json
from understudy.doorway import Caller
from understudy.engine import Engine
from understudy.fates import Fate
from understudy.jobs import Job
from understudy.placeholders import placeholder
from understudy.wire import ClientGone, hung_up

from .door import PROVIDER, Door
from .orders import Orders
from .records import Records
from .refusals import Refusals

#: How many records a page of the list holds unless asked otherwise, and at most: assumed, as one client asks for 100.
_PAGE, _LARGEST_PAGE = 100, 1000


class Queue:
    """The endpoints of `/requests`, the same for callers with a key and for signed-in users."""

    def __init__(
        self,
        engine: Engine,
        door: Door,
        orders: Orders,
        records: Records,
        refusals: Refusals,
        stance: Mapping[str, str],
    ) -> None:
        self._engine = engine
        self._door = door
        self._orders = orders
        self._records = records
        self._refusals = refusals
        self._waiting: dict[str, asyncio.Event] = {}
        self._sync_tells_all = stance["sync-answer"] == "record"

    async def submit(self, caller: Caller, request: Request) -> Response:
        """`POST /requests`. A model that delivers at once keeps the caller waiting; hanging up loses nothing."""
        document, body = await self._door.document(request)
        if not isinstance(document, dict):
            raise self._refusals.make("invalidJson")
        name = document.get("model")
        said = [caller.account.key]
        if b"[[error:" in body:
            said.append(body.decode("utf-8", "replace"))
        strike = self._door.meet(
            caller,
            "submit",
            model=name if isinstance(name, str) else None,
            text=lambda: body.decode("utf-8", "replace"),
            magic=said,
        )
        model = self._orders.model(document.get("model"))
        if not isinstance(document.get("payload"), dict):
            raise self._refusals.make("missingPayload")
        order = await self._orders.order(caller, model, document["payload"])
        fate = Fate.of(strike, self._engine.settings.speed.latency)
        job = self._orders.start(order, caller, fate)
        caller.visit.exchange.job = job.id
        if fate.failure is not None and fate.failure.strikes == "upstream":
            raise self._refusals.of_case(fate.failure, request_id=job.id)
        if model.output.delivery == "sync":
            return await self._delivered(caller, request, job)
        return Json(self._records.receipt(job, caller.account.clock.now()))

    async def detail(self, caller: Caller, request: Request) -> Response:
        """`GET /requests/{id}`."""
        job = self._job(caller, request, "poll")
        result, studio = job.results[0], self._engine.studio
        if studio.eager and result.error is None and (model := self._orders.model(job.model)).output.kind != "text":
            studio.foresee(result.id, lambda: placeholder(model, job, result))
        return Json(self._records.record(caller.account, job, caller.account.clock.now()))

    async def listing(self, caller: Caller, request: Request) -> Response:
        """`GET /requests?model_id=…&limit=…&offset=…`: newest first."""
        limit = self._number(request, "limit", _PAGE)
        offset = self._number(request, "offset", 0)
        model = request.query_params.get("model_id")
        jobs = [job for job in caller.account.jobs(PROVIDER).values() if model in (None, "", job.model)]
        now = caller.account.clock.now()
        page = islice(reversed(jobs), offset, offset + min(limit, _LARGEST_PAGE))
        records = [self._records.record(caller.account, job, now) for job in page]
        return Json({"requests": records, "total": len(jobs), "has_more": offset + len(records) < len(jobs)})

    async def cancel(self, caller: Caller, request: Request) -> Response:
        """`DELETE /requests/{id}`: the emulator's own extension, for the provider documents no way to cancel."""
        job = self._job(caller, request, "cancel")
        now = caller.account.clock.now()
        if not self._records.is_final(job, now):
            job = self._orders.cancel(job, caller, now)
            if (waiting := self._waiting.get(job.id)) is not None:
                waiting.set()
        elif job.cancelled_at is None:
            raise self._refusals.make("requestAlreadyFinished")
        return Json(self._records.record(caller.account, job, now))

    async def _delivered(self, caller: Caller, request: Request, job: Job) -> Response:
        called_off = self._waiting[job.id] = asyncio.Event()
        waits = [
            asyncio.ensure_future(caller.visit.wait(job.finishes_at)),
            asyncio.ensure_future(called_off.wait()),
            asyncio.ensure_future(hung_up(request.receive)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if waits[2].done():
                raise ClientGone
        finally:
            del self._waiting[job.id]
            for wait in waits:
                wait.cancel()
        now = caller.account.clock.now()
        # Its account may have been set back meanwhile: whoever waits still gets what was promised.
        job = caller.account.jobs(PROVIDER).get(job.id, job)
        if self._records.status(job, now) == "failed":
            return Json({"error": self._records.failure_message(job), "request_id": job.id}, 400)
        if self._sync_tells_all:
            return Json(self._records.record(caller.account, job, now))
        return Json(self._records.receipt(job, now))

    def _job(self, caller: Caller, request: Request, operation: str) -> Job:
        job = caller.account.jobs(PROVIDER).get(request.path_params["request_id"])
        self._door.meet(caller, operation, job=job)
        if job is None:
            raise self._refusals.make("requestNotFound")
        return job

    def _number(self, request: Request, name: str, default: int) -> int:
        text = request.query_params.get(name)
        if text is None or text == "":
            return default
        if not (text.isascii() and text.isdigit()) or len(text) > 9:
            raise self._refusals.make("invalidLimit")
        return int(text)
