"""The ASGI application: every provider's routes, the control routes, and clear answers for everything else."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from . import __version__, wire
from .control.routes import HEALTH_PATH, control_routes
from .engine import Engine
from .faults import UnknownFault
from .front import Front
from .providers import PROVIDERS, Provider
from .visits import Unreached

log = logging.getLogger("understudy.server")

Lifespan: TypeAlias = Callable[[Starlette], AbstractAsyncContextManager[None]]


def build_app(engine: Engine) -> ASGIApp:
    """The application of one engine; its lifespan runs the engine."""
    return Front(_House(engine), engine)


class _House:
    """All providers behind one door, loaded beside the start: the server answers while they come in.

    Under a provider's own host name there is only that provider, and everything is https, as it is with them. Such
    names reach us through `understudy proxy` or a hosts file; any other name leads to all providers at once.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._named = {
            host.encode(): (face.name, prefix) for face in PROVIDERS.values() for host, prefix in face.hosts.items()
        }
        self._control = control_routes(engine)
        # Answers until the providers are in: that the server is there, and for its life.
        self._early: ASGIApp = _starlette(self._control, self._lifespan)
        self._loading: asyncio.Future[None] | None = None
        self._providers: dict[str, Provider] = {}
        self._everyone: ASGIApp | None = None
        self._alone: dict[str, ASGIApp] = {}
        self._problem: Exception | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (self._everyone is None and scope["path"] == HEALTH_PATH):
            await self._early(scope, receive, send)
            return
        if self._everyone is None:
            await self._load()
            if self._everyone is None:
                await _starlette([Mount("/", self._closed)])(scope, receive, send)
                return
        await self._app_for(scope)(scope, receive, send)

    def _app_for(self, scope: Scope) -> ASGIApp:
        for name, value in scope["headers"]:
            if name == b"host":
                place = self._named.get(value) or self._named.get(value.lower().removesuffix(b":443"))
                if place is not None:
                    provider, prefix = place
                    scope["scheme"] = "wss" if scope["type"] == "websocket" else "https"
                    scope["path"] = prefix + scope["path"]
                    return self._alone_app(provider)
                break
        assert self._everyone is not None
        return self._everyone

    def _alone_app(self, name: str) -> ASGIApp:
        """The application of one provider, made when its host is first asked for."""
        app = self._alone.get(name)
        if app is None:
            app = self._alone[name] = _starlette(self._providers[name].routes())
        return app

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        async with self._engine.running():
            self._engine.background(self._load())
            yield

    async def _load(self) -> None:
        """Wait until the providers are in; whoever gives up leaves the others waiting."""
        if self._loading is None:
            self._loading = asyncio.ensure_future(asyncio.to_thread(self._open))
        await asyncio.shield(self._loading)

    def _open(self) -> None:
        try:
            self._come_in()
        except Exception as problem:
            log.exception("the providers could not be loaded")
            self._problem = problem

    async def _closed(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError(f"the providers could not be loaded: {self._problem}")

    def _come_in(self) -> None:
        self._providers = {name: face.open(self._engine) for name, face in PROVIDERS.items()}
        self._engine.keepers.update(
            {name: one.keeper for name, one in self._providers.items() if one.keeper is not None}
        )
        routes = [route for provider in self._providers.values() for route in provider.routes()]
        self._everyone = _starlette([*routes, Route("/", self._index), *self._control])

    async def _index(self, request: Request) -> Response:
        origin = wire.origin(request.scope, self._engine.settings.public_url)
        base_urls = {face.name: face.base_url(origin) for face in PROVIDERS.values()}
        return JSONResponse({"understudy": __version__, "providers": base_urls})


async def _not_here(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    if problem.status_code == 405:
        # As it is in the catalogues of who tells it in JSON.
        return JSONResponse({"error": problem.detail}, 405, headers={"allow": ", ".join(_allowed(request))})
    message = (
        f"{request.method} {request.url.path}: {problem.detail}. `GET /` of the server itself says what it serves."
    )
    return JSONResponse({"error": message}, problem.status_code, headers=problem.headers)


def _allowed(request: Request) -> list[str]:
    """Every verb of a path: the route that refused the request is not the only one there."""
    routes = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    return sorted({verb for route in routes if isinstance(route, Route) for verb in route.methods or ()})


async def _unreached(request: Request, problem: Exception) -> Response:
    # What becomes of it is up to the fault that it met, on its way out.
    return Response(status_code=502)


async def _unknown_fault(request: Request, problem: Exception) -> Response:
    return JSONResponse({"error": f"understudy: {problem}"}, 400)


async def _our_mistake(request: Request, problem: Exception) -> Response:
    return JSONResponse({"error": f"understudy made a mistake: {problem!r}"}, 500)


def _starlette(routes: Sequence[BaseRoute], lifespan: Lifespan | None = None) -> Starlette:
    app = Starlette(
        routes=list(routes),
        exception_handlers={
            HTTPException: _not_here,
            Unreached: _unreached,
            UnknownFault: _unknown_fault,
            Exception: _our_mistake,
        },
        lifespan=lifespan,
    )
    # A redirect would go wherever the Host header says.
    app.router.redirect_slashes = False
    return app
