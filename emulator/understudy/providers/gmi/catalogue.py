"""Which models there are, and what each takes and costs."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from understudy.answers import Json
from understudy.doorway import Caller
from understudy_contracts.models import Model

from .refusals import Refusals


class Catalogue:
    """The endpoints of `/models`."""

    def __init__(self, models: Mapping[str, Model], refusals: Refusals) -> None:
        self._models = models
        self._refusals = refusals

    async def ids(self, _: Caller, __: Request) -> Response:
        """`GET /apikey/models`: bare ids."""
        return Json({"model_ids": list(self._models)})

    async def detail(self, _: Caller, request: Request) -> Response:
        """`GET /apikey/models/{id}`."""
        return Json(self._detail(request))

    async def all_in_public(self, _: Request) -> Response:
        """`GET /models` of the family without `/apikey`: full details, and anybody may look."""
        return Json({"models": [model.detail for model in self._models.values()]})

    async def detail_in_public(self, request: Request) -> Response:
        """`GET /models/{id}` of the same family."""
        return Json(self._detail(request))

    def _detail(self, request: Request) -> Mapping[str, object]:
        model = self._models.get(request.path_params["model_id"])
        if model is None or model.detail is None:
            raise self._refusals.make("modelNotFound")
        return model.detail
