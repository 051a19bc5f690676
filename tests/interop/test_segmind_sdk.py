"""Unmodified `segmind` 1.3.0 against a real server: first by its own `base_url`, then whole, by its environment alone."""

import json
import os
import subprocess
import sys
import uuid
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
import segmind
from PIL import Image
from segmind import InferenceFailed, InferenceTimeout, SegmindClient, SegmindError

from sink import Sink
from understudy.config import Settings, Speed
from understudy.media.inspect import inspect
from understudy.proxy import Proxy
from understudy.server import Server
from understudy_contracts.provider import contract

pytestmark = pytest.mark.interop

AVATAR = "heygen-avatar-iv"
REQUEST = {
    "image_url": "https://segmind-inference-inputs.s3.amazonaws.com/face.png",
    "video_title": "Hello",
    "script": "Hello, this is an avatar demo.",
}


def spent(server, key):
    """What an account's ledger has charged, a job at a time."""
    ledger = httpx.get(
        f"{server.url}/_understudy/ledger", headers={"Authorization": f"Bearer {key}"}, trust_env=False
    ).json()
    return {entry["job"]: -entry["amount"] for entry in ledger["entries"] if entry["kind"] == "charge"}


@pytest.fixture
def sdk_at():
    """Make the SDK's client for a server; closed at the end, which the SDK has no way to do."""
    made = []

    def make(server, key, **options):
        client = SegmindClient(api_key=key, base_url=f"{server.url}/v1", **options)
        made.append(client)
        return client

    yield make
    for client in made:
        client._client.close()


@pytest.fixture
def client(sdk_at, instant, key):
    return sdk_at(instant, key)


def seen(content, tmp_path):
    path = tmp_path / "video.mp4"
    path.write_bytes(content)
    return inspect(path)


# By its own base URL.


def test_run_returns_a_video_that_plays_and_what_it_cost(client, instant, key, tmp_path):
    done = client.run(AVATAR, **REQUEST)
    assert (done["status"], done["error"], done["output"]) == ("COMPLETED", None, done["video"]["url"])
    content = httpx.get(done["output"], trust_env=False).content
    assert len(content) == int(done["video"]["file_size"])
    info = seen(content, tmp_path)
    assert (info.video_codec, info.audio_codec) == ("h264", "aac")
    assert done["metrics"]["cost"] == pytest.approx(info.duration * 0.125, abs=0.01)
    assert spent(instant, key) == {done["request_id"]: done["metrics"]["cost"]}


def test_run_sync_returns_the_video_itself_with_what_it_cost_in_its_headers(client, instant, key, tmp_path):
    answer = client.run_sync(AVATAR, **REQUEST)
    assert answer.headers["content-type"] == "video/mp4"
    assert seen(answer.content, tmp_path).frames > 0
    cost = float(answer.headers["x-cost"])
    assert spent(instant, key) == {answer.headers["x-request-id"]: cost}
    assert Decimal(answer.headers["x-remaining-credits"]) == 100_000 - Decimal(answer.headers["x-cost"])
    assert float(answer.headers["x-generation-time"]) >= 0


def test_a_submitted_job_is_queued_then_done(sdk_at, patient_server, key):
    server, clock = patient_server
    job = sdk_at(server, key).submit_async(AVATAR, **REQUEST)
    assert job.submit_response["status"] == "QUEUED"
    assert job.status()["status"] in ("QUEUED", "PROCESSING")
    assert job.result()["status"] in ("QUEUED", "PROCESSING"), "the result says so too while there is none"
    clock.advance(600)
    assert job.wait()["status"] == "COMPLETED"
    assert job.status()["metrics"] == job.result()["metrics"]


def test_a_failed_job_raises_with_its_reason_and_its_body_and_is_not_charged(client, instant, key):
    with pytest.raises(InferenceFailed) as caught:
        client.run(AVATAR, **{**REQUEST, "script": "[[error:inferenceFailed]]"})
    assert caught.value.detail == caught.value.status_body["error"] != ""
    assert caught.value.status_body["status"] == "FAILED"
    assert "cost" not in caught.value.status_body["metrics"]
    assert spent(instant, key) == {}


def test_what_is_wrong_is_only_told_by_the_poll(client):
    job = client.submit_async(AVATAR, video_title="No face")
    with pytest.raises(InferenceFailed):
        job.wait()


def test_a_wait_that_ends_too_soon_loses_nothing(sdk_at, patient_server, key):
    server, clock = patient_server
    job = sdk_at(server, key).submit_async(AVATAR, **REQUEST)
    with pytest.raises(InferenceTimeout) as caught:
        job.wait(timeout=0, interval=0)
    assert caught.value.request_id == job.request_id
    clock.advance(600)
    assert job.wait()["status"] == "COMPLETED"


