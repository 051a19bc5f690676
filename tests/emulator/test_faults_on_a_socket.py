"""What goes wrong on a WebSocket, as the caller hears it, and what becomes of a socket whose account is set back."""

import asyncio
import contextlib
import json
import time
import uuid

import httpx
import pytest
import websockets

from emulator_line import Line, line
from stage import video_task
from understudy.clock import ManualClock


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def server(make_server, clock):
    return make_server(clock)


@pytest.fixture
def control(server, key):
    headers = {"Authorization": f"Bearer {key}"}
    base_url = f"{server.url}/_understudy"
    with httpx.Client(base_url=base_url, headers=headers, trust_env=False, verify=False) as http:
        yield http


def rule(control, **fields):
    answer = control.post("/faults", json=fields)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


PING = {"taskType": "ping"}


async def broken(mine):
    with pytest.raises(websockets.ConnectionClosed):
        await asyncio.wait_for(mine.socket.recv(), 10)


async def test_a_frame_that_is_cut_is_the_last(server, control, key):
    async with line(server) as socket:
        mine = Line(socket)
        await mine.authenticate(key)
        rule(control, truncate=20, operation="other")
        await mine.say(PING)
        assert await asyncio.wait_for(socket.recv(), 10) == '{"data":[{"taskType":"ping","pong":true}]}'[:20]
        await broken(mine)


async def test_what_frames_cannot_have_strikes_none_of_them(server, control, key):
    async with line(server) as socket:
        mine = Line(socket)
        await mine.authenticate(key)
        name = rule(control, content_type="text/plain", trickle=5, operation="other")
        assert (await mine.ask(PING))["data"]
        shown = control.get(f"/faults/{name}").json()
        assert (shown["struck"], shown["matched"]) == (0, 1)
        assert "frames" in shown["why"]


@pytest.mark.parametrize(("effect", "heard"), [({"reset": True}, False), ({"error": "accountSuspended"}, True)])
async def test_who_authenticates_can_be_met_by_a_fault(server, control, key, effect, heard):
    rule(control, provider="runware", operation="authenticate", times=1, **effect)
    async with line(server) as socket:
        mine = Line(socket)
        await mine.say({"taskType": "authentication", "apiKey": key})
        if heard:
            [error] = (await mine.hear())["errors"]
            assert (error["code"], error["taskType"]) == ("accountSuspended", "authentication")
            assert await mine.authenticate(key)
        else:
            await broken(mine)


async def test_an_answer_that_a_reset_kept_from_its_caller_is_owed_on_the_next_connection(server, control, key):
    async with line(server) as socket:
        mine = Line(socket)
        session = await mine.authenticate(key)
        rule(control, reset=True, operation="submit", times=1)
        task = video_task()
        await mine.say(task)
        await broken(mine)
    async with line(server) as socket:
        again = Line(socket)
        assert await again.authenticate(key, connectionSessionUUID=session) == session
        assert (await again.hear())["data"][0]["taskUUID"] == task["taskUUID"]


async def test_a_socket_works_on_when_its_account_is_made_new(server, control, clock, key):
    async with line(server) as socket:
        mine = Line(socket)
        await mine.authenticate(key)
        before = control.get("/snapshot").json()
        for set_back in (lambda: control.post("/reset/all"), lambda: control.put("/snapshot", json=before)):
            assert set_back().status_code == 200
            task = video_task()
            assert (await mine.ask(task))["data"][0]["taskUUID"] == task["taskUUID"]
            told = control.post("/clock/advance", json={"seconds": 100}).json()["happenings"]
            assert "result.succeeded" in [one["kind"] for one in told]
            [entry] = [entry for entry in control.get("/ledger").json()["entries"] if entry["kind"] == "charge"]
            assert entry["job"] == task["taskUUID"]
            poll = {"taskType": "getResponse", "taskUUID": task["taskUUID"]}
            assert (await mine.ask(poll))["data"][0]["status"] == "success"


async def test_a_socket_is_closed_whose_account_was_deleted(server, control, key):
    async with line(server) as socket:
        mine = Line(socket)
        await mine.authenticate(key)
        account = control.get("/account").json()["id"]
        assert control.delete(f"/accounts/{account}").status_code in (200, 204)
        await mine.say(video_task())
        await broken(mine)
    assert control.get("/ledger").json()["entries"][1:] == []


def test_what_keeps_one_task_from_the_provider_keeps_the_others_too(server, control, key):
    rule(control, operation="submit", text="zebra", gateway=503)
    tasks = [video_task(positivePrompt=animal) for animal in ("a lion", "a zebra", "a gnu")]
    answer = httpx.post(f"{server.url}/v1", json=tasks, headers={"Authorization": f"Bearer {key}"}, trust_env=False)
    assert answer.status_code == 503
    assert [entry["kind"] for entry in control.get("/ledger").json()["entries"]] == ["opening"]


