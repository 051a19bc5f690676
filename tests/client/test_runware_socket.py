"""The client on a WebSocket against providers that behave exactly as badly as a test says."""

from __future__ import annotations

import asyncio
import gc
import json
import multiprocessing
import os
import ssl
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import trustme
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from client.socket_provider import SESSION, UUID, SocketProvider, acknowledged, finished
from understudy_client import (
    AsyncRunwareClient,
    AuthError,
    ConnectionFailed,
    InvalidAnswer,
    Poll,
    RunwareClient,
    TaskConflict,
    ValidationError,
)
from understudy_client.flow import Request
from understudy_client.runware_line import Line, Manners
from understudy_client.runware_login import Login

pytestmark = pytest.mark.usefixtures("hurried")

REQUEST = {"model": "heygen:avatar@4", "speech": {"text": "Good evening, night owls."}}
TASK = REQUEST | {"taskUUID": UUID}
SOON = Poll(first=0.02, factor=1.2, cap=0.2)


def agree(provider, line, task):
    """Be a provider whose videos are ready at once."""
    name = task["taskUUID"]
    provider.say(line, data=[finished(name) if task["taskType"] == "getResponse" else acknowledged(name)])


def ignore(provider, line, task):
    """Take a task and say nothing of it."""


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "runware-websocket"]


@pytest.fixture
def connect(http):
    """Make a client of a provider, closed at the end of the test."""
    made = []

    def connect(provider: SocketProvider, **options) -> RunwareClient:
        client = RunwareClient("key", provider.url, http=http, transport="websocket", **options)
        made.append(client)
        return client

    yield connect
    for client in made:
        client.close()


def test_nothing_is_connected_before_the_first_task_and_one_connection_serves_all(connect):
    with SocketProvider(agree) as provider:
        client = connect(provider)
        assert threads() == []
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda _: client.generate(REQUEST, poll=SOON), range(24)))
        assert len({results[0].job for results in made}) == 24
        assert len(provider.connections) == 1
        assert provider.heard[0] == {"taskType": "authentication", "apiKey": "key"}


def test_a_client_names_itself(connect):
    with SocketProvider(agree) as provider:
        connect(provider).submit(REQUEST)
        assert provider.connections[0].request.headers["user-agent"].startswith("understudy-client/")


def test_answers_may_come_in_any_order(connect):
    held = []

    def last_first(provider, line, task):
        held.append(task)
        if len(held) == 3:
            for one in reversed(held):
                agree(provider, line, one)

    with SocketProvider(last_first) as provider, ThreadPoolExecutor(3) as pool:
        client = connect(provider)
        tasks = [REQUEST | {"taskUUID": UUID[:-1] + digit} for digit in "abc"]
        assert [job.id for job in pool.map(client.submit, tasks)] == [task["taskUUID"] for task in tasks]


def test_a_session_is_resumed_and_the_submit_sent_again_under_its_name(connect):
    def hang_up_first(provider, line, task):
        if len(provider.heard_of("videoInference")) == 1:
            line.close(1011)
        else:
            error = {"code": "conflictTaskUUID", "message": "It is taken.", "taskUUID": UUID}
            provider.say(line, errors=[error])

    with SocketProvider(hang_up_first) as provider:
        assert connect(provider).submit(TASK).id == UUID
        assert [task.get("connectionSessionUUID") for task in provider.heard_of("authentication")] == [None, SESSION]
        assert [task["taskUUID"] for task in provider.heard_of("videoInference")] == [UUID, UUID]


def test_what_a_resumed_session_delivers_twice_does_no_harm(connect):
    def repeat(provider, line, task):
        for _ in range(3):
            agree(provider, line, task)
            error = {"code": "conflictTaskUUID", "message": "It is taken.", "taskUUID": task["taskUUID"]}
            provider.say(line, errors=[error])

    with SocketProvider(repeat) as provider:
        client = connect(provider)
        assert [client.generate(REQUEST, poll=SOON)[0].id for _ in range(5)] == ["v1"] * 5


def test_a_question_is_never_answered_with_what_was_told_before_the_line_broke(connect):
    def agree_slowly(provider, line, task):
        polls = len(provider.heard_of("getResponse"))
        if task["taskType"] == "getResponse" and polls == 1:
            provider.say(line, data=[acknowledged(task["taskUUID"]) | {"status": "processing"}])
        else:
            agree(provider, line, task)

    with SocketProvider(agree_slowly) as provider:
        # What may have got lost is delivered again to whoever resumes.
        provider.owed = [{"data": [acknowledged(UUID) | {"status": "processing"}]}]
        client = connect(provider)
        job = client.submit(TASK)
        assert [client.status(job).state for _ in range(2)] == ["processing", "success"]
        provider.connections[0].close(1011)
        assert client.status(job).state == "success"


