"""GMI Cloud's queue over the wire: the life of a request, its money, its files, and every way to be refused."""

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from understudy.clock import ManualClock
from understudy.config import Speed
from understudy.media.inspect import inspect
from understudy_contracts.provider import contract

QUEUE = "/api/v1/ie/requestqueue"
KEYED = f"{QUEUE}/apikey"
GMI = contract("gmi")
AVATAR = "heygen-avatar-4"
SYNC_IMAGE = next(
    model for model in GMI.models.values() if model.output.kind == "image" and model.output.delivery == "sync"
)
AUDIO = GMI.models["minimax-tts-speech-2.8-hd"]


def segment(text="Good evening, night owls.", **voice):
    return {
        "character": {"type": "avatar", "avatar_id": "josh_lite3_20230714", "avatar_style": "normal"},
        "voice": {"type": "text", "input_text": text, "voice_id": "1bd001e7e50f421d891986aad5158bc8", **voice},
    }


def avatar(*segments, **payload):
    return {"model": AVATAR, "payload": {"video_inputs": list(segments or [segment()]), **payload}}


def submit(stage, body=None, **headers):
    return stage.http.post(f"{KEYED}/requests", json=body or avatar(), headers=headers)


def detail(stage, request_id):
    return stage.http.get(f"{KEYED}/requests/{request_id}").json()


def finished(stage, body):
    request_id = submit(stage, body).json()["request_id"]
    stage.clock.advance(10_000)
    return detail(stage, request_id)


def test_a_submit_is_answered_with_six_keys_and_one_moment(stage):
    response = submit(stage)
    receipt = response.json()
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/json")
    assert list(receipt) == ["request_id", "model", "status", "created_at", "updated_at", "queued_at"]
    assert (receipt["model"], receipt["status"]) == (AVATAR, "queued")
    assert receipt["created_at"] == receipt["updated_at"] == receipt["queued_at"] == int(stage.clock.now())
    assert uuid.UUID(receipt["request_id"])


def test_a_request_moves_forward_only_and_tells_its_outcome_at_the_end(stage):
    body = avatar(title="A title", extra={"kept": [1, None, "x"]})
    created = submit(stage, body).json()
    seen = []
    while (record := detail(stage, created["request_id"]))["status"] != "success":
        assert record["outcome"] is None
        assert record["updated_at"] == created["created_at"]
        assert record["payload"] == body["payload"]
        seen.append(record["status"])
        stage.clock.advance(0.02)
    assert list(dict.fromkeys(seen)) == ["queued", "dispatched", "processing"]
    assert record["updated_at"] >= created["created_at"]
    outcome = record["outcome"]
    assert [entry["id"] for entry in outcome["media_urls"]] == ["0"]
    stage.clock.advance(1e6)
    assert detail(stage, created["request_id"]) == record


def test_the_video_the_thumbnail_and_the_duration_belong_together(stage, tmp_path):
    record = finished(stage, avatar(dimension={"width": 1280, "height": 720}))
    outcome = record["outcome"]
    video = tmp_path / "video.mp4"
    video.write_bytes(stage.http.get(outcome["media_urls"][0]["url"]).content)
    info = inspect(video)
    assert (info.width, info.height, info.video_codec) == (1280, 720, "h264")
    assert info.duration == pytest.approx(outcome["duration"], abs=0.002)
    thumbnail = stage.http.get(outcome["thumbnail_image_url"])
    assert thumbnail.headers["content-type"] == "image/jpeg"
    assert thumbnail.content[:3] == b"\xff\xd8\xff"


def test_segments_speed_pauses_and_silence_make_the_length(stage):
    def length(*segments):
        return finished(stage, avatar(*segments))["outcome"]["duration"]

    one = length(segment("word " * 30))
    assert length(segment("word " * 30), segment("word " * 30)) == pytest.approx(2 * one, abs=0.1)
    assert length(segment("word " * 30, speed=1.5)) == pytest.approx(one / 1.5, abs=0.05)
    assert length(segment("word " * 30 + '<break time="2s"/>')) == pytest.approx(one + 2, abs=0.05)
    quiet = {"character": segment()["character"], "voice": {"type": "silence", "duration": 3}}
    assert length(segment("word " * 30), quiet) == pytest.approx(one + 3, abs=0.1)


