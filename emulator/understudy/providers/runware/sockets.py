"""Runware over WebSocket: the same arrays of tasks as over HTTP, on a connection that stays."""

import asyncio
import logging
from typing import Any
from urllib.parse import parse_qs

import orjson
from starlette.types import Receive, Scope, Send

from understudy.accounts import Account
from understudy.clock import live_until, sleep_until
from understudy.engine import Engine
from understudy.faults import NOTHING, Strike, UnknownFault
from understudy.faults.spoil import spoilt_text
from understudy.happenings import Happening
from understudy.idle import IdleWatch
from understudy.visits import Unreached, Visit, visit_of

from .connections import PROVIDER, Connection
from .meetings import of_gateway
from .refusals import Refusal
from .requests import read, unfit
from .rooms import PATIENCE, Room, Rooms
from .sessions import Frame, Session
from .tasks import Tasks
from .work import Answer, Caller, Later

log = logging.getLogger("understudy.runware")

#: The codes of RFC 6455 with which a caller leaves on purpose.
_CLEAN, _NO_CODE = (1000, 1001), 1005


#: After how many messages of one connection the others get a turn.
_TURN = 50


class Sockets:
    """The ASGI endpoint of `/v1` for WebSockets."""

    def __init__(self, engine: Engine, tasks: Tasks, *, compatible_refusals: bool) -> None:
        self._engine = engine
        self._tasks = tasks
        self.rooms = Rooms(engine, self._silent)
        self._strangers: IdleWatch[Connection] = IdleWatch(engine.clock, PATIENCE, self._silent_stranger)
        self._compatible_refusals = compatible_refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection until it ends."""
        await receive()
        await send({"type": "websocket.accept"})
        opening = visit_of(scope)
        opening.of(PROVIDER, None)
        opening.exchange.connection, opening.exchange.status = opening.exchange.number, 101
        opening.end("answered")
        connection = Connection(self._engine, opening, send, scope.get("extensions", {}).get("understudy"))
        query = parse_qs(scope["query_string"].decode("latin-1"))
        origin, dry_run = self._tasks.content_origin(scope), query.get("dryRun") == ["1"]
        cleanly = False
        code: int | None = None
        heard = 0
        try:
            while True:
                self._heard(connection)
                heard += 1
                if heard % _TURN == 0:
                    # One that never stops talking does not keep the others from being heard.
                    await asyncio.sleep(0)
                message = await receive()
                if message["type"] == "websocket.disconnect":
                    # A close frame need not hold a code; without such a frame there is no reason either.
                    code = message.get("code")
                    cleanly = code in _CLEAN or (code == _NO_CODE and "reason" in message)
                    break
                visit = connection.begin("SEND")
                try:
                    await self._hear(connection, visit, message, origin, dry_run)
                finally:
                    connection.finish(visit)
        finally:
            by_us = connection.over
            connection.end(cleanly=cleanly)
            self._idle(connection).forget(connection)
            connection.close(code, by_us=by_us)

    def _exists(self, account: Account) -> bool:
        """Whether there is still such an account: what was said as it was deleted comes too late."""
        return self._engine.accounts.by_id(account.id) is account

    def _idle(self, connection: Connection) -> IdleWatch[Connection]:
        """Who watches whether a connection is silent: on its account's clock, once it has one."""
        return self._strangers if connection.room is None else connection.room.idle

    def _silent_stranger(self, connection: Connection, at: float) -> None:
        """Hang up on who never said who they are."""
        connection.hang_up(ago=self._engine.clock.now() - at)

    def _silent(self, connection: Connection, at: float) -> None:
        """Hang up on who said and heard nothing for too long, and let it be known."""
        if connection.over or connection.room is None:
            return
        account, more = connection.room.account, {"connection": connection.number, "why": "idle"}
        connection.hang_up(ago=account.clock.now() - at)
        self._engine.news.tell(account, Happening(at, "connection.closed", account.id, PROVIDER, more=more))

    def _heard(self, connection: Connection) -> None:
        if not connection.over:
            self._idle(connection).heard(connection)

    async def _hear(self, connection: Connection, visit: Visit, message: Any, origin: str, dry_run: bool) -> None:
        text = message.get("text")
        visit.exchange.heard(message["bytes"] if text is None else text.encode())
        refusals = self._tasks.refusals
        requested = unfit("the frame is binary", refusals) if text is None else read(text.encode(), refusals)
        if isinstance(requested, Refusal):
            await self._tell(connection, errors=[requested.item])
            return
        if requested.authentication is not None and not await self._authenticate(
            connection, visit, requested.authentication
        ):
            return
        room, session = connection.room, connection.session
        if room is None or session is None:
            await self._tell(connection, errors=[self._unknown_caller(task) for task in requested.tasks])
        elif requested.tasks and self._exists(session.account):
            since = session.resumed_at
            resumed_at = None if since is None else session.account.clock.moment_of(since)
            caller = Caller(session.account, origin, visit, dry_run, on_socket=True, resumed_at=resumed_at)
            visit.of(PROVIDER, session.account)
            await self._perform(room, session, caller, requested.tasks)

    async def _perform(self, room: Room, session: Session, caller: Caller, tasks: list[Any]) -> None:
        try:
            answer = await self._tasks.perform(caller, tasks)
        except Unreached:
            answer = self._tasks.unreached(caller.visit.strike, tasks)
        strike = caller.visit.strike
        if strike.delay:
            # Whoever is kept waiting for one answer gets the others meanwhile.
            room.later(self._held_back(room, session, answer, strike, caller.visit.held_until))
        else:
            await self._answer(room, session, answer, strike)

    async def _answer(self, room: Room, session: Session, answer: Answer, strike: Strike) -> None:
        await self._deliver(session, answer, strike)
        # What comes of a request comes after its answer, and not at all to whom nothing is answered.
        for later in answer.later if strike.connection != "silent" else ():
            room.later(self._push(session, later))

    async def _held_back(self, room: Room, session: Session, answer: Answer, strike: Strike, until: float) -> None:
        await live_until(session.account.clock, until)
        await self._answer(room, session, answer, strike)

    async def _push(self, session: Session, later: Later) -> None:
        clock = session.account.clock
        await sleep_until(clock, later.at)
        if later.holds():
            answer = Answer()
            later.add(answer, clock.now())
            await self._deliver(session, answer)

    async def _deliver(self, session: Session, answer: Answer, strike: Strike = NOTHING) -> None:
        """Hand over an answer: data and errors in frames of their own, for a client drops the data beside an error."""
        line = session.line if isinstance(session.line, Connection) and not session.line.over else None
        if line is not None:
            # What is said to a caller counts as much as what it says.
            self._heard(line)
            if strike.connection == "reset" and strike.truncate is None:
                line.break_off()
        if answer.data or not (answer.errors or answer.later):
            await _say(session, {"data": answer.data}, strike, is_error=False)
        if answer.errors:
            await _say(session, {"errors": answer.errors}, strike, is_error=True)
        if line is not None and strike.truncate is not None and strike.connection != "silent":
            line.break_off(at_once=strike.connection == "reset")

    async def _authenticate(self, connection: Connection, visit: Visit, task: dict[str, Any]) -> bool:
        key = task.get("apiKey")
        account: Any = self._tasks.refusals.make("missingApiKey")
        if key is not None:
            wrong = not isinstance(key, str) or not key
            account = self._tasks.refusals.make("invalidApiKey") if wrong else self._tasks.account(key)
        if isinstance(account, Refusal):
            await self._refuse(connection, account)
            return False
        connection.account_known(account)
        if not await self._let_in(connection, visit):
            return False
        if not self._exists(account):
            # It was deleted while its caller was kept waiting: who wants another one opens it anew.
            connection.hang_up("the account is gone")
            return False
        room = self.rooms.of(account)
        session = room.sessions.find(task.get("connectionSessionUUID"))
        self._idle(connection).forget(connection)
        owed: list[Frame] = []
        if session is None:
            session = room.sessions.begin(account, connection)
        else:
            owed = room.sessions.resume(session, connection)
        connection.enter(room, session)
        self._heard(connection)
        await self._tell(connection, data=[{"taskType": "authentication", "connectionSessionUUID": session.id}])
        for frame in owed:
            await session.deliver(frame.text, account.clock.lived(), is_error=frame.is_error)
        return True

    async def _let_in(self, connection: Connection, visit: Visit) -> bool:
        """Whether nothing goes wrong with an authentication that must."""
        refusals, refused = self._tasks.refusals, None
        try:
            error = visit.meet("authenticate").error
            refused = None if error is None else refusals.by_name(error)
        except UnknownFault as problem:
            refused = refusals.unknown_fault(problem)
        except Unreached:
            if visit.strike.gateway is not None:
                refused = of_gateway(visit.strike.gateway, "unrecognizedResponse", None)
        if visit.strike.delay:
            await live_until(visit.clock, visit.held_until)
        if visit.strike.connection == "reset":
            connection.break_off()
        if visit.strike.connection is not None or connection.over:
            return False
        if refused is not None:
            await self._refuse(connection, refused)
        return refused is None

    async def _refuse(self, connection: Connection, refusal: Refusal) -> None:
        item = {**refusal.item, "taskType": "authentication"}
        await self._tell(connection, errors=[item], **({"error": item} if self._compatible_refusals else {}))

    def _unknown_caller(self, task: Any) -> dict[str, Any]:
        return self._tasks.refusals.make("missingApiKey", task if isinstance(task, dict) else None).item

    async def _tell(self, connection: Connection, **document: Any) -> None:
        await connection.put(_frame(document))


async def _say(session: Session, document: dict[str, Any], strike: Strike, *, is_error: bool) -> None:
    text: str | None = _frame(document)
    # What a reset keeps from a caller was said, and is owed when the session is resumed.
    if strike and (strike.connection != "reset" or strike.truncate is not None):
        text = spoilt_text(strike, _frame(document))
    if text is None:
        return
    if not _is_heartbeat(document):
        await session.deliver(text, session.account.clock.lived(), is_error=is_error)
    elif session.line is not None:
        # It tells of this line, and is owed to nobody: on another it would answer what was never asked there.
        await session.line.put(text)


def _is_heartbeat(document: dict[str, Any]) -> bool:
    items = document.get("data") or ()
    return bool(items) and all(item["taskType"] == "ping" for item in items)


def _frame(document: dict[str, Any]) -> str:
    return orjson.dumps(document).decode()
