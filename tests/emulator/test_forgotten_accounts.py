"""An account that is deleted leaves nothing behind, whatever it did before."""

import asyncio
import contextlib
import gc
import threading
import uuid
import weakref

import httpx
import pytest
import websockets

from emulator_line import Line, line
from stage import model_upload, video_task
from understudy.clock import ManualClock


@pytest.fixture
def server(make_server):
    return make_server(ManualClock(), switches={"runware.sync-delivery": "allowed"})


def ask(http, method, path, **keywords):
    answer = http.request(method, path, **keywords)
    assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
    return answer


def jobs_with_webhooks(http, key):
    ask(http, "POST", "/v1", json=[video_task(webhookURL="http://127.0.0.1:9/never")])


def jobs_with_webhooks_that_come_after_others(http, key):
    other = {"Authorization": f"Bearer {uuid.uuid4()}"}
    ask(http, "POST", "/v1", json=[video_task(webhookURL="http://127.0.0.1:9/never")], headers=other)
    long = video_task(webhookURL="http://127.0.0.1:9/never", speech={"text": "word " * 200})
    ask(http, "POST", "/v1", json=[long])


def signing_in_to_gmi(http, key):
    base = "/api/v1"
    token = ask(http, "POST", f"{base}/me/auth-tokens", json={"email": key, "password": "p"}).json()["authToken"]
    session = ask(http, "POST", f"{base}/me/sessions", json={"authToken": token}).json()
    ask(http, "GET", f"{base}/me/profile", headers={"Authorization": f"Bearer {session['accessToken']}"})


def addresses_of_gmi(http, key):
    asked = {"file_type": "png"}
    given = ask(http, "POST", "/api/v1/ie/requestqueue/apikey/upload-url", json=asked).json()
    ask(http, "PUT", given["upload_url"], content=b"png", headers={"content-type": "image/png"})


def trainings_of_segmind(http, key):
    headers = {"x-api-key": key}
    name = {"name": "set.zip"}
    given = ask(http, "GET", "/finetune/request/upload/pre-signed-url", headers=headers, json=name).json()
    ask(http, "PUT", given["presigned_url"], content=b"zip")
    fields = {"name": "a face", "data_source_path": given["s3_url"], "instance_prompt": "x", "base_model": "flux"}
    ask(http, "POST", "/finetune/request/submit", headers=headers, json=fields)


def rules_and_time(http, key):
    ask(http, "POST", "/_understudy/faults", json={"gateway": 503, "times": 1})
    ask(http, "POST", "/_understudy/clock/advance", json={"seconds": 5})
    ask(http, "POST", "/_understudy/reset/all")


def a_snapshot(http, key):
    ask(http, "POST", "/v1", json=[video_task()])
    ask(http, "PUT", "/_understudy/snapshot", json=ask(http, "GET", "/_understudy/snapshot").json())


def a_socket(http, key):
    async def talk():
        async with line(http) as socket:
            mine = Line(socket)
            await mine.authenticate(key)
            await mine.ask(video_task())

    asyncio.run(talk())


def a_broken_socket_that_is_owed_much(http, key):
    async def talk():
        async with line(http) as socket:
            mine = Line(socket)
            await mine.authenticate(key)
            await mine.say(video_task(deliveryMethod="sync"))
            await mine.ask(model_upload())
            rule = {"delay": 60, "operation": "other"}
            await asyncio.to_thread(ask, http, "POST", "/_understudy/faults", json=rule)
            await mine.say({"taskType": "ping"})
            mine.drop()

    asyncio.run(talk())


@pytest.mark.parametrize(
    "doing",
    [
        *(jobs_with_webhooks, jobs_with_webhooks_that_come_after_others, signing_in_to_gmi, addresses_of_gmi),
        *(trainings_of_segmind, rules_and_time, a_snapshot, a_socket, a_broken_socket_that_is_owed_much),
    ],
    ids=lambda doing: doing.__name__,
)
def test_nothing_of_a_deleted_account_is_kept(server, key, doing):
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=30) as http:
        http.url = server.url
        doing(http, key)
        account = server.engine.accounts.of(key)
        gone = threading.Event()
        weakref.finalize(account, gone.set)
        name = account.id
        del account
        ask(http, "DELETE", f"/_understudy/accounts/{name}")
    for _ in range(50):
        # What was under way lets go within some turns.
        gc.collect()
        if gone.wait(0.1):
            break
    assert gone.is_set()


async def test_the_sockets_of_a_deleted_account_are_closed_with_it(server, key):
    async with line(server) as socket:
        mine = Line(socket)
        await mine.authenticate(key)
        account = server.engine.accounts.of(key).id
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
            assert (await http.delete(f"/_understudy/accounts/{account}")).is_success
        with pytest.raises(websockets.ConnectionClosed):
            await asyncio.wait_for(socket.recv(), 10)
    async with line(server) as socket:
        # Its key opens another one.
        assert await Line(socket).authenticate(key)


def test_what_an_account_that_is_made_new_may_upload_to_is_no_address_any_more(server, key):
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as http:
        given = ask(http, "POST", "/api/v1/ie/requestqueue/apikey/upload-url", json={"file_type": "png"}).json()
        with contextlib.closing(http):
            ask(http, "POST", "/_understudy/reset/all")
            put = http.put(given["upload_url"], content=b"png", headers={"content-type": "image/png"})
    assert put.status_code in (400, 403)
