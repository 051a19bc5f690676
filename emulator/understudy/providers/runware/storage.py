"""Media that callers hand in: stored under a UUID, which is then good wherever a task names media."""

import asyncio
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from understudy.accounts import Account
from understudy.config import is_loopback
from understudy.engine import Engine
from understudy.media.errors import MediaError
from understudy.media.sources import Content, content_of, kind_of, on_loopback
from understudy.media.still import Still
from understudy.uploads import UNTRUSTED, TooLarge, suffix

from .refusals import Refusal, Refusals

#: Where stored media are fetched; the provider's own paths are shown by no source.
MEDIA_PREFIX = "/media"

_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)

#: Whatever is longer than this is the media itself, and no name of it.
_LONGEST_NAME = 4096

#: What may be kept of what another program on this machine hands out.
_MEDIA = frozenset({"image", "audio", "video"})

#: What stands for media behind a URL that nobody here may fetch.
_UNSEEN = (512, 512)


@dataclass(slots=True)
class Stored:
    """An account's media: the name of each file by its UUID."""

    names: dict[str, str] = field(default_factory=dict)


class Storage:
    """Keeps media, and finds them again."""

    def __init__(self, engine: Engine, refusals: Refusals) -> None:
        self._engine = engine
        self._refusals = refusals

    async def store(
        self, account: Account, origin: str, task: dict[str, Any], parameter: str
    ) -> tuple[str, str] | Refusal:
        """Keep what a task hands in under a parameter: the UUID and the URL of it, or a refusal."""
        source = task[parameter]
        is_url = source.startswith(("http://", "https://"))
        found = await (self._behind(source) if is_url else content_of(source))
        if found is None:
            if is_url:
                return self._refusals.make("mediaDownloadFailed", task, parameter=parameter)
            return self._refusals.invalid(task, parameter, "It is neither a URL nor media in Base64 or a data URI.")
        if parameter == "image" and not kind_of(found.data).startswith("image/"):
            return self._refusals.invalid(task, parameter, "It is no image that can be read.")
        uuid = account.new_id()
        name = f"{MEDIA_PREFIX}/{uuid}{suffix(found.type)}"
        try:
            await self._engine.hand_in(account, name, found.type, found.data)
        except TooLarge:
            return self._refusals.invalid(task, parameter, "It is larger than this server keeps.")
        account.keep(Stored).names[uuid] = name
        return uuid, f"{origin}{name}"

    async def _behind(self, url: str) -> Content | None:
        """The media behind a URL: our own, those of a program on this machine, or a picture in their stead."""
        own = self._engine.uploads.file_at(url)
        if own is not None:
            data = await asyncio.to_thread(own.read_bytes)
            return Content(data, kind_of(data))
        if on_loopback(url):
            # Whoever reaches us from elsewhere must not read through us what only this machine may read.
            found = await content_of(url) if is_loopback(self._engine.settings.host) else None
            return found if found is not None and found.type.partition("/")[0] in _MEDIA else None
        card = Still(*_UNSEEN, title="not fetched", lines=(url[:200],))
        try:
            path = await self._engine.studio.file(card)
            return Content(await asyncio.to_thread(path.read_bytes), card.content_type)
        except (MediaError, OSError):
            return None

    def delete(self, account: Account, uuid: str) -> bool:
        """Forget media; False when the account has none of that UUID."""
        name = account.keep(Stored).names.pop(uuid.lower(), None)
        if name is not None:
            self._engine.throw_out(account, name)
        return name is not None

    def file(self, account: Account, source: str) -> Path | None:
        """The file behind what a task names: the UUID of something stored, or the URL it has here."""
        if len(source) > _LONGEST_NAME:
            return None
        name = account.keep(Stored).names.get(source.lower())
        upload = None if name is None else self._engine.uploads.get(name)
        return self._engine.uploads.file_at(source) if upload is None else upload.path

    def unknown(self, account: Account, source: object) -> bool:
        """Whether this is a UUID under which the account stored nothing."""
        is_uuid = isinstance(source, str) and _UUID.fullmatch(source) is not None
        return is_uuid and self.file(account, str(source)) is None

    async def serve(self, request: Request) -> Response:
        """`GET /media/{name}`, for anybody who knows the URL."""
        upload = self._engine.uploads.get(request.url.path)
        if upload is None:
            return JSONResponse({"error": "nothing is stored here"}, 404)
        return FileResponse(upload.path, headers=UNTRUSTED, media_type=upload.content_type)
