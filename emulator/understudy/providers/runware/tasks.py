"""What Runware does with an array of tasks, whatever transport brought it."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from starlette.types import Scope

from understudy.accounts import Account
from understudy.engine import Engine
from understudy.faults import Strike, UnknownFault, called_for
from understudy.jobs import Job, Result
from understudy.wire import kept_json, origin
from understudy_contracts.provider import contract

from .account import Management
from .answers import Answers
from .meetings import meet, of_gateway
from .models import Library
from .platform import Platform, judged
from .refusals import Refusal, Refusals
from .storage import Storage
from .video import Video
from .work import Answer, Caller, Later, Performer

#: How many tasks one request may hold: nobody documents the provider's own bound, so this one is assumed.
MOST_TASKS = 1_000

#: The content network that the newest pages show videos on.
_CONTENT_HOST = "vm.runware.ai"

#: Files are fetched over HTTP, however the task that made them came.
_HTTP = {"ws": "http", "wss": "https"}

#: After how many seconds' work on one request the others get a turn.
_TURN = 0.01


class Tasks:
    """Every task type the emulator performs."""

    def __init__(self, engine: Engine, video: Video, storage: Storage) -> None:
        self._engine = engine
        self._video = video
        self._answers: Answers = video.answers
        self.refusals: Refusals = video.refusals
        runware = contract("runware")
        self._hosts = frozenset(runware.hosts)
        self._catalogue = runware.errors
        self._contract = runware
        self._acknowledges = video.stance["acknowledgement"] == "item"
        self._unknown_task_is_an_error = video.stance["unknown-task"] == "error"
        self._library = Library(engine, runware, self.refusals, video.stance)
        self._performers: dict[str, Performer] = {
            "getResponse": self._poll,
            "videoInference": self._submit,
            **Platform(engine, runware, self.refusals, self._answers, storage).performers,
            **Management(engine, runware, self.refusals, video.stance).performers,
            **self._library.performers,
        }

    def content_origin(self, scope: Scope) -> str:
        """Where files are for a caller: here, or on the provider's own content network."""
        if scope["type"] == "websocket":
            scope = {**scope, "scheme": _HTTP[scope["scheme"]]}
        here = origin(scope, self._engine.settings.public_url)
        return f"https://{_CONTENT_HOST}" if here.removeprefix("https://") in self._hosts else here

    def unreached(self, strike: Strike, tasks: list[Any]) -> Answer:
        """What a caller on a socket hears when a gateway kept its tasks from the provider."""
        answer = Answer()
        for task in tasks if strike.gateway is not None else ():
            answer.refuse(of_gateway(strike.gateway or 502, "unrecognizedResponse", task))
        return answer

    def account(self, key: str) -> Account | Refusal:
        """The account of a key, or the refusal that a wrong key meets."""
        try:
            fault = called_for((key,), self._catalogue)
        except UnknownFault as problem:
            return self.refusals.unknown_fault(problem)
        if fault is not None and fault.kind == "auth":
            return self.refusals.by_name(fault)
        account = self._engine.accounts.of(key)
        return account if account is not None else self.refusals.make("invalidApiKey")

    async def perform(self, caller: Caller, tasks: list[Any]) -> Answer:
        """Perform each task in turn; one that fails leaves the others alone."""
        answer = Answer()
        if len(tasks) > MOST_TASKS:
            problem = f"Here, the array holds {len(tasks):,} tasks, and {MOST_TASKS:,} are the most that are taken."
            answer.refuse(self.refusals.make("invalidRequestBody", expectation=problem))
            return answer
        met = [self._met(caller, task) for task in tasks]
        began = time.monotonic()
        for task, found in zip(tasks, met, strict=True):
            if time.monotonic() - began > _TURN:
                await asyncio.sleep(0)
                began = time.monotonic()
            if isinstance(found, Refusal):
                answer.refuse(found)
            else:
                await self._performers[task["taskType"]](caller, task, answer, found)
        return answer

    def _met(self, caller: Caller, task: Any) -> Strike | Refusal:
        if not isinstance(task, dict):
            expectation = "Here, something in the array is not an object."
            return self.refusals.make("invalidRequestBody", expectation=expectation)
        kind = task.get("taskType")
        if not isinstance(kind, str) or kind not in self._performers:
            return self._not_a_task(task)
        return meet(caller, task, self.refusals)

    async def _poll(self, caller: Caller, task: dict[str, Any], answer: Answer, strike: Strike) -> None:
        uuid = task.get("taskUUID")
        job = caller.account.jobs("runware").get(uuid.lower()) if isinstance(uuid, str) else None
        if job is not None and (case := job.refusal(caller.account.clock.now())) is not None:
            answer.refuse(self.refusals.by_name(case, task))
            return
        if job is not None:
            self._answers.add_states(job, caller.account.clock.now(), answer.data, answer.errors)
            self._video.foresee(job)
        elif (upload := self._library.upload(caller.account, uuid)) is not None:
            upload.tell(answer, caller.account.clock.now())
        elif refused := judged(self._contract, self.refusals, "get-response-request", task):
            answer.refuse(*refused)
            return
        elif self._unknown_task_is_an_error:
            answer.refuse(self.refusals.make("taskNotFound", task))
            return
        answer.accepted += 1

    async def _submit(self, caller: Caller, task: dict[str, Any], answer: Answer, strike: Strike) -> None:
        uuid = task.get("taskUUID")
        if isinstance(uuid, str) and self._is_taken(caller, uuid) and not caller.dry_run:
            if self._is_repeated(caller, uuid, task):
                answer.accept({"taskType": "videoInference", "taskUUID": task["taskUUID"]})
            else:
                answer.refuse(self.refusals.make("conflictTaskUUID", task))
            return
        order = await self._video.order(task, caller.account)
        if isinstance(order, list):
            answer.refuse(*order)
            return
        if caller.dry_run:
            answer.data.append(self._answers.price(order))
            answer.accepted += 1
            return
        refusal = await self._video.start(order, caller.account, caller.origin, strike)
        if refusal is not None:
            answer.refuse(refusal)
            return
        answer.accepted += 1
        if task.get("deliveryMethod") == "sync":
            name = order.uuid.lower()
            job = caller.account.jobs("runware")[name]

            def holds() -> bool:
                return caller.account.jobs("runware").get(name) is job

            results = [Later(result.finishes_at, self._adder(job, result), holds) for result in job.results]
            answer.later += results
            answer.awaited += results
        elif self._acknowledges or caller.on_socket:
            answer.data.append({"taskType": "videoInference", "taskUUID": order.uuid})

    def _is_taken(self, caller: Caller, uuid: str) -> bool:
        taken = uuid.lower() in caller.account.jobs("runware")
        return taken or self._library.upload(caller.account, uuid) is not None

    def _is_repeated(self, caller: Caller, uuid: str, task: dict[str, Any]) -> bool:
        """Whether a task is only sent once more, by a caller who resumed its session and may not know its fate.

        The acknowledgement it missed is delivered again as well. Where both came in that order, an SDK that took
        the first would take a conflict for a failure.
        """
        job = caller.account.jobs("runware").get(uuid.lower())
        since = caller.resumed_at
        return job is not None and since is not None and job.submitted_at <= since and job.request == kept_json(task)

    def _adder(self, job: Job, result: Result) -> Callable[[Answer, float], None]:
        def add(answer: Answer, now: float) -> None:
            self._answers.add_state(job, result, now, answer.data, answer.errors)

        return add

    def _not_a_task(self, task: dict[str, Any]) -> Refusal:
        kind = task.get("taskType")
        if kind is None:
            return self.refusals.make("missingTaskType", task)
        return self.refusals.make("unsupportedTaskType", task, value=kind)