def test_a_request_is_paid_when_it_is_created_by_the_price_that_its_model_names(stage):
    price = stage.http.get(f"{KEYED}/models/{AVATAR}").json()["price_info"]
    before = stage.ledger()["balance"]
    created = submit(stage).json()
    paid = before - stage.ledger()["balance"]
    stage.clock.advance(10_000)
    duration = detail(stage, created["request_id"])["outcome"]["duration"]
    assert price["unit"] == "second"
    assert paid == pytest.approx(duration * price["price"] / 1e6, abs=1e-4)
    assert stage.ledger()["balance"] == pytest.approx(before - paid)


def test_what_fails_is_given_back(stage):
    before = stage.ledger()["balance"]
    failing = next(case for case in GMI.errors.values() if case.strikes == "processing")
    created = submit(stage, avatar(segment(f"Hello [[error:{failing.id}]]"))).json()
    assert stage.ledger()["balance"] < before
    stage.clock.advance(10_000)
    record = detail(stage, created["request_id"])
    assert record["status"] == "failed"
    assert record["outcome"] == {"error": failing.message}
    assert record["error"] == failing.message
    assert stage.ledger()["balance"] == before


def test_a_cancelled_request_stays_cancelled_and_is_given_back(stage):
    before = stage.ledger()["balance"]
    created = submit(stage).json()
    stage.clock.advance(0.01)
    cancelled = stage.http.delete(f"{KEYED}/requests/{created['request_id']}")
    assert (cancelled.status_code, cancelled.json()["status"], cancelled.json()["outcome"]) == (200, "cancelled", None)
    stage.clock.advance(10_000)
    assert detail(stage, created["request_id"])["status"] == "cancelled"
    assert stage.ledger()["balance"] == before
    assert stage.http.delete(f"{KEYED}/requests/{created['request_id']}").status_code == 200


def test_a_finished_request_cannot_be_cancelled_nor_an_unknown_one(stage):
    record = finished(stage, avatar())
    refused = stage.http.delete(f"{KEYED}/requests/{record['request_id']}")
    assert (refused.status_code, refused.json()) == (409, {"error": "Request has already finished"})
    assert detail(stage, record["request_id"]) == record
    assert stage.http.delete(f"{KEYED}/requests/{uuid.uuid4()}").status_code == 404


def test_the_list_is_newest_first_in_pages_and_by_model(stage):
    ids = []
    for _ in range(5):
        ids.append(submit(stage).json()["request_id"])
        stage.clock.advance(1)
    other = next(name for name in GMI.models if name.startswith("heygen-avatar") and name != AVATAR)
    submit(stage, {"model": other, "payload": avatar()["payload"]})

    def listing(**query):
        return stage.http.get(f"{KEYED}/requests", params=query).json()

    whole = listing(model_id=AVATAR)
    assert [record["request_id"] for record in whole["requests"]] == ids[::-1]
    assert (whole["total"], whole["has_more"]) == (5, False)
    assert whole["requests"][0] == detail(stage, ids[-1])
    page = listing(model_id=AVATAR, limit=2, offset=1)
    assert [record["request_id"] for record in page["requests"]] == ids[::-1][1:3]
    assert (page["total"], page["has_more"]) == (5, True)
    assert listing(model_id=AVATAR, offset=9) == {"requests": [], "total": 5, "has_more": False}
    assert listing(model_id="nothing")["total"] == 0
    assert listing()["total"] == 6


@pytest.mark.parametrize("query", ["limit=-1", "limit=many", "offset=-1", "limit=1e3", "offset=99999999999"])
def test_a_page_that_cannot_be_is_refused(stage, query):
    response = stage.http.get(f"{KEYED}/requests?{query}")
    assert response.status_code == 400
    assert isinstance(response.json()["error"], str)


