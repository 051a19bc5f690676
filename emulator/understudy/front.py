"""The front of house: every HTTP request passes here on its way in, and its answer on its way out.

Here an exchange begins and ends, and here an answer is spoilt where a fault says so. The control routes pass
untouched, for no fault may strike them; what they change is on the record, so that it can be played again.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .engine import Engine
from .faults.spoil import spoil, unanswered
from .journal import Exchange
from .visits import FAULT_HEADER, VISIT, Unreached, Visit
from .wire import header

#: What begins the path of a control route.
CONTROL = "/_understudy/"


class Front:
    """The ASGI application that all others are behind."""

    def __init__(self, app: ASGIApp, engine: Engine) -> None:
        self._app = app
        self._engine = engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with its visit in the scope."""
        if scope["type"] == "lifespan" or (
            scope["path"].startswith(CONTROL) and scope.get("method", "GET") in ("GET", "HEAD")
        ):
            await self._app(scope, receive, send)
            return
        visit = scope[VISIT] = Visit(self._engine, opened(scope, self._engine), header(scope, FAULT_HEADER))
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        passage = _Passage(self._engine, visit, scope, receive, send)
        ended = "stopped"
        try:
            try:
                await self._app(scope, passage.receive, passage.send)
            except Unreached:
                await unanswered(passage.spoilt())
            ended = passage.ended
        except Exception:
            ended = "failed"
            raise
        finally:
            passage.end(ended)


def opened(scope: Scope, engine: Engine) -> Exchange:
    """The exchange that a request begins."""
    target = scope["raw_path"].decode("latin-1")
    if query := scope["query_string"]:
        target = f"{target}?{query.decode('latin-1')}"
    host, port = scope.get("client") or ("", 0)
    return Exchange(
        number=next(engine.numbers),
        at=(now := engine.clock.now()),
        server_time=now,
        transport=scope["type"],
        method=scope.get("method", "GET"),
        target=target,
        request_headers=scope["headers"],
        scheme=scope["scheme"],
        peer=f"{host}:{port}",
    )


def _size(exchange: Exchange) -> int | None:
    """How many bytes of body an answer has, as far as it says so."""
    if exchange.method == "HEAD" or exchange.status in (204, 304):
        return 0
    for name, value in exchange.response_headers:
        if name == b"content-length":
            return int(value)
    return None


class _Passage:
    """The way of one exchange's bytes, in and out."""

    __slots__ = ("_begun", "_engine", "_exchange", "_over", "_receive", "_scope", "_send", "_size", "_spoilt", "_visit")

    def __init__(self, engine: Engine, visit: Visit, scope: Scope, receive: Receive, send: Send) -> None:
        self._engine = engine
        self._visit = visit
        self._exchange = visit.exchange
        self._scope = scope
        self._receive = receive
        self._send = send
        self._spoilt: Send | None = None
        self._size: int | None = None
        self._begun = self._over = False

    @property
    def ended(self) -> str:
        """How the exchange ended, once the application is done with it."""
        if self._over:
            return "answered"
        if self._begun:
            return "cut"
        return self._visit.strike.connection or "hung up"

    def end(self, ended: str) -> None:
        """Put the exchange on the record, if it is not there yet."""
        if (operation := self._scope.get("understudy.operation")) is not None:
            self._visit.of("understudy", self._scope.get("understudy.account"))
            self._exchange.operation = operation
        self._visit.end(ended)

    async def receive(self) -> Message:
        """What the caller sends."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._exchange.heard(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        """What the application answers, spoilt where a fault says so."""
        if self._spoilt is not None:
            await self._spoilt(message)
        elif message["type"] == "http.response.start" and self._visit.strike:
            await self.spoilt()(message)
        else:
            self._note(message)
            await self._send(message)

    def spoilt(self) -> Send:
        """The way out of an answer that something goes wrong with."""
        self._spoilt = spoil(
            self._visit.strike,
            self._out,
            clock=self._visit.clock,
            until=self._visit.held_until,
            reins=self._scope.get("extensions", {}).get("understudy"),
            header=self._engine.settings.fault_header,
        )
        return self._spoilt

    async def _out(self, message: Message) -> None:
        self._note(message)
        await self._send(message)

    def _note(self, message: Message) -> None:
        exchange = self._exchange
        if message["type"] == "http.response.start":
            self._begun = True
            exchange.status, exchange.response_headers = message["status"], message["headers"]
            self._size = _size(exchange)
            last = self._size == 0
        else:
            exchange.said(message.get("body", b""))
            last = not message.get("more_body", False) or exchange.response_size == self._size
        if last and not self._over:
            # Whoever has all of an answer may look for it in the journal at once.
            self._over = True
            self.end("answered")
