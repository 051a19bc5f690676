"""Runware: one path for everything and both transports, an array of tasks in, data and errors out."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route, WebSocketRoute

from understudy.engine import Engine

from .files import Files
from .keeping import Keeping
from .published import Published
from .rest import Rest
from .sockets import Sockets
from .storage import MEDIA_PREFIX
from .tasks import Tasks
from .video import Video


class Runware:
    """Runware's face."""

    name = "runware"

    def __init__(self, engine: Engine) -> None:
        video = Video(engine)
        tasks = Tasks(engine, video, video.storage)
        self._rest = Rest(engine, tasks)
        self._sockets = Sockets(engine, tasks, compatible_refusals=video.stance["ws-auth-error"] == "both")
        self.keeper = Keeping(video, self._sockets.rooms)
        self._files = Files(engine, video)
        self._storage = video.storage
        self._published = Published(video.stance)

    def routes(self) -> Sequence[BaseRoute]:
        """The API, and the files its answers point to."""
        return [
            # On a class instance Starlette hands over the bare ASGI call, which is what makes a poll cheap.
            Route("/v1", self._rest, methods=["POST"]),
            Route("/v1/", self._rest, methods=["POST"]),
            WebSocketRoute("/v1", self._sockets),
            WebSocketRoute("/v1/", self._sockets),
            *self._published.routes(),
            Route(f"{MEDIA_PREFIX}/{{filename}}", self._storage.serve, methods=["GET", "HEAD"]),
            Route("/video/os/{shard}/ws/5/vi/{filename}", self._files, methods=["GET", "HEAD", "OPTIONS"]),
        ]