def test_a_call_that_ends_too_soon_loses_nothing_but_is_paid_for(sdk_at, patient_server, key):
    server, clock = patient_server
    with pytest.raises(httpx.ReadTimeout):
        sdk_at(server, key, timeout=0.3).run_sync(AVATAR, **REQUEST)
    clock.advance(600)
    history = httpx.get(
        f"{server.url}/inference-request/request-history", headers={"x-api-key": key}, trust_env=False
    ).json()
    [row] = history["requests"]
    assert (row["model_status"], row["request_body"]) == ("COMPLETED", REQUEST)
    assert spent(server, key) == {row["request_id"]: row["credits_deduction"]}
    assert httpx.get(row["generation_url"], trust_env=False).headers["content-type"] == "video/mp4"


def test_chat_answers_at_once_or_queued_to_a_prompt_or_to_messages(client):
    said = [{"role": "user", "content": "What is a lighthouse?"}]
    for ask in (client.chat, client.chat_sync):
        for question in ({"prompt": "What is a lighthouse?"}, {"messages": said}):
            answer = ask("gpt-5.5", **question)
            assert "What is a lighthouse?" in answer.text
    assert client.submit_chat("gpt-5.5", messages=said).wait(interval=0.01).text == answer.text


@pytest.mark.parametrize(
    ("slug", "fields", "refusals"),
    [
        ("no-such-model", {}, {404}),
        (AVATAR, {**REQUEST, "script": "[[error:rateLimited]]"}, {429}),
        (AVATAR, {**REQUEST, "script": "[[error:serverError]]"}, {500}),
        (AVATAR, {**REQUEST, "script": "[[error:badGateway]]"}, {502}),
        (AVATAR, {**REQUEST, "script": "[[error:methodNotAllowed]]"}, {405}),
        (AVATAR, {**REQUEST, "script": "[[error:insufficientCredits]]"}, {406}),
        (AVATAR, {**REQUEST, "script": "[[error:insufficientCreditsQueued]]"}, {402}),
    ],
)
def test_a_refusal_is_the_sdk_s_own_error_by_either_way(client, instant, key, slug, fields, refusals):
    for call in (client.run, client.run_sync):
        with pytest.raises(SegmindError) as caught:
            call(slug, **fields)
        assert caught.value.status in refusals
    assert spent(instant, key) == {}


def test_an_empty_purse_is_406_at_once_and_402_queued(sdk_at, make_server, key):
    poor = sdk_at(make_server(speed=Speed(1.0, 0.0), balance=Decimal(0)), key)
    with pytest.raises(SegmindError, match=r"406[\s\S]*credits"):
        poor.run_sync(AVATAR, **REQUEST)
    with pytest.raises(SegmindError, match=r"402[\s\S]*Insufficient credits\. You have 0\.0 credits\."):
        poor.run(AVATAR, **REQUEST)


def test_a_wrong_key_and_none_are_told_apart(sdk_at, make_server, monkeypatch):
    monkeypatch.delenv("SEGMIND_API_KEY", raising=False)
    locked = make_server(speed=Speed(1.0, 0.0), api_keys=frozenset({"good"}))
    with pytest.raises(SegmindError, match=r"Unauthorized\. API key is invalid"):
        sdk_at(locked, "bad").run(AVATAR, **REQUEST)
    with pytest.raises(SegmindError, match="Missing Authorization or x-api-key in header"):
        sdk_at(locked, None).run(AVATAR, **REQUEST)
    assert sdk_at(locked, "good").run(AVATAR, **REQUEST)["status"] == "COMPLETED"


# Whole, in a process of its own, sent to the stand-in by two variables.


def environment(proxy, **more):
    foreign = {name for name in os.environ if name.lower().endswith("_proxy")}
    return {**{n: v for n, v in os.environ.items() if n not in foreign}, **proxy.environment, **more}


@pytest.fixture(scope="module")
def surface(instant, proxy, tmp_path_factory):
    """What the program was told, where it left its files, what the webhook got, and what the ledger charged."""
    folder, key = tmp_path_factory.mktemp("program"), f"SG_{uuid.uuid4().hex[:16]}"
    for name, colour in (("face", "navy"), ("other", "teal")):
        Image.new("RGB", (512, 512), colour).save(folder / f"{name}.png")
    program = Path(__file__).with_name("segmind_program.py")
    with Sink() as sink:
        done = subprocess.run(
            [sys.executable, "-W", "error", str(program), str(folder), f"{sink.url}/hook"],
            env=environment(proxy, SEGMIND_API_KEY=key), capture_output=True, text=True, timeout=100,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout), folder, list(sink.received), spent(instant, key)


