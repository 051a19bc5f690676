"""Segmind's models over the wire: called at once on v1, queued on v2, paid for, and refused in the provider's words."""

import socket
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx
import pytest

from attachments import data_uri, wav
from gateway import AVATAR, Gateway, call
from understudy.clock import ManualClock
from understudy.config import Speed
from understudy.media.inspect import inspect
from understudy_contracts.error_answers import answer_of
from understudy_contracts.provider import contract

SEGMIND = contract("segmind")
SCRIPT = "Hello, this is an avatar demo."
#: 23 letters at 12.9 a second, in whole frames of 40 ms, at $0.125 a second.
SECONDS, COST = 1.8, 0.225


@pytest.fixture
def patient(patient_server, key):
    """A caller under a clock that only the test moves."""
    server, clock = patient_server
    with Gateway(server, key, clock) as made:
        yield made


@pytest.fixture
def brisk(server, key):
    """A caller of a server whose videos take a fraction of a second."""
    with Gateway(server, key) as made:
        yield made


def test_a_call_is_answered_with_the_video_itself_and_its_price(brisk, tmp_path):
    response = brisk.run()
    assert (response.status_code, response.headers["content-type"]) == (200, "video/mp4")
    assert float(response.headers["x-cost"]) == COST
    assert float(response.headers["x-remaining-credits"]) == brisk.credits() == 100_000 - COST
    assert float(response.headers["x-generation-time"]) > 0
    row = brisk.history()[0]
    assert (row["request_id"], row["model_status"], row["credits_deduction"]) == (
        response.headers["x-request-id"],
        "COMPLETED",
        COST,
    )
    file = tmp_path / "call.mp4"
    file.write_bytes(response.content)
    seen = inspect(file)
    assert (seen.width, seen.height, seen.duration) == (1280, 720, pytest.approx(SECONDS, abs=0.04))


def test_a_submit_is_answered_with_five_keys_that_lead_back_here(patient):
    submitted = patient.submit()
    request_id = submitted["request_id"]
    assert uuid.UUID(request_id).version == 4
    assert submitted == {
        "request_id": request_id,
        "status": "QUEUED",
        "poll_url": f"{patient.server.url}/v1/requests/{request_id}",
        "status_url": f"{patient.server.url}/v2/requests/{request_id}/status",
        "response_url": f"{patient.server.url}/v2/requests/{request_id}",
    }


def test_a_request_is_queued_then_at_work_then_completed(patient):
    submitted = patient.submit()

    def status():
        response = patient.http.get(submitted["status_url"])
        assert response.status_code == 200
        return response.json()

    urls = {name: submitted[name] for name in ("status_url", "response_url")}
    expected = {"request_id": submitted["request_id"], **urls, "metrics": {}}
    assert status() == {"status": "QUEUED", **expected}
    patient.clock.advance(0.1)
    assert status() == {"status": "PROCESSING", **expected}
    # Asked for its result, a request that is not done says where it stands: never 404 or 422, which clients take for an end.
    assert patient.http.get(submitted["response_url"]).json() == status()
    patient.clock.advance(1_000)
    assert status() == {
        "status": "COMPLETED",
        "request_id": submitted["request_id"],
        "metrics": patient.http.get(submitted["response_url"]).json()["metrics"],
    }


def test_a_result_names_a_video_that_plays_and_is_as_long_as_what_was_paid(patient, tmp_path):
    result = patient.finished()
    assert list(result) == ["status", "request_id", "error", "output", "video", "metrics"]
    assert result["error"] is None
    video = result["video"]
    assert (video["url"], video["content_type"]) == (result["output"], "video/mp4")
    content = httpx.get(video["url"], trust_env=False).content  # without the key: the network is open
    assert len(content) == int(video["file_size"])
    assert video["url"].endswith(video["file_name"])
    file = tmp_path / "result.mp4"
    file.write_bytes(content)
    assert inspect(file).duration == pytest.approx(result["metrics"]["cost"] / 0.125, abs=0.04)


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({"video_orientation": "portrait"}, (720, 1280)),
        ({"video_orientation": "landscape", "resolution": "1080p"}, (1920, 1080)),
    ],
)
def test_the_video_stands_or_lies_as_asked(brisk, tmp_path, fields, size):
    file = tmp_path / "call.mp4"
    file.write_bytes(brisk.run(**fields).content)
    seen = inspect(file)
    assert (seen.width, seen.height) == size