def test_what_strikes_two_tasks_of_a_request_strikes_its_answer_together(server, control, key):
    names = [
        rule(control, operation="submit", text="lion", content_type="text/plain"),
        rule(control, operation="submit", text="zebra", corrupt=True),
    ]
    tasks = [video_task(positivePrompt=animal, taskUUID=str(uuid.uuid4())) for animal in ("a lion", "a zebra")]
    answer = httpx.post(f"{server.url}/v1", json=tasks, headers={"Authorization": f"Bearer {key}"}, trust_env=False)
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["x-understudy-fault"] == ", ".join(names)
    with pytest.raises(json.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize(
    "effect", [{"truncate": 0}, {"corrupt": True}, {"reset": True}, {"content_type": "text/plain"}], ids=str
)
def test_of_what_an_answer_can_have_once_the_first_task_of_a_request_decides(server, control, key, effect):
    first = rule(control, operation="submit", text="lion", **effect)
    second = rule(control, operation="submit", text="zebra", times=1, **effect)
    third = rule(control, operation="submit", text="lion", slow=2)

    def ask(*animals):
        tasks = [video_task(positivePrompt=f"a {animal}", taskUUID=str(uuid.uuid4())) for animal in animals]
        with contextlib.suppress(httpx.TransportError):
            httpx.post(f"{server.url}/v1", json=tasks, headers={"Authorization": f"Bearer {key}"}, trust_env=False)
        exchange = control.get("/journal", params={"provider": "runware"}).json()["exchanges"][0]
        struck = {each["id"]: each["struck"] for each in control.get("/faults").json()["faults"]}
        return exchange, [struck[name] for name in (first, second, third)]

    exchange, struck = ask("lion", "zebra", "lion")
    assert (exchange["faults"], struck) == ([first, third], [1, 0, 2])
    why = "it is eclipsed by what another part of the request met, for they have one answer"
    assert {"rule": second, "why": why} in exchange["considered"]
    # What it may do is not used up.
    exchange, struck = ask("gnu", "zebra")
    assert (exchange["faults"], struck) == ([second], [1, 1, 2])


def test_an_answer_that_very_many_rules_struck_has_a_header_that_any_client_takes(server, control, key):
    names = [rule(control, operation="submit", slow=1.01) for _ in range(70)]
    tasks = [video_task(taskUUID=str(uuid.uuid4())) for _ in range(20)]
    answer = httpx.post(f"{server.url}/v1", json=tasks, headers={"Authorization": f"Bearer {key}"}, trust_env=False)
    assert answer.headers["x-understudy-fault"] == ", ".join([*names[:50], "and 20 more"])
    assert control.get("/journal", params={"provider": "runware"}).json()["exchanges"][0]["faults"] == names


@pytest.mark.parametrize("kept_back", [{"reset": "before"}, {"silent": "before"}, {"gateway": 503}], ids=str)
@pytest.mark.parametrize("ending", [{"reset": "after"}, {"silent": "after"}], ids=str)
@pytest.mark.parametrize("parts", [("lion", "zebra"), ("zebra", "lion"), ("lion zebra",)], ids=str)
def test_what_is_kept_from_the_provider_is_not_worked_on_however_its_answer_would_end(
    server, control, key, parts, ending, kept_back
):
    names = [
        rule(control, operation="submit", text="lion", **ending),
        rule(control, operation="submit", text="zebra", **kept_back),
    ]
    tasks = [video_task(positivePrompt=f"a {animal}", taskUUID=str(uuid.uuid4())) for animal in parts]
    with contextlib.suppress(httpx.TransportError):
        headers = {"Authorization": f"Bearer {key}"}
        httpx.post(f"{server.url}/v1", json=tasks, headers=headers, trust_env=False, timeout=1)
    assert [entry["kind"] for entry in control.get("/ledger").json()["entries"]] == ["opening"]
    exchange = {}
    for _ in range(100):
        # Who waits for ever for an answer is on the record once it hangs up.
        exchange = next(iter(control.get("/journal", params={"provider": "runware"}).json()["exchanges"]), {})
        if exchange:
            break
        time.sleep(0.05)
    # A part that comes after the one that is kept back is not looked at any more.
    assert names[1] in exchange["faults"]
    assert not {names[0], names[1]} & {
        one["rule"] for one in exchange["considered"] if one["rule"] in exchange["faults"]
    }


def test_what_a_request_asks_for_itself_does_not_eclipse_itself(server, control, key):
    name = rule(control, operation="submit", empty=True)
    tasks = [video_task(taskUUID=str(uuid.uuid4())) for _ in range(2)]
    headers = {"Authorization": f"Bearer {key}", "X-Understudy-Fault": "corrupt"}
    httpx.post(f"{server.url}/v1", json=tasks, headers=headers, trust_env=False)
    [exchange] = control.get("/journal", params={"provider": "runware"}).json()["exchanges"]
    assert exchange["faults"] == ["header:corrupt", name]
    assert exchange["considered"] == []
    assert "another part" in control.get(f"/faults/{name}").json()["why"]
    assert "eclipsed" not in control.get(f"/faults/{name}").json()["why"]


def test_a_rule_that_struck_one_task_is_not_told_to_have_left_the_request_alone(server, control, key):
    for animals in (("lion", "zebra"), ("zebra", "lion")):
        name = rule(control, operation="submit", text="zebra", corrupt=True)
        tasks = [video_task(positivePrompt=f"a {each}", taskUUID=str(uuid.uuid4())) for each in animals]
        headers = {"Authorization": f"Bearer {key}"}
        httpx.post(f"{server.url}/v1", json=tasks, headers=headers, trust_env=False)
        exchange = control.get("/journal", params={"provider": "runware"}).json()["exchanges"][0]
        assert (exchange["faults"], exchange["considered"]) == ([name], [])
        assert control.delete(f"/faults/{name}").is_success
