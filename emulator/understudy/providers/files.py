"""The files that answers point to, open to anyone who knows the URL, as the providers' are."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from understudy.answers import Json
from understudy.engine import Engine, Shelved
from understudy.faults import Strike
from understudy.media.errors import MediaError
from understudy.media.serve import preflight, respond
from understudy.placeholders import placeholder, poster
from understudy.visits import visit_of
from understudy_contracts.models import Model


def struck(request: Request, shelved: Shelved) -> Strike:
    """What goes wrong with a download."""
    account, job, result = shelved
    visit = visit_of(request.scope)
    visit.of(job.provider, account)
    return visit.meet(
        "download", model=job.model, job=job.id, text=job.request.decode, age=account.clock.now() - result.finishes_at
    )


def withheld(status: int) -> Response:
    """What a content network says of a file it does not give: a plain page, which is assumed."""
    title = f"{status} {HTTPStatus(status).phrase}"
    return HTMLResponse(f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>", status)


class Files:
    """Serves what the requests of one provider made, and the poster of each video."""

    def __init__(self, engine: Engine, provider: str, models: Mapping[str, Model], *, cors: bool) -> None:
        self._engine = engine
        self._provider = provider
        self._models = models
        self._cors = cors

    async def media(self, request: Request) -> Response:
        """A file by its name: the result's id with its format, or with `jpg` for the poster of a video."""
        if request.method == "OPTIONS":
            return preflight() if self._cors else Json({"error": "Method Not Allowed"}, 405)
        filename: str = request.path_params["filename"]
        result_id, _, suffix = filename.partition(".")
        shelved = self._engine.shelf.get(result_id)
        if shelved is None or shelved.job.provider != self._provider:
            return Json({"error": "no request made this file"}, 404)
        account, job, result = shelved
        strike = struck(request, shelved)
        if strike.status is not None:
            return withheld(strike.status)
        model = self._models[job.model]
        now = account.clock.now()
        is_poster = suffix == "jpg" and model.output.kind == "video"
        if (suffix != job.container and not is_poster) or result.state(now) != "success":
            return Json({"error": "this file is not there, or not yet"}, 404)
        if job.expired(result, now) or strike.expire is not None:
            return Json({"error": "this file is no longer kept"}, 404)
        draw = poster if is_poster else placeholder
        wanted = await asyncio.to_thread(draw, model, job, result)
        try:
            return await respond(request, self._engine.studio, wanted, filename, cors=self._cors)
        except MediaError as problem:
            return Json({"error": f"the placeholder could not be made: {problem}"}, 503)
