"""The table of operations against the emulator: nothing is served that is not in it, and what is in it is served."""

import itertools

import httpx
import pytest
from starlette.routing import Match, Route, WebSocketRoute

from understudy.clock import ManualClock
from understudy.config import Settings
from understudy.engine import Engine
from understudy.providers import PROVIDERS
from understudy.server import Server
from understudy_contracts.checks import Exchange, violations
from understudy_contracts.error_answers import answer_of
from understudy_contracts.operations import Told, operations
from understudy_contracts.provider import contract
from understudy_contracts.requests import causing, field_of, typical

KEY = "SG_0123456789abcdef"
INCOMING = [one for name in PROVIDERS for one in operations(name).values() if not one.outgoing]
#: Long enough for any job here to have finished, and not for its record to be gone.
LONG = 3_000
every_operation = pytest.mark.parametrize("operation", INCOMING, ids=lambda one: f"{one.provider}.{one.name}")


@pytest.fixture(scope="module")
def strict_server(cache):
    """A server that knows one key, under a clock that only tests move."""
    clock = ManualClock()
    with Server(Settings(port=0, cache_dir=cache, api_keys=frozenset({KEY})), clock) as server:
        server.engine.studio.warm = lambda placeholder: None
        yield server, clock


class Caller:
    """Asks an operation's requests of the emulator, and whatever has to be asked before them."""

    def __init__(self, server, clock, key):
        self.clock, self.key = clock, key
        self.http = httpx.Client(base_url=server.url, trust_env=False, timeout=60)
        self.answers = {}
        self.heard, self.steps = [], itertools.count()

    def send(self, operation, request):
        url = request.target if "://" in request.target else place(operation) + request.target
        response = self.http.request(request.method, url, headers=dict(request.headers), content=request.content)
        at = next(self.steps)
        self.heard.append(Exchange.of(response, provider=operation.provider, at=at, operation=operation.name))
        return response

    def close(self):
        """Nothing that was answered broke a promise."""
        self.http.close()
        assert violations(self.heard) == []

    def before(self, operation):
        names = [operation.typical["after"]] if "after" in operation.typical else []
        for name in [*names, *(row["operation"] for row in operation.typical.get("told", {}).values())]:
            self.answer_of(operation.provider, name)

    def ask(self, operation):
        self.before(operation)
        return self.send(operation, typical(operation, self.key, self.looked_up(operation)))

    def answer_of(self, provider, name):
        if (provider, name) not in self.answers:
            operation = operations(provider)[name]
            if operation.purpose == "poll" or name == "getFinetune":
                # What is looked up in it is what has come of a job.
                typical(operation, self.key, self.looked_up(operation))
                self.before(operation)
                self.clock.advance(LONG)
            response = self.ask(operation)
            assert response.is_success, response.text
            self.answers[provider, name] = response
        return self.answers[provider, name]

    def looked_up(self, operation):
        def told(source: Told):
            return str(field_of(self.answer_of(operation.provider, source.operation).json(), source.field))

        return told


@pytest.fixture
def caller(patient_server, key):
    made = Caller(*patient_server, key)
    yield made
    made.close()


@pytest.fixture
def hasty_caller(server, key):
    """One whose jobs are done in no time."""
    made = Caller(server, None, key)
    yield made
    made.close()


@pytest.fixture
def known_caller(strict_server):
    """The one caller that a server knows."""
    made = Caller(*strict_server, KEY)
    yield made
    made.http.post("/_understudy/reset/all", headers={"Authorization": f"Bearer {KEY}"})
    made.close()


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


@every_operation
def test_a_typical_request_is_answered_as_the_table_says(caller, hasty_caller, operation):
    if operation.name == "runModel":
        # Whoever waits for a job needs a clock that goes by itself.
        caller = hasty_caller
    response = caller.ask(operation)
    expected = [answer for answer in operation.answers if answer.status == response.status_code]
    if operation.name == "getCollection":
        # There is none to be asked for.
        assert response.status_code == 404
    else:
        assert response.is_success, response.text
    assert expected
    media_type = response.headers.get("content-type", "").partition(";")[0]
    assert any(
        media_type in answer.media_types or "*/*" in answer.media_types or not (answer.media_types or response.content)
        for answer in expected
    )
    if any(answer.schema for answer in expected) and media_type == "application/json":
        documents = response.json()["data"] if operation.task else [response.json()]
        judges = [contract(operation.provider).judge(answer.schema) for answer in expected if answer.schema]
        assert documents
        for document in documents:
            assert any(judge.accepts(document) for judge in judges), document


CAUSES = [
    pytest.param(one, cause, id=f"{one.provider}.{one.name}-{cause.case.id}")
    for one, cause in itertools.chain.from_iterable(((one, cause) for cause in one.errors) for one in INCOMING)
    if cause.request is not None
]


@pytest.mark.parametrize(("operation", "cause"), CAUSES)
def test_the_request_that_is_said_to_cause_an_error_does(caller, known_caller, operation, cause):
    if cause.request.get("key") == "wrong" and operation.authentication != ("user",):
        # Elsewhere any key is somebody's.
        caller = known_caller
    caller.before(operation)
    response = caller.send(operation, causing(operation, cause, caller.key, caller.looked_up(operation)))
    case = cause.case
    assert response.status_code == answer_of(case).status, response.text
    if operation.task is not None:
        assert response.json()["errors"][0]["code"] == case.code.format(Parameter="") or "{" in case.code
    constant = case.message.partition("{")[0].strip()
    assert constant in response.text.replace('\\"', '"')
