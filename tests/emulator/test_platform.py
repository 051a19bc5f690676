"""Runware's tasks around inference, and what it publishes beside its API."""

import base64
import io
import json
import socket
import threading
import time
import uuid
from contextlib import contextmanager

import httpx
import pytest
from PIL import Image

from attachments import wav
from stage import Stage, video_task
from understudy.clock import ManualClock
from understudy.config import Speed
from understudy.media.inspect import inspect
from understudy_contracts.provider import contract
from website import Handler, website

RUNWARE = contract("runware")


def png(width=300, height=600):
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def recording(seconds):
    return base64.b64encode(wav(seconds)).decode()


def perform(stage, schema=None, /, **fields):
    """The one item that a task is answered with, as its schema has it."""
    task = {"taskUUID": str(uuid.uuid4()), **fields}
    answer = stage.post(task).json()
    assert "errors" not in answer, answer
    for item in answer["data"]:
        assert schema is None or RUNWARE.judge(schema).violations(item) == []
    return answer["data"][0]


def refusal(stage, **fields):
    response = stage.post({"taskUUID": str(uuid.uuid4()), **fields})
    [error] = response.json()["errors"]
    return error["code"], error["parameter"]


def store(stage, media):
    return perform(stage, "media-storage-answer", taskType="mediaStorage", operation="upload", media=media)


def test_stored_media_are_kept_as_they_are_until_they_are_deleted(stage):
    made = store(stage, png())
    fetched = httpx.get(made["mediaURL"], trust_env=False)
    assert (fetched.headers["content-type"], base64.b64encode(fetched.content).decode()) == ("image/png", png())
    gone = {"taskType": "mediaStorage", "operation": "delete", "media": made["mediaUUID"].upper()}
    assert perform(stage, "media-storage-answer", **gone)["mediaUUID"] == made["mediaUUID"]
    assert httpx.get(made["mediaURL"], trust_env=False).status_code == 404
    assert refusal(stage, **gone) == ("mediaNotFound", "media")


def test_media_of_one_account_are_not_anothers_to_delete(stage):
    made = store(stage, png())
    other = Stage(stage.server, stage.clock, f"other-{uuid.uuid4()}")
    gone = {"taskType": "mediaStorage", "operation": "delete", "media": made["mediaUUID"]}
    assert refusal(other, **gone) == ("mediaNotFound", "media")
    other.http.close()
    assert httpx.get(made["mediaURL"], trust_env=False).status_code == 200


@pytest.mark.parametrize("task", ["imageUpload", "mediaStorage"])
def test_the_bytes_of_a_stored_picture_shape_the_video(stage, tmp_path, task):
    if task == "imageUpload":
        made = perform(stage, "image-upload-answer", taskType=task, image=f"data:image/png;base64,{png()}")
        picture = made["imageUUID"]
    else:
        picture = store(stage, png())["mediaUUID"]
    asked = video_task(inputs={"image": picture}, resolution="720p")
    assert "errors" not in stage.post(asked).json()
    if task == "mediaStorage":  # what was asked for is settled: the picture may go
        perform(stage, taskType=task, operation="delete", media=picture)
    stage.clock.advance(1_000)
    file = tmp_path / "video.mp4"
    file.write_bytes(httpx.get(stage.poll(asked)["data"][0]["videoURL"], trust_env=False).content)
    seen = inspect(file)
    assert (seen.width, seen.height) == (720, 1440)


def test_the_bytes_of_a_stored_recording_decide_length_and_price(stage):
    made = store(stage, f"data:audio/wav;base64,{recording(7)}")["mediaUUID"]
    asked = video_task(inputs={"avatar": "a", "audio": made}, speech=None, includeCost=True)
    assert "errors" not in stage.post(asked).json()
    stage.clock.advance(1_000)
    price = RUNWARE.models["heygen:avatar@4"].price.cost(7)
    assert stage.poll(asked)["data"][0]["cost"] == float(price)


def test_whether_an_unknown_uuid_is_taken_is_a_switch(stage, make_server, key):
    stranger = video_task(inputs={"avatar": "a", "background": str(uuid.uuid4())})
    assert "errors" not in stage.post(stranger).json()
    clock = ManualClock()
    strict = Stage(make_server(clock, switches={"runware.stored-media": "known"}), clock, key)
    [error] = strict.post(video_task(inputs=stranger["inputs"])).json()["errors"]
    assert (error["code"], error["parameter"]) == ("mediaNotFound", "inputs.background")
    known = store(strict, png())["mediaUUID"]
    assert "errors" not in strict.post(video_task(inputs={"avatar": "a", "background": known})).json()
    strict.http.close()