def test_models_are_listed_by_id_and_told_in_full(stage):
    ids = stage.http.get(f"{KEYED}/models").json()["model_ids"]
    assert ids == list(GMI.models)
    for model in ids:
        told = stage.http.get(f"{KEYED}/models/{model}").json()
        assert told["model"] == model
        assert told["delivery_mode"] == GMI.models[model].output.delivery
        assert told["price_info"]["price"] == GMI.models[model].price.micros
    unknown = stage.http.get(f"{KEYED}/models/nothing")
    assert (unknown.status_code, unknown.json()) == (404, {"error": "Model not found"})


def test_a_model_that_delivers_at_once_keeps_its_caller_waiting(make_server, key):
    server = make_server(speed=Speed(1.0, 1 / 100))
    with httpx.Client(
        base_url=server.url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, verify=False
    ) as http:
        record = http.post(
            f"{KEYED}/requests", json={"model": SYNC_IMAGE.id, "payload": {"prompt": "A lighthouse"}}, timeout=60
        ).json()
        assert record["status"] == "success"
        image = http.get(record["outcome"]["media_urls"][0]["url"])
        assert image.headers["content-type"].startswith("image/")
        assert http.get(f"{KEYED}/requests/{record['request_id']}").json() == record

        failing = next(case for case in GMI.errors.values() if case.strikes == "processing")
        payload = {"prompt": f"A lighthouse [[error:{failing.id}]]"}
        failed = http.post(f"{KEYED}/requests", json={"model": SYNC_IMAGE.id, "payload": payload}, timeout=60)
        assert failed.status_code == 400
        kept = http.get(f"{KEYED}/requests/{failed.json()['request_id']}").json()
        assert (kept["status"], failed.json()["error"]) == ("failed", failing.message)


def test_a_caller_who_hangs_up_on_a_waiting_submit_finds_the_request_in_the_list(make_server, key):
    clock = ManualClock()
    server = make_server(clock)
    with httpx.Client(
        base_url=server.url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, verify=False
    ) as http:
        body = {"model": SYNC_IMAGE.id, "payload": {"prompt": "A lighthouse"}}
        with pytest.raises(httpx.ReadTimeout):
            http.post(f"{KEYED}/requests", json=body, timeout=0.3)
        clock.advance(10_000)
        [record] = http.get(f"{KEYED}/requests", params={"model_id": SYNC_IMAGE.id}).json()["requests"]
        assert (record["status"], record["payload"]) == ("success", body["payload"])


def test_an_audio_model_makes_a_sound_of_the_length_it_tells(make_server, key, tmp_path):
    server = make_server(speed=Speed.parse("instant"))
    with httpx.Client(
        base_url=server.url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, verify=False
    ) as http:
        record = http.post(
            f"{KEYED}/requests", json={"model": AUDIO.id, "payload": {"text": "word " * 40}}, timeout=60
        ).json()
        [url] = {value for value in _strings(record["outcome"]) if value.startswith("http")}
        sound = tmp_path / url.rpartition("/")[2]
        sound.write_bytes(http.get(url).content)
    info = inspect(sound)
    assert info.audio_codec
    assert info.duration * 1000 == pytest.approx(record["outcome"]["duration_ms"], abs=60)


def _strings(value):
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _strings(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _strings(inner)]
    return [value] if isinstance(value, str) else []


