"""`POST /v1` as a transport: bodies, keys, batches, envelopes."""

import json
import socket
import uuid

import httpx
import pytest

from stage import video_task
from understudy.config import Speed

PING = {"taskType": "ping", "ping": True}


def send(server, content, key="k", **headers):
    given = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {}), **headers}
    return httpx.post(f"{server.url}/v1", content=content, headers=given, trust_env=False)


def codes(response):
    return [error["code"] for error in response.json()["errors"]]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"{",
        b"[",
        b"nul",
        b'{"taskType":"ping"}',
        b'"text"',
        b"12",
        b"true",
        b"null",
        b"[]",
        b"\xff\xfe[1]",
        b'["\\ud800"]',
        b"[NaN]",
        b"[" * 100_000,
        b"[" * 5_000 + b"]" * 5_000,
        b'{"a":' * 3_000 + b"1" + b"}" * 3_000,
    ],
)
def test_a_body_that_is_no_array_of_tasks_gets_a_clear_400_never_a_500(server, body):
    response = send(server, body)
    assert response.status_code == 400
    assert codes(response) == ["invalidRequestBody"]
    assert "JSON array" in response.json()["errors"][0]["message"]
    assert response.json()["data"] == []


@pytest.mark.parametrize("task", [1, "x", None, [], [[PING]]])
def test_something_in_the_array_that_is_no_task_is_named_and_the_rest_is_done(server, task):
    response = send(server, json.dumps([task, PING]))
    assert response.status_code == 200
    assert response.json()["data"] == [{"taskType": "ping", "pong": True}]
    assert codes(response) == ["invalidRequestBody"]


@pytest.mark.parametrize("depth", [200, 500, 900])
def test_deep_nesting_inside_a_task_is_refused_not_suffered(server, depth):
    task = video_task()
    nested: object = 1
    for _ in range(depth):
        nested = {"a": nested}
    for field in ("inputs", "speech", "settings", "routing", "surprise"):
        response = send(server, json.dumps([{**task, field: nested}]))
        assert response.status_code == 400, field
        assert "nested more than 128 levels" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json", ""]
)
def test_another_content_type_is_refused(server, content_type):
    response = send(server, json.dumps([PING]), **{"Content-Type": content_type})
    assert response.status_code == 400
    assert codes(response) == ["invalidContentType"]


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=utf-8", "application/vnd.x+json"]
)
def test_json_by_any_of_its_names_is_read(server, content_type):
    assert send(server, json.dumps([PING]), **{"Content-Type": content_type}).status_code == 200


def test_a_body_over_the_limit_gets_413_and_the_server_lives_on(make_server):
    small = make_server(max_body=1)
    response = send(small, b"[" + b" " * (1024 * 1024 + 1) + b"]")
    assert response.status_code == 413
    assert codes(response) == ["requestTooLarge"]
    assert send(small, json.dumps([PING])).status_code == 200


def test_a_chunked_body_over_the_limit_gets_413_too(make_server):
    small = make_server(max_body=1)

    def chunks():
        for _ in range(40):
            yield b" " * 65_536

    response = httpx.post(f"{small.url}/v1", content=chunks(), headers={"Authorization": "Bearer k"}, trust_env=False)
    assert response.status_code == 413


