"""What a server says of itself: others' tools find nothing wrong between its documents and what it does."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from understudy.config import Settings, Speed
from understudy.providers import PROVIDERS
from understudy.server import Server
from understudy_contracts.operations import operations
from understudy_contracts.schema import Judge

from .conftest import problem_of

KEY = "SG_0123456789abcdef"

#: What Schemathesis is told of each provider: who asks, and what a document has no words for.
TOLD = {
    "runware": """
[auth.openapi.bearer]
bearer = "{key}"
[[operations]]
# A taskUUID that is taken is refused, and a task that is refused leaves the others alone: documented, and nothing
# that a schema of the whole array can say.
include-name = "POST /v1"
checks.positive_data_acceptance.enabled = false
checks.negative_data_rejection.enabled = false
""",
    "gmi": """
[auth.openapi.key]
bearer = "{key}"
[auth.openapi.user]
bearer = "{token}"
""",
    "heygen": """
[auth.openapi.key]
api_key = "{key}"
""",
    "segmind": """
[auth.openapi.key]
api_key = "{key}"
[auth.openapi.bearer]
bearer = "{key}"
[checks.positive_data_acceptance]
# 422 is how a job is told of that failed.
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "422", "429", "5xx"]
[[operations]]
# The days it is asked for are at most 31 apart, and a user is named in one way.
include-name = "GET /inference-request/request-history"
checks.positive_data_acceptance.enabled = false
[[operations]]
# A host has to be a name that can be looked up.
include-path-regex = "^/webhook/(add|update)$"
checks.positive_data_acceptance.enabled = false
[[operations]]
# A bad value reaches the model, which breaks on it: documented. And it is a file that is made.
include-path-regex = "^/v1/[^/]+$"
checks.not_a_server_error.enabled = false
request-timeout = 120
generation.max-examples = 2
[[operations]]
# Whatever is queued is accepted, and fails later.
include-path-regex = "^/(v2/[^/]+|workflows/.*)$"
include-method = "POST"
checks.negative_data_rejection.enabled = false
""",
}


@pytest.fixture(scope="module")
def strict_server(cache):
    """A server that knows one key, and on which everything is done at once."""
    with Server(Settings(port=0, cache_dir=cache, speed=Speed(1.0, 0.0), api_keys=frozenset({KEY}))) as server:
        server.engine.studio.warm = lambda placeholder: None
        yield server


def token(server):
    """What a user of GMI Cloud has who signed in."""
    with httpx.Client(base_url=f"{server.url}/api/v1/me", trust_env=False, timeout=60) as http:
        opened = http.post("/auth-tokens", json={"email": "qa@example.com", "password": KEY}).json()["authToken"]
        session = http.post("/sessions", json={"type": "native", "authToken": opened, "otpCode": None})
    return session.json()["accessToken"]


def described(server, provider):
    """The document that a server has of a provider."""
    return httpx.get(f"{server.url}/_understudy/contracts/{provider}/openapi.json", trust_env=False).json()


def search(server, provider, document, folder, *arguments):
    """Let Schemathesis look for anything wrong between a document and a server."""
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "schemathesis.toml").write_text(TOLD[provider].format(key=KEY, token=token(server)))
    # Alone under its own name, HeyGen's paths are no names of Segmind's models.
    headers = ["-H", "Host: api.heygen.com"] if provider == "heygen" else []
    command = [
        str(Path(sys.executable).parent / "schemathesis"), "run", "openapi.json", "--url", server.url, "--no-color",
        "--generation-database", "none", "--seed", "1", *headers, *arguments,
    ]  # fmt: skip
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "COLUMNS": "200"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=1_000, check=False
    )


def test_a_short_search_of_schemathesis_finds_nothing(strict_server, tmp_path):
    short = ("--phases", "examples,fuzzing", "--max-examples", "2")
    done = search(strict_server, "gmi", described(strict_server, "gmi"), tmp_path, *short)
    assert done.returncode == 0, done.stdout[-5_000:] + done.stderr[-2_000:]


@pytest.mark.slow
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_long_search_of_schemathesis_finds_nothing(strict_server, tmp_path, provider):
    done = search(strict_server, provider, described(strict_server, provider), tmp_path, "--max-examples", "20")
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]


def test_schemathesis_finds_what_is_wrong_with_a_document(strict_server, tmp_path):
    """So that its silence means something: a field is promised that no answer has."""
    document = described(strict_server, "heygen")
    document["components"]["schemas"]["voices-answer"]["required"].append("promised")
    done = search(strict_server, "heygen", document, tmp_path, "--phases", "fuzzing", "--max-examples", "1")
    assert done.returncode == 1
    assert "promised" in done.stdout


def test_an_answer_that_no_document_has_is_noticed(server):
    url = f"{server.url}/api/v1/ie/requestqueue/apikey/models"
    asked = httpx.Request("GET", url)
    assert problem_of(asked, httpx.Response(200, json={"model_ids": ["heygen-avatar-4"]})) is None
    for answer in (
        httpx.Response(418, json={"error": "I am a teapot"}),
        httpx.Response(200, json={"model_ids": [4]}),
        httpx.Response(200, json={"models": []}),
        httpx.Response(200, html="<html></html>"),
    ):
        assert problem_of(asked, answer) is not None


def test_what_is_said_on_a_socket_is_in_its_document(server, key):
    document = httpx.get(f"{server.url}/_understudy/contracts/runware/asyncapi.json", trust_env=False).json()
    messages, components = document["components"]["messages"], document["components"]
    judges = {name: Judge({**one["payload"], "components": components}) for name, one in messages.items()}
    address = document["servers"]["socket"]["host"] + document["channels"]["tasks"]["address"]
    with connect(f"ws://{address}", proxy=None) as line:
        for operation in operations("runware").values():
            if operation.task is None:
                continue
            task = {**operation.typical["body"], **({"apiKey": key} if operation.task == "authentication" else {})}
            if operation.purpose == "submit":
                task["taskUUID"] = str(uuid.uuid4())
            if operation.task == "getTaskDetails":
                continue
            line.send(json.dumps([task]))
            frame = json.loads(line.recv(timeout=60))
            name = "errors" if "errors" in frame else f"{operation.name}Answer"
            assert judges[operation.name].accepts([task])
            assert judges[name].accepts(frame), (name, frame)
            assert name != "errors", frame
        line.send(json.dumps([{"taskType": "videoInferences"}]))
        refused = json.loads(line.recv(timeout=60))
        assert judges["errors"].accepts(refused)
        assert "errors" in refused
