"""Runware over WebSocket: who may speak, what is answered in which frame, and what survives a broken line."""

import asyncio
import json
import uuid
from contextlib import asynccontextmanager

import pytest
import websockets
from websockets.asyncio.client import connect

from emulator_line import Line, line
from stage import model_upload, video_task
from understudy.clock import ManualClock
from understudy.config import Speed
from understudy_contracts.provider import contract

RUNWARE = contract("runware")
PING = {"taskType": "ping", "ping": True}


async def closed(socket, timeout=10):
    """The code and the reason with which the other side closed."""
    with pytest.raises(websockets.ConnectionClosed):
        await asyncio.wait_for(socket.recv(), timeout)
    return socket.close_code, socket.close_reason


@pytest.fixture
def hasty(make_server):
    return make_server(speed=Speed.parse("instant"))


def charges(stage_or_server, key):
    import httpx

    url = f"{stage_or_server.url}/_understudy/ledger"
    entries = httpx.get(url, headers={"Authorization": f"Bearer {key}"}, trust_env=False).json()["entries"]
    return [entry for entry in entries if entry["kind"] == "charge"]


async def test_a_task_is_acknowledged_polled_and_finished_on_one_connection(hasty, key):
    task = video_task(includeCost=True, numberResults=2)
    async with line(hasty, "?sdk=js&version=1.3.2") as socket:
        mine = Line(socket)
        assert uuid.UUID(await mine.authenticate(key))
        assert await mine.ask(task) == {"data": [{"taskType": "videoInference", "taskUUID": task["taskUUID"]}]}
        polled = await mine.ask({"taskType": "getResponse", "taskUUID": task["taskUUID"]})
        assert [item["status"] for item in polled["data"]] == ["success", "success"]
        assert polled["data"][0]["videoURL"].startswith(f"{hasty.url}/video/")
    assert len(charges(hasty, key)) == 2


async def test_nothing_is_pushed_for_a_task_that_is_polled(stage):
    async with line(stage.server) as socket:
        mine = Line(socket)
        await mine.authenticate(stage.key)
        await mine.ask(video_task())
        stage.clock.advance(100)
        assert await mine.ask(PING) == {"data": [{"taskType": "ping", "pong": True}]}


async def test_what_is_sent_in_one_frame_is_answered_in_one_of_data_and_one_of_errors(hasty, key):
    good, bad = video_task(), video_task(model="heygen:avatar@99")
    async with line(hasty) as socket:
        mine = Line(socket)
        await mine.say({"taskType": "authentication", "apiKey": key}, good, bad, PING)
        assert list(await mine.hear()) == ["data"]
        accepted, refused = await mine.hear(), await mine.hear()
        assert [item.get("taskUUID") for item in accepted["data"]] == [good["taskUUID"], None]
        assert list(refused) == ["errors"]
        assert [error["taskUUID"] for error in refused["errors"]] == [bad["taskUUID"]]


async def test_both_transports_see_the_same_tasks(stage):
    async with line(stage.server) as socket:
        mine = Line(socket)
        await mine.authenticate(stage.key)
        over_http, over_socket = video_task(), video_task()
        stage.post(over_http)
        await mine.ask(over_socket)
        stage.clock.advance(100)
        polled = await mine.ask({"taskType": "getResponse", "taskUUID": over_http["taskUUID"]})
        assert polled["data"] == stage.poll(over_http)["data"]
        assert stage.poll(over_socket)["data"][0]["status"] == "success"


async def test_an_acknowledgement_is_an_item_here_even_where_http_answers_without_one(make_server, key):
    server = make_server(switches={"runware.acknowledgement": "empty"})
    task = video_task()
    async with line(server) as socket:
        mine = Line(socket)
        await mine.authenticate(key)
        assert (await mine.ask(task))["data"][0]["taskUUID"] == task["taskUUID"]


async def test_a_dry_run_prices_and_makes_nothing(hasty, key):
    async with line(hasty, "?dryRun=1") as socket:
        mine = Line(socket)
        await mine.authenticate(key)
        answer = await mine.ask(video_task())
        assert answer["data"][0]["cost"] > 0
    assert charges(hasty, key) == []