def test_media_behind_a_url_are_fetched_from_this_machine_only(stage):
    made = store(stage, png())
    assert httpx.get(store(stage, made["mediaURL"])["mediaURL"], trust_env=False).content == base64.b64decode(png())
    stand_in = httpx.get(store(stage, "https://pictures.example/a.png")["mediaURL"], trust_env=False)
    assert Image.open(io.BytesIO(stand_in.content)).size == (512, 512)


@contextmanager
def program(status, body):
    """Another program on this machine, and the address of what it hands out."""

    class Other(Handler):
        def get(self):
            self.answer(body, status)

    with website(Other) as url:
        yield f"{url}/admin"


@pytest.mark.parametrize(
    ("status", "body"), [(200, b'{"secret": "of this machine"}'), (404, b"nothing"), (200, b"")], ids=str
)
def test_what_another_program_here_answers_is_kept_only_if_it_is_media(stage, status, body):
    with program(status, body) as url:
        task = {"taskType": "mediaStorage", "operation": "upload", "media": url}
        assert refusal(stage, **task) == ("downloadFailed", "media")


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as trial:
            trial.bind(("::1", 0))
    except OSError:
        return False
    return True


IPV6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", pytest.param("::1", marks=IPV6)])
def test_who_is_open_to_this_machine_only_keeps_the_media_of_its_programs(make_server, key, host):
    clock = ManualClock()
    stage = Stage(make_server(clock, host=host), clock, key)
    with program(200, base64.b64decode(png())) as url:
        stored = store(stage, url)["mediaURL"]
    assert httpx.get(stored, trust_env=False).content == base64.b64decode(png())
    stage.http.close()


def test_who_is_open_to_others_reads_nothing_for_them_on_this_machine(make_server, key):
    clock = ManualClock()
    server = make_server(clock, host="0.0.0.0")
    stage = Stage(server, clock, key)
    url = store(stage, png())["mediaURL"]
    assert "mediaURL" in store(stage, url)  # what is stored here is no secret of the machine's
    elsewhere = {"taskType": "mediaStorage", "operation": "upload", "media": "http://127.0.0.1:1/a.png"}
    assert refusal(stage, **elsewhere) == ("downloadFailed", "media")
    stage.http.close()


@pytest.mark.parametrize(
    "fields",
    [
        {"taskType": "imageUpload"},
        {"taskType": "imageUpload", "image": "data:image/png;base64,AAAA"},
        {"taskType": "ping", "ping": "pong"},
        {"taskType": "imageUpload", "image": 5},
        {"taskType": "imageUpload", "image": "aGVsbG8h"},
        {"taskType": "mediaStorage", "media": png()},
        {"taskType": "mediaStorage", "operation": "burn", "media": png()},
        {"taskType": "mediaStorage", "operation": "upload", "media": "%%%"},
        {"taskType": "mediaStorage", "operation": "delete", "media": "no-uuid"},
        {"taskType": "getTaskDetails"},
        {"taskType": "accountManagement"},
        {"taskType": "accountManagement", "operation": "guess"},
        {"taskType": "accountManagement", "operation": "getUsageActivity", "startDate": "yesterday"},
        {"taskType": "modelSearch", "limit": 0},
        {"taskType": "modelSearch", "limit": 101},
        {"taskType": "modelSearch", "sort": "age"},
        {"taskType": "modelUpload"},
        {"taskType": "modelUpload", "name": "x"},
    ],
    ids=lambda fields: json.dumps(fields)[:60],
)
def test_a_task_that_makes_no_sense_is_refused_in_runwares_shape(stage, fields):
    response = stage.post({"taskUUID": str(uuid.uuid4()), **fields})
    assert response.status_code in (400, 404)
    assert response.json()["data"] == []
    for error in response.json()["errors"]:
        assert error["parameter"]
        assert error["taskType"] == fields["taskType"]


