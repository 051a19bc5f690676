"""What comes in a request: a JSON object, or the fields of a form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Scope

from understudy.engine import Engine
from understudy.uploads import TooLarge, suffix
from understudy.wire import BadJson, BodyTooLarge, parse_json, read_body

from .door import Caller
from .refusals import Refusals

#: Where files that were handed in are, on the content network.
ASSETS = "/assets"


class Bodies:
    """Reads requests; raises Refused for what cannot be read."""

    def __init__(self, engine: Engine, refusals: Refusals) -> None:
        self._engine = engine
        self._refusals = refusals
        self._limit = engine.settings.max_body_bytes

    async def fields(self, caller: Caller, request: Request, schema: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters of a call: a JSON object, or a multipart form.

        A form knows no booleans and no files: its texts are read as the `schema` has them, its files become URLs.
        """
        kind = _media_type(request)
        if kind == "application/json":
            return await self.json(request)
        if kind == "multipart/form-data":
            form = await self._multipart(caller, request)
            known = schema.get("properties", {})
            return {name: _typed(value, known.get(name, {}).get("type")) for name, value in form.items()}
        raise self._refusals.make("invalidContentType")

    async def json(self, request: Request) -> dict[str, Any]:
        """The JSON object in a body, whatever it says it is."""
        try:
            document = parse_json(await self._read(request))
        except BadJson as problem:
            raise self._refusals.make("invalidJson", reason=str(problem)) from None
        if not isinstance(document, dict):
            raise self._refusals.make("invalidJson", reason="it is no object")
        return document

    async def form(self, request: Request) -> dict[str, str]:
        """The fields of a form in a body, which a GET may have too; an empty one has none."""
        kind = _media_type(request)
        if kind == "application/json":
            return {name: str(value) for name, value in (await self.json(request)).items()}
        parts = await self._parts(request) if kind in _FORMS else {}
        return {name: value for name, value in parts.items() if isinstance(value, str)}

    async def keep(self, caller: Caller, content_type: str, content: bytes) -> str:
        """Keep a file that was handed in, and tell its URL; raises TooLarge."""
        name = f"{ASSETS}/{caller.account.new_id()}{suffix(content_type)}"
        await self._engine.hand_in(caller.account, name, content_type, content)
        return f"{caller.content}{name}"

    async def _multipart(self, caller: Caller, request: Request) -> dict[str, str]:
        fields: dict[str, str] = {}
        for name, value in (await self._parts(request)).items():
            if isinstance(value, _File):
                try:
                    fields[name] = await self.keep(caller, value.content_type, value.content)
                except TooLarge:
                    raise self._refusals.make("requestTooLarge", limit=self._limit) from None
            else:
                fields[name] = value
        return fields

    async def _parts(self, request: Request) -> dict[str, "str | _File"]:
        body = await self._read(request)
        _, options = parse_options_header(request.headers.get("content-type"))
        boundary = options.get(b"boundary")
        if boundary is not None and b"--%b--" % boundary not in body:
            # The parser takes what is there for all there was.
            raise self._refusals.make("invalidJson", reason="the form breaks off")

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        try:
            async with Request(_in_utf8(request.scope), again).form(max_part_size=self._limit) as form:
                return {name: await _part(value) for name, value in form.multi_items()}
        except HTTPException as problem:
            raise self._refusals.make("invalidJson", reason=f"the form is broken ({problem.detail})") from None

    async def _read(self, request: Request) -> bytes:
        try:
            return await read_body(request.receive, self._limit)
        except BodyTooLarge:
            raise self._refusals.make("requestTooLarge", limit=self._limit) from None


@dataclass(frozen=True, slots=True)
class _File:
    """A file in a form."""

    content_type: str
    content: bytes


def _in_utf8(scope: Scope) -> Scope:
    """The same request without a charset: what clients send is UTF-8, and no other codec is let near it."""
    headers = [
        (name, re.sub(rb";\s*charset=[^;]*", b"", value, flags=re.IGNORECASE) if name == b"content-type" else value)
        for name, value in scope["headers"]
    ]
    return {**scope, "headers": headers}


async def _part(value: str | UploadFile) -> str | _File:
    if isinstance(value, str):
        return value
    return _File(value.content_type or "application/octet-stream", await value.read())


_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _typed(text: str, kind: object) -> str | bool:
    return text == "true" if kind == "boolean" and text in ("true", "false") else text


def magic_text(fields: dict[str, Any]) -> str:
    """Everything a call says, for a magic value to be found in it."""
    text = orjson.dumps(fields).decode()
    return text if "[[error:" in text else ""
