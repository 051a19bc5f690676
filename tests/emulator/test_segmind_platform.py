"""What Segmind has around its models: workflows, uploads, history, accounts, webhooks and fine-tuning."""

import base64
import io
import json
import struct
import time
import uuid
from datetime import timedelta

import httpx
import pytest

from gateway import AVATAR, Gateway, call
from sink import Sink
from understudy.config import Speed
from understudy.moments import day
from understudy_contracts.provider import contract

SEGMIND = contract("segmind")
WORKFLOW = "/workflows/0123456789abcdef01234567-v2"


@pytest.fixture
def patient(patient_server, key):
    """A caller under a clock that only the test moves."""
    server, clock = patient_server
    with Gateway(server, key, clock) as made:
        yield made


@pytest.fixture
def hasty(make_server, key):
    """A caller of a server where everything is done at once."""
    with Gateway(make_server(speed=Speed.parse("instant")), key) as made:
        yield made


def fits(schema, document):
    assert SEGMIND.judge(schema).violations(document) == []
    return document


def test_a_workflow_is_queued_polled_and_ends_in_json_within_a_string(patient):
    submitted = fits("workflow-submit-answer", patient.http.post(WORKFLOW, json={"prompt": "A sunset"}).json())
    assert len(submitted["request_id"]) == 32
    assert submitted["poll_url"] == f"{patient.server.url}/workflows/request/{submitted['request_id']}"
    assert patient.http.get(submitted["poll_url"]).json() == {"status": "QUEUED", "output": ""}
    patient.clock.advance(1_000)
    done = fits("workflow-answer", patient.http.get(submitted["poll_url"]).json())
    [output] = json.loads(done["output"])
    assert output["value"]["type"] == "video"
    assert httpx.get(output["value"]["data"], trust_env=False).headers["content-type"] == "video/mp4"
    assert patient.credits() < 100_000


@pytest.mark.parametrize(
    ("stance", "keys"),
    [("both", {"error_message", "error"}), ("error", {"error"}), ("error_message", {"error_message"})],
)
def test_a_workflow_that_fails_says_so_with_200_and_costs_nothing(make_server, key, stance, keys):
    server = make_server(speed=Speed.parse("instant"), switches={"segmind.workflow-failure": stance})
    with Gateway(server, key) as caller:
        submitted = caller.http.post(WORKFLOW, json={"prompt": "[[error:inferenceFailed]]"}).json()
        failed = caller.http.get(submitted["poll_url"])
        assert failed.status_code == 200
        assert failed.json()["status"] == "FAILED"
        assert set(failed.json()) - {"status", "output"} == keys
        assert caller.credits() == 100_000


def test_what_cannot_be_a_workflow_is_not_found(patient):
    assert patient.error(patient.http.post("/workflows/my-flow", json={})) == (404, "Workflow my-flow not found")
    assert patient.error(patient.http.get("/workflows/request/0"))[0] == 404


def test_a_workflow_by_its_slug_is_polled_as_models_are(hasty):
    submitted = hasty.http.post("/workflows/v2/my-flow", json={}).json()
    assert hasty.http.get(submitted["status_url"]).json()["status"] == "COMPLETED"
    result = hasty.http.get(submitted["response_url"]).json()
    assert json.loads(result["output"])[0]["value"]["type"] == "video"


@pytest.mark.parametrize("prompt", ["A sunset", "[[error:inferenceFailed]]"])
def test_a_webhook_hears_of_workflows_good_or_bad(hasty, prompt):
    with Sink() as sink:
        hasty.http.post("/webhook/add", json={"webhook_url": sink.url, "event": {"types": ["GRAPH_RUN"]}})
        submitted = hasty.http.post(WORKFLOW, json={"prompt": prompt}).json()
        [received] = sink.wait(1)
        event = fits("webhook-event", json.loads(received.body))
        assert (event["event_type"], event["data"]["request_id"]) == ("GRAPH_RUN", submitted["request_id"])
        assert event["data"]["status"] == hasty.http.get(submitted["poll_url"]).json()["status"]


