"""The files that Runware's answers point to."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from understudy.engine import Engine
from understudy.media.errors import MediaError
from understudy.media.placeholder import Placeholder
from understudy.media.serve import preflight, respond
from understudy.media.sidecar import Sidecar
from understudy.media.still import Poster
from understudy.providers.files import struck, withheld

from .video import Video


class Files:
    """Serves `/video/os/<shard>/ws/5/vi/<videoUUID>.<format>` to anyone who knows the URL, as the provider does.

    Beside each video are its poster, with the ending `jpg`, and its captions, if it has any, with `srt`.

    A file that is not finished, failed, expired or never was is a 404: the URLs carry no signature that could
    expire, so a file past its time to live is simply gone.
    """

    def __init__(self, engine: Engine, video: Video) -> None:
        self._engine = engine
        self._video = video

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request for a file."""
        response = await self._response(Request(scope, receive))
        await response(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return preflight()
        filename: str = request.path_params["filename"]
        video_id, _, suffix = filename.partition(".")
        shelved = self._engine.shelf.get(video_id)
        if shelved is None or shelved.job.provider != "runware" or suffix not in (shelved.job.container, "jpg", "srt"):
            return _gone("no result has this file")
        account, job, result = shelved
        strike = struck(request, shelved)
        if strike.status is not None:
            return withheld(strike.status)
        now = account.clock.now()
        if result.state(now) != "success":
            return _gone("the result with this file is not finished, or failed")
        if job.expired(result, now) or strike.expire is not None:
            lives = job.expires_after if strike.expire is None else strike.expire
            return _gone(f"this file's time to live of {lives:g} s is over")
        clip = await asyncio.to_thread(self._video.clip, job, result)
        if suffix == "srt" and not clip.captions:
            return _gone("the video with this name has no captions")
        beside: dict[str, Placeholder] = {"jpg": Poster(clip), "srt": Sidecar(clip.captions)}
        try:
            return await respond(request, self._engine.studio, beside.get(suffix, clip), filename)
        except MediaError as problem:
            return JSONResponse({"error": f"the placeholder could not be made: {problem}"}, status_code=503)


def _gone(why: str) -> Response:
    return JSONResponse({"error": why}, status_code=404)