def test_headers_metrics_credits_history_and_ledger_agree_to_the_cent(patient):
    texts = ["One.", "Two words.", "Three more words, spoken slowly.", "And a fourth, for good measure."]
    paid = Decimal(0)
    for text in texts:
        metrics = patient.finished(script=text)["metrics"]
        paid += Decimal(str(metrics["cost"]))
        assert metrics["remaining_credits"] == patient.credits() == float(100_000 - paid)
    rows = patient.history()
    assert sum(Decimal(str(row["credits_deduction"])) for row in rows) == paid
    charges = [entry for entry in patient.ledger()["entries"] if entry["kind"] == "charge"]
    assert sum(Decimal(str(-entry["amount"])) for entry in charges) == paid


def test_what_was_left_when_a_request_finished_is_not_changed_by_later_ones(patient):
    first = patient.finished()
    before = first["metrics"]["remaining_credits"]
    patient.finished()
    again = patient.http.get(f"/v2/requests/{first['request_id']}").json()
    assert again["metrics"]["remaining_credits"] == before


def test_bad_parameters_are_found_out_by_the_queue_and_cost_nothing(patient):
    submitted = patient.http.post(f"/v2/{AVATAR}", json={}).json()
    assert submitted["status"] == "QUEUED"
    patient.clock.advance(1)
    for url in (submitted["status_url"], submitted["response_url"], submitted["poll_url"]):
        failed = patient.http.get(url)
        assert failed.status_code == 422
        assert list(failed.json()) == ["status", "error", "metrics"]
        assert failed.json()["status"] == "FAILED"
        assert sorted(failed.json()["metrics"]) == ["inference_time", "queue_time", "total_time"]
    assert patient.credits() == 100_000
    assert patient.history()[0]["error"] == failed.json()["error"]


def test_a_bad_picture_is_refused_in_the_words_that_were_seen(patient):
    expected = "Reference media rejected: URL must be a valid HTTP or HTTPS URL."
    assert patient.error(patient.run(image_url="ftp://faces.example/a.png")) == (400, expected)
    submitted = patient.submit(image_url="data:image/png;base64,AAAA")
    patient.clock.advance(1)
    assert patient.http.get(submitted["status_url"]).json()["error"] == expected


@pytest.mark.parametrize(
    ("fields", "status", "named"),
    [
        ({"image_url": None}, 400, "image_url"),
        ({"video_title": None}, 400, "video_title"),
        ({"script": None}, 400, "script"),
        ({"script": ""}, 400, "script"),
        ({"fit": "stretch"}, 406, "fit"),
        ({"video_orientation": "square"}, 406, "video_orientation"),
        ({"voice_id": "Rex - Broadcaster"}, 406, "voice_id"),
        ({"script": 5}, 500, "script"),
        ({"enhance_custom_motion_prompt": "perhaps"}, 500, "enhance_custom_motion_prompt"),
    ],
)
def test_a_call_with_a_bad_parameter_is_refused_at_once_and_leaves_no_trace(patient, fields, status, named):
    code, text = patient.error(patient.run(**fields))
    assert code == status
    assert named in text
    assert patient.history() == []
    assert len(patient.ledger()["entries"]) == 1


def test_script_and_recording_together_are_accepted_and_the_recording_decides(brisk):
    recording = wav(3)
    url = data_uri(recording, "audio/wav")
    uploaded = brisk.http.post("/upload-asset", json={"data_urls": [url]}).json()["file_urls"][0]
    assert httpx.get(uploaded, trust_env=False).content == recording
    response = brisk.run(audio_url=uploaded)
    assert float(response.headers["x-cost"]) == pytest.approx(3 * 0.125)


def test_parameters_we_do_not_know_are_ignored_unless_a_switch_says_otherwise(brisk, make_server, key):
    assert brisk.run(sparkle=True).status_code == 200
    with Gateway(make_server(switches={"segmind.unknown-field": "refused"}), key) as strict:
        assert strict.error(strict.run(sparkle=True)) == (400, "sparkle is not a known parameter")


