"""The control API as an application: who may ask, what is asked and for whom, and the answer as JSON."""

import logging
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

import orjson
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from understudy.accounts import Account
from understudy.answers import Json
from understudy.engine import Engine
from understudy.wire import BadJson, BodyTooLarge, ClientGone, bearer, header, origin, parse_json, read_body
from understudy_contracts.schema import judge

from .guard import Guard
from .operations import PREFIX, Call, Operation, Parameter, Refusal
from .schemas import SCHEMAS
from .sentences import told
from .table import OPERATIONS

log = logging.getLogger("understudy.control")

#: Where the journal finds what a request was and whose, once that is known.
OPERATION, ACCOUNT = "understudy.operation", "understudy.account"

_Places: TypeAlias = dict[str, dict[str, Operation]]


class Api:
    """Answers everything below `/_understudy/`."""

    def __init__(self, engine: Engine) -> None:
        self._guard = Guard(engine.settings)
        places: _Places = {}
        for operation in OPERATIONS:
            places.setdefault(operation.path, {})[operation.method] = operation
        self._router = Router(
            [Route(path, _Place(engine, self._guard, methods)) for path, methods in places.items()],
            redirect_slashes=False,
            default=_Nowhere(self._guard),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; there is nothing here for a WebSocket."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        await self._router(scope, receive, send)


class _Nowhere:
    """What is asked for where there is nothing."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._guard.check(scope)
            path = scope["path"].removeprefix(PREFIX)
            near = get_close_matches(path, [operation.path for operation in OPERATIONS], n=1)
            hint = f"did you mean {PREFIX}{near[0]}?" if near else f"{PREFIX}/openapi.json says what there is."
            raise Refusal(404, f"there is nothing at {scope['path']}: {hint}")
        except Refusal as refusal:
            await _refused(refusal)(scope, receive, send)


class _Place:
    """One path, with an operation for each method that it knows."""

    def __init__(self, engine: Engine, guard: Guard, methods: Mapping[str, Operation]) -> None:
        self._engine = engine
        self._guard = guard
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer: ASGIApp = await self._answer(scope, receive)
        except Refusal as refusal:
            answer = _refused(refusal)
        except ClientGone:
            return
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        operation = self._methods.get(method)
        if operation is None or not operation.open:
            self._guard.check(scope)
        if operation is None:
            allowed = ", ".join(sorted(self._methods))
            path = scope["path"]
            raise Refusal(405, f"{path} is asked with {allowed}, not {method}.", headers={"allow": allowed})
        scope[OPERATION] = operation.id
        query, account_id = _query(scope, operation)
        account = None if operation.account == "none" else self._account(scope, account_id, operation)
        scope[ACCOUNT] = account
        call = Call(
            self._engine,
            account,
            scope.get("path_params", {}),
            query,
            await self._body(scope, receive, operation),
            origin(scope, self._engine.settings.public_url),
            receive,
        )
        try:
            answered = await operation.handler(call)
            if account is not None:
                # A reset and a restored snapshot put another account in its place: that is whose record it is on.
                scope[ACCOUNT] = self._engine.accounts.by_id(account.id) or account
            return answered if isinstance(answered, Response) else Json(answered, operation.status)
        except (Refusal, ClientGone):
            raise
        except Exception as mistake:
            log.exception("%s met a mistake of understudy's", operation.id)
            raise Refusal(500, f"understudy made a mistake: {mistake!r}") from mistake

    def _account(self, scope: Scope, name: str | None, operation: Operation) -> Account | None:
        accounts = self._engine.accounts
        if name is not None:
            account = accounts.by_id(name)
            if account is None:
                raise Refusal(404, f"there is no account {name!r}; GET {PREFIX}/accounts lists those there are.")
            return account
        authorization = header(scope, b"authorization")
        key = bearer(authorization) or (header(scope, b"x-api-key") or "").strip()
        if not key:
            if authorization is not None or operation.account == "required":
                raise Refusal(
                    401,
                    "name an account: send its API key as `Authorization: Bearer <key>` or `x-api-key: <key>`, "
                    "or its id as `?account=<id>`.",
                )
            return None
        account = accounts.of(key)
        if account is None:
            raise Refusal(401, f"there is no account of this API key; POST {PREFIX}/accounts can make one.")
        return account

    async def _body(self, scope: Scope, receive: Receive, operation: Operation) -> Any:
        limit = self._engine.settings.max_body_bytes
        try:
            content = await read_body(receive, limit)
        except BodyTooLarge:
            raise Refusal(
                413, f"a body may have {limit} bytes here; `understudy serve --max-body` takes more."
            ) from None
        if not content:
            if operation.body is not None and operation.body_required:
                raise Refusal(422, f"{operation.method} {operation.path} needs a JSON body, and there is none.")
            return {}
        if header(scope, b"content-type") is None:
            raise Refusal(415, "a body here is JSON: send it with `Content-Type: application/json`.")
        try:
            body = parse_json(content)
        except BadJson as problem:
            raise Refusal(422, f"the body cannot be read: {problem}.") from None
        if operation.body is None:
            if body != {}:
                raise Refusal(422, f"{operation.method} {operation.path} takes no body.")
            return body
        if operation.judged:
            schema = {**operation.body, "components": {"schemas": SCHEMAS}}
            if problems := [told(violation) for violation in judge(body, schema)]:
                raise Refusal(422, f"the body is not what {operation.id} takes.", problems)
            body = _whole(body, operation.body)
        return body


def _refused(refusal: Refusal) -> Response:
    document: dict[str, Any] = {"error": refusal.message}
    if refusal.problems:
        document["problems"] = refusal.problems
    return Json(document, refusal.status, refusal.headers)


def _query(scope: Scope, operation: Operation) -> tuple[dict[str, Any], str | None]:
    """The query's parameters with their types, and the id of the account, if it names one."""
    asked: dict[str, str] = {}
    problems: list[str] = []
    for name, text in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        if name in asked:
            problems.append(f"{name} is given twice.")
        asked[name] = text
    account = asked.pop("account", None) if operation.account != "none" else None
    known = {one.name: one for one in operation.parameters if f"{{{one.name}}}" not in operation.path}
    values: dict[str, Any] = {name: one.schema["default"] for name, one in known.items() if "default" in one.schema}
    for name, text in asked.items():
        if name not in known:
            choice = [*known, "account"] if operation.account != "none" else [*known]
            near = get_close_matches(name, choice, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(choice) or 'none'}."
            problems.append(f"there is no parameter {name!r}: {hint}")
            continue
        value = _typed(known[name], text)
        if violations := judge(value, known[name].schema):
            problems.append(f"{name}={text!r} cannot be: {told(violations[0])}")
        values[name] = value
    problems += [f"{name} is needed." for name, one in known.items() if one.required and name not in asked]
    if problems:
        raise Refusal(422, f"the query is not what {operation.id} takes.", problems)
    return values, account


def _typed(parameter: Parameter, text: str) -> Any:
    """A text as the number or truth value it stands for; as it is where it stands for none."""
    if parameter.schema.get("type") in ("integer", "number", "boolean"):
        try:
            return _whole(orjson.loads(text), parameter.schema)
        except orjson.JSONDecodeError:
            return text
    return text


def _whole(value: Any, schema: Mapping[str, Any]) -> Any:
    """A value whose whole numbers are those of Python where the schema wants them: in JSON, 1e2 is one, too."""
    if schema.get("type") == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict) and "properties" in schema:
        return {name: _whole(inner, schema["properties"].get(name, {})) for name, inner in value.items()}
    return value