def test_captions_are_burned_in_when_they_are_asked_for(stage, tmp_path):
    from PIL import ImageChops

    from understudy.media.inspect import frame

    frames = []
    for caption in (False, True):
        record = finished(stage, avatar(segment("A caption that can be read while it is said."), caption=caption))
        path = tmp_path / f"{caption}.mp4"
        path.write_bytes(stage.http.get(record["outcome"]["media_urls"][0]["url"]).content)
        frames.append(frame(path, 1.0).convert("RGB"))
    plain, captioned = frames
    width, height = plain.size
    lower = (0, height * 2 // 3, width, height - 24)
    difference = ImageChops.difference(plain.crop(lower), captioned.crop(lower)).getextrema()
    assert max(high for _, high in difference) > 100


PAYLOAD_MISTAKES = [
    ({}, "video_inputs"),
    ({"video_inputs": "x"}, "video_inputs"),
    ({"video_inputs": []}, "video_inputs"),
    ({"video_inputs": [{}]}, "character"),
    ({"video_inputs": [{**segment(), "voice": {"type": "text"}}]}, "input_text"),
    ({"video_inputs": [segment("x" * 5001)]}, "input_text"),
    ({"video_inputs": [segment(speed=1.6)]}, "speed"),
    ({"video_inputs": [segment(speed="fast")]}, "speed"),
    ({"video_inputs": [segment(pitch=51)]}, "pitch"),
    ({"video_inputs": [segment(pitch=0.5)]}, "pitch"),
    ({"video_inputs": [segment(emotion="excited")]}, "emotion"),
    ({"video_inputs": [segment(), {**segment(), "character": {"type": "ghost", "avatar_id": "a"}}]}, "character.type"),
    ({"video_inputs": [segment()], "dimension": {"width": 1280}}, "height"),
    ({"video_inputs": [segment()], "caption": "yes"}, "caption"),
]


@pytest.mark.parametrize(("payload", "named"), PAYLOAD_MISTAKES)
def test_a_payload_that_is_wrong_anywhere_is_refused_by_name_and_leaves_nothing(stage, payload, named):
    response = submit(stage, {"model": AVATAR, "payload": payload})
    assert response.status_code == 400
    assert list(response.json()) == ["error"]
    assert response.json()["error"].startswith("invalid payload parameters: ")
    assert named in response.json()["error"]
    _nothing_happened(stage)


def _nothing_happened(stage):
    assert stage.http.get(f"{KEYED}/requests").json()["total"] == 0
    assert [entry["kind"] for entry in stage.ledger()["entries"]] == ["opening"]


def test_the_texts_that_are_known_are_said_word_for_word(stage):
    missing = submit(stage, {"model": AUDIO.id, "payload": {}})
    assert missing.json() == {"error": "invalid payload parameters: text (Required parameter is missing)"}
    unknown = submit(stage, {"model": "no-such-model", "payload": {}})
    assert (unknown.status_code, unknown.json()) == (404, {"error": "model no-such-model does not exist"})
    nowhere = stage.http.get(f"{KEYED}/requests/{uuid.uuid4()}")
    assert (nowhere.status_code, nowhere.json()) == (404, {"error": "Request not found"})
    _nothing_happened(stage)


@pytest.mark.parametrize(
    "body", [b"", b"nope", b"[1]", b'"x"', b"{", b"\xff", b"[" * 9999, b'{"a":' * 500 + b"1" + b"}" * 500]
)
def test_a_body_that_is_no_request_gets_a_clear_400(stage, body):
    response = stage.http.post(f"{KEYED}/requests", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert isinstance(response.json()["error"], str)
    _nothing_happened(stage)


@pytest.mark.parametrize("body", [{}, {"payload": {}}, {"model": None, "payload": {}}, {"model": 5}, {"model": ["x"]}])
def test_a_request_without_a_usable_model_is_refused(stage, body):
    response = submit(stage, body or {"x": 1})
    assert response.status_code in (400, 404)
    _nothing_happened(stage)


def test_a_huge_body_is_refused(make_server, key):
    small = make_server(max_body=1)
    response = httpx.post(
        f"{small.url}{KEYED}/requests",
        content=b" " * (1024 * 1024 + 1),
        headers={"Authorization": f"Bearer {key}"},
        trust_env=False,
    )
    assert (response.status_code, list(response.json())) == (413, ["error"])


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Basic eDp5", "key"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "requests"), ("GET", "requests/x"), ("GET", "requests"), ("GET", "models"), ("POST", "upload-url")],
)
def test_without_a_key_nobody_comes_in(stage, method, path, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    response = httpx.request(method, f"{stage.server.url}{KEYED}/{path}", headers=headers, trust_env=False)
    assert (response.status_code, list(response.json())) == (401, ["error"])


def test_a_foreign_organization_is_refused_and_ones_own_is_welcome(stage):
    own = finished(stage, avatar())["org_id"]
    assert submit(stage, **{"X-Organization-ID": own}).status_code == 200
    assert submit(stage, **{"X-Organization-ID": str(uuid.uuid4())}).status_code in (401, 403)


def test_4k_needs_an_entitlement(stage, make_server, key):
    body = avatar(dimension={"width": 3840, "height": 2160})
    refused = submit(stage, body)
    assert refused.status_code == 404
    assert "you do not have access" in refused.json()["error"]
    _nothing_happened(stage)
    enterprise = make_server(switches={"gmi.enterprise": "on"})
    headers = {"Authorization": f"Bearer {key}"}
    assert (
        httpx.post(f"{enterprise.url}{KEYED}/requests", json=body, headers=headers, trust_env=False).status_code == 200
    )


def test_an_account_that_cannot_pay_is_told_in_the_providers_words(make_server, key):
    poor = make_server(balance=0)
    response = httpx.post(
        f"{poor.url}{KEYED}/requests", json=avatar(), headers={"Authorization": f"Bearer {key}"}, trust_env=False
    )
    assert (response.status_code, response.json()) == (
        402,
        {"error": "Insufficient credits. Please add more credits to your account."},
    )


def test_a_rate_limit_is_real_when_it_is_switched_on(make_server, key):
    clock = ManualClock()
    limited = next(model for model in GMI.models.values() if model.rate_limit)
    server = make_server(clock, switches={"gmi.rate-limits": "on"}, speed=Speed.parse("instant"))
    with httpx.Client(
        base_url=server.url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, verify=False
    ) as http:
        body = {"model": limited.id, "payload": {"prompt": "x"}}
        for _ in range(limited.rate_limit.limit):
            assert http.post(f"{KEYED}/requests", json=body).status_code == 200
        clock.advance(10)
        refused = http.post(f"{KEYED}/requests", json=body)
        assert refused.status_code == 429
        told = refused.json()["rate_limit"]
        assert told == {"limit_type": "RPM", "limit": 2, "interval_seconds": 60, "retry_after_ms": 50_000}
        assert f"Retry in {told['retry_after_ms']} ms" in refused.json()["error"]
        clock.advance(told["retry_after_ms"] / 1000)
        assert http.post(f"{KEYED}/requests", json=body).status_code == 200


def test_a_request_refused_upstream_is_in_the_list_as_failed_and_not_paid(stage):
    before = stage.ledger()["balance"]
    assert submit(stage, avatar(segment("[[error:backendError400]]"))).status_code == 500
    stage.clock.advance(10_000)
    [record] = stage.http.get(f"{KEYED}/requests").json()["requests"]
    assert record["status"] == "failed"
    assert stage.ledger()["balance"] == before


def test_a_file_is_put_to_its_presigned_address_and_read_from_the_public_one(stage):
    urls = stage.http.post(f"{KEYED}/upload-url", json={"file_type": "jpg"}).json()
    put = httpx.put(urls["upload_url"], content=b"bytes", headers={"Content-Type": "image/jpg"}, trust_env=False)
    assert put.status_code == 200
    got = httpx.get(urls["public_url"], trust_env=False)
    assert (got.content, got.headers["content-type"]) == (b"bytes", "image/jpg")


def test_only_finished_files_of_its_own_are_served(stage, make_server, key):
    record = finished(stage, avatar())
    url = record["outcome"]["media_urls"][0]["url"]
    assert stage.http.get(url.replace(".mp4", ".webm")).status_code == 404
    assert stage.http.get(url.replace(".mp4", "x.mp4")).status_code == 404
    assert "access-control-allow-origin" not in stage.http.get(url).headers, "as a live client met it"
    assert stage.http.options(url).status_code == 405
    open_server = make_server(switches={"gmi.media-cors": "on"})
    assert (
        httpx.options(
            f"{open_server.url}/gmi-video-assests-prod/user-assets/o/gmi-videogen/generated/x.mp4", trust_env=False
        ).headers["access-control-allow-origin"]
        == "*"
    )
    created = submit(stage).json()
    job = stage.server.engine.accounts.of(stage.key).jobs("gmi")[created["request_id"]]
    early = url.replace(url.rpartition("/")[2], f"{job.results[0].id}.mp4")
    assert stage.http.get(early).status_code == 404
    stage.http.delete(f"{KEYED}/requests/{created['request_id']}")
    stage.clock.advance(10_000)
    assert stage.http.get(early).status_code == 404


def test_an_upload_larger_than_the_server_keeps_is_refused(make_server, key):
    small = make_server(max_body=1)
    with httpx.Client(
        base_url=small.url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, verify=False
    ) as http:
        put = http.post(f"{KEYED}/upload-url", json={"file_type": "png"}).json()["upload_url"]
        refused = http.put(put, content=b"x" * (1024 * 1024 + 1), headers={"Content-Type": "image/png"})
    assert (refused.status_code, "EntityTooLarge" in refused.text) == (400, True)


def test_nested_mistakes_come_back_from_upstream_where_that_is_switched(make_server, key):
    server = make_server(switches={"gmi.nested-validation": "upstream", "gmi.key-refusal": "403"})
    with httpx.Client(
        base_url=server.url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, verify=False
    ) as http:
        nested = http.post(f"{KEYED}/requests", json=avatar(segment(speed=9)))
        assert (nested.status_code, nested.json()["error"]) == (500, "Backend error (400). Please try again.")
        [record] = http.get(f"{KEYED}/requests").json()["requests"]
        assert record["status"] == "failed"
        top = http.post(f"{KEYED}/requests", json={"model": AVATAR, "payload": {}})
        assert top.status_code == 400
        assert http.get(f"{KEYED}/models", headers={"Authorization": ""}).status_code == 403


def test_records_take_the_shapes_that_are_switched(make_server, key):
    clock = ManualClock()
    switches = {
        "gmi.failed-outcome": "object",
        "gmi.failed-top-level-error": "off",
        "gmi.payload-echo": "empty",
        "gmi.submit-status": "dispatched",
    }
    server = make_server(clock, switches=switches)
    with httpx.Client(
        base_url=server.url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, verify=False
    ) as http:
        created = http.post(f"{KEYED}/requests", json=avatar(segment("[[error:inputRejected]]"))).json()
        assert created["status"] == "dispatched"
        clock.advance(10_000)
        record = http.get(f"{KEYED}/requests/{created['request_id']}").json()
    assert record["outcome"]["error"]["status"] == "INVALID_INPUT"
    assert record["outcome"]["error"]["code"] == "INVALID_INPUT"
    assert "error" not in record
    assert record["payload"] == {}


@pytest.mark.parametrize("number", [1e9, 1e28, 1e300, 2**63])
def test_a_length_beyond_measure_is_no_mistake_of_ours(make_server, key, number):
    server = make_server(balance=10**9)
    quiet = {"character": segment()["character"], "voice": {"type": "silence", "duration": number}}
    answer = httpx.post(
        f"{server.url}{KEYED}/requests", json=avatar(quiet), headers={"Authorization": f"Bearer {key}"}, trust_env=False
    )
    assert answer.status_code == 200
    entries = httpx.get(
        f"{server.url}/_understudy/ledger", headers={"Authorization": f"Bearer {key}"}, trust_env=False
    ).json()["entries"]
    assert entries[-1]["amount"] == -4 * 3600 * 0.05, "no clip is longer than four hours"


def test_a_payload_that_breaks_a_rule_a_hundred_thousand_times_gets_a_short_answer(stage):
    response = submit(stage, {"model": AVATAR, "payload": {"video_inputs": [5] * 100_000}})
    assert response.status_code == 400
    assert len(response.content) < 10_000


def test_a_cancelled_request_ends_the_wait_of_its_submit(make_server, key):
    server = make_server(ManualClock())
    headers = {"Authorization": f"Bearer {key}"}
    body = {"model": SYNC_IMAGE.id, "payload": {"prompt": "A lighthouse"}}
    with (
        ThreadPoolExecutor(1) as pool,
        httpx.Client(base_url=server.url, headers=headers, trust_env=False, verify=False) as http,
    ):
        waiting = pool.submit(
            httpx.post, f"{server.url}{KEYED}/requests", json=body, headers=headers, trust_env=False, timeout=20
        )
        while not (records := http.get(f"{KEYED}/requests").json()["requests"]):
            pass
        http.delete(f"{KEYED}/requests/{records[0]['request_id']}")
        assert waiting.result().json()["status"] == "cancelled"


def test_a_server_that_stops_says_so_to_who_is_waiting(make_server, key):
    server = make_server(ManualClock())
    headers = {"Authorization": f"Bearer {key}"}
    body = {"model": SYNC_IMAGE.id, "payload": {"prompt": "A lighthouse"}}
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(
            httpx.post, f"{server.url}{KEYED}/requests", json=body, headers=headers, trust_env=False, timeout=20
        )
        while httpx.get(f"{server.url}{KEYED}/requests", headers=headers, trust_env=False).json()["total"] == 0:
            pass
        server.__exit__(None, None, None)
        answer = waiting.result()
    assert (answer.status_code, answer.json()) == (503, {"error": "understudy is stopping"})


def test_one_email_with_two_keys_signs_in_to_two_accounts(make_server):
    server = make_server(api_keys=frozenset({"one", "two"}))
    organizations = set()
    for password in ("one", "two", "one"):
        with httpx.Client(base_url=f"{server.url}/api/v1", trust_env=False, verify=False) as http:
            token = http.post("/me/auth-tokens", json={"email": "a@x.example", "password": password}).json()[
                "authToken"
            ]
            session = http.post("/me/sessions", json={"authToken": token}).json()
            profile = http.get("/me/profile", headers={"Authorization": f"Bearer {session['accessToken']}"}).json()
            organizations.add((password, profile["organization"]["id"], profile["user"]["id"]))
    assert len(organizations) == 2


def test_a_magic_value_that_names_nothing_says_so(stage):
    refused = submit(stage, avatar(segment("[[error:backendEror400]]")))
    assert (refused.status_code, "did you mean backendError4" in refused.json()["error"]) == (400, True)


def test_a_bucket_answers_as_google_cloud_storage_does(stage):
    def code(response):
        assert response.headers["content-type"].startswith("application/xml")
        return response.status_code, response.text.partition("<Code>")[2].partition("</Code>")[0]

    urls = stage.http.post(f"{KEYED}/upload-url", json={"file_type": "png"}).json()
    with httpx.Client(trust_env=False, verify=False) as http:
        put = urls["upload_url"]
        assert code(http.put(put, content=b"x", headers={"Content-Type": "image/jpeg"})) == (
            403,
            "SignatureDoesNotMatch",
        )
        assert code(http.put(put, content=b"x")) == (400, "MalformedSecurityHeader")
        forged = put.replace("Signature=", "Signature=0")
        assert code(http.put(forged, content=b"x", headers={"Content-Type": "image/png"})) == (
            403,
            "SignatureDoesNotMatch",
        )
        assert code(http.get(urls["public_url"])) == (404, "NoSuchKey")
        stage.clock.advance(900)
        assert code(http.put(put, content=b"x", headers={"Content-Type": "image/png"})) == (400, "ExpiredToken")


@pytest.mark.parametrize("body", [{}, {"file_type": "mov"}, {"file_type": 5}, [], "png"])
def test_a_kind_of_file_that_is_not_taken_is_refused(stage, body):
    response = stage.http.post(f"{KEYED}/upload-url", content=json.dumps(body))
    assert (response.status_code, list(response.json())) == (400, ["error"])


def test_a_request_without_a_payload_is_refused(stage):
    for body in ({"model": AVATAR}, *({"model": AVATAR, "payload": wrong} for wrong in (None, "text", [1], 5))):
        assert submit(stage, body).json() == {"error": "payload is required"}
    _nothing_happened(stage)


def test_signing_in_opens_the_twin_family(stage):
    http = httpx.Client(base_url=stage.server.url, trust_env=False, verify=False)
    token = http.post("/api/v1/me/auth-tokens", json={"email": f"{stage.key}@x.example", "password": "pw"}).json()
    assert token["is2FARequired"] is False
    session = http.post(
        "/api/v1/me/sessions", json={"type": "native", "authToken": token["authToken"], "otpCode": None}
    ).json()
    http.headers["Authorization"] = f"Bearer {session['accessToken']}"
    profile = http.get("/api/v1/me/profile").json()
    created = http.post(f"{QUEUE}/requests", json=avatar()).json()
    record = http.get(f"{QUEUE}/requests/{created['request_id']}").json()
    assert record["org_id"] == profile["organization"]["id"]
    models = httpx.get(f"{stage.server.url}{QUEUE}/models", trust_env=False).json()["models"]
    assert [model["model"] for model in models] == list(GMI.models)

    made = http.post(f"/api/v1/organizations/{profile['organization']['id']}/api-keys", json={"name": "ci"}).json()[
        "key"
    ]
    by_key = httpx.get(
        f"{stage.server.url}{KEYED}/requests/{created['request_id']}",
        headers={"Authorization": f"Bearer {made}"},
        trust_env=False,
    )
    assert by_key.json() == record
    assert [
        entry["name"]
        for entry in http.get(f"/api/v1/organizations/{profile['organization']['id']}/api-keys").json()["keys"]
    ] == ["ci"]

    stage.clock.advance(3601)
    assert http.get(f"{QUEUE}/requests").status_code == 401
    renewed = http.patch("/api/v1/me/sessions", json={"refreshToken": session["refreshToken"]}).json()
    http.headers["Authorization"] = f"Bearer {renewed['accessToken']}"
    assert http.get(f"{QUEUE}/requests").json()["total"] == 1
    http.close()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/me/auth-tokens", {"email": "a"}, 400),
        ("POST", "/me/auth-tokens", [], 400),
        ("POST", "/me/sessions", {"authToken": "x"}, 401),
        ("PATCH", "/me/sessions", {}, 401),
        ("GET", "/me/profile", None, 401),
        ("POST", "/organizations/x/api-keys", {"name": "y"}, 401),
    ],
)
def test_signing_in_wrongly_is_refused_with_a_message(stage, method, path, body, status):
    response = httpx.request(method, f"{stage.server.url}/api/v1{path}", content=json.dumps(body), trust_env=False)
    assert (response.status_code, list(response.json())) == (status, ["message"])