async def test_who_does_not_say_who_it_is_gets_nothing_done(server):
    task = video_task()
    async with line(server) as socket:
        mine = Line(socket)
        answer = await mine.ask(task)
        assert [(error["code"], error["taskUUID"]) for error in answer["errors"]] == [
            ("missingApiKey", task["taskUUID"])
        ]
        assert (await mine.ask({"taskType": "authentication"}))["errors"][0]["code"] == "missingApiKey"
        assert (await mine.ask({"taskType": "authentication", "apiKey": 5}))["errors"][0]["code"] == "invalidApiKey"
        # Half a character of UTF-16 is not even JSON.
        refused = await mine.ask({"taskType": "authentication", "apiKey": "\ud800"})
        assert refused["errors"][0]["code"] == "invalidRequestBody"


@pytest.mark.parametrize(("stance", "keys"), [("plural", ["errors"]), ("both", ["errors", "error"])])
async def test_a_wrong_key_is_refused_in_the_documented_form_or_one_that_every_sdk_hears(make_server, stance, keys):
    server = make_server(api_keys=frozenset({"good"}), switches={"runware.ws-auth-error": stance})
    async with line(server) as socket:
        mine = Line(socket)
        refused = await mine.ask({"taskType": "authentication", "apiKey": "bad"})
        assert list(refused) == keys
        for error in (refused["errors"][0], refused.get("error", refused["errors"][0])):
            assert (error["code"], error["parameter"], error["taskType"]) == (
                "invalidApiKey",
                "apiKey",
                "authentication",
            )
        assert await mine.authenticate("good")


@pytest.mark.parametrize(
    "frame", ["rubbish", "", "{}", "[]", '"text"', "[5]", b"\x00\x01", '[{"taskType":', "[" * 100_000], ids=repr
)
async def test_a_frame_that_is_no_array_of_tasks_is_answered_with_an_error_and_nothing_else_suffers(hasty, key, frame):
    async with line(hasty) as socket, line(hasty) as other:
        mine, theirs = Line(socket), Line(other)
        await mine.authenticate(key)
        await theirs.authenticate(key)
        await socket.send(frame)
        [error] = (await mine.hear())["errors"]
        assert error["code"] == "invalidRequestBody"
        assert (await mine.ask(PING))["data"][0]["pong"] is True
        assert (await theirs.ask(PING))["data"][0]["pong"] is True


async def test_a_frame_of_ten_megabytes_is_read_and_one_beyond_the_limit_closes(make_server, key):
    server = make_server(max_body=12)
    async with line(server) as socket:
        mine = Line(socket)
        await mine.authenticate(key)
        answer = await mine.ask(video_task(speech={"text": "x" * 10_000_000}))
        assert [error["parameter"] for error in answer["errors"]] == ["speech.text"]
        await socket.send("x" * 13_000_000)
        assert (await closed(socket))[0] == 1009


async def test_text_that_is_no_unicode_closes(server, key):
    async with line(server) as socket:
        await Line(socket).authenticate(key)
        await socket.send(b"\xff\xfe", text=True)
        assert (await closed(socket))[0] == 1007


async def test_a_caller_that_stops_sending_half_way_does_no_harm(server, key):
    async with line(server) as socket, line(server) as other:
        await Line(socket).authenticate(key)
        socket.transport.write(b"\x81\xfe")  # a frame begins …
        socket.transport.write_eof()  # … and nothing more will come
        await Line(other).authenticate(key)
        assert (await Line(other).ask(PING))["data"][0]["pong"] is True
        await asyncio.wait_for(socket.wait_closed(), 10)


async def test_a_gateways_failure_is_told_as_an_error_of_the_task(hasty, key):
    task = video_task(positivePrompt="[[error:gateway502]]")
    async with line(hasty) as socket:
        mine = Line(socket)
        await mine.authenticate(key)
        [error] = (await mine.ask(task))["errors"]
        assert (error["taskUUID"], "502" in error["message"]) == (task["taskUUID"], True)