@pytest.fixture
def told(surface):
    return surface[0]


def test_it_is_the_sdk_as_released():
    assert segmind.__version__ == "1.3.0"


def test_the_models_are_listed(told):
    [(title, models)] = told["models"].items()
    assert title == "Inference Segmind Model Information List With Details"
    assert {AVATAR, "seedance-2.0", "seedream-4.5", "gpt-5.5"} == {model["slug"] for model in models}


def test_what_was_uploaded_is_at_the_provider_s_address_and_can_be_an_input(surface):
    told, folder, _, _ = surface
    assert len(told["uploaded"]["file_urls"]) == 2
    assert told["uploaded"]["file_urls"][0].startswith("https://images.segmind.com/assets/")
    assert (folder / "uploaded.png").read_bytes() == (folder / "face.png").read_bytes()
    assert told["one"]["request_body"]["image_url"] == told["uploaded"]["file_urls"][0]


def test_videos_are_fetched_from_the_provider_s_address(surface):
    told, folder, _, _ = surface
    assert told["run"]["output"].startswith("https://images.segmind.com/")
    for name in ("run", "run_sync"):
        assert inspect(folder / f"{name}.mp4").frames > 0


def test_failures_are_raised_by_either_way(told):
    failed = told["run_failed"]
    assert (failed["raised"], failed["status_body"]["status"]) == ("InferenceFailed", "FAILED")
    assert (told["run_sync_failed"]["raised"], told["run_sync_failed"]["status"]) == ("SegmindError", 400)
    assert told["run_sync_failed"]["detail"]


def test_a_pixelflow_ends_in_a_video_and_is_polled_by_id_or_by_url(told):
    for name in ("pixelflow", "pixelflow_status", "pixelflow_polled"):
        assert told[name]["status"] == "COMPLETED"
        [output] = told[name]["output"]
        assert output["value"]["type"] == "video"
        assert output["value"]["data"].startswith("https://images.segmind.com/")
    queued = told["pixelflow_queued"]
    assert queued["status"] == "QUEUED"
    assert queued["poll_url"] == f"https://api.segmind.com/workflows/request/{queued['request_id']}"


def test_a_pixelflow_that_fails_returns_its_reason_by_both_names(told):
    failed = told["pixelflow_failed"]
    assert failed["status"] == "FAILED"
    assert failed["error"] == failed["error_message"] != ""
    assert told["pixelflow_unknown"]["status"] == 404


def test_chat_answers(told):
    assert "What is a lighthouse?" in told["chat"]
    assert "And a harbour?" in told["chat_sync"]


def test_generations_are_those_with_an_output(told):
    outputs = {row["generation_url"] for row in told["generations"]["generations"]}
    assert told["run"]["output"] in outputs
    assert told["pixelflow"]["output"][0]["value"]["data"] in outputs
    assert all(outputs)
    assert told["generations_second_page"]["generations"] == []
    assert {row["model_name"] for row in told["recent"]["generations"]} == {AVATAR}


def test_history_has_what_failed_too_and_takes_filters_and_pages(told):
    statuses = [row["model_status"] for row in told["history"]["requests"]]
    assert (statuses.count("COMPLETED"), statuses.count("FAILED")) == (6, 2)
    [failed] = told["history_failed"]["requests"]
    assert (failed["model_name"], failed["credits_deduction"]) == (AVATAR, 0)
    assert failed["error"] == told["run_failed"]["detail"]
    assert told["history_page"]["requests"] == told["history"]["requests"][3:6]
    assert (told["history_bad"]["raised"], told["history_bad"]["status"]) == ("SegmindError", 400)


def test_one_request_is_found_by_its_id_at_what_it_cost(told):
    assert told["one"]["request_id"] == told["run"]["request_id"]
    assert told["one"]["credits_deduction"] == told["run"]["metrics"]["cost"]
    assert told["one"]["generation_url"] == told["run"]["output"]
    assert told["one_unknown"]["status"] == 404


def test_a_webhook_hears_of_every_job_until_it_is_changed_and_of_none_once_it_is_gone(surface):
    told, _, received, _ = surface
    heard = {(event.path, body["data"]["request_id"]): body for event in received for body in [json.loads(event.body)]}
    first, later = ([body for (path, _), body in heard.items() if path == p] for p in ("/hook", "/hook/changed"))
    assert sorted(body["event_type"] for body in first) == ["MODEL_INFERENCE"] * 5 + ["PIXELFLOW"] * 3
    assert heard["/hook", told["run"]["request_id"]]["data"]["output"] == told["run"]["output"]
    assert [body["event_type"] for body in later] == ["PIXELFLOW"]
    assert len(heard) == len(received) == 9