def test_where_only_certain_keys_exist_the_password_must_be_one(make_server):
    server = make_server(api_keys=frozenset({"good"}))
    for password, status in (("good", 200), ("bad", 401)):
        body = {"email": "a@b.example", "password": password}
        assert httpx.post(f"{server.url}/api/v1/me/auth-tokens", json=body, trust_env=False).status_code == status


def test_avatars_and_voices_can_be_looked_up_at_heygen(stage):
    for name in ("avatars", "voices"):
        document = httpx.get(f"{stage.server.url}/v2/{name}", headers={"X-Api-Key": stage.key}, trust_env=False).json()
        assert document["error"] is None
        assert document["data"][name]
        assert httpx.get(f"{stage.server.url}/v2/{name}", trust_env=False).status_code == 401


def test_accounts_of_two_providers_share_their_money_but_not_their_jobs(stage):
    from stage import video_task

    task = video_task()
    stage.post(task)
    assert stage.http.get(f"{KEYED}/requests/{task['taskUUID']}").status_code == 404
    assert stage.http.get(f"{KEYED}/requests").json()["total"] == 0


def test_a_caller_who_waits_for_what_is_stuck_can_hang_up(make_server, key):
    server = make_server()
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, verify=False) as http:
        rule = {"provider": "gmi", "operation": "submit", "stuck": True}
        assert http.post("/_understudy/faults", json=rule).status_code == 201
        asked = {"model": SYNC_IMAGE.id, "payload": {"prompt": "A pier at dusk"}}
        with pytest.raises(httpx.ReadTimeout):
            http.post(f"{KEYED}/requests", json=asked, timeout=0.5)
        [told] = http.get(f"{KEYED}/requests").json()["requests"]
        assert told["status"] in ("queued", "dispatched", "processing")
        patience = time.monotonic() + 20
        while not (found := http.get("/_understudy/journal?operation=submit").json()["exchanges"]):
            assert time.monotonic() < patience
            time.sleep(0.02)
        assert [(one["ended"], one["response"]) for one in found] == [("hung up", None)]
