"""The ASGI application: every provider's routes, the control routes, and clear answers for everything else."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import __version__, wire
from .control.routes import control_routes
from .engine import Engine
from .providers import Provider


def build_app(engine: Engine, providers: Sequence[Provider]) -> Starlette:
    """The application of one engine with these providers; its lifespan runs the engine."""

    async def index(request: Request) -> Response:
        origin = wire.origin(request.scope, engine.settings.public_url)
        base_urls = {provider.name: provider.base_url(origin) for provider in providers}
        return JSONResponse({"understudy": __version__, "providers": base_urls})

    async def not_here(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, HTTPException)
        message = f"{request.method} {request.url.path}: {problem.detail}. GET / says what is served here."
        return JSONResponse({"error": message}, problem.status_code, headers=problem.headers)

    async def our_mistake(request: Request, problem: Exception) -> Response:
        return JSONResponse({"error": f"understudy made a mistake: {problem!r}"}, 500)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with engine.running():
            yield

    routes = [route for provider in providers for route in provider.routes()]
    app = Starlette(
        # Routes are tried in order: what is called most often comes first.
        routes=[*routes, Route("/", index), *control_routes(engine)],
        exception_handlers={HTTPException: not_here, Exception: our_mistake},
        lifespan=lifespan,
    )
    # A redirect would go wherever the Host header says.
    app.router.redirect_slashes = False
    return app
