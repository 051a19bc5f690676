"""Who may come in: API keys on the `/apikey` family, signed-in users on its twin, and the organisation they act for."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from understudy.accounts import Account
from understudy.answers import Refused, Unheard
from understudy.doorway import Caller, Doorway
from understudy.engine import Engine
from understudy.faults import UnknownFault
from understudy.jobs import Job
from understudy.visits import visit_of
from understudy.wire import BadJson, BodyTooLarge, ClientGone, bearer, header, origin, parse_json, read_body
from understudy_contracts.errors import ErrorCase

from .identity import Identity
from .refusals import Refusals

PROVIDER = "gmi"


Handler: TypeAlias = Callable[[Caller, Request], Awaitable[Response]]
Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


class Door(Doorway):
    """Checks who asks before anything else is looked at, and says no in the provider's shape."""

    def __init__(self, engine: Engine, identity: Identity, refusals: Refusals) -> None:
        self._engine = engine
        self._identity = identity
        self._refusals = refusals
        self._public_url = engine.settings.public_url
        #: Stands for whoever does not say who they are.
        self._nobody = engine.accounts.blank("nobody", "")

    def by_key(self, handler: Handler, operation: str | None = None) -> Endpoint:
        """An endpoint for callers with an API key; one with an operation meets its faults before its handler runs."""
        return self._guarded(handler, self._account_of_key, operation)

    def by_token(self, handler: Handler, operation: str | None = None) -> Endpoint:
        """An endpoint for signed-in users."""
        return self._guarded(handler, self._account_of_token, operation)

    def in_public(self, handler: Callable[[Request], Awaitable[Response]], operation: str) -> Endpoint:
        """An endpoint for anybody, which meets the faults of its operation, too."""

        async def endpoint(request: Request) -> Response:
            visit = visit_of(request.scope)
            visit.of(PROVIDER, None)
            try:
                self.meet(Caller(self._nobody, origin(request.scope, self._public_url), visit), operation)
                return await handler(request)
            except Refused as refusal:
                return refusal.response()

        return endpoint

    def refusal(
        self, error: ErrorCase, caller: Caller, *, model: str | None, job: Job | None, wait: float | None
    ) -> Refused:
        """How the queue tells an error at once."""
        return self._refusals.by_name(error, model=model, wait=wait)

    def unknown_fault(self, problem: UnknownFault) -> Refused:
        """How a request is refused that asks for a fault that there is not."""
        return self._refusals.unknown_fault(problem)

    async def document(self, request: Request) -> tuple[Any, bytes]:
        """The JSON body of a request, parsed and as it came; raises Refused when it cannot be used."""
        limit = self._engine.settings.max_body_bytes
        try:
            body = await read_body(request.receive, limit)
        except BodyTooLarge:
            raise self._refusals.make("requestTooLarge", limit=limit) from None
        try:
            return parse_json(body), body
        except BadJson:
            raise self._refusals.make("invalidJson") from None

    def _guarded(
        self, handler: Handler, account_of: Callable[[str], Account | None], operation: str | None
    ) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                caller = self._caller(request, account_of)
                if operation is not None:
                    self.meet(caller, operation)
                return await handler(caller, request)
            except Refused as refusal:
                return refusal.response()
            except ClientGone:
                return Unheard()

        return endpoint

    def _caller(self, request: Request, account_of: Callable[[str], Account | None]) -> Caller:
        account = account_of(bearer(header(request.scope, b"authorization")))
        visit = visit_of(request.scope)
        visit.of(PROVIDER, account)
        if account is None:
            raise self._refusals.make("unauthorized")
        organization = request.headers.get("x-organization-id")
        if organization and organization.lower() != account.organization:
            raise self._refusals.make("invalidOrganization", organization=organization)
        return Caller(account, origin(request.scope, self._public_url), visit)

    def _account_of_key(self, key: str) -> Account | None:
        return self._engine.accounts.of(key)

    def _account_of_token(self, token: str) -> Account | None:
        return self._identity.account(token)
