"""Whatever is answered in these tests is held against the OpenAPI document that the answering server has of itself."""

import re
from functools import cache

import httpx
import pytest

from understudy_contracts.documents import PROVIDERS
from understudy_contracts.schema import Judge

_SEND = httpx.Client.send

_UNDECLARED = "not declared"


@cache
def _document(origin, provider):
    with httpx.Client(base_url=origin, trust_env=False, timeout=60) as client:
        url = f"/_understudy/contracts/{provider}/openapi.json"
        return _SEND(client, client.build_request("GET", url)).json()


@cache
def _places(origin):
    """Each path as a pattern, what is there, and the document it is in; those without parameters first."""
    found = []
    for provider in PROVIDERS:
        document = _document(origin, provider)
        for path, place in document["paths"].items():
            pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)) + "/?")
            found.append((pattern, place, document, path.count("{")))
    return sorted(found, key=lambda row: row[3])


@cache
def _judge(origin, title, pointer):
    document = next(one for one in (_document(origin, name) for name in PROVIDERS) if one["info"]["title"] == title)
    schema = document["paths"]
    for step in pointer:
        schema = schema[step]
    return Judge({**schema, "components": document["components"]})


def problem_of(request, response):
    """What the server's own document has against one of its answers; None where it has nothing."""
    origin = f"{request.url.scheme}://{request.url.netloc.decode()}"
    for pattern, place, document, _ in _places(origin):
        if not pattern.fullmatch(request.url.path) or request.method.lower() not in place:
            continue
        said = place[request.method.lower()]["responses"].get(str(response.status_code))
        if said is None:
            return f"{_UNDECLARED}: status {response.status_code}"
        content = response.headers.get("content-type", "").partition(";")[0]
        if not response.content:
            return None
        if content not in said.get("content", {}) and "*/*" not in said.get("content", {}):
            return f"{_UNDECLARED}: content type {content!r}"
        schema = said["content"].get(content, {}).get("schema")
        if schema is None or content != "application/json":
            return None
        path = next(path for path, known in document["paths"].items() if known is place)
        pointer = (path, request.method.lower(), "responses", str(response.status_code), "content", content, "schema")
        violations = _judge(origin, document["info"]["title"], pointer).violations(response.json())
        return "; ".join(violation.message for violation in violations) or None
    return None


@pytest.fixture(autouse=True)
def documented(request, monkeypatch):
    """Fails a test in which a server answers something that its document does not have."""
    #: Where errors are made to strike, some do where they never would by themselves: only their form is held.
    forced = request.module.__name__.endswith("test_error_catalogue")
    problems = []

    def send(self, request, **keywords):
        response = _SEND(self, request, **keywords)
        if request.url.host == "127.0.0.1" and not request.url.path.startswith("/_understudy"):
            response.read()
            problem = problem_of(request, response)
            if problem is not None and not (forced and problem.startswith(_UNDECLARED)):
                problems.append(f"{request.method} {request.url.path}: {problem}: {response.text[:300]}")
        return response

    monkeypatch.setattr(httpx.Client, "send", send)
    yield problems
    assert not problems, "\n".join(problems[:5])