def test_uploads_get_urls_under_both_names_and_can_be_fetched_without_a_key(patient):
    contents = [b"\x89PNG face", b"song", "plain words"]
    urls = [
        f"data:image/png;base64,{base64.b64encode(contents[0]).decode()}",
        f"data:audio/mpeg;base64,{base64.b64encode(contents[1]).decode()}",
        "data:,plain%20words",
    ]
    answer = fits("upload-answer", patient.http.post("/upload-asset", json={"data_urls": urls}).json())
    assert answer["message"] == "Files uploaded successfully"
    assert answer["file_urls"] == answer["urls"]
    fetched = [httpx.get(url, trust_env=False) for url in answer["file_urls"]]
    assert [one.content for one in fetched] == [contents[0], contents[1], b"plain words"]
    assert [one.headers["content-type"].partition(";")[0] for one in fetched] == [
        "image/png",
        "audio/mpeg",
        "text/plain",
    ]


@pytest.mark.parametrize("stance", ["file_urls", "urls"])
def test_under_which_name_the_urls_come_is_a_switch(make_server, key, stance):
    with Gateway(make_server(switches={"segmind.upload-answer": stance}), key) as caller:
        answer = caller.http.post("/upload-asset", json={"data_urls": ["data:,x"]}).json()
        assert set(answer) == {stance, "message"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"data_urls": []},
        {"data_urls": "data:,x"},
        {"data_urls": ["data:,x", "https://x.example/a.png"]},
        {"data_urls": ["data:image/png;base64,%%%"]},
        {"data_urls": [5]},
        {"data_urls": ["data:,x"] * 101},
    ],
)
def test_what_is_no_list_of_data_urls_is_refused(patient, body):
    assert patient.error(patient.http.post("/upload-asset", json=body))[0] == 400


def test_the_models_can_be_listed_by_anybody(patient):
    http = httpx.Client(base_url=patient.server.url, trust_env=False, verify=False)
    for query in ("", "?segmind_model=True"):
        listed = fits("models-answer", http.get(f"/inference-model-information/list{query}").json())
        [models] = listed.values()
        assert AVATAR in {model["slug"] for model in models}
        assert "pixelflow" not in {model["slug"] for model in models}
    http.close()


def test_the_account_says_what_is_left_and_what_was_spent(patient):
    patient.finished()
    told = fits("account-answer", patient.http.get("/api/auth/authenticate").json())
    assert told["credits"]["balance"] == patient.credits()
    assert told["credits"]["used"] + told["credits"]["balance"] == pytest.approx(100_000)
    fits("credits-answer", patient.http.get("/v1/get-user-credits").json())


def test_generations_are_what_was_made_newest_first(hasty):
    results = [hasty.submit(script=f"Clip number {number}.") for number in range(23)]
    hasty.http.post("/v2/gpt-5.5", json={"prompt": "words"})
    hasty.http.post(f"/v2/{AVATAR}", json={})
    listed = fits("generations-answer", hasty.http.get("/inference-request/generations").json())
    assert (len(listed["generations"]), listed["total"], listed["page"]) == (20, 24, 1)
    assert listed["generations"][0]["model_name"] == "gpt-5.5"
    second = hasty.http.get("/inference-request/generations", params={"page": 2, "model_name": AVATAR}).json()
    assert [row["request_id"] for row in second["generations"]] == [made["request_id"] for made in results[2::-1]]
    recent = fits(
        "recent-generations-answer",
        hasty.http.get("/inference-request/recent-generations", params={"model_name": "gpt-5.5"}).json(),
    )
    assert [row["prompt"] for row in recent["generations"]] == ["words"]


def test_the_history_has_everything_and_its_filters_and_pages_hold(patient):
    first = patient.finished(script="First.")["request_id"]
    patient.http.post(f"/v2/{AVATAR}", json={})
    patient.clock.advance(10)
    pending = patient.submit(script="A much longer script, which costs more than the others do.")["request_id"]

    def history(**query):
        response = patient.http.get("/inference-request/request-history", params=query)
        return fits("history-answer", response.json())["requests"]

    assert [row["model_status"] for row in history()] == ["PENDING", "FAILED", "COMPLETED"]
    assert [row["request_id"] for row in history(status="COMPLETED")] == [first]
    assert [row["request_id"] for row in history(status="PENDING")] == [pending]
    assert history(status="FAILED")[0]["error"]
    assert history(model_name="gen-avatar")[0]["model_name"] == AVATAR
    assert history(model_name="nothing") == []
    assert history(sort_order="asc")[0]["request_id"] == first
    assert history(per_page=1, page=2)[0]["model_status"] == "FAILED"
    assert history(per_page=1, page=4) == []
    assert history(sort_by="credits_deduction")[0]["request_id"] == first  # what is not done has cost nothing yet
    patient.clock.advance(8 * 24 * 3600)
    assert history() == []
    made_on = day(patient.clock.now() - 8 * 24 * 3600)
    around = {"from_date": str(made_on - timedelta(days=2)), "to_date": str(made_on + timedelta(days=1))}
    assert len(history(**around)) == 3
    assert history(to_date=around["from_date"]) == []
    # By its id a request is found whenever it was made.
    one = patient.http.get(f"/inference-request/request-history/{first}").json()
    assert fits("history-row", one)["request_body"]["script"] == "First."
    assert patient.error(patient.http.get("/inference-request/request-history/abc")) == (404, "Request abc not found")


