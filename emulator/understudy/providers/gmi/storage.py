"""Handing in files: a presigned address to PUT to, as Google Cloud Storage makes them, and a public one to read."""

import calendar
import hashlib
import hmac
import random
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from understudy.accounts import Account
from understudy.answers import Json
from understudy.doorway import Caller
from understudy.engine import Engine
from understudy.uploads import TooLarge
from understudy.visits import visit_of
from understudy.wire import BodyTooLarge, read_body

from .door import PROVIDER, Door
from .refusals import Refusals

#: Seconds that a presigned address is good for, as observed.
_EXPIRES = 899

#: What each kind of file must be sent as: observed, `image/jpg` included. The switch `mp3-upload-type` settles mp3.
_CONTENT_TYPES = {
    "jpg": "image/jpg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "mp4": "video/mp4",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
}

#: How Google Cloud Storage writes a moment.
_STAMP = "%Y%m%dT%H%M%SZ"

UPLOAD_PREFIX = "/gmi-video-assests-prod/user-uploads"


@dataclass(slots=True)
class Addresses:
    """Where an account was told that it may upload to."""

    paths: list[str] = field(default_factory=list)


class Storage:
    """The endpoint `/upload-url`, and the bucket behind it."""

    def __init__(self, engine: Engine, door: Door, refusals: Refusals, stance: Mapping[str, str]) -> None:
        self._engine = engine
        self._door = door
        self._refusals = refusals
        self._content_types = {**_CONTENT_TYPES, "mp3": stance["mp3-upload-type"]}
        seed = engine.settings.seed
        self._secret = secrets.token_bytes(32) if seed is None else random.Random(f"{seed}:bucket").randbytes(32)
        #: Whose address a path was made for: it runs out on that account's clock.
        self._owners: dict[str, Account] = {}

    async def upload_url(self, caller: Caller, request: Request) -> Response:
        """`POST /upload-url` with `{"file_type": "png"}`: where to PUT the bytes, and where they can then be read."""
        document, _ = await self._door.document(request)
        kind = document.get("file_type") if isinstance(document, dict) else None
        if not isinstance(kind, str) or kind not in self._content_types:
            raise self._refusals.make("unsupportedFileType", file_type=orjson.dumps(kind).decode())
        path = f"{UPLOAD_PREFIX}/{caller.account.organization}/{caller.account.new_id()}.{kind}"
        caller.account.keep(Addresses).paths.append(path)
        self._owners[path] = caller.account
        stamp = _stamp(caller.account.clock.now())
        query = urlencode(
            {
                "X-Goog-Algorithm": "GOOG4-RSA-SHA256",
                "X-Goog-Date": stamp,
                "X-Goog-Expires": _EXPIRES,
                "X-Goog-SignedHeaders": "content-type;host",
                "X-Goog-Signature": self._signature(path, self._content_types[kind], stamp),
            }
        )
        return Json({"upload_url": f"{caller.origin}{path}?{query}", "public_url": f"{caller.origin}{path}"})

    def moved(self, account: Account) -> None:
        """Let an account that took another's place own its addresses."""
        self._owners.update(dict.fromkeys(account.keep(Addresses).paths, account))

    def emptied(self, account: Account) -> None:
        """Let the addresses of an account that is about to lose them lead nowhere."""
        for path in account.keep(Addresses).paths:
            if self._owners.get(path) is account:
                del self._owners[path]

    async def bucket(self, request: Request) -> Response:
        """PUT to a presigned address, or GET what was put there."""
        visit = visit_of(request.scope)
        visit.of(PROVIDER, self._owners.get(request.url.path))
        visit.exchange.operation = "upload" if request.method == "PUT" else "download"
        if request.method == "PUT":
            return await self._put(request)
        upload = self._engine.uploads.get(request.url.path)
        if upload is None:
            return self._refusals.make("noSuchKey").response()
        return FileResponse(upload.path, media_type=upload.content_type)

    async def _put(self, request: Request) -> Response:
        content_type = request.headers.get("content-type")
        if content_type is None:
            return self._refusals.make("malformedSecurityHeader").response()
        path, query = request.url.path, request.query_params
        stamp = query.get("X-Goog-Date", "")
        expected = self._signature(path, content_type, stamp)
        if not hmac.compare_digest(expected.encode(), query.get("X-Goog-Signature", "").encode()):
            return self._refusals.make("signatureDoesNotMatch").response()
        owner = self._owners.get(path)
        if owner is None or owner.clock.now() >= _moment(stamp) + _EXPIRES:
            return self._refusals.make("expiredToken").response()
        try:
            content = await read_body(request.receive, self._engine.settings.max_body_bytes)
            await self._engine.hand_in(owner, path, content_type, content)
        except (BodyTooLarge, TooLarge):
            return self._refusals.make("entityTooLarge").response()
        return Response(status_code=200)

    def _signature(self, path: str, content_type: str, stamp: str) -> str:
        signed = f"PUT\n{path}\n{content_type}\n{stamp}".encode()
        return hmac.new(self._secret, signed, hashlib.sha256).hexdigest()


def _stamp(moment: float) -> str:
    """A moment as Google Cloud Storage writes it: `20261121T043000Z`."""
    return time.strftime(_STAMP, time.gmtime(moment))


def _moment(stamp: str) -> int:
    """The moment of a stamp in unix seconds; 0 for what is none."""
    try:
        return calendar.timegm(time.strptime(stamp, _STAMP))
    except ValueError:
        return 0