async def test_two_minutes_of_silence_close_and_any_word_puts_that_off(make_server, key):
    clock = ManualClock()
    server = make_server(clock)
    async with line(server) as silent, line(server) as talking:
        await Line(silent).authenticate(key)
        await Line(talking).authenticate(key)
        for _ in range(3):
            clock.advance(50)
            await Line(talking).ask(PING)
        assert await closed(silent) == (1000, "idle")
        clock.advance(119)
        await Line(talking).ask(PING)
        clock.advance(120)
        assert await closed(talking) == (1000, "idle")


async def test_a_caller_who_never_says_who_it_is_is_not_kept_for_ever(make_server):
    clock = ManualClock()
    async with line(make_server(clock)) as socket:
        await Line(socket).ask(PING)
        clock.advance(121)
        assert await closed(socket) == (1000, "idle")


async def test_what_may_not_have_arrived_comes_again_when_the_session_is_resumed(stage):
    task = video_task()
    async with line(stage.server) as socket:
        mine = Line(socket)
        session = await mine.authenticate(stage.key)
        await mine.say(task)
        while not stage.poll(task)["data"]:  # the acknowledgement is on its way …
            await asyncio.sleep(0.005)
        mine.drop()  # … and never read
    async with line(stage.server) as socket:
        again = Line(socket)
        assert await again.authenticate(stage.key, connectionSessionUUID=session) == session
        assert await again.hear() == {"data": [{"taskType": "videoInference", "taskUUID": task["taskUUID"]}]}


async def test_a_heartbeat_is_never_answered_again_when_the_session_is_resumed(stage):
    task = video_task()
    async with line(stage.server) as socket:
        mine = Line(socket)
        session = await mine.authenticate(stage.key)
        assert (await mine.ask(PING))["data"][0]["pong"] is True
        await mine.ask(task)
        mine.drop()
    async with line(stage.server) as socket:
        again = Line(socket)
        await again.authenticate(stage.key, connectionSessionUUID=session)
        assert await again.hear() == {"data": [{"taskType": "videoInference", "taskUUID": task["taskUUID"]}]}


async def test_a_task_sent_again_after_resuming_is_acknowledged_again_and_made_once(stage):
    task = video_task()
    async with line(stage.server) as socket:
        mine = Line(socket)
        session = await mine.authenticate(stage.key)
        await mine.ask(task)
        mine.drop()
    async with line(stage.server) as socket:
        again = Line(socket)
        await again.authenticate(stage.key, connectionSessionUUID=session)
        acknowledgement = {"data": [{"taskType": "videoInference", "taskUUID": task["taskUUID"]}]}
        assert await again.hear() == acknowledgement  # what may not have arrived
        assert await again.ask(task) == acknowledgement
        other = {**task, "speech": {"text": "Something else."}}
        assert (await again.ask(other))["errors"][0]["code"] == "conflictTaskUUID"
    stage.clock.advance(1_000)
    assert len([entry for entry in stage.ledger()["entries"] if entry["kind"] == "charge"]) == 1


async def test_after_a_farewell_nothing_is_repeated_but_the_session_can_be_resumed(hasty, key):
    async with line(hasty) as socket:
        session = await Line(socket).authenticate(key)
        await Line(socket).ask(PING)
    async with line(hasty) as socket:
        again = Line(socket)
        assert await again.authenticate(key, connectionSessionUUID=session) == session
        await again.say(video_task())
        assert (await again.hear())["data"][0]["taskType"] == "videoInference"


async def test_a_session_is_over_after_two_minutes_and_is_nobody_elses(make_server, key):
    clock = ManualClock()
    server = make_server(clock)
    async with line(server) as socket:
        session = await Line(socket).authenticate(key)
    async with line(server) as socket:
        assert await Line(socket).authenticate("somebody-else", connectionSessionUUID=session) != session
    clock.advance(119)
    async with line(server) as socket:
        assert await Line(socket).authenticate(key, connectionSessionUUID=session.upper()) == session
    clock.advance(121)
    async with line(server) as socket:
        assert await Line(socket).authenticate(key, connectionSessionUUID=session) != session
        assert await Line(socket).authenticate(key, connectionSessionUUID="nonsense")


