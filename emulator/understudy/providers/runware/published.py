"""What Runware publishes beside its API: the registry of models, their schemas, and the pages' content."""

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from understudy.answers import Json
from understudy.media.serve import names

#: The hosts of these services; on our own port their paths begin with the host's name.
SCHEMAS, CONTENT = "schemas.runware.ai", "content.runware.ai"

#: Seconds that clients keep what they fetched: documented for the schemas.
_KEPT = {"cache-control": "public, max-age=300"}


class Published:
    """The endpoints of the schema and content services. No key is asked for."""

    def __init__(self, stance: Mapping[str, str]) -> None:
        self._stance = stance

    def routes(self) -> Sequence[BaseRoute]:
        """Everything published."""
        return [
            Route(f"/{SCHEMAS}/registry.json", self._registry),
            Route(f"/{SCHEMAS}/resolve/{{air:path}}", self._resolve),
            Route(f"/{CONTENT}/{{path:path}}", self._content),
        ]

    async def _registry(self, request: Request) -> Response:
        # Imported late, as below: a server that is asked for none of this starts sooner.
        from understudy_contracts.published import registry

        document = registry()
        tag = f'"{document["version"]}"'
        headers = {**_KEPT, "etag": tag}
        if names(request.headers.get("if-none-match"), tag):
            return Response(status_code=304, headers=headers)
        return Json(document, headers=headers)

    async def _resolve(self, request: Request) -> Response:
        from understudy_contracts.published import resolved

        document = resolved(request.path_params["air"], self._stance)
        if document is None:
            return Json({"error": f"no model has the identifier {request.path_params['air']!r}"}, 404)
        return Json(document, headers=_KEPT)

    async def _content(self, request: Request) -> Response:
        from understudy_contracts.published import content

        document = content("/" + request.path_params["path"], dict(request.query_params))
        if document is None:
            return Json({"error": "Not Found"}, 404)
        return Json(document)