def test_the_details_of_a_task_are_what_was_asked_and_what_came_of_it(stage):
    good, bad = video_task(), video_task(positivePrompt="[[error:timeoutProvider]]")
    stage.post(good, bad)

    def details(task):
        return perform(stage, "get-task-details-answer", taskType="getTaskDetails", taskUUID=task["taskUUID"])

    assert details(good)["response"]["data"][0]["status"] == "processing"
    stage.clock.advance(1_000)
    assert details(good)["request"] == [good]
    assert details(good)["response"]["data"] == stage.poll(good)["data"]
    assert details(bad)["response"]["errors"] == stage.poll(bad)["errors"]


def test_the_account_knows_its_balance_and_what_was_used(stage):
    stage.post(video_task(includeCost=True), video_task(positivePrompt="[[error:timeoutProvider]]"))
    stage.clock.advance(1_000)
    ask = {"taskType": "accountManagement"}
    told = perform(stage, "account-management-answer", **ask, operation="getDetails")
    assert told["balance"] == {"amount": stage.ledger()["balance"], "currency": "USD"}
    assert stage.key not in json.dumps(told)
    assert told["usage"]["today"] == told["usage"]["total"]
    assert told["usage"]["total"]["credits"] == pytest.approx(100_000 - stage.ledger()["balance"])
    rows = {
        operation: perform(stage, "account-management-answer", **ask, operation=operation, groupBy=["model", "apiKey"])
        for operation in ("getUsageActivity", "getUsagePerformance", "getUsageErrors")
    }
    for answer in rows.values():
        assert RUNWARE.judge("account-usage").violations(answer["usage"]) == []
    assert rows["getUsageActivity"]["usage"]["items"][0]["requests"] == 2
    assert rows["getUsagePerformance"]["usage"]["items"][0]["failed"] == 1
    assert rows["getUsageErrors"]["usage"]["items"][0]["errors"] == {"timeoutProvider": 1}
    stage.clock.advance(40 * 24 * 3600)
    later = perform(stage, **ask, operation="getDetails")["usage"]
    assert (later["total"]["requests"], later["last30Days"]["requests"]) == (2, 0)


def test_usage_can_be_asked_for_by_days_models_and_keys(stage):
    stage.post(video_task())
    ask = {"taskType": "accountManagement", "operation": "getUsageActivity"}

    def items(**more):
        return perform(stage, **ask, **more)["usage"]["items"]

    today = items()[0]["date"]
    assert items(startDate=today, endDate=today) == items()
    assert items(startDate="2000-01-01", endDate="2000-12-31") == []
    assert items(models=["heygen:avatar@5"]) == []
    assert items(apiKeys=["somebody-elses"]) == []
    assert items(apiKeys=[stage.key]) == items()


def test_the_balance_is_an_object_or_a_number_by_switch(make_server, key):
    clock = ManualClock()
    stage = Stage(make_server(clock, switches={"runware.balance": "number"}), clock, key)
    told = perform(stage, taskType="accountManagement", operation="getDetails")
    assert told["balance"] == 100_000
    stage.http.close()


def test_models_are_found_by_words_filters_and_pages(stage):
    def search(**fields):
        return perform(stage, "model-search-answer", taskType="modelSearch", **fields)

    everything = search()
    assert {row["air"] for row in everything["results"]} == set(RUNWARE.models)
    assert everything["totalResults"] == len(RUNWARE.models)
    assert [row["air"] for row in search(search="AVATAR@5")["results"]] == ["heygen:avatar@5"]
    assert search(category="lora")["results"] == search(visibility="owned")["results"] == []
    names = [row["name"] for row in search(sort="-name")["results"]]
    assert names == sorted(names, key=str.lower, reverse=True)
    page = search(limit=1, offset=1, sort="name")
    assert (page["results"], page["totalResults"]) == (search(sort="name")["results"][1:2], len(RUNWARE.models))


UPLOAD = {
    "taskType": "modelUpload",
    "category": "lora",
    "architecture": "flux1d",
    "format": "safetensors",
    "name": "Night Owls",
    "version": "1",
    "downloadURL": "https://models.example/owls.safetensors",
}