def test_a_form_is_as_good_as_json_and_its_files_become_urls(brisk):
    fields = call(image_url=None, enhance_custom_motion_prompt="true")
    response = brisk.http.post(f"/v1/{AVATAR}", data=fields, files={"image_url": ("a.png", b"face", "image/png")})
    assert response.status_code == 200
    body = brisk.history()[0]["request_body"]
    assert body["enhance_custom_motion_prompt"] is True
    assert httpx.get(body["image_url"], trust_env=False).content == b"face"


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json", b"", (400, "Invalid JSON in the request body: ")),
        ("application/json", b"{", (400, "Invalid JSON in the request body: ")),
        ("application/json", b"[]", (400, "Invalid JSON in the request body: ")),
        ("application/json; charset=utf-8", b"\xff\xfe", (400, "Invalid JSON in the request body: ")),
        ("application/json", b"[" * 100_000, (400, "Invalid JSON in the request body: ")),
        ("multipart/form-data", b"no boundary", (400, "Invalid JSON in the request body: ")),
        ("multipart/form-data; boundary=x", b"--x\r\nrubbish", (400, "Invalid JSON in the request body: ")),
        ("text/plain", b"{}", (406, "Invalid content type")),
        ("application/x-www-form-urlencoded", b"a=b", (406, "Invalid content type")),
        ("", b"{}", (406, "Invalid content type")),
    ],
)
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_body_that_cannot_be_read_is_refused_before_anything_is_made(patient, version, content_type, body, expected):
    response = patient.http.post(f"/{version}/{AVATAR}", content=body, headers={"content-type": content_type})
    status, text = patient.error(response)
    assert (status, text[: len(expected[1])]) == expected
    assert patient.history() == []


def test_a_body_that_is_too_large_is_refused(make_server, key):
    with Gateway(make_server(max_body=1), key) as small:
        assert small.error(small.run(script="x" * 2_000_000)) == (
            413,
            "Request body is too large: at most 1048576 bytes are read",
        )


def test_a_key_is_asked_for_before_anything_else(patient):
    anybody = httpx.Client(base_url=patient.server.url, trust_env=False, verify=False)
    missing = (401, "Missing Authorization or x-api-key in header")
    for method, path in (("GET", f"/v1/{AVATAR}"), ("POST", "/v1/nothing"), ("PUT", "/v2/x"), ("GET", "/webhook/get")):
        assert patient.error(anybody.request(method, path)) == missing
    anybody.close()


def test_where_only_certain_keys_exist_others_are_refused(make_server):
    server = make_server(api_keys=frozenset({"SG_0123456789abcdef"}))
    with Gateway(server, "SG_0123456789abcdef") as known, Gateway(server, "SG_fedcba9876543210") as unknown:
        assert known.credits() == 100_000
        expected = (401, "Unauthorized. API key is invalid or may have expired...")
        assert unknown.error(unknown.http.get("/v1/get-user-credits")) == expected


@pytest.mark.parametrize(
    ("stance", "gateway", "workflow"), [("workflows", 401, 200), ("everywhere", 200, 200), ("nowhere", 401, 401)]
)
def test_where_a_bearer_token_is_a_key_is_a_switch(make_server, key, stance, gateway, workflow):
    server = make_server(switches={"segmind.bearer": stance})
    http = httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, verify=False)
    assert http.post(f"/v2/{AVATAR}", json=call()).status_code == gateway
    assert http.post("/workflows/0123456789abcdef01234567-v1", json={}).status_code == workflow
    http.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/v1/{AVATAR}"),
        ("PUT", f"/v2/{AVATAR}"),
        ("DELETE", "/v2/requests/x"),
        ("POST", "/v1/get-user-credits"),
        ("DELETE", "/upload-asset"),
    ],
)
def test_a_wrong_method_is_answered_with_a_page(patient, method, path):
    response = patient.http.request(method, path)
    assert response.status_code == 405
    assert response.headers["content-type"].startswith("text/html")
    assert response.text.startswith("<")


def test_unknown_models_and_requests_are_not_found(patient):
    assert patient.error(patient.http.post("/v1/heygen-avatar-v", json={})) == (404, "Model heygen-avatar-v not found")
    assert patient.error(patient.http.post("/v2/pixelflow", json={}))[0] == 404
    assert patient.error(patient.http.get("/v2/requests/abc")) == (404, "Request abc not found")
    assert patient.error(patient.http.get("/v2/requests/abc/status")) == (404, "Request abc not found")
    assert patient.error(patient.http.get("/v1/requests/abc")) == (404, "Output for this request ID abc Not Found")


def test_a_record_is_gone_after_an_hour_and_the_file_after_a_week(patient):
    result = patient.finished()
    url = f"/v2/requests/{result['request_id']}"
    patient.clock.advance(2_500)
    assert patient.http.get(url).status_code == 200
    patient.clock.advance(200)
    for path in (url, f"{url}/status", f"/v1/requests/{result['request_id']}"):
        assert patient.http.get(path).status_code == 404
    assert httpx.head(result["output"], trust_env=False).status_code == 200
    assert patient.history()[0]["model_status"] == "COMPLETED"
    patient.clock.advance(7 * 24 * 3600)
    assert httpx.get(result["output"], trust_env=False).status_code == 404


