"""Reading an account from outside: the caller's own API key says which."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from understudy import __version__
from understudy.accounts import Account
from understudy.deliveries import Delivery
from understudy.engine import Engine
from understudy.ledger import SETTLED
from understudy.wire import bearer

_MICRO = 1_000_000


def control_routes(engine: Engine) -> Sequence[BaseRoute]:
    """`/_understudy/health`, and the ledger and the deliveries of the account whose key is in `Authorization`."""

    def account_of(request: Request) -> Account | None:
        return engine.accounts.of(bearer(request.headers.get("authorization")), engine.clock.now())

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok", "version": __version__})

    async def ledger(request: Request) -> Response:
        account = account_of(request)
        if account is None:
            return _no_account()
        now = engine.clock.now()
        entries = account.ledger.entries(now)
        return JSONResponse(
            {
                "balance": sum(entry.amount for entry in entries if entry.kind in SETTLED) / _MICRO,
                "available": account.ledger.available(now) / _MICRO,
                "entries": [{**asdict(entry), "amount": entry.amount / _MICRO} for entry in entries],
            }
        )

    async def webhooks(request: Request) -> Response:
        account = account_of(request)
        if account is None:
            return _no_account()
        return JSONResponse({"deliveries": [_shown(delivery) for delivery in account.deliveries]})

    return [
        Route("/_understudy/health", health),
        Route("/_understudy/ledger", ledger),
        Route("/_understudy/webhooks", webhooks),
    ]


def _no_account() -> Response:
    message = "send the API key of the account as `Authorization: Bearer <key>`"
    return JSONResponse({"error": message}, 401)


def _shown(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "kind": delivery.kind,
        "job": delivery.job,
        "result": delivery.result,
        "url": delivery.url,
        "state": delivery.state,
        "attempts": [asdict(attempt) for attempt in delivery.attempts],
    }