async def test_who_resumes_a_session_takes_it_from_the_connection_that_had_it(server, key):
    async with line(server) as former, line(server) as latter:
        session = await Line(former).authenticate(key)
        assert await Line(latter).authenticate(key, connectionSessionUUID=session) == session
        assert await closed(former) == (1000, "resumed elsewhere")
        assert (await Line(latter).ask(PING))["data"][0]["pong"] is True


@asynccontextmanager
async def deaf(server, key, task):
    """The session of a connection that takes nothing any more although it stays open, after it handed in a task."""
    socket = await connect(f"{server.url.replace('http', 'ws')}/v1", proxy=None, max_size=None, compression=None)
    try:
        session = await Line(socket).authenticate(key)
        await Line(socket).say(task)
        socket.transport.pause_reading()
        question = {"taskType": "getTaskDetails", "taskUUID": task["taskUUID"]}
        for _ in range(400):
            # Their answers, 50 kB each, fill every buffer on the way.
            await Line(socket).say(*[question] * 20)
        yield session
    finally:
        socket.transport.abort()


@pytest.mark.slow
async def test_a_session_can_be_taken_from_a_line_that_hangs(make_server, key):
    clock = ManualClock()
    server = make_server(clock, switches={"runware.sync-delivery": "allowed"})
    task = video_task(deliveryMethod="sync", positivePrompt="x" * 2_000, numberResults=2)
    async with deaf(server, key, task) as session, line(server) as socket:
        clock.advance(60)  # both results are there, and cannot be delivered
        await asyncio.sleep(0.1)
        again = Line(socket)
        assert await again.authenticate(key, connectionSessionUUID=session) == session
        videos = set()
        async with asyncio.timeout(20):
            while len(videos) < 2:
                # What was asked may only be begun now, by a server with much to do: its time is still to pass.
                clock.advance(20)
                await again.say(PING)
                said = []
                while not any(item["taskType"] == "ping" for item in said):
                    # Whoever has not been heard yet when two minutes are over has been silent for so long.
                    said = (await again.hear()).get("data", [])
                    videos |= {item["videoUUID"] for item in said if item["taskType"] == "videoInference"}


async def test_who_takes_nothing_is_not_kept_for_ever(make_server, key):
    clock = ManualClock()
    server = make_server(clock)
    connections = server._uvicorn.server_state.connections
    async with deaf(server, key, video_task(positivePrompt="x" * 2_000)):
        assert len(connections) == 1
        async with asyncio.timeout(20):
            while connections:
                # As long as it still works through what it was asked, time that passes is no silence.
                clock.advance(121)
                await asyncio.sleep(0.05)


async def test_however_much_is_owed_it_comes_when_the_session_is_resumed(make_server, key):
    clock = ManualClock()
    server = make_server(clock, switches={"runware.sync-delivery": "allowed"})
    tasks = [video_task(deliveryMethod="sync") for _ in range(600)]
    async with line(server) as socket:
        mine = Line(socket)
        session = await mine.authenticate(key)
        await mine.say(*tasks)
        assert (await mine.ask(PING))["data"][0]["pong"] is True
        mine.drop()
    await asyncio.sleep(0.2)
    clock.advance(60)
    await asyncio.sleep(0.2)
    async with line(server) as socket:
        again = Line(socket)
        await again.authenticate(key, connectionSessionUUID=session)
        done = set()
        while len(done) < 600:
            done |= {item["taskUUID"] for item in (await again.hear())["data"] if "videoURL" in item}


async def test_saying_again_who_one_is_forgets_nothing_that_is_owed(stage):
    task = video_task()
    async with line(stage.server) as socket:
        mine = Line(socket)
        session = await mine.authenticate(stage.key)
        await mine.ask(task)
        assert await mine.authenticate(stage.key, connectionSessionUUID=session) == session
        mine.drop()
    async with line(stage.server) as socket:
        again = Line(socket)
        await again.authenticate(stage.key, connectionSessionUUID=session)
        assert (await again.hear())["data"][0]["taskUUID"] == task["taskUUID"]


