"""Runware's tasks that make nothing: pings, stored media, what is kept of a task."""

from typing import Any

import orjson

from understudy.engine import Engine
from understudy.faults import Strike
from understudy_contracts.provider import Contract

from .answers import Answers
from .refusals import Refusal, Refusals
from .storage import Storage
from .work import Answer, Caller, Performer


class Platform:
    """Performs the tasks around inference."""

    def __init__(
        self, engine: Engine, contract: Contract, refusals: Refusals, answers: Answers, storage: Storage
    ) -> None:
        self._engine = engine
        self._contract = contract
        self._refusals = refusals
        self._answers = answers
        self._storage = storage

    @property
    def performers(self) -> dict[str, Performer]:
        """Who performs what, by task type."""
        return {
            "ping": self._ping,
            "getTaskDetails": self._details,
            "imageUpload": self._image,
            "mediaStorage": self._media,
        }

    async def _ping(self, caller: Caller, task: dict[str, Any], answer: Answer, strike: Strike) -> None:
        if refused := judged(self._contract, self._refusals, "ping-request", task):
            answer.refuse(*refused)
            return
        answer.accept({"taskType": "ping", "pong": True})

    async def _details(self, caller: Caller, task: dict[str, Any], answer: Answer, strike: Strike) -> None:
        if refused := judged(self._contract, self._refusals, "get-task-details-request", task):
            answer.refuse(*refused)
            return
        job = caller.account.jobs("runware").get(task["taskUUID"].lower())
        if job is None:
            answer.refuse(self._refusals.make("taskNotFound", task))
            return
        # One small question can have a large answer, and a request holds many questions.
        answer.quoted += len(job.request)
        if answer.quoted > (limit := self._engine.settings.max_body_bytes):
            answer.refuse(self._refusals.make("requestTooLarge", task, limit=limit))
            return
        data: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        self._answers.add_states(job, caller.account.clock.now(), data, errors)
        response: dict[str, Any] = {"data": data}
        if errors:
            response["errors"] = errors
        request = [orjson.loads(job.request)]
        answer.accept(
            {"taskType": "getTaskDetails", "taskUUID": task["taskUUID"], "request": request, "response": response}
        )

    async def _image(self, caller: Caller, task: dict[str, Any], answer: Answer, strike: Strike) -> None:
        if refused := judged(self._contract, self._refusals, "image-upload-request", task):
            answer.refuse(*refused)
            return
        stored = await self._storage.store(caller.account, caller.origin, task, "image")
        if isinstance(stored, Refusal):
            answer.refuse(stored)
            return
        uuid, url = stored
        answer.accept({"taskType": "imageUpload", "taskUUID": task["taskUUID"], "imageUUID": uuid, "imageURL": url})

    async def _media(self, caller: Caller, task: dict[str, Any], answer: Answer, strike: Strike) -> None:
        if refused := judged(self._contract, self._refusals, "media-storage-request", task):
            answer.refuse(*refused)
            return
        named = {"taskType": "mediaStorage", "taskUUID": task["taskUUID"], "operation": task["operation"]}
        if task["operation"] == "delete":
            uuid = task["media"]
            if not self._storage.delete(caller.account, uuid):
                answer.refuse(self._refusals.make("mediaNotFound", task, value=uuid))
                return
            answer.accept({**named, "mediaUUID": uuid.lower()})
            return
        stored = await self._storage.store(caller.account, caller.origin, task, "media")
        if isinstance(stored, Refusal):
            answer.refuse(stored)
            return
        uuid, url = stored
        answer.accept({**named, "mediaUUID": uuid, "mediaURL": url})


def judged(
    contract: Contract, refusals: Refusals, schema: str, task: dict[str, Any], **switch_values: str
) -> list[Refusal]:
    """What is wrong with a task by its schema, which is compiled when it is first needed."""
    judge = contract.judge(schema, **switch_values)
    return [] if judge.accepts(task) else refusals.of_violations(task, judge.violations(task))
