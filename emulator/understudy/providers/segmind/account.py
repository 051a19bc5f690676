"""Who one is, what one has left, and which models there are."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from understudy.answers import Json
from understudy.engine import Engine
from understudy_contracts.models import Model

from .door import Caller
from .refusals import Refusals

_MICRO = 1_000_000

#: The key under which the provider lists its models: observed.
_MODELS = "Inference Segmind Model Information List With Details"


class Desk:
    """The endpoints that tell of the account and of the models."""

    def __init__(self, engine: Engine, models: Mapping[str, Model], refusals: Refusals) -> None:
        self._engine = engine
        self._refusals = refusals
        self._models = [_listed(model) for model in models.values() if model.operation != "workflow"]

    async def credits(self, caller: Caller, _: Request) -> Response:
        """`GET /v1/get-user-credits`: in US dollars, one credit each; what is held still counts."""
        if "[[error:noCredits]]" in caller.account.key:
            raise self._refusals.make("noCredits")
        balance = caller.account.ledger.balance(caller.account.clock.now())
        return Json({"credits": balance / _MICRO, "free-credits": 0.0})

    async def authenticate(self, caller: Caller, _: Request) -> Response:
        """`GET /api/auth/authenticate`: its answer is shown by no source, and assumed."""
        account = caller.account
        ledger, now = account.ledger, caller.account.clock.now()
        spent = sum(-entry.amount for entry in ledger.entries(now) if entry.kind in ("charge", "refund"))
        balance = ledger.balance(now)
        return Json(
            {
                "success": True,
                "authenticated": True,
                "user_id": account.user,
                "email": account.email,
                "username": account.email.partition("@")[0],
                "subscription": {"plan": "understudy", "status": "active"},
                "credits": {
                    "balance": balance / _MICRO,
                    "used": spent / _MICRO,
                    "total": (balance + spent) / _MICRO,
                },
            }
        )

    async def models(self, _: Request) -> Response:
        """`GET /inference-model-information/list`: anybody may look."""
        return Json({_MODELS: self._models})


def _listed(model: Model) -> dict[str, Any]:
    return dict(model.detail or {})
