"""Whatever a valid or broken payload says, the emulator keeps every promise of GMI Cloud's contract."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from first import first
from stage import Stage
from understudy.clock import ManualClock
from understudy.config import Speed
from understudy_contracts import strategies
from understudy_contracts.checks import Exchange, violations
from understudy_contracts.provider import contract

KEYED = "/api/v1/ie/requestqueue/apikey"
MODELS = contract("gmi").models


@pytest.fixture(scope="module")
def prompt_server(cache):
    """Under a clock that stands still everything is done at once, so that a model that makes wait does not."""
    from understudy.config import Settings
    from understudy.server import Server

    clock = ManualClock()
    with Server(Settings(port=0, cache_dir=cache, speed=Speed.parse("instant")), clock) as server:
        yield server, clock


class Conversation:
    """Speaks to the queue and keeps the whole exchange for the judges."""

    def __init__(self, server):
        self.stage = Stage(*server, f"conformance-{uuid.uuid4()}")
        self.exchanges = []

    def say(self, method, path, body=None):
        response = self.stage.http.request(method, f"{KEYED}{path}", json=body)
        self.exchanges.append(
            Exchange(
                body,
                response.status_code,
                response.json(),
                self.stage.clock.now(),
                method=method,
                path=f"{KEYED}{path}",
            )
        )
        return response

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stage.http.close()


def texts(value):
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return [value] if isinstance(value, str) else []


def server_for(model, patient_server, prompt_server):
    return prompt_server if model.output.delivery == "sync" else patient_server


@pytest.mark.parametrize("name", sorted(MODELS))
@given(data=st.data())
def test_every_valid_payload_lives_a_lawful_life(patient_server, prompt_server, name, data):
    model = MODELS[name]
    payload = data.draw(strategies.request("gmi", name))
    with Conversation(server_for(model, patient_server, prompt_server)) as talk:
        submitted = talk.say("POST", "/requests", {"model": name, "payload": payload})
        if contract("gmi").gated(name, payload):
            assert submitted.status_code == 404
            return
        assert submitted.status_code == 200, submitted.text
        path = f"/requests/{submitted.json()['request_id']}"
        for step in data.draw(st.lists(st.floats(0, 20), max_size=4)):
            talk.say("GET", path)
            talk.stage.clock.advance(step)
        talk.stage.clock.advance(1_000_000)
        record = talk.say("GET", path).json()
        assert record["status"] == "success"
        assert record["payload"] == payload
        assert not [text for text in texts(record["outcome"]) if text.startswith("$")]
        assert talk.say("GET", f"/requests?model_id={name}").json()["requests"] == [record]
        [charge] = [entry for entry in talk.stage.ledger()["entries"] if entry["kind"] == "charge"]
        assert charge["amount"] < 0
        assert violations(talk.exchanges, provider="gmi") == []


@pytest.mark.parametrize("name", sorted(MODELS))
@given(data=st.data())
def test_every_broken_payload_is_refused_by_the_name_of_what_is_wrong(patient_server, name, data):
    broken = data.draw(strategies.broken_request("gmi", name))
    with Conversation(patient_server) as talk:
        response = talk.say("POST", "/requests", {"model": name, "payload": broken.request})
        assert response.status_code == 400
        assert broken.parameter in response.json()["error"]
        assert talk.say("GET", "/requests").json()["total"] == 0
        assert [entry["kind"] for entry in talk.stage.ledger()["entries"]] == ["opening"]
        assert violations(talk.exchanges, provider="gmi") == []


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_model_makes_files_of_its_kind(prompt_server, name, tmp_path):
    from understudy.media.inspect import inspect

    model = MODELS[name]
    payload = _simplest(name)
    with Conversation(prompt_server) as talk:
        submitted = talk.say("POST", "/requests", {"model": name, "payload": payload})
        record = talk.say("GET", f"/requests/{submitted.json()['request_id']}").json()
        for url in {text for text in texts(record["outcome"]) if text.startswith("http")}:
            response = talk.stage.http.get(url)
            assert response.status_code == 200, url
            path = tmp_path / url.rpartition("/")[2]
            path.write_bytes(response.content)
            info = inspect(path)
            kind = response.headers["content-type"].partition("/")[0]
            assert kind in (model.output.kind, "image")
            assert (info.video_codec is None) == (kind == "audio")


def _simplest(name):
    """The first payload that Hypothesis thinks of: it begins with the simplest, so nothing need be made smaller."""
    payloads = strategies.request("gmi", name)
    return first(payloads, lambda payload: not contract("gmi").gated(name, payload))
