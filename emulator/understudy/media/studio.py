"""The studio: ask for a placeholder, get its file; made once, off the event loop, by a few encoders."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import MediaError, NoFfmpeg, StudioClosed
from .fallback import fallback
from .ffmpeg import Ffmpeg, runs
from .placeholder import Placeholder
from .shelf import Shelf

if TYPE_CHECKING:
    from .render import Renderer

log = logging.getLogger("understudy.media")

#: So many files are begun before they are asked for, until one is asked for, and so many names of them are remembered.
_MOST_UNCLAIMED, _MOST_FORESEEN = 8, 1024


class Studio:
    """Makes placeholders and remembers them on disk, so that each is only ever rendered once.

    `cache` may be shared by several studios and outlives them all; `max_bytes` bounds what is kept in it,
    pieces included. At most `encoders` ffmpeg processes run at a time. Where ffmpeg does not run at all, a clip is
    one made beforehand, which says so.

    Raises:
        MediaError: the cache directory cannot be written to.
    """

    def __init__(self, cache: Path, *, max_bytes: int = 1 << 30, encoders: int = 2) -> None:
        self._shelf = Shelf(cache, max_bytes)
        self._ffmpeg = Ffmpeg()
        self._renderer: Renderer | None = None
        self._encoders = encoders
        self._pool = ThreadPoolExecutor(encoders, thread_name_prefix="understudy-encoder")
        self._lock = threading.Lock()
        self._under_way: dict[str, Future[Path]] = {}
        self._closed = False
        self._told = False
        self._foreseen: dict[str, None] = {}
        self._unclaimed = 0
        #: How many placeholders were rendered here, the found ones not counted.
        self.renders = 0

    @property
    def shelf(self) -> Shelf:
        """Where the files are kept, and what callers gave for them."""
        return self._shelf

    async def file(self, placeholder: Placeholder) -> Path:
        """The placeholder's file, rendered or from the cache.

        However many ask at once, it is rendered once, and cancelling one of them leaves the others waiting.
        The file may be forgotten when the cache is full; read it inside `holding` to be sure of it.

        Raises:
            MediaError: the placeholder could not be rendered, or the studio is closed.
        """
        self._unclaimed = 0
        found = self._shelf.find(_name(placeholder))
        if found is not None:
            return found
        rendering = asyncio.wrap_future(self._start(placeholder))
        # Whoever waits hears how it ends; when nobody does any more, it was still no secret.
        rendering.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        return await asyncio.shield(rendering)

    @asynccontextmanager
    async def holding(self, placeholder: Placeholder) -> AsyncIterator[Path]:
        """The placeholder's file, as `file` gives it, kept in the cache until the block ends."""
        with self._shelf.hold(_name(placeholder)):
            yield await self.file(placeholder)

    @property
    def idle(self) -> bool:
        """Whether an encoder has nothing to do."""
        return len(self._under_way) < self._encoders

    @property
    def eager(self) -> bool:
        """Whether to begin what nobody has asked for: an encoder is idle, and what was begun before was asked for."""
        return self._unclaimed < _MOST_UNCLAIMED and self.idle

    def foresee(self, name: str, make: Callable[[], Placeholder]) -> None:
        """Begin rendering what is about to be asked for, once a name, and only while `eager`; return at once.

        Who polls a job will want its file, but a load test that polls ten thousand wants none: it costs them a few.
        `make` is called in another thread.
        """
        if not self.eager or name in self._foreseen:
            return
        with self._lock:
            if self._closed:
                return
            if len(self._foreseen) >= _MOST_FORESEEN:
                del self._foreseen[next(iter(self._foreseen))]
            self._foreseen[name] = None
            self._unclaimed += 1
            self._pool.submit(lambda: self.warm(make()))

    def warm(self, placeholder: Placeholder) -> None:
        """Begin rendering if an encoder is idle, else do nothing; return at once either way."""
        with self._lock:
            busy = self._closed or not self.idle
        if not busy and not self.has(placeholder):
            self._start(placeholder)

    def has(self, placeholder: Placeholder) -> bool:
        """Whether the placeholder's file is there, so that `file` would answer without an encoder."""
        return self._shelf.has(_name(placeholder))

    async def close(self) -> None:
        """Stop: no process and no half-written file stays, and who still waits gets a `MediaError`."""
        with self._lock:
            self._closed = True
        self._ffmpeg.stop()
        await asyncio.to_thread(self._pool.shutdown)

    def _start(self, placeholder: Placeholder) -> Future[Path]:
        with self._lock:
            if self._closed:
                raise StudioClosed
            under_way = self._under_way.get(placeholder.key)
            if under_way is None:
                under_way = self._under_way[placeholder.key] = self._pool.submit(self._work, placeholder)
            return under_way

    def _recipes(self) -> Renderer:
        # Imported with the first placeholder: a server that is only polled need not wait for it at its start.
        from .render import Renderer

        with self._lock:
            if self._renderer is None:
                self._renderer = Renderer(self._shelf, self._ffmpeg)
            return self._renderer

    def _work(self, placeholder: Placeholder) -> Path:
        try:
            if self._closed:
                raise StudioClosed
            # It may have been finished between the look at the shelf and now, here or by another process.
            found = self._shelf.find(_name(placeholder))
            if found is not None:
                return found
            path = self._recipes().render(placeholder)
            with self._lock:
                self.renders += 1
            return path
        except NoFfmpeg as problem:
            return self._instead(placeholder, problem)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not runs():
                # What was run in its place wrote nothing and said that all was well.
                return self._instead(placeholder, NoFfmpeg("what is called ffmpeg here is something else"))
            raise MediaError(f"the placeholder could not be written to the media cache: {error}") from error
        finally:
            with self._lock:
                del self._under_way[placeholder.key]

    def _instead(self, placeholder: Placeholder, problem: NoFfmpeg) -> Path:
        """What was made beforehand; nothing of it is kept, so that an ffmpeg that is mended is used at once."""
        found = fallback(placeholder.suffix)
        if found is None:
            raise problem
        with self._lock:
            told, self._told = self._told, True
        if not told:
            log.warning("No placeholder can be made, a short clip is served in the place of each: %s", problem)
        return found


def _name(placeholder: Placeholder) -> str:
    return f"{placeholder.key}{placeholder.suffix}"