@pytest.mark.parametrize(
    "query",
    [
        {"page": "0"},
        {"page": "x"},
        {"per_page": "101"},
        {"status": "QUEUED"},
        {"sort_by": "age"},
        {"sort_order": "up"},
        {"from_date": "yesterday"},
        {"from_date": "20260101"},
        {"from_date": "2026-W02-1"},
        {"from_date": "2025-01-01", "to_date": "2025-02-01"},
        {"from_date": "2025-02-01", "to_date": "2025-01-01"},
        {"user_id": "a", "user_email": "b"},
    ],
    ids=str,
)
def test_a_query_that_makes_no_sense_is_refused_and_names_the_parameter(patient, query):
    status, text = patient.error(patient.http.get("/inference-request/request-history", params=query))
    assert status == 400
    assert text.split()[0] in query


def test_the_first_days_of_all_are_days_like_others(patient):
    query = {"to_date": "0001-01-03"}
    assert patient.http.get("/inference-request/request-history", params=query).json()["total"] == 0


def test_a_webhook_out_of_service_gets_nothing_of_what_was_waiting_however_much(patient):
    with Sink() as sink:
        hook = {"webhook_url": sink.url, "event": {"types": ["GENERATION"]}}
        webhook_id = patient.http.post("/webhook/add", json=hook).json()["webhook_id"]
        for _ in range(1_010):
            patient.http.post("/v2/gpt-5.5", json={"prompt": "x"})
        patient.http.get("/webhook/inactive", params={"webhook_id": webhook_id})
        other = {"webhook_url": f"{sink.url}/other", "event": {"types": ["PIXELFLOW"]}}
        patient.http.post("/webhook/add", json=other)
        patient.http.post(WORKFLOW, json={})
        patient.clock.advance(1_000)
        # What falls due is sent in order of time: once the last is there, the others are not coming.
        assert [one.path for one in sink.wait(1)] == ["/other"]


def test_a_window_of_31_days_is_the_longest(patient):
    query = {"from_date": "2025-01-01", "to_date": "2025-01-31"}
    assert patient.http.get("/inference-request/request-history", params=query).status_code == 200


def test_only_ones_own_requests_can_be_asked_for(patient):
    me = patient.http.get("/api/auth/authenticate").json()
    url = "/inference-request/request-history"
    assert patient.http.get(url, params={"user_id": me["user_id"]}).status_code == 200
    assert patient.http.get(url, params={"user_email": me["email"]}).status_code == 200
    assert patient.error(patient.http.get(url, params={"user_id": str(uuid.uuid4())}))[0] == 403


def test_a_webhook_hears_how_a_job_ended_and_its_log_says_what_became_of_it(hasty):
    with Sink([500]) as sink:
        added = hasty.http.post(
            "/webhook/add", json={"webhook_url": sink.url, "event": {"types": ["MODEL_INFERENCE"]}}
        ).json()
        fits("webhook-answer", added)
        submitted = hasty.submit()
        received = sink.wait(2)
        event = fits("webhook-event", json.loads(received[1].body))
        assert received[0].body == received[1].body  # tried again after the 500, and the same
        assert (event["event_type"], event["data"]["request_id"]) == ("MODEL_INFERENCE", submitted["request_id"])
        assert event["data"]["output"].endswith(".mp4")
        deadline = time.monotonic() + 10
        while len(logs := logs_of(hasty, added["webhook_id"])) < 2:
            assert time.monotonic() < deadline
        assert [(row["status"], row["response_code"]) for row in logs] == [("SUCCESS", 200), ("FAILED", 500)]


