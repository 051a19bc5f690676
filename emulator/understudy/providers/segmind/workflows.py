"""PixelFlows: any workflow's id runs, on the inputs it is given, and ends in one output."""

import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from understudy.answers import Json
from understudy.engine import Engine
from understudy_contracts.models import Model

from .bodies import Bodies
from .door import PROVIDER, Caller, Door
from .gateway import Gateway
from .orders import Orders, canonical
from .records import Records
from .refusals import Refusals

_WORKFLOW = re.compile(r"[0-9a-f]{24}-v[0-9]{1,6}", re.IGNORECASE)


class Workflows:
    """The endpoints of `/workflows/…`."""

    def __init__(
        self,
        engine: Engine,
        door: Door,
        model: Model,
        bodies: Bodies,
        orders: Orders,
        records: Records,
        gateway: Gateway,
        refusals: Refusals,
        stance: Mapping[str, str],
    ) -> None:
        self._engine = engine
        self._door = door
        self._model = model
        self._bodies = bodies
        self._orders = orders
        self._records = records
        self._gateway = gateway
        self._refusals = refusals
        self._failure_keys: tuple[str, ...] = ("error_message", "error")
        if stance["workflow-failure"] != "both":
            self._failure_keys = (stance["workflow-failure"],)

    def exists(self, request: Request) -> None:
        """Raise Refused for what cannot be a workflow's id."""
        if not _WORKFLOW.fullmatch(request.path_params["workflow"]):
            raise self._refusals.make("workflowNotFound", id=request.path_params["workflow"])

    async def submit(self, caller: Caller, request: Request) -> Response:
        """`POST /workflows/{24 hex}-v{N}` with the workflow's inputs by their names."""
        order = await self._orders.order(
            caller, self._model, await self._bodies.fields(caller, request, self._model.request), queued=True
        )
        job = self._orders.start(order, caller, "workflow", "insufficientCredits")
        await self._gateway.announce(caller, order, job)
        return Json(
            {
                "message": "Workflow request queued",
                "poll_url": f"{caller.origin}/workflows/request/{job.id}",
                "request_id": job.id,
                "status": "QUEUED",
            }
        )

    async def submit_v2(self, caller: Caller, request: Request) -> Response:
        """`POST /workflows/v2/{slug}`: answered and polled as models are on v2."""
        return await self._gateway.queued(caller, request, self._model)

    async def poll(self, caller: Caller, request: Request) -> Response:
        """`GET /workflows/request/{id}`: a failure is HTTP 200 too; the output is JSON within a string."""
        request_id = request.path_params["request_id"]
        job = caller.account.jobs(PROVIDER).get(canonical(request_id))
        self._door.meet(caller, "poll", job=job)
        if job is None or job.extras["door"] != "workflow":
            raise self._refusals.make("requestNotFound", id=request_id)
        status = self._records.status(job, caller.account.clock.now())
        told: dict[str, Any] = {"status": status, "output": ""}
        if status == "COMPLETED":
            told.update(await self._records.outcome(job))
        elif status == "FAILED":
            told.update(dict.fromkeys(self._failure_keys, job.extras["failure"]))
        return Json(told)