async def test_what_is_said_to_a_caller_counts_against_silence_too(make_server, key):
    clock = ManualClock()
    server = make_server(clock, speed=Speed(1.0, 2.0), switches={"runware.sync-delivery": "allowed"})
    async with line(server) as socket:
        mine = Line(socket)
        await mine.authenticate(key)
        await mine.say(video_task(deliveryMethod="sync", speech={"text": "x" * 150}))
        assert (await mine.ask(PING))["data"][0]["pong"] is True
        clock.advance(100)
        assert "videoURL" in (await mine.hear())["data"][0]
        clock.advance(100)
        assert (await mine.ask(PING))["data"][0]["pong"] is True


async def test_neighbours_of_a_gateways_failure_are_performed_and_acknowledged(hasty, key):
    first, struck, last = video_task(), video_task(positivePrompt="[[error:gateway502]]"), video_task()
    async with line(hasty) as socket:
        mine = Line(socket)
        await mine.authenticate(key)
        accepted = await mine.ask(first, struck, last)
        assert [item["taskUUID"] for item in accepted["data"]] == [first["taskUUID"], last["taskUUID"]]
        assert [error["taskUUID"] for error in (await mine.hear())["errors"]] == [struck["taskUUID"]]


async def test_a_small_question_cannot_ask_for_an_answer_without_bounds(make_server, key):
    server = make_server(max_body=1)
    task = video_task(positivePrompt="x" * 2_900)
    async with line(server) as socket:
        mine = Line(socket)
        await mine.authenticate(key)
        await mine.ask(task)
        question = {"taskType": "getTaskDetails", "taskUUID": task["taskUUID"]}
        told = await mine.ask(*[question] * 900)
        assert len(json.dumps(told)) < 2 * 1024 * 1024
        assert {error["code"] for error in (await mine.hear())["errors"]} == {"requestTooLarge"}


async def test_results_are_pushed_where_delivery_is_synchronous(make_server, key):
    clock = ManualClock()
    server = make_server(clock, switches={"runware.sync-delivery": "allowed"})
    task = video_task(deliveryMethod="sync", numberResults=2)
    async with line(server) as socket:
        mine = Line(socket)
        session = await mine.authenticate(key)
        await mine.say(task)
        clock.advance(0)
        assert (await mine.ask(PING))["data"][0]["pong"] is True  # no acknowledgement came first
        mine.drop()
    clock.advance(60)
    async with line(server) as socket:
        again = Line(socket)
        await again.authenticate(key, connectionSessionUUID=session)
        items = [item for _ in range(2) for item in (await again.hear())["data"]]
        while not all("videoURL" in item for item in items):
            items = [item for item in items if "videoURL" in item] + (await again.hear())["data"]
        assert {item["status"] for item in items} == {"success"}
        assert len({item["videoUUID"] for item in items}) == 2


async def test_a_model_handed_in_is_told_of_stage_by_stage(make_server, key):
    clock = ManualClock()
    server = make_server(clock, speed=Speed.parse("real"))
    async with line(server) as socket:
        mine = Line(socket)
        await mine.authenticate(key)
        told = await mine.ask(model_upload())
        stages = [told["data"][0]["status"]]
        for _ in range(4):
            clock.advance(20)
            while len(stages) < 5:
                try:
                    stages += [item["status"] for item in (await mine.hear(0.5))["data"]]
                except TimeoutError:
                    break
        assert stages == ["validated", "downloaded", "optimized", "stored", "ready"]


async def test_many_sockets_cost_nothing_while_nobody_speaks(make_server, key):
    clock = ManualClock()
    server = make_server(clock)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(line(server).__aenter__()) for _ in range(100)]
    sockets = [task.result() for task in tasks]
    for socket in sockets:
        await Line(socket).authenticate(key)
    clock.advance(121)
    assert {await closed(socket) for socket in sockets} == {(1000, "idle")}


async def test_the_server_stops_although_somebody_listens(make_server, key):
    server = make_server()
    async with line(server) as socket:
        await Line(socket).authenticate(key)
        await asyncio.to_thread(server.__exit__, None, None, None)
        server.__exit__ = lambda *exc: None
        assert (await closed(socket))[0] in (1001, 1006, 1012)