def logs_of(caller, webhook_id):
    answer = caller.http.get("/webhook/dispatch-logs", params={"webhook_id": webhook_id}).json()
    return fits("webhook-logs-answer", answer)["logs"]


def test_a_webhook_added_while_a_job_runs_hears_of_it_and_one_out_of_service_does_not(patient):
    with Sink() as sink:
        patient.submit()
        ids = [
            patient.http.post(
                "/webhook/add", json={"webhook_url": f"{sink.url}/{name}", "event": {"types": [kind]}}
            ).json()["webhook_id"]
            for name, kind in (("kept", "GENERATION"), ("stopped", "GENERATION"), ("other", "PIXELFLOW"))
        ]
        stopped = patient.http.get("/webhook/inactive", params={"webhook_id": ids[1]})
        assert stopped.json()["status"] == "success"
        patient.clock.advance(1_000)
        assert [one.path for one in sink.wait(1)] == ["/kept"]
        listed = fits("webhooks-answer", patient.http.get("/webhook/get").json())["webhooks"]
        assert [one["status"] for one in listed] == ["ACTIVE", "INACTIVE", "ACTIVE"]
        assert logs_of(patient, ids[1]) == logs_of(patient, ids[2]) == []


def test_a_changed_webhook_gets_what_is_still_to_come_at_its_new_address(patient):
    with Sink() as sink:
        event = {"types": ["PIXELFLOW"]}
        webhook_id = patient.http.post("/webhook/add", json={"webhook_url": f"{sink.url}/old", "event": event}).json()[
            "webhook_id"
        ]
        patient.http.post(WORKFLOW, json={"prompt": "[[error:inferenceFailed]]"})
        patient.http.post(
            "/webhook/update", json={"webhook_id": webhook_id, "webhook_url": f"{sink.url}/new", "event": event}
        )
        patient.clock.advance(1_000)
        [received] = sink.wait(1)
        assert received.path == "/new"
        assert json.loads(received.body)["data"]["status"] == "FAILED"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"webhook_url": "nowhere", "event": {"types": ["GENERATION"]}},
        {"webhook_url": "http://169.254.169.254/latest", "event": {"types": ["GENERATION"]}},
        {"webhook_url": "http://x.example", "event": {"types": []}},
        {"webhook_url": "http://x.example", "event": {"types": [5]}},
        {"webhook_url": "http://x.example", "event": "GENERATION"},
    ],
)
def test_a_webhook_that_makes_no_sense_is_refused(patient, body):
    assert patient.error(patient.http.post("/webhook/add", json=body))[0] == 400
    assert patient.http.get("/webhook/get").json() == {"webhooks": []}


def test_a_webhook_nobody_added_is_not_found(patient):
    for path in ("/webhook/inactive", "/webhook/dispatch-logs"):
        for query in ({}, {"webhook_id": "x"}, {"webhook_id": str(uuid.uuid4())}):
            assert patient.error(patient.http.get(path, params=query))[0] == 404


def training(**fields):
    return {
        "name": "My Face",
        "data_source_path": "s3://bucket/faces.zip",
        "instance_prompt": "a photo of sks",
        "trigger_word": "sks",
        "base_model": "FLUX",
        "train_type": "LORA",
        "machine_type": "NVIDIA_A100_40GB",
        "segmind_public": False,
        **fields,
    }


def details(caller, finetune_id):
    answer = caller.http.request("GET", "/finetune/request/details", json={"request_id": finetune_id})
    return fits("finetune-answer", answer.json())["finetune"]