def test_both_forms_of_an_id_are_understood_and_either_can_be_given(patient, make_server, key):
    submitted = patient.submit()
    undashed = submitted["request_id"].replace("-", "")
    assert patient.http.get(f"/v2/requests/{undashed}").status_code == 200
    with Gateway(make_server(switches={"segmind.request-id": "hex"}), key) as hexed:
        request_id = hexed.submit()["request_id"]
        assert len(request_id) == 32
        assert hexed.http.get(f"/v2/requests/{request_id}").status_code == 200


def test_who_cannot_pay_is_told_so_and_nothing_is_made(make_server, key):
    server = make_server(balance=Decimal("0.20"))
    with Gateway(server, key) as poor:
        code, text = poor.error(poor.run())
        assert (code, "0.2 " in text, "0.225" in text) == (406, True, True)
        submitted = poor.http.post(f"/v2/{AVATAR}", json=call())
        assert poor.error(submitted) == (402, "Insufficient credits. You have 0.2 credits.")
        assert (poor.credits(), poor.history()) == (0.2, [])


def test_with_which_status_an_empty_balance_is_told_is_a_switch(make_server, key):
    stance = {"segmind.v1-credit-status": "402", "segmind.v2-credit-status": "406"}
    with Gateway(make_server(balance=Decimal(0), switches=stance), key) as poor:
        assert poor.run().status_code == 402
        assert poor.http.post(f"/v2/{AVATAR}", json=call()).status_code == 406


def test_money_held_by_what_is_under_way_cannot_be_spent_twice(make_server, key):
    from understudy.clock import ManualClock

    with Gateway(make_server(ManualClock(), balance=Decimal("0.30")), key) as poor:
        poor.submit()
        assert poor.http.post(f"/v2/{AVATAR}", json=call()).status_code == 402


def test_a_caller_who_hangs_up_loses_nothing(make_server, key):
    server = make_server(speed=Speed(1.0, 1 / 50))
    with Gateway(server, key) as caller:
        with pytest.raises(httpx.ReadTimeout):
            caller.http.post(f"/v1/{AVATAR}", json=call(), timeout=0.2)
        row = caller.history()[0]
        assert (row["model_status"], row["credits_deduction"]) == ("PENDING", 0)
        deadline = time.monotonic() + 20
        while (row := caller.history()[0])["model_status"] == "PENDING":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert row["credits_deduction"] == COST
        assert httpx.get(row["generation_url"], trust_env=False).headers["content-type"] == "video/mp4"


def test_a_call_takes_as_long_as_the_provider_and_holds_up_nobody(make_server, key):
    from understudy.clock import ManualClock

    clock = ManualClock()
    server = make_server(clock, speed=Speed.parse("real"))
    with Gateway(server, key, clock) as caller:
        answers = []
        calls = [threading.Thread(target=lambda: answers.append(caller.run())) for _ in range(8)]
        for one in calls:
            one.start()
        while len(caller.history(per_page=100)) < 8:
            time.sleep(0.01)
        clock.advance(30)
        assert {row["model_status"] for row in caller.history(per_page=100)} == {"PENDING"}
        assert answers == []
        clock.advance(10)
        for one in calls:
            one.join(20)
        assert [answer.status_code for answer in answers] == [200] * 8
        # A clip of the page's average length takes the page's 195 s.
        queued, running = SEGMIND.models[AVATAR].latency.seconds(2.216 / 0.125)
        assert queued + running == pytest.approx(195.48, rel=0.01)


def test_the_pages_sample_gets_json_where_a_switch_says_so(make_server, key):
    server = make_server(speed=Speed.parse("instant"), switches={"segmind.v1-answer": "json"})
    with Gateway(server, key) as caller:
        result = caller.run().json()
        assert (result["status"], result["video"]["content_type"]) == ("COMPLETED", "video/mp4")
        assert httpx.get(result["output"], trust_env=False).status_code == 200


