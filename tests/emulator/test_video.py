"""The life of a videoInference task, from submit to a file that plays."""

import base64
import io
import uuid

import httpx
import pytest
from PIL import Image, ImageChops

from stage import video_task
from understudy.config import Speed
from understudy.media.inspect import frame, inspect
from understudy_contracts.provider import contract

EXAMPLES = contract("runware").examples


def wait_for(stage, task, seconds=3600.0):
    stage.clock.advance(seconds)
    return stage.poll(task)


def test_a_task_is_acknowledged_at_once_then_processing_then_done_and_stays_done(stage):
    task = video_task(includeCost=True)
    assert stage.post(task).json() == {"data": [{"taskType": "videoInference", "taskUUID": task["taskUUID"]}]}
    assert stage.poll(task) == {
        "data": [{"taskType": "videoInference", "taskUUID": task["taskUUID"], "status": "processing"}]
    }
    done = wait_for(stage, task)
    [item] = done["data"]
    assert item["status"] == "success"
    assert uuid.UUID(item["videoUUID"]).version == 4
    assert item["videoURL"].endswith(f"/ws/5/vi/{item['videoUUID']}.mp4")
    assert item["cost"] == pytest.approx(0.1 * 20 / 12.9, abs=1e-4)
    stage.clock.advance(24 * 3600)
    assert stage.poll(task) == done


def test_each_result_has_its_own_seed_id_and_moment_and_finished_ones_stay(stage):
    task = video_task(numberResults=4)
    stage.post(task)
    finished: list[dict] = []
    counts = []
    for _ in range(80):
        stage.clock.advance(0.01)
        items = stage.poll(task)["data"]
        assert len(items) == 4
        now_done = [item for item in items if item["status"] == "success"]
        assert now_done[: len(finished)] == finished
        finished = now_done
        counts.append(len(finished))
    assert {1, 2, 3, 4} <= set(counts), "results arrive one by one"
    assert len({item["videoUUID"] for item in finished}) == len({item["seed"] for item in finished}) == 4


def test_the_cost_is_only_told_to_those_who_asked(stage):
    asked, not_asked = video_task(includeCost=True), video_task()
    stage.post(asked, not_asked)
    stage.clock.advance(3600)
    assert "cost" in stage.poll(asked)["data"][0]
    assert "cost" not in stage.poll(not_asked)["data"][0]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["title"])
def test_the_providers_own_examples_cost_what_its_page_says(stage, example):
    task = {**example["request"], "taskUUID": str(uuid.uuid4()), "includeCost": True}
    stage.post(task)
    [item] = wait_for(stage, task)["data"]
    assert item["cost"] == pytest.approx(example["response"]["cost"], rel=0.07)


def test_speaking_faster_makes_the_video_shorter_and_cheaper(stage):
    slow, fast = (video_task(includeCost=True, speech={"text": "word " * 100, "speed": speed}) for speed in (0.5, 1.5))
    stage.post(slow, fast)
    stage.clock.advance(3600)
    slow_cost, fast_cost = (stage.poll(task)["data"][0]["cost"] for task in (slow, fast))
    assert slow_cost == pytest.approx(3 * fast_cost, rel=1e-3)


@pytest.mark.parametrize(
    ("fields", "container", "codec", "size"),
    [
        ({"outputFormat": "MP4", "width": 640, "height": 360}, "mp4", "h264", (640, 360)),
        ({"outputFormat": "WEBM", "width": 360, "height": 640}, "webm", "vp9", (360, 640)),
        ({"outputFormat": "MOV", "resolution": "360p"}, "mov", "h264", (640, 360)),
    ],
)
def test_the_file_is_what_was_asked_for(stage, tmp_path, fields, container, codec, size):
    task = video_task(includeCost=True, **fields)
    stage.post(task)
    [item] = wait_for(stage, task)["data"]
    assert item["videoURL"].endswith(f".{container}")
    response = stage.http.get(item["videoURL"])
    assert response.headers["content-type"] == {"mov": "video/quicktime"}.get(container, f"video/{container}")
    path = tmp_path / f"video.{container}"
    path.write_bytes(response.content)
    info = inspect(path)
    assert (info.width, info.height, info.video_codec) == (*size, codec)
    assert info.audio_codec
    assert info.duration == pytest.approx(item["cost"] / 0.1, abs=0.041)