def test_a_training_goes_through_its_steps_and_ends_in_a_file(patient):
    named = patient.http.request("GET", "/finetune/request/upload/pre-signed-url", json={"name": "faces.zip"}).json()
    fits("finetune-upload-answer", named)
    with httpx.Client(trust_env=False, verify=False) as http:
        assert http.put(named["presigned_url"], content=b"zipped faces").status_code == 200
        assert http.get(named["s3_url"]).content == b"zipped faces"
        body = training(data_source_path=named["s3_url"])
        submitted = patient.http.post("/finetune/request/submit", json=body).json()
        assert fits("finetune-submit-answer", submitted)["status"] == "REQUESTED"
        finetune_id = submitted["finetune_id"]
        seen = [details(patient, finetune_id)["status"]]
        for _ in range(1_000):
            patient.clock.advance(0.5)
            if (status := details(patient, finetune_id)["status"]) != seen[-1]:
                seen.append(status)
            if status == "AVAILABLE":
                break
        assert seen == [
            "REQUESTED",
            "DATA_PROCESSING",
            "TRAINING_INITIATED",
            "TRAINING_COMPLETED",
            "DEPLOYING",
            "AVAILABLE",
        ]
        done = details(patient, finetune_id)
        form = {"cloud_storage_url": done["cloud_storage_url"]}
        where = patient.http.request("GET", "/finetune/request/file/download", data=form)
        assert where.headers["content-type"].startswith("text/plain")
        model = io.BytesIO(http.get(where.text).content)
        [length] = struct.unpack("<Q", model.read(8))
        assert json.loads(model.read(length))["__metadata__"]["finetune_id"] == finetune_id
    changed = patient.http.put(
        "/finetune/request/access-update", data={"request_id": finetune_id, "segmind_public": "True"}
    )
    assert (changed.status_code, changed.content) == (200, b"")
    assert details(patient, done["id"])["public_model"] is True  # either of its two ids will do
    [listed] = fits("finetunes-answer", patient.http.get("/finetune/request/list").json())
    assert listed == details(patient, finetune_id)


def test_a_training_without_its_data_set_fails_and_says_why(patient):
    named = patient.http.request("GET", "/finetune/request/upload/pre-signed-url", json={"name": "faces.zip"}).json()
    submitted = patient.http.post("/finetune/request/submit", json=training(data_source_path=named["s3_url"])).json()
    patient.clock.advance(1_000)
    failed = details(patient, submitted["finetune_id"])
    assert (failed["status"], bool(failed["error_message"]), failed["cloud_storage_url"]) == ("FAILED", True, None)


def test_webhooks_hear_of_the_steps_they_asked_for(patient):
    with Sink() as sink:
        types = ["TRAINING_COMPLETED", "AVAILABLE"]
        patient.http.post("/webhook/add", json={"webhook_url": sink.url, "event": {"types": types}})
        patient.http.post("/finetune/request/submit", json=training())
        patient.clock.advance(10_000)
        assert sorted(json.loads(one.body)["event_type"] for one in sink.wait(2)) == sorted(types)


@pytest.mark.parametrize(
    ("method", "path", "sent", "status"),
    [
        ("POST", "/submit", {"json": {}}, 400),
        ("POST", "/submit", {"json": training(machine_type="ABACUS")}, 400),
        ("POST", "/submit", {"content": b"rubbish"}, 400),
        ("GET", "/details", {"json": {}}, 404),
        ("GET", "/details", {"json": {"request_id": "x"}}, 404),
        ("GET", "/details", {}, 400),
        ("GET", "/upload/pre-signed-url", {"json": {"name": "../../etc/passwd"}}, 400),
        ("GET", "/upload/pre-signed-url", {"json": {}}, 400),
        ("PUT", "/access-update", {"data": {"request_id": "x", "segmind_public": "True"}}, 404),
        ("PUT", "/access-update", {}, 404),
        ("GET", "/file/download", {"data": {"cloud_storage_url": "s3://nothing"}}, 404),
    ],
)
def test_a_call_about_training_that_makes_no_sense_is_refused(patient, method, path, sent, status):
    assert patient.error(patient.http.request(method, f"/finetune/request{path}", **sent))[0] == status


def test_only_an_address_that_was_handed_out_can_be_uploaded_to_and_only_in_time(patient):
    named = patient.http.request("GET", "/finetune/request/upload/pre-signed-url", json={"name": "faces.zip"}).json()
    with httpx.Client(base_url=patient.server.url, trust_env=False, verify=False) as http:
        assert http.put("/finetune-data/me/mine/faces.zip", content=b"x").status_code == 403
        assert http.get(named["s3_url"]).status_code == 404
        patient.clock.advance(3_601)
        assert http.put(named["presigned_url"], content=b"x").status_code == 403


def test_the_sample_of_the_page_is_a_call_that_is_accepted(hasty):
    [sample] = [example for example in SEGMIND.examples if "/v1/" in json.dumps(example)][:1]
    assert hasty.http.post(f"/v1/{AVATAR}", json=sample["request"]).status_code == 200
    assert set(call()) <= set(sample["request"])
