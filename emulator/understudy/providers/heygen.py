"""HeyGen's own listings, which GMI Cloud's page points to for avatar and voice ids. Only what is known is listed."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from understudy.engine import Engine
from understudy.faults import UnknownFault
from understudy.visits import visit_of
from understudy.wire import bearer, header
from understudy_contracts.errors import ErrorCase
from understudy_contracts.provider import contract


class HeyGen:
    """HeyGen's face: `GET /v2/avatars` and `GET /v2/voices`."""

    name = "heygen"
    keeper = None

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._contract = contract(self.name)

    def routes(self) -> Sequence[BaseRoute]:
        """The two listings."""
        return [Route("/v2/avatars", self._listing), Route("/v2/voices", self._listing)]

    async def _listing(self, request: Request) -> Response:
        key = header(request.scope, b"x-api-key") or bearer(header(request.scope, b"authorization"))
        account = self._engine.accounts.of(key)
        visit = visit_of(request.scope)
        visit.of(self.name, account)
        if account is None:
            return _refused(self._contract.errors["unauthorized"])
        try:
            strike = visit.meet("models")
        except UnknownFault as problem:
            return JSONResponse({"data": None, "error": {"code": "unknownFault", "message": str(problem)}}, 400)
        if strike.error is not None:
            return _refused(strike.error)
        return JSONResponse(self._contract.document(request.url.path.rpartition("/")[2]))


def _refused(case: ErrorCase) -> Response:
    return JSONResponse({"data": None, "error": {"code": case.code, "message": case.message}}, case.status or 401)
