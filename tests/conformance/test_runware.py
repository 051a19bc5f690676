"""Whatever a valid or broken request says, the emulator keeps every promise of the contract.

The wire is judged as raw JSON: neither the client's nor the emulator's codec has a say in it.
"""

import json
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sink import Sink
from stage import Stage
from understudy.clock import ManualClock
from understudy_contracts import strategies
from understudy_contracts.checks import Exchange, Webhook, violations
from understudy_contracts.provider import contract

RUNWARE = contract("runware")
MODELS = sorted(RUNWARE.models)


class Conversation:
    """Speaks to the emulator and keeps the whole exchange for the judges."""

    def __init__(self, patient_server):
        self.stage = Stage(*patient_server, f"conformance-{uuid.uuid4()}")
        self.exchanges = []

    def say(self, *tasks):
        response = self.stage.post(*tasks)
        exchange = Exchange(list(tasks), response.status_code, response.json(), self.stage.clock.now())
        self.exchanges.append(exchange)
        return exchange

    def poll(self, uuid):
        return self.say({"taskType": "getResponse", "taskUUID": uuid}).body

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stage.http.close()


def without_callbacks(request):
    return {name: value for name, value in request.items() if name not in ("webhookURL", "uploadEndpoint")}


@pytest.mark.parametrize("model", MODELS)
@given(data=st.data())
def test_every_valid_request_is_accepted_and_lives_a_lawful_life(patient_server, model, data):
    request = without_callbacks(data.draw(strategies.request("runware", model)))
    request["taskUUID"] = str(uuid.uuid4())
    steps = data.draw(st.lists(st.floats(0, 40), max_size=6))
    with Conversation(patient_server) as talk:
        submitted = talk.say(request)
        assert (submitted.status, submitted.body) == (
            200,
            {"data": [{"taskType": "videoInference", "taskUUID": request["taskUUID"]}]},
        )
        for step in steps:
            talk.poll(request["taskUUID"])
            talk.stage.clock.advance(step)
        talk.stage.clock.advance(100_000)
        final = talk.poll(request["taskUUID"])
        assert [item["status"] for item in final["data"]] == ["success"] * int(request.get("numberResults", 1))
        told = sum(item.get("cost", 0) for item in final["data"])
        ledger = talk.stage.ledger()
        charged = -sum(entry["amount"] for entry in ledger["entries"] if entry["kind"] == "charge")
        assert charged > 0
        if request.get("includeCost"):
            assert charged == pytest.approx(told, abs=1e-9)
        assert violations(talk.exchanges, provider="runware") == []


@pytest.mark.parametrize("model", MODELS)
@given(data=st.data())
def test_every_broken_request_is_refused_by_the_name_of_what_is_wrong(patient_server, model, data):
    broken = data.draw(strategies.broken_request("runware", model))
    with Conversation(patient_server) as talk:
        exchange = talk.say(broken.request)
        assert exchange.status in (400, 404)
        assert exchange.body["data"] == []
        named = [error.get("parameter") for error in exchange.body["errors"]]
        assert any(broken.parameter == name or broken.parameter in (name or ()) for name in named), (
            broken,
            exchange.body,
        )
        assert [entry["kind"] for entry in talk.stage.ledger()["entries"]] == ["opening"]
        assert violations(talk.exchanges, provider="runware") == []


@settings(max_examples=12)
@given(data=st.data())
def test_polls_and_webhooks_tell_the_same_story(patient_server, data):
    with Sink() as sink, Conversation(patient_server) as talk:
        expected = 0
        requests = []
        for _ in range(data.draw(st.integers(1, 3))):
            request = without_callbacks(data.draw(strategies.request("runware", "heygen:avatar@4")))
            request |= {
                "taskUUID": str(uuid.uuid4()),
                "webhookURL": sink.url,
                "numberResults": data.draw(st.integers(1, 4)),
            }
            if data.draw(st.booleans()):
                request["positivePrompt"] = "[[error:processingFailed]]"
            assert talk.say(request).status == 200
            expected += request["numberResults"]
            requests.append(request)
        for step in data.draw(st.lists(st.floats(0, 20), max_size=5)):
            talk.stage.clock.advance(step)
            for request in requests:
                talk.poll(request["taskUUID"])
        talk.stage.clock.advance(100_000)
        for request in requests:
            talk.poll(request["taskUUID"])
        webhooks = [Webhook(json.loads(one.body), talk.stage.clock.now()) for one in sink.wait(expected)]
        assert len(webhooks) == expected
        assert violations(talk.exchanges, webhooks, provider="runware") == []


def test_the_switches_that_settle_disagreements_are_obeyed(make_server, key, request):
    task = {
        "taskType": "videoInference",
        "taskUUID": str(uuid.uuid4()),
        "model": "heygen:avatar@4",
        "inputs": {"avatar": "man_casual_young_adult"},
        "speech": {"text": "Hello."},
    }

    def stage(**switches):
        clock = ManualClock()
        named = {f"runware.{name.replace('_', '-')}": value for name, value in switches.items()}
        made = Stage(make_server(clock, switches=named), clock, key)
        request.addfinalizer(made.http.close)
        return made

    def failed(**switches):
        made = stage(**switches)
        made.post({**task, "positivePrompt": "[[error:taskFailed]]"})
        made.clock.advance(1000)
        return made.poll(task)

    assert stage(acknowledgement="empty").post(task).json() == {"data": []}
    assert stage(resolution="page").post({**task, "resolution": "480p"}).status_code == 400
    assert stage(resolution="sdk-1.8.0").post({**task, "resolution": "480p"}).status_code == 200
    assert stage(values="known").post({**task, "inputs": {"avatar": "somebody_else"}}).status_code == 400
    assert stage(values="known").post(task).status_code == 200
    assert stage(drivers="optional").post({**task, "inputs": {}, "speech": {}}).status_code == 200
    assert stage(voice_with_text="required").post(task).status_code == 400
    v7 = {**task, "taskUUID": "01890a5d-ac96-774b-bcce-b302099a8057"}
    assert stage(task_uuid="v4").post(v7).status_code == 400
    assert stage(task_uuid="any").post(v7).status_code == 200
    assert (
        stage(unknown_task="error").post({"taskType": "getResponse", "taskUUID": task["taskUUID"]}).status_code == 404
    )

    in_data = failed(failed_task="data")
    assert [item["error"]["code"] for item in in_data["data"]] == ["taskFailed"]
    assert "errors" not in in_data
    both = failed(failed_task="both")
    assert both["data"][0]["status"] == "error"
    assert both["errors"][0]["code"] == "taskFailed"

    plain = stage(success_status_field="off")
    plain.post(task)
    plain.clock.advance(1000)
    assert "status" not in plain.poll(task)["data"][0]

    with Sink() as sink:
        flat = stage(webhook_body="flat")
        flat.post({**task, "webhookURL": sink.url})
        flat.clock.advance(1000)
        [one] = sink.wait(1)
        assert json.loads(one.body)["taskUUID"] == task["taskUUID"]

    broke = "[[error:videoInferenceInsufficientCredits]]"
    assert stage(credit_status="402").post({**task, "positivePrompt": broke}).status_code == 402
