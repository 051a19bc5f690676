"""Serving a placeholder over HTTP, as a provider's content network does: ranges, tags, and open to any web page."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from hashlib import sha256
from pathlib import Path
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from .fallback import is_fallback
from .placeholder import Placeholder
from .ranges import satisfiable
from .studio import Studio

_OPEN: Final = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "Accept-Ranges, Content-Length, Content-Range, ETag, X-Understudy-Placeholder",
}

#: What says that the file is not what was asked for, because no ffmpeg runs here.
_INSTEAD: Final = {"x-understudy-placeholder": "fallback"}


async def respond(
    request: Request, studio: Studio, placeholder: Placeholder, filename: str, *, cors: bool = True
) -> Response:
    """Answer a GET or HEAD for the placeholder, rendering it first if need be.

    200 with the whole file, 206 with the ranges asked for, 304 to a matching `If-None-Match`, 412 to an `If-Match`
    of another file, 416 when no range lies within the file. A HEAD knows no ranges (RFC 9110, 14.2). The ETag is
    the placeholder's key, strong: equal placeholders are equal bytes. There is no Last-Modified, for a placeholder's
    age says nothing about its content; conditions that speak of it are ignored.

    Raises:
        MediaError: the placeholder could not be rendered.
    """
    tag = f'"{placeholder.key}"'
    headers = {**(_OPEN if cors else {}), "accept-ranges": "bytes", "etag": tag}
    if names(_list(request, "if-none-match"), tag) and not request.headers.get("if-match"):
        return Response(status_code=304, headers=headers)
    async with studio.holding(placeholder) as path:
        if is_fallback(path):
            content = path.read_bytes()
            tag = f'"{sha256(content).hexdigest()[:40]}"'
            headers |= {**_INSTEAD, "etag": tag}
        size = path.stat().st_size
        if not _met(_list(request, "if-match"), tag):
            return Response(status_code=412, headers=headers)
        if names(_list(request, "if-none-match"), tag):
            return Response(status_code=304, headers=headers)
        asked = request.headers.getlist("range") if request.method == "GET" else []
        ranges = None
        if len(asked) == 1 and request.headers.get("if-range", tag) == tag:
            ranges = satisfiable(asked[0], size)
            if ranges == []:
                return Response(status_code=416, headers={**headers, "content-range": f"bytes */{size}"})
        return _Response(path, studio, placeholder, ranges or [], filename, headers)


async def whole(studio: Studio, placeholder: Placeholder, headers: Mapping[str, str]) -> Response:
    """Answer with all of the placeholder whatever was asked, rendering it first if need be.

    Raises:
        MediaError: the placeholder could not be rendered.
    """
    async with studio.holding(placeholder) as path:
        told = {**headers, **_INSTEAD} if is_fallback(path) else headers
        response = _Response(path, studio, placeholder, [], None, told)
        for name in ("accept-ranges", "etag"):
            del response.headers[name]
        return response


def preflight() -> Response:
    """Answer a browser that asks, before its GET, whether a page from elsewhere may send `Range`: it may."""
    return Response(
        status_code=204,
        headers={
            "access-control-allow-origin": "*",
            "access-control-allow-methods": "GET, HEAD",
            "access-control-allow-headers": "Range, If-Range, If-None-Match",
            "access-control-max-age": "86400",
        },
    )


class _Response(FileResponse):
    """Starlette's file response for the sending; what is to be sent has been decided already.

    Left to itself it answers 400 to a `Range` it cannot read (RFC 9110 says to ignore it), 416 when one range
    of several lies outside, gives that 416 no CORS headers, and knows no `If-None-Match`.
    """

    def __init__(
        self,
        path: Path,
        studio: Studio,
        placeholder: Placeholder,
        ranges: list[tuple[int, int]],
        filename: str | None,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(
            path,
            headers=headers,
            media_type=placeholder.content_type,
            filename=filename,
            stat_result=path.stat(),
            content_disposition_type="inline",
        )
        del self.headers["last-modified"]
        self._studio = studio
        self._placeholder = placeholder
        self._ranges = ",".join(f"{first}-{last}" for first, last in ranges)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope = {**scope, "headers": list(scope["headers"])}
        headers = MutableHeaders(scope=scope)
        for name in ("range", "if-range"):
            del headers[name]
        if self._ranges:
            headers["range"] = f"bytes={self._ranges}"
        # Held again, and rendered again if it was forgotten since: equal placeholders are equal bytes. What was made
        # beforehand needs no holding.
        async with nullcontext() if is_fallback(Path(self.path)) else self._studio.holding(self._placeholder):
            await super().__call__(scope, receive, send)


def _list(request: Request, name: str) -> str | None:
    """A header that is a list, which may come in several lines."""
    return ",".join(request.headers.getlist(name)) or None


def _met(header: str | None, tag: str) -> bool:
    """Whether an `If-Match` lets the request pass; the comparison is the strong one (RFC 9110, 13.1.1)."""
    return header is None or any(part.strip() in (tag, "*") for part in header.split(","))


def names(header: str | None, tag: str) -> bool:
    """Whether an `If-None-Match` names the tag; the comparison is the weak one (RFC 9110, 13.1.2)."""
    if header is None:
        return False
    return any(part.strip().removeprefix("W/") in (tag, "*") for part in header.split(","))