def test_a_conflict_on_the_first_try_is_told(connect):
    def refuse(provider, line, task):
        provider.say(line, errors=[{"code": "conflictTaskUUID", "message": "It is taken.", "taskUUID": UUID}])

    with SocketProvider(refuse) as provider, pytest.raises(TaskConflict) as caught:
        connect(provider).submit(TASK)
    assert caught.value.billed is False


@pytest.mark.parametrize(
    "refusal",
    [
        {"errors": [{"code": "invalidApiKey", "message": "Invalid API key.", "taskType": "authentication"}]},
        {"error": {"code": "invalidApiKey", "message": "Invalid API key."}},
        {"error": True, "errorMessageContentId": 1212, "errorId": 19, "errorMessage": "Invalid API key."},
    ],
    ids=["documented", "singular", "legacy"],
)
def test_a_wrong_key_is_told_at_once_in_whichever_form(connect, refusal):
    with SocketProvider(agree) as provider:
        provider.refusal = refusal
        client = connect(provider)
        for verb in (client.submit, client.price):
            with pytest.raises(AuthError, match="Invalid API key") as caught:
                verb(REQUEST)
            assert caught.value.billed is False
            assert caught.value.status == 401
        with pytest.raises(AuthError):
            client.status(UUID)
        provider.refusal = None
        assert client.submit(REQUEST), "a key may become valid"


def test_a_login_that_is_answered_in_foreign_words_is_told(connect):
    with SocketProvider(agree) as provider:
        provider.refusal = {"hello": "world"}
        with pytest.raises(InvalidAnswer):
            connect(provider, max_retries=0).submit(REQUEST)


def test_a_login_nobody_answers_is_no_answer_and_certainly_not_billed(connect):
    with SocketProvider(agree) as provider:
        provider.refusal = {"data": []}
        with pytest.raises(ConnectionFailed) as caught:
            connect(provider, max_retries=0, timeout=0.2).submit(REQUEST)
    assert caught.value.billed is False


def test_a_task_without_an_answer_may_have_been_billed(connect):
    with SocketProvider(ignore) as provider:
        with pytest.raises(ConnectionFailed, match="no answer within") as caught:
            connect(provider, max_retries=1, timeout=httpx.Timeout(5, read=0.1)).submit(TASK)
        assert len(provider.heard_of("videoInference")) == 2
    assert caught.value.billed is None
    assert caught.value.job.id == UUID


def test_a_line_on_which_nothing_is_heard_is_replaced(connect):
    def only_on_the_second(provider, line, task):
        if line is not provider.connections[0]:
            agree(provider, line, task)

    with SocketProvider(only_on_the_second) as provider:
        client = connect(provider, timeout=httpx.Timeout(5, read=0.2))
        assert client.submit(TASK).id == UUID
        assert len(provider.connections) == 2


def test_a_server_that_is_not_there_billed_nothing(http):
    with RunwareClient("key", "ws://127.0.0.1:1/v1", http=http, transport="websocket", max_retries=1) as client:
        with pytest.raises(ConnectionFailed) as caught:
            client.submit(REQUEST)
        assert caught.value.billed is False


def test_a_server_without_websockets_is_told_without_trying_again(scripted, http):
    with (
        RunwareClient("key", scripted.url, http=http, transport="websocket") as client,
        pytest.raises(ConnectionFailed, match="404") as caught,
    ):
        client.submit(REQUEST)
    assert len(scripted.calls) == 1
    assert caught.value.billed is False
    assert not caught.value.retryable


def test_a_key_follows_no_redirect(scripted, reply, http):
    with SocketProvider(agree) as elsewhere:
        scripted.answer = lambda call: reply(status=307, headers={"location": elsewhere.url})
        with (
            RunwareClient("key", scripted.url, http=http, transport="websocket") as client,
            pytest.raises(ConnectionFailed),
        ):
            client.submit(REQUEST)
        assert elsewhere.connections == []


def test_the_proxy_of_the_environment_is_asked_unless_the_http_client_trusts_no_environment(
    scripted, reply, http, monkeypatch
):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", scripted.url)
    scripted.answer = lambda call: reply(status=403)
    with (
        RunwareClient(
            "key", "ws://provider.example:8899/v1", http=http, transport="websocket", max_retries=0
        ) as client,
        pytest.raises(ConnectionFailed) as caught,
    ):
        client.submit(REQUEST)
    assert [(call.method, call.path) for call in scripted.calls] == [("CONNECT", "provider.example:8899")]
    assert caught.value.billed is False
    with (
        SocketProvider(agree) as provider,
        httpx.Client(trust_env=False, verify=False) as plain,
        RunwareClient("key", provider.url, http=plain, transport="websocket") as client,
    ):
        assert client.submit(REQUEST)
    assert len(scripted.calls) == 1