def test_a_webhook_s_log_tells_of_each_delivery(told):
    assert [row["status"] for row in told["logs"]["logs"]] == ["SUCCESS"] * 8
    assert len(told["logs_changed"]["logs"]) == 9


def test_webhooks_are_listed_as_they_were_added_and_changed(told):
    [changed], [gone] = told["hooks"]["webhooks"], told["hooks_after"]["webhooks"]
    assert changed["webhook_id"] == gone["webhook_id"] == told["hook"]["webhook_id"]
    assert changed["webhook_url"].endswith("/hook/changed")
    assert changed["event_types"] == ["PIXELFLOW"]
    assert changed["status"] != gone["status"]


def test_a_model_is_trained_on_what_was_uploaded_and_can_be_fetched(told):
    details = told["training_details"]["finetune"]
    assert (details["status"], details["name"], details["public_model"]) == ("AVAILABLE", "Keeper", False)
    assert details["data_source_path"] == told["presigned"]["s3_url"]
    assert told["training_access"] == {"status": 200}
    assert [(row["finetune_id"], row["public_model"]) for row in told["trainings"]] == [(details["finetune_id"], True)]
    assert told["training_file"].startswith("https://")
    assert told["training_content"] == 200
    assert told["training_unknown"]["status"] == 404


def test_every_job_that_was_billed_is_in_the_ledger_and_no_other(surface):
    told, _, _, charged = surface
    assert len(charged) == 8, "two videos, four workflows, two chats"
    assert charged[told["run"]["request_id"]] == told["run"]["metrics"]["cost"]
    assert charged[told["run_sync"]["x-request-id"]] == float(told["run_sync"]["x-cost"])
    rows = {row["request_id"]: row["credits_deduction"] for row in told["history"]["requests"]}
    assert {job: cost for job, cost in rows.items() if cost} == {job: charged[job] for job in rows if rows[job]}
    account = told["account_after"]["credits"]
    assert account["used"] == pytest.approx(sum(charged.values()))
    assert account["balance"] == pytest.approx(told["account"]["credits"]["balance"] - sum(charged.values()))


#: The Python sample of the page of heygen-avatar-iv, with one change without which it is no Python: its `false`.
SAMPLE = """\
import requests
import json

url = "https://api.segmind.com/v1/heygen-avatar-iv"
headers = {
    "x-api-key": "YOUR_API_KEY",
    "Content-Type": "application/json"
}

data = {
    "image_url": "https://segmind-inference-inputs.s3.amazonaws.com/f858aaa9-26a9-4749-83fc-08ac2240c1e2-148863a50eac17d1990d23b873818afa.png",
    "video_title": "Hello Avatar",
    "script": "Hello, this is an avatar demo.",
    "voice_id": "f80e430f06b34b70b275c9c746436e37",
    "video_orientation": "landscape",
    "fit": "cover",
    "custom_motion_prompt": "Subtle hand movements.",
    "enhance_custom_motion_prompt": False,
    "audio_url": "https://segmind-resources.s3.amazonaws.com/input/c8a1403e-d409-481d-b269-5eee0f01581f-0e55863604e421fff17ffbe89992a1cc.wav"
}

response = requests.post(url, headers=headers, json=data)

if response.status_code == 200:
    result = response.json()
    print(json.dumps(result, indent=2))
else:
    print(f"Error: {response.status_code}")
    print(response.text)
"""


@pytest.fixture(scope="module")
def json_server(cache):
    """The switch for those who run the sample: it reads JSON where the provider sends the video itself."""
    settings = Settings(port=0, speed=Speed(1.0, 0.0), cache_dir=cache, switches={"segmind.v1-answer": "json"})
    with Server(settings) as running:
        yield running


def performed(code, **variables):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env={**os.environ, **variables}, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_page_s_sample_runs_with_another_host(json_server):
    result = performed(SAMPLE.replace("https://api.segmind.com", json_server.url), NO_PROXY="127.0.0.1")
    assert result["status"] == "COMPLETED"
    assert result["output"].startswith(json_server.url)


def test_the_page_s_sample_runs_with_its_own_host_through_the_proxy(json_server, tmp_path):
    with Proxy(hosts=contract("segmind").hosts, folder=tmp_path / "authority", to=json_server.url) as proxy:
        # `requests` has a variable of its own for what it trusts.
        variables = environment(proxy, REQUESTS_CA_BUNDLE=proxy.environment["SSL_CERT_FILE"])
        result = performed(SAMPLE, **variables)
    assert result["output"].startswith("https://images.segmind.com/")
