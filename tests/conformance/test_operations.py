"""The table of operations against the emulator: nothing is served that is not in it, and what is in it is served.

What each of them answers the contract harness asks: see `test_loop.py`.
"""

import pytest
from starlette.routing import Match, Route, WebSocketRoute

from understudy.clock import ManualClock
from understudy.config import Settings
from understudy.engine import Engine
from understudy.providers import PROVIDERS
from understudy_contracts.operations import operations

INCOMING = [one for name in PROVIDERS for one in operations(name).values() if not one.outgoing]
every_operation = pytest.mark.parametrize("operation", INCOMING, ids=lambda one: f"{one.provider}.{one.name}")


def place(operation):
    """What the paths of a host begin with on the emulator's own port."""
    return PROVIDERS[operation.provider].hosts.get(operation.host, "")


@pytest.fixture(scope="module")
def routes(cache):
    """The routes of each provider."""
    engine = Engine.build(Settings(port=0, cache_dir=cache), ManualClock())
    return {name: list(face.open(engine).routes()) for name, face in PROVIDERS.items()}


def methods_of(route):
    known = getattr(route.endpoint, "methods", None) or route.methods or {"GET"}
    return set(known) - {"HEAD", "OPTIONS"}


def asked_for(operation, transport="http"):
    path = place(operation) + operation.path
    for parameter in operation.parameters:
        path = path.replace(f"{{{parameter.name}}}", "some-thing")
    return {"type": transport, "method": operation.method, "path": path, "headers": []}


def found(routes, scope):
    return next((route for route in routes if route.matches(scope)[0] is Match.FULL), None)


@every_operation
def test_an_operation_is_served_by_the_route_that_is_there_for_it(routes, operation):
    for transport in operation.transports:
        route = found(routes[operation.provider], asked_for(operation, transport))
        assert isinstance(route, Route if transport == "http" else WebSocketRoute)
        assert transport == "websocket" or operation.method in methods_of(route)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_route_and_verb_of_a_provider_is_an_operation(routes, provider):
    served = {
        (route.path, type(route), method)
        for route in routes[provider]
        for method in (methods_of(route) if isinstance(route, Route) else {"websocket"})
        # The same path with a slash behind it.
        if not route.path.endswith("/")
    }
    spoken = set()
    for one in operations(provider).values():
        for transport in one.transports if not one.outgoing else ():
            route = found(routes[provider], asked_for(one, transport))
            spoken.add((route.path, type(route), one.method if transport == "http" else "websocket"))
    assert served == spoken