def test_the_bounds_of_a_plan_hold_and_say_when_they_end(make_server, key):
    from datetime import datetime

    from understudy.clock import ManualClock

    clock = ManualClock()
    server = make_server(clock, speed=Speed.parse("instant"), switches={"segmind.rate-limit": "free"})
    with Gateway(server, key, clock) as caller:
        for _ in range(5):
            caller.submit()
            clock.advance(1)
        refused = caller.http.post(f"/v2/{AVATAR}", json=call())
        assert refused.status_code == 429
        assert "retry-after" not in refused.headers
        reset = datetime.fromisoformat(refused.headers["x-rate-limit-reset-at-utc"]).timestamp()
        assert reset == pytest.approx(clock.now() + 55, abs=0.01)
        assert caller.http.get("/v1/get-user-credits").status_code == 200  # only calls are counted
        clock.advance(55)
        caller.submit()
        assert len(caller.history()) == 6


@pytest.mark.parametrize(
    "case",
    [case for case in SEGMIND.errors.values() if case.strikes in ("submit", "transport")],
    ids=lambda case: case.id,
)
def test_a_call_that_waits_meets_every_refusal_too(patient, case):
    response = patient.run(script=f"[[error:{case.id}]]")
    promised = answer_of(case, {"model": AVATAR})
    assert (response.status_code, response.content) == (promised.status, promised.content)
    assert ("x-rate-limit-reset-at-utc" in response.headers) == (case.kind == "rate_limit")
    assert patient.history() == []


@pytest.mark.parametrize("name", ["forbidden", "rateLimited", "serverError", "badGateway", "gatewayTimeout"])
def test_a_key_can_name_an_error_that_every_call_meets(patient, name):
    with Gateway(patient.server, f"SG_[[error:{name}]]") as struck:
        for path in ("/v1/get-user-credits", "/v2/requests/x/status", "/webhook/get"):
            assert struck.http.get(path).status_code == SEGMIND.errors[name].status


def test_a_key_can_name_an_error_of_its_jobs_or_of_its_credits(patient):
    with Gateway(patient.server, "SG_[[error:inferenceFailed]]", patient.clock) as struck:
        submitted = struck.submit()
        struck.clock.advance(1_000)
        assert struck.http.get(submitted["status_url"]).status_code == 422
    with Gateway(patient.server, "SG_[[error:noCredits]]") as struck:
        assert struck.error(struck.http.get("/v1/get-user-credits")) == (404, "No credits found for the user")


@pytest.mark.parametrize(
    "case", [case for case in SEGMIND.errors.values() if case.strikes == "processing"], ids=lambda case: case.id
)
def test_every_later_failure_can_be_had_by_its_name_and_costs_nothing(brisk, case):
    awaited = brisk.run(script=f"[[error:{case.id}]]")
    assert awaited.status_code == 400
    _, text = brisk.error(awaited)
    submitted = brisk.submit(script=f"[[error:{case.id}]]")
    deadline = time.monotonic() + 20
    while (polled := brisk.http.get(submitted["status_url"])).status_code == 200:
        assert time.monotonic() < deadline
    assert polled.status_code == 422
    # Each task of the vendor behind the gateway has an id of its own; all else is the same.
    start = case.message.partition("{")[0]
    assert text.startswith(start)
    assert polled.json()["error"].startswith(start)
    assert brisk.credits() == 100_000
    assert {row["model_status"] for row in brisk.history()} == {"FAILED"}


def test_a_magic_value_that_names_nothing_says_what_comes_close(patient):
    code, text = patient.error(patient.run(script="[[error:provderTaskFailed]]"))
    assert (code, "did you mean providerTaskFailed" in text) == (400, True)


def test_accounts_do_not_see_each_others_requests(patient):
    result = patient.finished()
    with Gateway(patient.server, f"other-{uuid.uuid4()}") as other:
        assert other.http.get(f"/v2/requests/{result['request_id']}").status_code == 404
        assert other.history() == []


def test_language_models_answer_in_their_makers_shape(brisk):
    import json

    said = brisk.http.post("/v1/gpt-5.5", json={"prompt": "Write a haiku."})
    assert "Write a haiku." in said.json()["choices"][0]["message"]["content"]
    assert float(said.headers["x-cost"]) > 0
    submitted = brisk.http.post("/v2/gpt-5.5", json={"messages": [{"role": "user", "content": "And another."}]}).json()
    while (result := brisk.http.get(submitted["response_url"]).json())["status"] != "COMPLETED":
        time.sleep(0.01)
    assert "And another." in json.loads(result["output"])["choices"][0]["message"]["content"]


