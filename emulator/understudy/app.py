"""The ASGI application: every provider's routes, the control routes, and clear answers for everything else."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from . import __version__, wire
from .control.routes import control_routes
from .engine import Engine
from .faults import UnknownFault
from .front import Front
from .providers import Provider
from .visits import Unreached

Lifespan: TypeAlias = Callable[[Starlette], AbstractAsyncContextManager[None]]


def build_app(engine: Engine, providers: Sequence[Provider]) -> ASGIApp:
    """The application of one engine with these providers; its lifespan runs the engine."""

    for provider in providers:
        if provider.keeper is not None:
            engine.keepers[provider.name] = provider.keeper

    async def index(request: Request) -> Response:
        origin = wire.origin(request.scope, engine.settings.public_url)
        base_urls = {provider.name: provider.base_url(origin) for provider in providers}
        return JSONResponse({"understudy": __version__, "providers": base_urls})

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with engine.running():
            yield

    everyone = _starlette(
        # Routes are tried in order: what is called most often comes first.
        [*(route for provider in providers for route in provider.routes()), Route("/", index), *control_routes(engine)],
        lifespan,
    )
    return Front(_ByHost(everyone, providers), engine)


class _ByHost:
    """Under a provider's own host name there is only that provider, and everything is https, as it is with them.

    Such names reach us through `understudy proxy` or a hosts file; any other name leads to all providers at once.
    """

    def __init__(self, everyone: ASGIApp, providers: Sequence[Provider]) -> None:
        self._everyone = everyone
        self._named = {
            host.encode(): (provider, prefix) for provider in providers for host, prefix in provider.hosts.items()
        }
        self._alone: dict[str, ASGIApp] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            for name, value in scope["headers"]:
                if name == b"host":
                    place = self._named.get(value) or self._named.get(value.lower().removesuffix(b":443"))
                    if place is not None:
                        provider, prefix = place
                        scope["scheme"] = "wss" if scope["type"] == "websocket" else "https"
                        scope["path"] = prefix + scope["path"]
                        await self._alone_app(provider)(scope, receive, send)
                        return
                    break
        await self._everyone(scope, receive, send)

    def _alone_app(self, provider: Provider) -> ASGIApp:
        """The application of one provider, made when its host is first asked for."""
        app = self._alone.get(provider.name)
        if app is None:
            app = self._alone[provider.name] = _starlette(provider.routes())
        return app


async def _not_here(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    message = (
        f"{request.method} {request.url.path}: {problem.detail}. `GET /` of the server itself says what it serves."
    )
    return JSONResponse({"error": message}, problem.status_code, headers=problem.headers)


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