def test_a_caller_who_hangs_up_in_the_middle_of_a_body_harms_nobody(server):
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(b"POST /v1 HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n[{")
    assert send(server, json.dumps([PING])).status_code == 200


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Basic dXNlcjpwdw==", "k", "Token k"])
def test_without_a_key_the_answer_is_the_documented_401(server, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    response = send(server, json.dumps([video_task()]), key=None, **headers)
    assert response.status_code == 401
    assert response.json()["errors"] == [
        {
            "code": "invalidApiKey",
            "message": "Invalid API key. Get one at https://my.runware.ai/signup",
            "parameter": "apiKey",
            "taskType": "authentication",
        }
    ]


def test_only_the_keys_that_exist_get_in_when_some_are_named(make_server):
    guarded = make_server(api_keys=frozenset({"good"}))
    assert send(guarded, json.dumps([PING]), key="good").status_code == 200
    assert send(guarded, json.dumps([PING]), key="bad").status_code == 401


def authentication(**fields):
    return {"taskType": "authentication", **fields}


def test_the_first_task_may_bring_the_key_and_is_acknowledged(server, key):
    task = video_task()
    response = send(server, json.dumps([authentication(apiKey=key), task]), key=None)
    assert response.status_code == 200
    first, second = response.json()["data"]
    assert first["taskType"] == "authentication"
    assert uuid.UUID(first["connectionSessionUUID"])
    assert second == {"taskType": "videoInference", "taskUUID": task["taskUUID"]}
    # The same account is reached by the header.
    poll = send(server, json.dumps([{"taskType": "getResponse", "taskUUID": task["taskUUID"]}]), key=key)
    assert poll.json()["data"][0]["taskUUID"] == task["taskUUID"]


def test_an_authentication_alone_checks_the_key(make_server):
    guarded = make_server(api_keys=frozenset({"good"}))
    good = send(guarded, json.dumps([authentication(apiKey="good")]), key=None)
    assert (good.status_code, "errors" in good.json()) == (200, False)
    assert send(guarded, json.dumps([authentication(apiKey="bad")]), key=None).status_code == 401


@pytest.mark.parametrize(("value", "code"), [(None, "missingApiKey"), (5, "invalidApiKey"), ("", "invalidApiKey")])
def test_an_authentication_without_a_usable_key_is_refused(server, value, code):
    task = authentication() if value is None else authentication(apiKey=value)
    response = send(server, json.dumps([task]), key=None)
    assert (response.status_code, codes(response)) == (401, [code])


@pytest.mark.parametrize("half", ["\ud800", "sk-\udc80"])
def test_a_key_that_ends_in_the_middle_of_a_character_is_refused_as_a_mistake_of_the_caller(server, half):
    # This is how JSON can say it; what is in a header is bytes, and each of them is a character.
    response = send(server, json.dumps([authentication(apiKey=half)]), key=None)
    assert (response.status_code, codes(response)) == (400, ["invalidRequestBody"])
    assert server.engine.accounts.of(half) is None
    with httpx.Client(base_url=server.url, trust_env=False) as http:
        for path in ("/v1", "/api/v1/ie/requestqueue/apikey/models", "/workflows/none", "/_understudy/account"):
            for header in ("authorization", "x-api-key"):
                sent = http.request(
                    "POST" if path == "/v1" else "GET", path, json=None if path != "/v1" else [PING],
                    headers=[(header.encode(), b"Bearer " + half.encode("utf-8", "surrogatepass"))],
                )  # fmt: skip
                assert sent.status_code < 500


def test_two_keys_that_contradict_each_other_are_refused(server):
    assert send(server, json.dumps([authentication(apiKey="a"), PING]), key="b").status_code == 401
    assert send(server, json.dumps([authentication(apiKey="a"), PING]), key="a").status_code == 200


def test_one_bad_task_does_not_spoil_the_others(server, key):
    good, bad = video_task(), video_task(model="heygen:avatar@99")
    response = send(server, json.dumps([good, bad, PING]), key=key)
    assert response.status_code == 200
    assert [item.get("taskUUID") for item in response.json()["data"]] == [good["taskUUID"], None]
    [error] = response.json()["errors"]
    assert (error["code"], error["taskUUID"]) == ("modelNotFound", bad["taskUUID"])


def test_when_nothing_went_well_the_status_is_what_the_refusals_agree_on(server, key):
    unknown = video_task(model="heygen:avatar@99")
    invalid = video_task(width=7)
    assert send(server, json.dumps([unknown]), key=key).status_code == 404
    assert send(server, json.dumps([invalid]), key=key).status_code == 400
    assert send(server, json.dumps([unknown, invalid]), key=key).status_code == 400


@pytest.mark.parametrize(
    "task", [{}, {"taskType": None}, {"taskType": 5}, {"taskType": "imageDream"}, {"taskType": ["ping"]}]
)
def test_a_task_of_no_known_type_is_refused_by_name(server, task):
    response = send(server, json.dumps([task]))
    assert response.status_code == 400
    assert response.json()["errors"][0]["parameter"] == "taskType"


def test_more_tasks_than_one_request_may_hold_are_refused_with_one_short_error(server):
    response = send(server, b"[" + b",".join([b"{}"] * 1001) + b"]")
    assert response.status_code == 400
    assert codes(response) == ["invalidRequestBody"]
    assert "1,001 tasks" in response.json()["errors"][0]["message"]


def test_a_trailing_slash_is_the_same_place_and_no_redirect(server):
    response = httpx.post(f"{server.url}/v1/", json=[PING], headers={"Authorization": "Bearer k"}, trust_env=False)
    assert response.json() == {"data": [{"taskType": "ping", "pong": True}]}


@pytest.mark.parametrize("host", ['a"b', "a b", "<script>", "evil.example/path", "user@host", "h:99999999"])
def test_a_host_header_that_is_no_host_is_not_copied_into_answers(make_server, key, host):
    server = make_server(speed=Speed.parse("instant"))
    task = video_task()
    send(server, json.dumps([task]), key=key, Host=host)
    poll = send(server, json.dumps([{"taskType": "getResponse", "taskUUID": task["taskUUID"]}]), key=key)
    assert poll.json()["data"][0]["videoURL"].startswith(f"{server.url}/video/")


def test_other_paths_and_methods_say_where_to_look(server):
    wrong = httpx.get(f"{server.url}/v3/nothing", trust_env=False)
    assert (wrong.status_code, "GET /" in wrong.json()["error"]) == (404, True)
    method = httpx.get(f"{server.url}/v1", trust_env=False)
    assert (method.status_code, method.headers["allow"]) == (405, "POST")
    assert httpx.get(server.url, trust_env=False).json()["providers"]["runware"] == f"{server.url}/v1"


def test_urls_in_answers_are_built_from_how_the_caller_reached_us(server, key):
    task = video_task()
    send(server, json.dumps([task]), key=key, Host="stand-in.example:81")
    for _ in range(200):
        poll = send(server, json.dumps([{"taskType": "getResponse", "taskUUID": task["taskUUID"]}]), key=key)
        if poll.json()["data"][0]["status"] == "success":
            break
    assert poll.json()["data"][0]["videoURL"].startswith("http://stand-in.example:81/video/os/")


def test_a_public_url_goes_before_how_the_caller_reached_us(make_server, key):
    server = make_server(public_url="https://stand-in.example", speed=Speed.parse("instant"))
    task = video_task()
    send(server, json.dumps([task]), key=key)
    poll = send(server, json.dumps([{"taskType": "getResponse", "taskUUID": task["taskUUID"]}]), key=key)
    assert poll.json()["data"][0]["videoURL"].startswith("https://stand-in.example/video/os/")