def test_under_its_own_host_name_the_provider_is_alone_and_its_urls_are_https(patient):
    hosted = {"Host": "api.segmind.com"}
    submitted = patient.http.post(f"/v2/{AVATAR}", json=call(), headers=hosted).json()
    assert submitted["status_url"].startswith("https://api.segmind.com/v2/requests/")
    patient.clock.advance(1_000)
    path = submitted["response_url"].removeprefix("https://api.segmind.com")
    output = patient.http.get(path, headers=hosted).json()["output"]
    assert output.startswith("https://images.segmind.com/generations/")
    file = patient.http.get(output.removeprefix("https://images.segmind.com"), headers={"Host": "images.segmind.com"})
    assert file.headers["content-type"] == "video/mp4"
    assert patient.http.post("/v1", json=[], headers=hosted).status_code == 404  # Runware's path
    assert (
        patient.error(patient.http.get("/v2/avatars", headers=hosted))[0] == 404
    )  # a slug here, HeyGen's list elsewhere
    assert patient.http.get("/v2/avatars").status_code == 200


def test_a_gateway_in_front_is_believed_when_it_says_how_it_was_reached(patient):
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "stand-in.example"}
    submitted = patient.http.post(f"/v2/{AVATAR}", json=call(), headers=told).json()
    assert submitted["poll_url"].startswith("https://stand-in.example/v1/requests/")


def test_a_get_may_carry_a_body_without_upsetting_the_next_request(patient):
    host, port = patient.server.url.removeprefix("http://").split(":")
    body = b'{"request_id": "x"}'
    get = b"GET /v1/get-user-credits HTTP/1.1\r\nHost: x\r\nx-api-key: %s\r\nContent-Length: %d\r\n\r\n%s"
    one = get % (patient.key.encode(), len(body), body)
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(one + one)
        answer = b""
        while answer.count(b'"free-credits"') < 2:
            piece = raw.recv(65536)
            assert piece, answer
            answer += piece
    assert answer.count(b"200 OK") == 2


@pytest.mark.parametrize(
    "content", [None, 5, "words", [], [{"type": "text", "text": None}], [{"type": "text", "text": 5}, {"text": "a"}]]
)
def test_a_language_model_answers_whatever_a_message_holds(brisk, content):
    answer = brisk.http.post("/v1/gpt-5.5", json={"messages": [{"role": "user", "content": content}]})
    assert (answer.status_code, "choices" in answer.json()) == (200, True)


@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape", "punycode", "undefined", "utf-8", "nonsense"])
def test_whatever_charset_a_form_claims_it_is_read_as_utf_8(brisk, charset):
    body = '--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n+2AA- \\ud800 Zürich\r\n--x--\r\n'.encode()
    answer = brisk.http.post(
        "/v1/gpt-5.5", content=body, headers={"content-type": f"multipart/form-data; boundary=x; charset={charset}"}
    )
    assert answer.status_code == 200
    assert brisk.history()[0]["request_body"] == {"prompt": "+2AA- \\ud800 Zürich"}


@pytest.mark.parametrize("kind", ["image/p\x01ng", "text", "", "image/png\x00", "text/html"])
def test_a_file_can_be_fetched_whatever_type_it_claims_and_has_no_say_over_a_page(brisk, kind):
    file = {"image_url": ("a.png", b"face", kind)}
    assert brisk.http.post(f"/v1/{AVATAR}", data=call(image_url=None), files=file).status_code == 200
    fetched = httpx.get(brisk.history()[0]["request_body"]["image_url"], trust_env=False)
    assert fetched.content == b"face"
    assert fetched.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in fetched.headers["content-security-policy"]


def test_an_id_may_hold_any_character(patient):
    for path in ("/v2/requests/a%2Fb", "/v2/requests/a%2Fb/status", "/inference-request/request-history/a%2Fb"):
        assert patient.error(patient.http.get(path)) == (404, "Request a/b not found")


def test_a_call_that_waits_is_answered_though_its_account_is_made_new_meanwhile(make_server, key):
    clock = ManualClock()
    with Gateway(make_server(clock, speed=Speed.parse("real")), key, clock) as one, ThreadPoolExecutor(1) as pool:
        control = {"Authorization": f"Bearer {key}"}
        waiting = pool.submit(one.run)
        patience = time.monotonic() + 20
        while len(one.ledger()["entries"]) < 2:
            assert time.monotonic() < patience
            time.sleep(0.02)
        assert one.http.post("/_understudy/reset/all", headers=control).status_code == 200
        one.http.post("/_understudy/clock/advance", json={"seconds": 5_000}, headers=control)
        assert waiting.result(20).status_code == 200