def test_captions_are_burned_in_where_the_model_has_them(stage, tmp_path):
    frames = []
    for caption in (False, True):
        task = video_task(
            model="heygen:avatar@5",
            speech={"text": "A caption that can be read while it is said.", "voice": "auto"},
            settings={"caption": caption},
        )
        stage.post(task)
        path = tmp_path / f"{caption}.mp4"
        path.write_bytes(stage.http.get(wait_for(stage, task)["data"][0]["videoURL"]).content)
        frames.append(frame(path, 1.0).convert("RGB").crop((0, 480, 1280, 690)))
    assert max(high for _, high in ImageChops.difference(*frames).getextrema()) > 100


def test_a_higher_quality_is_a_larger_file(stage):
    sizes = []
    for quality in (20, 60, 99):
        task = video_task(outputQuality=quality, width=640, height=360)
        stage.post(task)
        [item] = wait_for(stage, task)["data"]
        sizes.append(len(stage.http.get(item["videoURL"]).content))
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


def test_before_it_is_done_and_after_its_time_to_live_there_is_no_file(stage):
    task = video_task(ttl=60, width=320, height=180)
    stage.post(task)
    job = stage.server.engine.accounts.of(stage.key).jobs("runware")[task["taskUUID"]]
    path = f"/video/os/a00d00/ws/5/vi/{job.results[0].id}.mp4"
    assert stage.http.get(path).status_code == 404
    [item] = wait_for(stage, task, job.finishes_at - stage.clock.now())["data"]
    assert item["videoURL"].endswith(path.rpartition("/")[2])
    stage.clock.advance(59.9)
    assert stage.http.get(path).status_code == 200
    assert stage.http.get(path.replace(".mp4", ".webm")).status_code == 404
    stage.clock.advance(0.2)
    gone = stage.http.get(path)
    assert (gone.status_code, "time to live of 60 s" in gone.json()["error"]) == (404, True)
    assert stage.http.get("/video/os/a00d00/ws/5/vi/nobody.mp4").status_code == 404


