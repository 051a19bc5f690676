"""Answers that providers with plain HTTP routes share: a JSON document, and the end of a request that is refused."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .wire import kept_json


class Json(Response):
    """A JSON answer, with the content type that official SDKs insist on."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Encode the document."""
        return kept_json(content)


class Unheard(Response):
    """No answer at all: whoever asked has gone."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say nothing."""


class Refused(Exception):
    """The request ends here, with this answer: a JSON document, or a page of whoever stands before the provider."""

    def __init__(self, status: int, body: Mapping[str, Any] | str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"HTTP {status}: {body}")
        self.status = status
        self.body = body
        self.headers = headers

    def response(self) -> Response:
        """The answer on the wire."""
        if isinstance(self.body, str):
            kind = "application/xml" if self.body.startswith("<?xml") else "text/html"
            return Response(self.body, self.status, self.headers, media_type=kind)
        return Json(self.body, self.status, self.headers)