def test_a_secure_socket_trusts_whom_rest_trusts(http, monkeypatch, tmp_path):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with SocketProvider(agree, ssl=context) as provider:
        url = provider.url.replace("ws:", "https:")
        with (
            RunwareClient("key", url, http=http, transport="websocket", max_retries=0) as client,
            pytest.raises(ConnectionFailed, match=r"(?i)certificate") as caught,
        ):
            client.submit(REQUEST)
        assert caught.value.billed is False
        assert provider.heard == []
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        with RunwareClient("key", url, http=http, transport="websocket") as client:
            assert client.base_url.startswith("wss://")
            assert client.submit(REQUEST)


def test_a_gateway_that_is_busy_is_asked_again(scripted, reply, http):
    scripted.answer = lambda call: reply(status=503)
    with (
        RunwareClient("key", scripted.url, http=http, transport="websocket", max_retries=2) as client,
        pytest.raises(ConnectionFailed, match="503") as caught,
    ):
        client.submit(REQUEST)
    assert len(scripted.calls) == 3
    assert caught.value.retryable
    assert caught.value.billed is False


def test_a_task_too_large_for_the_provider_is_told_as_such_and_the_others_go_on(connect):
    with SocketProvider(agree, max_size=2_000) as provider:
        client = connect(provider, max_retries=3)
        with pytest.raises(ValidationError) as caught:
            client.submit(REQUEST, speech={"text": "".join(map(str, range(3000)))})
        assert caught.value.status == 413
        assert client.submit(REQUEST)


def test_foreign_words_on_the_line_are_told(connect):
    def mumble(provider, line, task):
        line.send("<html>Bad Gateway</html>")

    with SocketProvider(mumble) as provider, pytest.raises(InvalidAnswer):
        connect(provider, max_retries=0).submit(REQUEST)


def test_closing_while_others_wait_fails_them_clearly(connect):
    with SocketProvider(ignore) as provider, ThreadPoolExecutor(4) as pool:
        client = connect(provider)
        waiting = [pool.submit(client.submit, REQUEST) for _ in range(4)]
        provider.wait_for("videoInference", 4)
        client.close()
        for one in waiting:
            error = one.exception(10)
            assert isinstance(error, ConnectionFailed)
            assert "the client was closed" in str(error)
            assert error.billed is None
            assert not error.retryable
    assert threads() == []


def test_a_client_that_is_closed_says_so_and_may_be_closed_again(connect):
    with SocketProvider(agree) as provider:
        client = connect(provider)
        client.submit(REQUEST)
        client.close()
        client.close()
        with pytest.raises(ConnectionFailed, match="the client is closed") as caught:
            client.submit(REQUEST)
        assert caught.value.billed is False
        assert len(provider.connections) == 1
    assert threads() == []


def test_a_closed_client_says_good_bye(connect):
    with SocketProvider(agree) as provider:
        client = connect(provider)
        client.submit(REQUEST)
        client.close()
        assert provider.connections[0].protocol.close_rcvd.code == 1000


def test_a_client_that_is_forgotten_leaves_no_thread_and_no_socket(http):
    with SocketProvider(agree) as provider:
        client = RunwareClient("key", provider.url, http=http, transport="websocket")
        client.submit(REQUEST)
        [thread] = threads()
        gone = weakref.ref(client)
        del client
        gc.collect()
        assert gone() is None
        thread.join(10)
        assert not thread.is_alive()
        # Whoever serves the line hears of its end; nobody else can ask it meanwhile.
        provider.connections[0].recv_events_thread.join(60)
        assert provider.connections[0].state is State.CLOSED


PROGRAM = """
import sys
from understudy_client import RunwareClient
client = RunwareClient("key", sys.argv[1], transport="websocket")
print(client.submit(model="heygen:avatar@4", taskUUID=sys.argv[2]).id)
"""


def test_a_program_that_never_closes_its_client_ends_all_the_same():
    with SocketProvider(agree) as provider:
        command = [sys.executable, "-W", "error", "-c", PROGRAM, provider.url, UUID]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, UUID, "")


