"""Runware: one path for everything and both transports, an array of tasks in, data and errors out."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route, WebSocketRoute

from understudy.engine import Engine
from understudy_contracts.provider import contract

from .files import Files
from .rest import Rest
from .sockets import Sockets
from .tasks import Tasks
from .video import Video


class Runware:
    """Runware's face."""

    name = "runware"

    def __init__(self, engine: Engine) -> None:
        self.hosts = contract(self.name).hosts
        video = Video(engine)
        tasks = Tasks(engine, video)
        self._rest = Rest(engine, tasks)
        self._sockets = Sockets(engine, tasks, compatible_refusals=video.stance.get("ws-auth-error") == "both")
        self._files = Files(engine, video)

    def base_url(self, origin: str) -> str:
        """What an SDK calls its HTTP base URL."""
        return f"{origin}/v1"

    def routes(self) -> Sequence[BaseRoute]:
        """The API, and the files its answers point to."""
        return [
            # On a class instance Starlette hands over the bare ASGI call, which is what makes a poll cheap.
            Route("/v1", self._rest, methods=["POST"]),
            Route("/v1/", self._rest, methods=["POST"]),
            WebSocketRoute("/v1", self._sockets),
            WebSocketRoute("/v1/", self._sockets),
            Route("/video/os/{shard}/ws/5/vi/{filename}", self._files, methods=["GET", "HEAD", "OPTIONS"]),
        ]
