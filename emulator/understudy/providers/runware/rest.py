"""Runware over HTTP: `POST /v1` with a JSON array of tasks."""

from typing import Any

from starlette.types import Receive, Scope, Send

from understudy.engine import Engine
from understudy.visits import Visit, visit_of
from understudy.wire import BodyTooLarge, ClientGone, bearer, header, read_body, send_json

from .meetings import TransportFault
from .refusals import Refusal, Refusals
from .requests import read
from .tasks import Tasks
from .work import Answer, Caller

#: Seconds that an answer waits for results at most: the provider's budget for synchronous delivery.
LONGEST_WAIT = 120.0


class Rest:
    """The ASGI endpoint of `/v1`."""

    def __init__(self, engine: Engine, tasks: Tasks) -> None:
        self._tasks = tasks
        self._refusals: Refusals = tasks.refusals
        self._limit = engine.settings.max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        try:
            body = await read_body(receive, self._limit)
        except ClientGone:
            return
        except BodyTooLarge:
            refusal = self._refusals.make("requestTooLarge", limit=self._limit)
            await send_json(send, refusal.status, _envelope(refusal), ((b"connection", b"close"),))
            return
        try:
            status, document = await self._answer(scope, body)
        except TransportFault as fault:
            await _send_page(send, fault)
            return
        await send_json(send, status, document)

    async def _answer(self, scope: Scope, body: bytes) -> tuple[int, dict[str, Any]]:
        content_type = header(scope, b"content-type")
        if content_type is not None and not _is_json(content_type):
            return _refused(self._refusals.make("invalidContentType"))
        requested = read(body, self._refusals)
        if isinstance(requested, Refusal):
            return _refused(requested)
        key = self._key(header(scope, b"authorization"), requested.authentication)
        account = key if isinstance(key, Refusal) else self._tasks.account(key)
        if isinstance(account, Refusal):
            return _refused(account)
        visit = visit_of(scope)
        visit.of("runware", account)
        caller = Caller(
            account=account,
            origin=self._tasks.content_origin(scope),
            visit=visit,
            dry_run=header(scope, b"x-runware-dry-run") == "1",
        )
        answer = await self._tasks.perform(caller, requested.tasks)
        if answer.awaited:
            await self._wait(answer, visit)
        data = answer.data
        if requested.authentication is not None:
            data.insert(0, {"taskType": "authentication", "connectionSessionUUID": account.new_id()})
        if not answer.errors:
            return 200, {"data": data}
        return answer.status, {"data": data, "errors": answer.errors}

    async def _wait(self, answer: Answer, visit: Visit) -> None:
        """Hold the answer for what is to be in it, at most as long as the provider would."""
        await visit.wait(min(max(later.at for later in answer.awaited), visit.clock.now() + LONGEST_WAIT))
        for later in answer.awaited:
            later.add(answer, visit.clock.now())

    def _key(self, authorization: str | None, task: dict[str, Any] | None) -> str | Refusal:
        """The API key of a request, from its header or its first task; the two may not contradict."""
        if task is None:
            return bearer(authorization) or self._refusals.make("invalidApiKey")
        key = task.get("apiKey")
        if key is None:
            return self._refusals.make("missingApiKey")
        if not isinstance(key, str) or not key or (authorization is not None and bearer(authorization) != key):
            return self._refusals.make("invalidApiKey")
        return key


def _envelope(refusal: Refusal) -> dict[str, Any]:
    return {"data": [], "errors": [refusal.item]}


def _refused(refusal: Refusal) -> tuple[int, dict[str, Any]]:
    return refusal.status, _envelope(refusal)


def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


async def _send_page(send: Send, fault: TransportFault) -> None:
    body = fault.page.encode()
    headers = [(b"content-type", b"text/html"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": fault.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