async def test_an_async_client_closed_before_its_first_step_leaves_nobody_waiting():
    with SocketProvider(agree) as provider:
        client = AsyncRunwareClient("key", provider.url, transport="websocket")
        waiting = asyncio.create_task(client.submit(REQUEST))
        await asyncio.sleep(0)
        await client.close()
        with pytest.raises(ConnectionFailed, match="clos") as caught:
            await waiting
        assert caught.value.billed is False
        with pytest.raises(ConnectionFailed, match="the client is closed"):
            await client.submit(REQUEST)


def test_a_client_may_be_used_in_one_loop_after_another():
    with SocketProvider(agree) as provider:
        client = AsyncRunwareClient("key", provider.url, transport="websocket")
        jobs = [asyncio.run(client.submit(REQUEST)) for _ in range(2)]
        assert len({job.id for job in jobs}) == 2
        asyncio.run(client.close())


async def test_an_async_client_that_is_forgotten_leaves_no_task():
    before = asyncio.all_tasks()
    with SocketProvider(agree) as provider:
        async with httpx.AsyncClient(verify=False) as http:
            client = AsyncRunwareClient("key", provider.url, http=http, transport="websocket")
            await client.submit(REQUEST)
            left = asyncio.all_tasks() - before
            assert left
            del client
            gc.collect()
            await asyncio.wait(left, timeout=10)
            assert asyncio.all_tasks() == before


async def test_closing_an_async_client_leaves_no_task_and_fails_who_waits():
    before = asyncio.all_tasks()
    with SocketProvider(ignore) as provider:
        client = AsyncRunwareClient("key", provider.url, transport="websocket")
        waiting = asyncio.create_task(client.submit(REQUEST))
        await asyncio.to_thread(provider.wait_for, "videoInference")
        await client.close()
        with pytest.raises(ConnectionFailed, match="the client was closed"):
            await waiting
        assert asyncio.all_tasks() == before


async def test_one_that_is_cancelled_takes_nobody_along():
    with SocketProvider(ignore) as provider:
        async with AsyncRunwareClient("key", provider.url, transport="websocket") as client:
            first, second = (asyncio.create_task(client.submit(REQUEST)) for _ in range(2))
            await asyncio.to_thread(provider.wait_for, "videoInference", 2)
            first.cancel()
            [_, task] = provider.heard_of("videoInference")
            await asyncio.wait([first])
            for heard in provider.heard_of("videoInference"):
                agree(provider, provider.connections[0], heard)
            assert (await second).id == task["taskUUID"]


async def test_one_that_is_cancelled_while_it_connects_leaves_the_connection_to_the_others():
    with SocketProvider(agree) as provider:
        async with AsyncRunwareClient("key", provider.url, transport="websocket") as client:
            first, second = (asyncio.create_task(client.submit(REQUEST)) for _ in range(2))
            await asyncio.sleep(0)
            first.cancel()
            assert await second
            assert len(provider.connections) == 1


def _submit_in_a_fork(client: RunwareClient, told) -> None:
    told.send(client.submit(REQUEST).id)
    os._exit(0)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_that_is_forked_off_has_a_socket_of_its_own(connect):
    with SocketProvider(agree) as provider:
        client = connect(provider)
        client.submit(REQUEST)
        here, there = multiprocessing.Pipe(duplex=False)
        child = multiprocessing.get_context("fork").Process(target=_submit_in_a_fork, args=(client, there))
        child.start()
        assert here.poll(20)
        assert here.recv()
        child.join()
        assert len(provider.connections) == 2
        assert client.submit(REQUEST), "the parent's own goes on"
        assert len(provider.connections) == 2


def question() -> Request:
    body = json.dumps([{"taskType": "getResponse", "taskUUID": UUID}]).encode()
    return Request("POST", "", body, authorized=True)


async def test_a_line_is_kept_alive_by_the_providers_own_ping():
    with SocketProvider(agree) as provider:
        line = Line(provider.url, Login("key"), Manners(httpx.Timeout(5), heartbeat=0.01))
        await line.ask(question())
        await asyncio.to_thread(provider.wait_for, "ping", 3)
        assert provider.heard_of("ping")[0] == {"taskType": "ping", "ping": True}
        await line.close()


async def test_a_line_on_which_nobody_answers_heartbeats_is_given_up_and_its_tasks_told():
    with SocketProvider(ignore) as provider:
        provider.say = lambda line, **document: line.send(json.dumps(document)) if "connection" in str(document) else 0
        line = Line(provider.url, Login("key"), Manners(httpx.Timeout(5), heartbeat=0.02, dead_after=0.05))
        lost = await line.ask(question())
        assert lost.sent
        assert lost.retryable
        assert isinstance(lost.cause, ConnectionClosed)
        await line.close()