def test_a_model_handed_in_goes_through_its_stages_and_can_then_be_found(stage):
    first = perform(stage, "model-upload-answer", **UPLOAD)
    assert first["status"] == "validated"
    asked = {"taskType": "getResponse", "taskUUID": first["taskUUID"]}
    stage.clock.advance(1_000)
    stages = stage.post(asked).json()["data"]
    assert [item["status"] for item in stages] == ["validated", "downloaded", "optimized", "stored", "ready"]
    [row] = perform(stage, taskType="modelSearch", search="night owls", category="lora")["results"]
    assert row["air"] == stages[-1]["air"]
    again = {**UPLOAD, "air": row["air"]}
    assert refusal(stage, **again)[0] == "modelAlreadyExists"
    assert refusal(stage, **{**UPLOAD, "taskUUID": first["taskUUID"]})[0] == "conflictTaskUUID"


@pytest.mark.parametrize(
    "fields", [{"comment": "[[error:timeoutProvider]]"}, {"downloadURL": "http://169.254.169.254/model"}], ids=str
)
def test_a_model_that_cannot_be_had_fails_and_is_not_found(stage, fields):
    first = perform(stage, **{**UPLOAD, **fields})
    stage.clock.advance(1_000)
    polled = stage.post({"taskType": "getResponse", "taskUUID": first["taskUUID"]}).json()
    assert [item["status"] for item in polled["data"]] == ["validated", "failed"]
    # Two of the SDKs wait for `ready` or an error, and for nothing else.
    assert [error["taskUUID"] for error in polled["errors"]] == [first["taskUUID"]]
    assert perform(stage, taskType="modelSearch", search="night owls")["results"] == []


def test_where_delivery_is_synchronous_the_answer_waits_for_the_results(make_server, key):
    clock = ManualClock()
    stage = Stage(make_server(clock, switches={"runware.sync-delivery": "allowed"}), clock, key)
    task = video_task(deliveryMethod="sync", numberResults=2)
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(stage.post(task).json()))
    waiting.start()
    other = Stage(stage.server, clock, key)
    while not other.poll(task)["data"]:
        time.sleep(0.01)
    clock.advance(100)
    waiting.join(20)
    assert [item["status"] for item in answers[0]["data"]] == ["success", "success"]
    stage.http.close()
    other.http.close()


def test_synchronous_delivery_is_refused_as_the_pages_have_it(stage):
    assert refusal(stage, **video_task(deliveryMethod="sync")) == ("invalidDeliveryMethod", "deliveryMethod")


@pytest.mark.parametrize("named", [False, True])
def test_the_registry_and_the_schemas_are_published(server, named):
    base, headers = (server.url, {"Host": "schemas.runware.ai"}) if named else (f"{server.url}/schemas.runware.ai", {})
    http = httpx.Client(headers=headers, trust_env=False, verify=False)
    registry = http.get(f"{base}/registry.json")
    assert set(registry.json()["models"]) == set(RUNWARE.models)
    unchanged = http.get(f"{base}/registry.json", headers={"If-None-Match": registry.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    for air in ("heygen:avatar@4", "heygen%3Aavatar%404"):
        schema = http.get(f"{base}/resolve/{air}").json()["requestSchema"]
        assert schema["properties"]["taskType"]["const"] == "videoInference"
        assert {"taskUUID", "model"} <= set(schema["required"])
    assert http.get(f"{base}/resolve/heygen:avatar@99").status_code == 404
    http.close()


def test_the_content_service_tells_of_models_and_prices(server):
    http = httpx.Client(base_url=f"{server.url}/content.runware.ai", trust_env=False, verify=False)
    models = http.get("/models").json()
    assert {model["air"] for model in models} == set(RUNWARE.models)
    assert http.get(f"/models/{models[0]['model']}/pricing").status_code == 200
    assert http.get("/models/nothing").status_code == 404
    page = http.get("/models", params={"paginate": "true", "limit": "1"}).json()
    assert (len(page["items"]), page["total"]) == (1, len(models))
    http.close()


def test_under_a_providers_own_host_urls_lead_to_its_content_network(make_server, key):
    server = make_server(speed=Speed.parse("instant"))
    task = video_task()
    headers = {"Host": "api.runware.ai", "Authorization": f"Bearer {key}"}
    poll = {"taskType": "getResponse", "taskUUID": task["taskUUID"]}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, verify=False) as http:
        http.post("/v1", json=[task])
        url = http.post("/v1", json=[poll]).json()["data"][0]["videoURL"]
        assert url.startswith("https://vm.runware.ai/video/")
        path = url.removeprefix("https://vm.runware.ai")
        assert http.get(path, headers={"Host": "vm.runware.ai"}).headers["content-type"] == "video/mp4"
