"""Runware over WebSocket: the same arrays of tasks as over HTTP, on a connection that stays."""

import asyncio
import logging
from typing import Any
from urllib.parse import parse_qs

import orjson
from starlette.types import Receive, Scope, Send

from understudy.clock import sleep_until
from understudy.engine import Engine
from understudy.idle import IdleWatch

from .refusals import Refusal
from .requests import read, unfit
from .sessions import Frame, Session, Sessions
from .tasks import Tasks
from .work import Answer, Caller, Later

log = logging.getLogger("understudy.runware")

#: Seconds of silence after which the provider closes a connection: documented.
PATIENCE = 120.0

#: The codes of RFC 6455 with which a caller leaves on purpose.
_CLEAN, _NO_CODE = (1000, 1001), 1005


#: Seconds that a peer has to take its leave.
_LEAVE = 2.0

#: After how many messages of one connection the others get a turn.
_TURN = 50


class Sockets:
    """The ASGI endpoint of `/v1` for WebSockets."""

    def __init__(self, engine: Engine, tasks: Tasks, *, compatible_refusals: bool) -> None:
        self._engine = engine
        self._tasks = tasks
        self._sessions = Sessions(engine.clock)
        self._idle: IdleWatch[Connection] = IdleWatch(engine.clock, PATIENCE, Connection.hang_up)
        self._compatible_refusals = compatible_refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection until it ends."""
        await receive()
        await send({"type": "websocket.accept"})
        connection = Connection(send, scope.get("extensions", {}).get("understudy"))
        query = parse_qs(scope["query_string"].decode("latin-1"))
        origin, dry_run = self._tasks.content_origin(scope), query.get("dryRun") == ["1"]
        cleanly = False
        heard = 0
        try:
            while True:
                self._idle.heard(connection)
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
                await self._hear(connection, message, origin, dry_run)
        finally:
            connection.end()
            self._idle.forget(connection)
            if connection.session is not None:
                self._sessions.lose(connection.session, connection, cleanly=cleanly)

    async def _hear(self, connection: "Connection", message: Any, origin: str, dry_run: bool) -> None:
        text = message.get("text")
        refusals = self._tasks.refusals
        requested = unfit("the frame is binary", refusals) if text is None else read(text.encode(), refusals)
        if isinstance(requested, Refusal):
            await self._tell(connection, errors=[requested.item])
            return
        if requested.authentication is not None and not await self._authenticate(connection, requested.authentication):
            return
        session = connection.session
        if session is None:
            await self._tell(connection, errors=[self._unknown_caller(task) for task in requested.tasks])
        elif requested.tasks:
            caller = Caller(session.account, origin, dry_run, on_socket=True, resumed_at=session.resumed_at)
            await self._perform(session, caller, requested.tasks)

    async def _perform(self, session: Session, caller: Caller, tasks: list[Any]) -> None:
        answer = await self._tasks.perform(caller, tasks)
        await self._deliver(session, answer)
        for later in answer.later:
            self._engine.background(self._push(session, later))

    async def _push(self, session: Session, later: Later) -> None:
        clock = self._engine.clock
        await sleep_until(clock, later.at)
        answer = Answer()
        later.add(answer, clock.now())
        await self._deliver(session, answer)

    async def _deliver(self, session: Session, answer: Answer) -> None:
        """Hand over an answer: data and errors in frames of their own, for a client drops the data beside an error."""
        now = self._engine.clock.now()
        if isinstance(session.line, Connection) and not session.line.over:
            # What is said to a caller counts as much as what it says.
            self._idle.heard(session.line)
        if answer.data or not (answer.errors or answer.later):
            await session.deliver(_frame({"data": answer.data}), now, is_error=False)
        if answer.errors:
            await session.deliver(_frame({"errors": answer.errors}), now, is_error=True)

    async def _authenticate(self, connection: "Connection", task: dict[str, Any]) -> bool:
        key = task.get("apiKey")
        account: Any = self._tasks.refusals.make("missingApiKey")
        if key is not None:
            wrong = not isinstance(key, str) or not key
            account = self._tasks.refusals.make("invalidApiKey") if wrong else self._tasks.account(key)
        if isinstance(account, Refusal):
            item = {**account.item, "taskType": "authentication"}
            more = {"error": item} if self._compatible_refusals else {}
            await self._tell(connection, errors=[item], **more)
            return False
        session = self._sessions.find(task.get("connectionSessionUUID"), account)
        if connection.session is not None and connection.session is not session:
            self._sessions.lose(connection.session, connection, cleanly=True)
        owed: list[Frame] = []
        if session is None:
            session = self._sessions.begin(account, connection)
        else:
            owed = self._sessions.resume(session, connection)
        connection.session = session
        await self._tell(connection, data=[{"taskType": "authentication", "connectionSessionUUID": session.id}])
        for frame in owed:
            await session.deliver(frame.text, self._engine.clock.now(), is_error=frame.is_error)
        return True

    def _unknown_caller(self, task: Any) -> dict[str, Any]:
        return self._tasks.refusals.make("missingApiKey", task if isinstance(task, dict) else None).item

    async def _tell(self, connection: "Connection", **document: Any) -> None:
        await connection.put(_frame(document))


class Connection:
    """One open socket."""

    __slots__ = ("_gone", "_reins", "_send", "_tasks", "over", "session")

    def __init__(self, send: Send, reins: Any) -> None:
        self._send = send
        #: What `understudy.websocket` lends; another server than ours has nothing of the kind.
        self._reins = reins
        self._gone = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.session: Session | None = None
        self.over = False

    async def put(self, text: str) -> bool:
        """Send a frame; False when the connection is gone, be it while the peer takes nothing."""
        if not self.over and self._reins is not None and not self._reins.writable():
            await self._until_writable()
        if self.over:
            return False
        try:
            await self._send({"type": "websocket.send", "text": text})
        except (OSError, RuntimeError):
            # The server says OSError of a connection that was lost, RuntimeError of one that was closed.
            self.end()
        return not self.over

    def end(self) -> None:
        """Nothing more can be sent."""
        self.over = True
        self._gone.set()

    def hang_up(self, reason: str = "idle") -> None:
        """Close the connection from this side; break with a peer that does not take its leave. The code is assumed."""
        if self.over:
            return
        self.end()
        if self._reins is not None:
            asyncio.get_running_loop().call_later(_LEAVE, self._reins.abort)
            if not self._reins.writable():
                return
        closing = asyncio.create_task(self._close(reason))
        # The loop itself holds tasks only weakly.
        self._tasks.add(closing)
        closing.add_done_callback(self._tasks.discard)

    async def _close(self, reason: str) -> None:
        try:
            await self._send({"type": "websocket.close", "code": 1000, "reason": reason})
        except (OSError, RuntimeError):
            log.debug("a connection was gone before it could be closed")

    async def _until_writable(self) -> None:
        waits = [asyncio.ensure_future(self._reins.until_writable()), asyncio.ensure_future(self._gone.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def _frame(document: dict[str, Any]) -> str:
    return orjson.dumps(document).decode()
