"""Handing in files as data URLs, and reading them back from the content network."""

import asyncio
import base64
import binascii
import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from understudy.answers import Json
from understudy.engine import Engine
from understudy.uploads import UNTRUSTED, TooLarge

from .bodies import Bodies
from .door import Caller
from .refusals import Refusals

_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+(?:;[\w.+-]+=[^;,]{1,100})*)?(;base64)?,", re.ASCII | re.IGNORECASE)

#: Files in one call: more than anybody hands in, and a bound for a stand-in's memory (assumed).
_MOST_FILES = 100


class Storage:
    """The endpoint `/upload-asset`, and the files it makes."""

    def __init__(self, engine: Engine, bodies: Bodies, refusals: Refusals, stance: Mapping[str, str]) -> None:
        self._engine = engine
        self._bodies = bodies
        self._refusals = refusals
        self._answer = stance["upload-answer"]

    async def upload(self, caller: Caller, request: Request) -> Response:
        """`POST /upload-asset` with `{"data_urls": ["data:image/png;base64,…"]}`: a URL for each."""
        given = (await self._bodies.json(request)).get("data_urls")
        if not isinstance(given, list) or not 1 <= len(given) <= _MOST_FILES:
            raise self._refusals.make("invalidDataUrl", reason=f"1 to {_MOST_FILES} of them")
        files = []
        for index, url in enumerate(given):
            file = await asyncio.to_thread(_decoded, url)
            if file is None:
                raise self._refusals.make("invalidDataUrl", reason=f"number {index + 1} is none")
            files.append(file)
        try:
            urls = [await self._bodies.keep(caller, kind, content) for kind, content in files]
        except TooLarge:
            raise self._refusals.make("requestTooLarge", limit=self._engine.settings.cache_bytes) from None
        told = {"file_urls": urls, "urls": urls}
        shown = told if self._answer == "both" else {self._answer: urls}
        return Json({**shown, "message": "Files uploaded successfully"})

    async def asset(self, request: Request) -> Response:
        """`GET /assets/{name}`: a file that was handed in, for anybody who knows its URL."""
        upload = self._engine.uploads.get(request.url.path)
        if upload is None:
            return Json({"error": "no file was uploaded here"}, 404)
        return FileResponse(upload.path, headers=UNTRUSTED, media_type=upload.content_type)


def _decoded(url: object) -> tuple[str, bytes] | None:
    """The content type and the bytes of a data URL; None when it is none."""
    found = _DATA_URL.match(url) if isinstance(url, str) else None
    if found is None or not isinstance(url, str):
        return None
    kind, body = found[1] or "text/plain", url[found.end() :]
    if found[2] is None:
        return kind, unquote_to_bytes(body)
    try:
        return kind, base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return None
