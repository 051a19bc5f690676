"""Runware over HTTP: `POST /v1` with a JSON array of tasks."""

from typing import Any

from starlette.types import Receive, Scope, Send

from understudy.engine import Engine
from understudy.wire import BadJson, BodyTooLarge, ClientGone, bearer, header, origin, parse_json, read_body, send_json

from .refusals import Refusal, Refusals
from .tasks import Caller, Tasks, TransportFault


class Rest:
    """The ASGI endpoint of `/v1`."""

    def __init__(self, engine: Engine, tasks: Tasks) -> None:
        self._engine = engine
        self._tasks = tasks
        self._refusals: Refusals = tasks.refusals
        self._limit = engine.settings.max_body_bytes
        self._public_url = engine.settings.public_url

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
        tasks = self._read_tasks(header(scope, b"content-type"), body)
        if isinstance(tasks, Refusal):
            return tasks.status, _envelope(tasks)
        authentication = tasks[0] if _is_authentication(tasks[0]) else None
        key = self._key(header(scope, b"authorization"), authentication)
        account = None if isinstance(key, Refusal) else self._tasks.account(key)
        if isinstance(account, Refusal) or account is None:
            refusal = key if isinstance(key, Refusal) else account
            assert isinstance(refusal, Refusal)
            return refusal.status, _envelope(refusal)
        caller = Caller(
            account=account,
            origin=origin(scope, self._public_url),
            dry_run=header(scope, b"x-runware-dry-run") == "1",
        )
        answer = await self._tasks.perform(caller, tasks[1:] if authentication is not None else tasks)
        data = answer.data
        if authentication is not None:
            data.insert(0, {"taskType": "authentication", "connectionSessionUUID": account.new_id()})
        if not answer.errors:
            return 200, {"data": data}
        return answer.status, {"data": data, "errors": answer.errors}

    def _read_tasks(self, content_type: str | None, body: bytes) -> list[Any] | Refusal:
        if content_type is not None and not _is_json(content_type):
            return self._refusals.make("invalidContentType")
        try:
            tasks = parse_json(body)
        except BadJson as problem:
            return self._unfit(str(problem))
        if not isinstance(tasks, list):
            return self._unfit(f"it is {_kind(tasks)}")
        if not tasks:
            return self._unfit("the array holds no task")
        return tasks

    def _unfit(self, reason: str) -> Refusal:
        return self._refusals.make("invalidRequestBody", expectation=f"Here, {reason}.")

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


def _is_authentication(task: object) -> bool:
    return isinstance(task, dict) and task.get("taskType") == "authentication"


def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def _kind(value: object) -> str:
    names = {dict: "an object", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


async def _send_page(send: Send, fault: TransportFault) -> None:
    body = fault.page.encode()
    headers = [(b"content-type", b"text/html"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": fault.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
