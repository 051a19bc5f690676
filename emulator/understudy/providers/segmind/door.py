"""Who may come in, how often, and by which method: checked in the gateway's order before anything else."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from understudy.accounts import Account
from understudy.answers import Refused
from understudy.doorway import Caller as AnyCaller
from understudy.doorway import Doorway
from understudy.engine import Engine
from understudy.faults import UnknownFault, called_for
from understudy.jobs import Job
from understudy.limits import Rate, Window
from understudy.visits import visit_of
from understudy.wire import ClientGone, bearer, header, origin
from understudy_contracts.errors import ErrorCase
from understudy_contracts.provider import Contract

from .refusals import WINDOW, Refusals

PROVIDER = "segmind"

#: The content network that the provider's files are on: images, sounds and videos alike.
_CONTENT_HOST = "images.segmind.com"

#: Calls in a minute by the name of a plan; the two published tables disagree, so both are offered.
_PLANS = {"free": 5, "pro": 50, "flexible": 60, "business": 500}


@dataclass(frozen=True, slots=True)
class Caller(AnyCaller):
    """Who asks, where they reached us, and where files are for them."""

    content: str


Handler: TypeAlias = Callable[[Caller, Request], Awaitable[Response]]


class Door(Doorway):
    """Makes endpoints that let in whoever has a key."""

    def __init__(self, engine: Engine, contract: Contract, refusals: Refusals, stance: Mapping[str, str]) -> None:
        self._engine = engine
        self._refusals = refusals
        self._bearer = stance["bearer"]
        self._rate = None if stance["rate-limit"] == "off" else Rate(_PLANS[stance["rate-limit"]], WINDOW)
        self._hosts = frozenset(contract.hosts)
        #: Who asks where nobody needs to say.
        self._nobody = Account("", "nobody", clock=engine.clock, opening=0, seed=0, journal_size=0)

    def keyed(
        self,
        *,
        workflow: bool = False,
        limited: bool = False,
        exists: Callable[[Request], None] | None = None,
        operation: str | None = None,
        **methods: Handler,
    ) -> "Endpoint":
        """An endpoint with a handler for each method. One with an operation meets its faults before its handler runs.

        On a `workflow`'s paths a bearer token is a key too. A `limited` one counts against the account's calls a
        minute. `exists` raises Refused for a path that leads nowhere; that is told before a wrong method is.
        """
        return Endpoint(self, methods, workflow, limited, exists, operation)

    def public(self, handler: Callable[[Request], Awaitable[Response]]) -> "Endpoint":
        """An endpoint to GET for anybody."""

        async def without_caller(_: Caller, request: Request) -> Response:
            return await handler(request)

        return Endpoint(self, {"GET": without_caller}, False, False, None, "models", public=True)

    def caller(self, request: Request, *, workflow: bool, public: bool) -> Caller:
        """Who sent a request; raises Refused when they have no key that opens an account."""
        reached = origin(request.scope, self._engine.settings.public_url)
        named = reached.removeprefix("https://") in self._hosts
        content = f"https://{_CONTENT_HOST}" if named else reached
        visit = visit_of(request.scope)
        visit.of(PROVIDER, None)
        if public:
            return Caller(self._nobody, reached, visit, content)
        key = header(request.scope, b"x-api-key") or ""
        authorization = header(request.scope, b"authorization")
        if not key and authorization is not None:
            accepted = self._bearer == "everywhere" or (self._bearer == "workflows" and workflow)
            if not accepted:
                raise self._refusals.make("invalidKey")
            key = bearer(authorization)
        if not key:
            raise self._refusals.make("missingKey")
        self._refuse_by_name(key)
        account = self._engine.accounts.of(key)
        if account is None:
            raise self._refusals.make("invalidKey")
        visit.of(PROVIDER, account)
        return Caller(account, reached, visit, content)

    def refusal(
        self, error: ErrorCase, caller: AnyCaller, *, model: str | None, job: Job | None, wait: float | None
    ) -> Refused:
        """How the gateway tells an error at once."""
        told: dict[str, object] = {} if model is None else {"model": model}
        if job is not None:
            told["id"] = job.id
        if wait is not None:
            told["until"] = caller.account.clock.now() + wait
        return self._refusals.by_name(error, **told)

    def unknown_fault(self, problem: UnknownFault) -> Refused:
        """How a request is refused that asks for a fault that there is not."""
        return self._refusals.unknown_fault(problem)

    def _refuse_by_name(self, key: str) -> None:
        """Raise Refused where a magic value in the key names an error that any call can meet."""
        try:
            fault = called_for((key,), self._refusals.catalogue)
        except UnknownFault as problem:
            raise self._refusals.unknown_fault(problem) from None
        if fault is None or fault.strikes == "processing":
            return
        if fault.strikes == "transport" or fault.kind in ("auth", "rate_limit", "server"):
            raise self._refusals.by_name(fault)

    def count(self, caller: Caller) -> None:
        """Count a call against the account's rate; raises Refused when there were too many."""
        if self._rate is None:
            return
        now = caller.account.clock.now()
        wait = caller.account.keep(Calls).take(self._rate, now)
        if wait is not None:
            raise self._refusals.make("rateLimited", until=now + wait)

    def refuse_method(self, allowed: Iterable[str]) -> Refused:
        """What a wrong method is answered with; the header is HTTP's own demand."""
        refusal = self._refusals.make("methodNotAllowed")
        return Refused(refusal.status, refusal.body, {"allow": ", ".join(allowed)})


@dataclass(slots=True)
class Calls:
    """An account's calls of the last minute."""

    window: Window | None = None

    def take(self, rate: Rate, now: float) -> float | None:
        """Count one more: None when that is allowed, else the seconds until it will be."""
        if self.window is None:
            self.window = Window(rate)
        return self.window.take(now)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path of the API, as an ASGI application: key, rate, path, method, and then its handler."""

    door: Door
    methods: Mapping[str, Handler]
    workflow: bool
    limited: bool
    exists: Callable[[Request], None] | None
    operation: str | None
    public: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Refused as refusal:
            response = refusal.response()
        except ClientGone:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        caller = self.door.caller(request, workflow=self.workflow, public=self.public)
        if self.limited:
            self.door.count(caller)
        if self.exists is not None:
            self.exists(request)
        handler = self.methods.get(request.method)
        if handler is None:
            raise self.door.refuse_method(self.methods)
        if self.operation is not None:
            self.door.meet(caller, self.operation)
        return await handler(caller, request)
