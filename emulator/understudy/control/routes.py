"""Where the control API is found. Nothing of it is loaded before somebody asks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Mount
from starlette.types import Receive, Scope, Send

from understudy.engine import Engine
from understudy.wire import send_json

from .health import HEALTH

if TYPE_CHECKING:
    from .api import Api

#: Where one asks whether the server is there.
HEALTH_PATH = "/_understudy/health"


def control_routes(engine: Engine) -> Sequence[BaseRoute]:
    """Everything below `/_understudy/`."""
    return [Mount("/_understudy", _Late(engine))]


class _Late:
    """The control API, made when it is first asked for more than whether it is there."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._api: Api | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == HEALTH_PATH and scope.get("method") == "GET" and not scope["query_string"]:
            await send_json(send, 200, HEALTH)
            return
        if self._api is None:
            from .api import Api

            self._api = Api(self._engine)
        await self._api(scope, receive, send)
