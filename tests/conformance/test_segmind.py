"""Whatever valid or broken parameters say, the emulator keeps every promise of Segmind's contract."""

import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import Gateway
from understudy.clock import ManualClock
from understudy.config import Settings, Speed
from understudy.server import Server
from understudy_contracts import strategies
from understudy_contracts.checks import Exchange, violations
from understudy_contracts.errors import refusal_of
from understudy_contracts.provider import contract

SEGMIND = contract("segmind")
CALLABLE = sorted(name for name, model in SEGMIND.models.items() if model.operation != "workflow")
WORKFLOW = "/workflows/0123456789abcdef01234567-v1"


@pytest.fixture(scope="module")
def prompt_server(cache):
    """Everything is done at once here, so that a call on v1 need not wait."""
    clock = ManualClock()
    with Server(Settings(port=0, cache_dir=cache, speed=Speed.parse("instant")), clock) as server:
        yield server, clock


class Conversation(Gateway):
    """Speaks to the gateway and keeps the whole exchange for the judges."""

    def __init__(self, server):
        running, clock = server
        super().__init__(running, f"conformance-{uuid.uuid4()}", clock)
        self.exchanges = []

    def say(self, method, path, body=None):
        response = self.http.request(method, path, json=body)
        is_json = response.headers["content-type"].startswith("application/json")
        told = response.json() if is_json else response.content
        self.exchanges.append(
            Exchange(
                body,
                response.status_code,
                told,
                self.clock.now(),
                method=method,
                path=path,
                headers=dict(response.headers),
            )
        )
        return response

    def keeps_its_promises(self):
        assert violations(self.exchanges, provider="segmind") == []


@pytest.mark.parametrize("name", CALLABLE)
@given(data=st.data())
def test_every_valid_call_lives_a_lawful_life_in_the_queue(patient_server, name, data):
    fields = data.draw(strategies.request("segmind", name))
    with Conversation(patient_server) as talk:
        submitted = talk.say("POST", f"/v2/{name}", fields)
        assert submitted.status_code == 200, submitted.text
        path = f"/v2/requests/{submitted.json()['request_id']}"
        for step in data.draw(st.lists(st.floats(0, 20), max_size=4)):
            talk.say("GET", f"{path}/status")
            talk.clock.advance(step)
        talk.clock.advance(3_000)
        assert talk.say("GET", f"{path}/status").json()["status"] == "COMPLETED"
        [row] = talk.say("GET", "/inference-request/request-history").json()["requests"]
        assert row["request_body"] == fields
        talk.say("GET", "/v1/get-user-credits")
        talk.keeps_its_promises()


@pytest.mark.parametrize("name", CALLABLE)
@settings(max_examples=3)
@given(data=st.data())
def test_every_valid_call_gets_its_result_either_way(prompt_server, name, data):
    fields = data.draw(strategies.request("segmind", name))
    with Conversation(prompt_server) as talk:
        assert talk.say("POST", f"/v1/{name}", fields).status_code == 200
        queued = talk.say("POST", f"/v2/{name}", fields).json()
        result = talk.say("GET", f"/v2/requests/{queued['request_id']}").json()
        assert result["status"] == "COMPLETED"
        talk.say("GET", "/inference-request/generations")
        talk.keeps_its_promises()


@settings(max_examples=3)
@given(inputs=st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=4))
def test_a_workflow_takes_any_inputs(prompt_server, inputs):
    with Conversation(prompt_server) as talk:
        submitted = talk.say("POST", WORKFLOW, inputs).json()
        assert talk.say("GET", f"/workflows/request/{submitted['request_id']}").json()["status"] == "COMPLETED"
        talk.keeps_its_promises()


@pytest.mark.parametrize("name", CALLABLE)
@given(data=st.data())
def test_every_broken_call_is_refused_at_once_or_fails_in_the_queue_and_costs_nothing(patient_server, name, data):
    broken = data.draw(strategies.broken_request("segmind", name))
    found = SEGMIND.model_judge(name).violations(broken.request)
    expected = refusal_of("segmind", found[0])
    with Conversation(patient_server) as talk:
        refused = talk.say("POST", f"/v1/{name}", broken.request)
        assert refused.status_code == expected.status
        assert talk.say("GET", "/inference-request/request-history").json()["requests"] == []
        submitted = talk.say("POST", f"/v2/{name}", broken.request).json()
        talk.clock.advance(10)
        failed = talk.say("GET", f"/v2/requests/{submitted['request_id']}/status")
        assert failed.status_code == 422
        assert failed.json()["error"] == refused.json()["error"]
        assert talk.credits() == 100_000
        talk.keeps_its_promises()