def test_a_file_is_served_in_ranges_to_any_web_page(stage):
    task = video_task(width=320, height=180)
    stage.post(task)
    [item] = wait_for(stage, task)["data"]
    whole = stage.http.get(item["videoURL"])
    part = stage.http.get(item["videoURL"], headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    head = stage.http.head(item["videoURL"])
    assert (head.headers["content-length"], head.content) == (str(len(whole.content)), b"")
    assert whole.headers["access-control-allow-origin"] == "*"
    # Not even the key is needed.
    assert httpx.get(item["videoURL"], trust_env=False).content == whole.content


def test_a_preflight_from_a_web_page_is_answered(stage):
    response = stage.http.options("/video/os/a/ws/5/vi/x.mp4")
    assert response.status_code in (200, 204)
    assert "GET" in response.headers["access-control-allow-methods"]


def test_a_task_uuid_is_used_once_even_when_its_task_is_done(stage):
    task = video_task()
    assert stage.post(task).status_code == 200
    for _ in range(2):
        again = stage.post(task)
        assert again.status_code == 400
        assert again.json()["data"] == []
        [error] = again.json()["errors"]
        assert (error["code"], error["parameter"], error["taskUUID"]) == (
            "conflictTaskUUID",
            "taskUUID",
            task["taskUUID"],
        )
        stage.clock.advance(3600)


def test_the_same_task_uuid_twice_in_one_request_is_accepted_once(stage):
    task = video_task()
    answer = stage.post(task, task).json()
    assert len(answer["data"]) == 1
    assert [error["code"] for error in answer["errors"]] == ["conflictTaskUUID"]
    assert len(stage.ledger()["entries"]) == 2


def test_a_task_uuid_is_the_same_in_either_case(stage):
    task = video_task()
    stage.post({**task, "taskUUID": task["taskUUID"].upper()})
    assert stage.post(task).json()["errors"][0]["code"] == "conflictTaskUUID"
    assert stage.poll(task)["data"][0]["taskUUID"] == task["taskUUID"].upper(), "told as it was written"


def test_a_seed_that_is_asked_for_is_the_seed_of_the_first_result(stage):
    task = {
        "taskType": "videoInference",
        "taskUUID": str(uuid.uuid4()),
        "model": "heygen:video@1.0",
        "positivePrompt": "A lighthouse",
        "seed": 4242,
        "numberResults": 3,
    }
    stage.post(task)
    assert [item["seed"] for item in wait_for(stage, task)["data"]] == [4242, 4243, 4244]


def test_an_image_beside_an_avatar_is_ignored_also_for_the_shape(stage, tmp_path):
    portrait = io.BytesIO()
    Image.new("RGB", (90, 160)).save(portrait, "PNG")
    image = "data:image/png;base64," + base64.b64encode(portrait.getvalue()).decode()
    for inputs, size in (({"image": image}, (360, 640)), ({"image": image, "avatar": "a"}, (640, 360))):
        task = video_task(inputs=inputs, resolution="360p")
        stage.post(task)
        path = tmp_path / "video.mp4"
        path.write_bytes(stage.http.get(wait_for(stage, task)["data"][0]["videoURL"]).content)
        info = inspect(path)
        assert (info.width, info.height) == size


def test_a_refused_task_leaves_its_uuid_free(stage):
    task = video_task(width=3)
    assert stage.post(task).status_code == 400
    del task["width"]
    assert stage.post(task).status_code == 200


def test_another_key_is_another_world(stage):
    task = video_task()
    stage.post(task)
    assert stage.post(
        {"taskType": "getResponse", "taskUUID": task["taskUUID"]}, Authorization="Bearer other"
    ).json() == {"data": []}


def test_a_task_nobody_submitted_is_answered_with_nothing(stage):
    assert stage.poll(str(uuid.uuid4())) == {"data": []}


@pytest.mark.parametrize("task_uuid", [None, 5, "", "not-a-uuid"])
def test_a_poll_that_names_no_task_is_refused(stage, task_uuid):
    task = {"taskType": "getResponse"} | ({} if task_uuid is None else {"taskUUID": task_uuid})
    response = stage.post(task)
    assert response.status_code == 400
    assert response.json()["errors"][0]["parameter"] == "taskUUID"


@pytest.mark.parametrize(
    ("name", "code"), [("model", "invalidModel"), ("taskUUID", "invalidTaskUUID"), ("ttl", "invalidTtl")]
)
def test_a_parameter_that_is_null_is_wrong_and_not_missing(stage, name, code):
    response = stage.post(video_task() | {name: None})
    assert [error["code"] for error in response.json()["errors"]] == [code]


@pytest.mark.parametrize(
    ("fields", "code", "parameter"),
    [
        ({"model": None}, "missingModel", "model"),
        ({"model": 7}, "invalidModel", "model"),
        ({"model": "heygen avatar"}, "invalidModel", "model"),
        ({"model": "heygen:avatar@77"}, "modelNotFound", "model"),
        ({"taskUUID": None}, "missingTaskUUID", "taskUUID"),
        ({"taskUUID": "my-task"}, "invalidTaskUUID", "taskUUID"),
        ({"steps": 30}, "unsupportedParameter", "steps"),
        ({"inputs": {"avatar": "a", "video": "x"}}, "unsupportedParameter", "inputs.video"),
        ({"speech": {"text": "x", "speed": 1.6}}, "invalidSpeechSpeed", "speech.speed"),
        ({"speech": {"text": "x", "speed": 1.005}}, "invalidSpeechSpeed", "speech.speed"),
        ({"speech": {"text": "x", "volume": 1}}, "unsupportedParameter", "speech.volume"),
        ({"width": 1280}, "missingDimensionParameters", "height"),
        ({"height": 720}, "missingDimensionParameters", "width"),
        ({"resolution": "720p", "width": 1280, "height": 720}, "incompatibleParameters", "resolution"),
        ({"resolution": "8K"}, "invalidResolution", "resolution"),
        ({"numberResults": 5}, "invalidNumberResults", "numberResults"),
        ({"outputQuality": 19}, "invalidOutputQuality", "outputQuality"),
        ({"outputFormat": "GIF"}, "invalidOutputFormat", "outputFormat"),
        ({"deliveryMethod": "sync"}, "invalidDeliveryMethod", "deliveryMethod"),
        ({"ttl": 59}, "invalidTtl", "ttl"),
        ({"positivePrompt": ""}, "invalidPositivePrompt", "positivePrompt"),
        ({"settings": {"backgroundColor": "red"}}, "invalidSettingsBackgroundColor", "settings.backgroundColor"),
        ({"webhookURL": "ftp://x/"}, "invalidWebhookURL", "webhookURL"),
        ({"webhookURL": "http://169.254.169.254/x"}, "invalidWebhookURL", "webhookURL"),
        ({"uploadEndpoint": "http://metadata.google.internal/"}, "invalidUploadEndpoint", "uploadEndpoint"),
        ({"inputs": None}, "missingInputsImage", "inputs.avatar"),
        ({"speech": None}, "missingSpeechText", "speech.text"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_the_providers_shape_and_names_the_parameter(stage, fields, code, parameter):
    task = video_task(**fields)
    response = stage.post(task)
    body = response.json()
    assert response.status_code == (404 if code == "modelNotFound" else 400)
    assert body["data"] == []
    named = {
        (error["code"], name)
        for error in body["errors"]
        for name in ([error["parameter"]] if isinstance(error["parameter"], str) else error["parameter"])
    }
    assert (code, parameter) in named
    for error in body["errors"]:
        assert error["message"]
        assert error["taskType"] == "videoInference"
        assert error.get("taskUUID") == task.get("taskUUID")
        assert error["documentation"].startswith("https://runware.ai/docs/en/video-inference/api-reference#request-")
    assert len(stage.ledger()["entries"]) == 1, "a refused task costs nothing"


def test_every_violation_gets_an_error_of_its_own_with_its_limits(stage):
    task = video_task(numberResults=9, outputFormat="GIF", speech={"text": "x", "speed": 3, "pitch": "high"}, steps=1)
    errors = {error["parameter"]: error for error in stage.post(task).json()["errors"]}
    assert set(errors) == {"numberResults", "outputFormat", "speech.speed", "speech.pitch", "steps"}
    assert (errors["numberResults"]["min"], errors["numberResults"]["max"]) == (1, 4)
    assert errors["numberResults"]["type"] == "integer"
    assert errors["speech.speed"]["type"] == "float"
    assert errors["speech.speed"]["multiplier"] == 0.01
    assert errors["outputFormat"]["allowedValues"] == ["MP4", "WEBM", "MOV"]


def test_a_dry_run_prices_and_judges_without_creating_anything(stage):
    task = video_task(numberResults=3)
    priced = stage.post(task, X_Runware_Dry_Run="1")
    [item] = priced.json()["data"]
    assert item["cost"] == pytest.approx(3 * 0.1 * 20 / 12.9, abs=3e-4)
    assert stage.poll(task) == {"data": []}
    assert len(stage.ledger()["entries"]) == 1
    assert stage.post(video_task(steps=1), X_Runware_Dry_Run="1").status_code == 400
    assert stage.post(task).status_code == 200


def test_what_is_billed_is_what_was_said_and_what_the_ledger_holds(stage):
    good, bad = video_task(includeCost=True, numberResults=2), video_task(positivePrompt="[[error:timeoutProvider]]")
    before = stage.ledger()["balance"]
    stage.post(good, bad)
    assert stage.ledger()["balance"] == before
    assert stage.ledger()["available"] < before
    told = sum(item["cost"] for item in wait_for(stage, good)["data"])
    after = stage.ledger()
    assert before - after["balance"] == pytest.approx(told, abs=1e-9)
    assert after["available"] == after["balance"], "what failed was given back"


def test_an_account_that_cannot_pay_is_refused_and_owes_nothing(make_server, key):
    server = make_server(balance=0)
    with httpx.Client(
        base_url=server.url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, verify=False
    ) as http:
        response = http.post("/v1", json=[task := video_task()])
        assert response.status_code == 400
        assert response.json()["errors"][0]["code"] == "videoInferenceInsufficientCredits"
        assert http.post("/v1", json=[{"taskType": "getResponse", "taskUUID": task["taskUUID"]}]).json() == {"data": []}


def test_a_magic_value_in_the_script_makes_a_task_fail_while_it_is_processed(stage):
    task = video_task(speech={"text": "Hello [[error:timeoutProvider]]"})
    assert stage.post(task).status_code == 200
    assert stage.poll(task)["data"][0]["status"] == "processing"
    failed = wait_for(stage, task)
    assert failed["data"] == []
    [error] = failed["errors"]
    assert (error["code"], error["status"], error["taskUUID"]) == ("timeoutProvider", "error", task["taskUUID"])
    assert error["message"].startswith("The external provider did not respond")
    assert stage.poll(task) == failed


def test_a_magic_value_in_the_key_strikes_every_task_of_that_key(stage):
    refused = stage.post(video_task(), Authorization="Bearer [[error:rateLimitExceeded]]")
    assert refused.status_code == 429
    suspended = stage.post(video_task(), Authorization="Bearer x[[error:accountSuspended]]")
    assert (suspended.status_code, suspended.json()["errors"][0]["code"]) == (403, "accountSuspended")
    unknown = stage.post(video_task(), Authorization="Bearer [[error:nonsense]]")
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (400, "unknownFault")


def test_a_gateway_answers_with_a_page_and_no_json(stage):
    response = stage.post(video_task(positivePrompt="[[error:gateway502]]"))
    assert response.status_code == 502
    assert response.headers["content-type"] == "text/html"
    assert response.text.startswith("<html>")


def test_a_magic_value_that_names_nothing_says_what_comes_close(stage):
    response = stage.post(video_task(positivePrompt="[[error:timeoutProvidr]]"))
    assert response.status_code == 400
    assert "did you mean timeoutProvider" in response.json()["errors"][0]["message"]


def test_the_same_seed_gives_the_same_ids_and_seeds(make_server, key):
    from understudy.clock import ManualClock

    answers = []
    for _ in range(2):
        clock = ManualClock()
        server = make_server(clock, seed=7, public_url="http://same")
        with httpx.Client(
            base_url=server.url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, verify=False
        ) as http:
            task = video_task(numberResults=3, includeCost=True, taskUUID="11111111-1111-4111-8111-111111111111")
            http.post("/v1", json=[task])
            clock.advance(3600)
            answers.append(http.post("/v1", json=[{"taskType": "getResponse", "taskUUID": task["taskUUID"]}]).content)
    assert answers[0] == answers[1]


def test_safety_checks_are_reported_when_they_were_asked_for(stage):
    checked, unchecked = video_task(safety={"checkContent": True}), video_task(safety={"mode": "none"})
    stage.post(checked, unchecked)
    stage.clock.advance(3600)
    assert stage.poll(checked)["data"][0]["NSFWContent"] is False
    assert "NSFWContent" not in stage.poll(unchecked)["data"][0]


def test_a_video_takes_about_two_seconds_by_default_and_no_time_at_all_on_request(make_server, key):
    example = EXAMPLES[0]["request"]
    model = contract("runware").models["heygen:avatar@4"]
    queued, running = model.latency.seconds(model.duration.seconds(example))
    assert 1.5 < (queued + running) * Speed().latency < 2.5

    server = make_server(speed=Speed.parse("instant"))
    with httpx.Client(
        base_url=server.url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, verify=False
    ) as http:
        http.post("/v1", json=[task := video_task()])
        poll = http.post("/v1", json=[{"taskType": "getResponse", "taskUUID": task["taskUUID"]}])
        assert poll.json()["data"][0]["status"] == "success"
