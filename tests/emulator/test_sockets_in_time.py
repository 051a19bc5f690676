"""What sockets are told as time moves is the same however it is moved, and time that is taken back was not."""

import asyncio
import itertools
import json
import uuid

import httpx
import pytest
import websockets

from emulator_line import Line, line
from stage import model_upload, video_task
from understudy.clock import FlowingClock, ManualClock

PING = {"taskType": "ping"}


@pytest.fixture
def server(make_server):
    return make_server(ManualClock(), switches={"runware.sync-delivery": "allowed"})


class Control:
    """The control routes, for one account."""

    def __init__(self, server, key):
        headers = {"Authorization": f"Bearer {key}"}
        base_url = f"{server.url}/_understudy"
        self.http = httpx.AsyncClient(base_url=base_url, headers=headers, trust_env=False, timeout=30, verify=False)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.http.aclose()

    async def ask(self, method, path, document=None):
        answer = await self.http.request(method, path, json=document)
        assert answer.is_success, answer.text
        return answer.json()

    async def advance(self, seconds):
        return (await self.ask("POST", "/clock/advance", {"seconds": seconds}))["happenings"]

    async def rule(self, **fields):
        await self.ask("POST", "/faults", fields)

    async def frames(self):
        """What was said on its sockets and when, by the journal, oldest first."""
        exchanges = (await self.ask("GET", "/journal?limit=1000"))["exchanges"]
        on_sockets = [each for each in exchanges if each.get("connection")]
        return [(each["time"], each["request"]["method"], each["ended"]) for each in reversed(on_sockets)]


async def heard(socket, patience=0.3):
    """Everything that comes until nothing does, and whether the connection was then closed."""
    frames = []
    while True:
        try:
            frames.append(json.loads(await asyncio.wait_for(socket.recv(), patience)))
        except TimeoutError:
            return frames, False
        except websockets.ConnectionClosed:
            return frames, True


async def said(mine, control, *tasks):
    """Say something that is not answered at once, and wait until it was seen to."""
    before = len(await control.frames())
    await mine.say(*tasks)
    async with asyncio.timeout(10):
        while len(await control.frames()) <= before:
            await asyncio.sleep(0.01)


async def ended(control, lines=1):
    """Wait until the ends of so many lines are on the record."""
    async with asyncio.timeout(10):
        while [method for _, method, _ in await control.frames()].count("CLOSE") < lines:
            await asyncio.sleep(0.01)


async def story(server, steps, **rule):
    """What becomes of a socket on which two tasks were said and then nothing, as time moves by some steps."""
    key = str(uuid.uuid4())
    async with Control(server, key) as control, line(server) as socket:
        mine = Line(socket)
        session = await mine.authenticate(key)
        begun = (await control.ask("GET", "/clock"))["now"]
        await control.rule(provider="runware", **rule)
        await said(mine, control, video_task(deliveryMethod="sync"), model_upload())
        told = []
        for seconds in steps:
            told += await control.advance(seconds)
        frames, closed = await heard(socket)
        if closed:
            await ended(control)
        moments = [(round(at - begun, 3), method, ended) for at, method, ended in await control.frames()]
        async with line(server) as another:
            resumed = await Line(another).authenticate(key, connectionSessionUUID=session) == session
        statuses = [item.get("status") for frame in frames for item in frame["data"]]
        happenings = sorted((round(one["at"] - begun, 3), one["kind"], one.get("why", "")) for one in told)
        return {"heard": statuses, "closed": closed, "when": moments, "resumed": resumed, "told": happenings}


@pytest.mark.parametrize(
    "rule",
    [
        {"delay": 60, "operation": "train"},
        {"delay": 100, "operation": "submit"},
        {"delay": 119, "operation": "submit"},
        {"slow": 30, "operation": "submit"},
        {"reset": True, "operation": "train"},
    ],
    ids=str,
)
async def test_one_leap_brings_what_many_steps_bring(server, rule):
    whole = await story(server, [290], **rule)
    assert whole == await story(server, [60, 60, 30, 29, 111], **rule)
    assert whole == await story(server, [10] * 29, **rule)


async def test_what_is_held_back_comes_at_its_moment_and_puts_off_the_silence(server, key):
    async with Control(server, key) as control, line(server) as socket:
        mine = Line(socket)
        await mine.authenticate(key)
        begun = (await control.ask("GET", "/clock"))["now"]
        await control.rule(delay=60, operation="submit")
        task = video_task()
        await said(mine, control, task)
        told = await control.advance(3_600)
        assert (await mine.hear())["data"][0]["taskUUID"] == task["taskUUID"]
        assert [one["at"] - begun for one in told if one["kind"] == "connection.closed"] == [180]


@pytest.mark.parametrize("steps", [[3_600], [125, 3_475], [119, 1, 119, 1]], ids=str)
async def test_a_session_is_lost_when_its_line_was_silent_for_too_long_however_far_time_leaps(server, key, steps):
    async with Control(server, key) as control:
        async with line(server) as socket:
            mine = Line(socket)
            session = await mine.authenticate(key)
            begun = (await control.ask("GET", "/clock"))["now"]
            for seconds in steps:
                await control.advance(seconds)
            await heard(socket)
            await ended(control)
        assert (await control.frames())[-1] == (begun + 120, "CLOSE", "answered")
        async with line(server) as socket:
            assert await Line(socket).authenticate(key, connectionSessionUUID=session) != session


@pytest.mark.parametrize("steps", [[215], [60, 60, 60, 35]], ids=str)
async def test_an_authentication_that_is_held_back_is_answered_at_its_moment(server, key, steps):
    async with Control(server, key) as control, line(server) as socket:
        mine = Line(socket)
        await control.rule(delay=100, operation="authenticate")
        await mine.say({"taskType": "authentication", "apiKey": key})
        await asyncio.sleep(0.1)
        async with Control(server, "") as everybody:
            everybody.http.headers.pop("Authorization")
            for seconds in steps:
                await everybody.advance(seconds)
            assert (await mine.hear())["data"][0]["connectionSessionUUID"]
            assert (await mine.ask(PING))["data"][0]["pong"] is True


async def test_what_a_restored_account_lived_through_makes_its_sockets_no_less_silent(server, key):
    async with Control(server, key) as control, line(server) as socket:
        mine = Line(socket)
        await mine.authenticate(key)
        before = await control.ask("GET", "/snapshot")
        for _ in range(20):
            await control.advance(100)
            await mine.ask(PING)
        for set_back in (("PUT", "/snapshot", before), ("POST", "/reset/all")):
            await control.advance(100)
            await mine.ask(PING)
            await control.ask(*set_back)
            # Time that is set back neither makes anybody silent nor keeps them from becoming it.
            await control.advance(119)
            assert (await mine.ask(PING))["data"][0]["pong"] is True
        begun = (await control.ask("GET", "/clock"))["now"]
        told = await control.advance(1_000)
        assert [one["at"] - begun for one in told if one["kind"] == "connection.closed"] == [120]
        assert (await heard(socket))[1]


async def test_a_session_whose_account_is_set_back_can_be_resumed_no_longer_than_any(server, key):
    async with Control(server, key) as control:
        async with line(server) as socket:
            session = await Line(socket).authenticate(key)
            before = await control.ask("GET", "/snapshot")
            await control.advance(100)
            await Line(socket).ask(PING)
            await control.advance(100)
            await Line(socket).ask(PING)
        await ended(control)
        await control.ask("PUT", "/snapshot", before)
        await control.advance(119)
        async with line(server) as socket:
            assert await Line(socket).authenticate(key, connectionSessionUUID=session) == session
        await ended(control, 2)
        await control.advance(121)
        async with line(server) as socket:
            assert await Line(socket).authenticate(key, connectionSessionUUID=session) != session


async def test_two_sessions_of_a_restored_account_are_two(server, key):
    async with Control(server, key) as control, line(server) as one, line(server) as other:
        before = await control.ask("GET", "/snapshot")
        session = await Line(one).authenticate(key)
        await control.ask("PUT", "/snapshot", before)
        # Its random numbers are those of before, too.
        assert await Line(other).authenticate(key) != session
        task = video_task()
        await Line(one).say(task)
        assert (await Line(one).hear())["data"][0]["taskUUID"] == task["taskUUID"]


@pytest.mark.parametrize("held_back", [False, True])
@pytest.mark.parametrize("set_back", ["reset", "restore"])
async def test_nobody_is_told_of_what_was_taken_back(server, key, set_back, held_back):
    async with Control(server, key) as control, line(server) as socket:
        mine = Line(socket)
        await mine.authenticate(key)
        before = await control.ask("GET", "/snapshot")
        await control.advance(10)
        if held_back:
            await control.rule(delay=50, operation="train")
        await said(mine, control, video_task(deliveryMethod="sync"), model_upload())
        if set_back == "reset":
            await control.ask("POST", "/reset/all")
        else:
            await control.ask("PUT", "/snapshot", before)
        frames, _ = await heard(socket, 0.1)
        assert len(frames) == (0 if held_back else 1)
        await control.advance(100)
        assert await heard(socket) == ([], False)
        assert (await mine.ask(PING))["data"][0]["pong"] is True


async def test_who_forgets_the_jobs_of_an_account_hears_of_its_models_all_the_same(server, key):
    async with Control(server, key) as control, line(server) as socket:
        mine = Line(socket)
        await mine.authenticate(key)
        await said(mine, control, video_task(deliveryMethod="sync"), model_upload())
        await control.ask("POST", "/reset/jobs")
        await control.advance(100)
        frames, _ = await heard(socket)
        statuses = [item["status"] for frame in frames for item in frame["data"]]
        assert statuses == ["validated", "downloaded", "optimized", "stored", "ready"]


async def test_no_part_of_an_answer_overtakes_its_first(server, key):
    async with Control(server, key) as control, line(server) as socket:
        mine = Line(socket)
        await mine.authenticate(key)
        await control.rule(delay=60, operation="train", times=1)
        await said(mine, control, model_upload())
        await control.advance(59)
        assert (await heard(socket, 0.1))[0] == []
        await control.advance(1)
        frames, _ = await heard(socket)
        statuses = [item["status"] for frame in frames for item in frame["data"]]
        assert statuses == ["validated", "downloaded", "optimized", "stored", "ready"]


async def test_who_is_never_answered_hears_nothing_of_what_comes_of_it(server, key):
    async with Control(server, key) as control, line(server) as socket:
        mine = Line(socket)
        await mine.authenticate(key)
        await control.rule(silent=True, operation="train", times=1)
        upload = model_upload()
        await said(mine, control, upload)
        await control.advance(100)
        assert await heard(socket) == ([], False)
        # It was worked on all the same.
        told = await mine.ask({"taskType": "getResponse", "taskUUID": upload["taskUUID"]})
        assert told["data"][-1]["status"] == "ready"


async def test_many_sockets_of_many_accounts_are_each_closed_at_their_moment(make_server):
    server = make_server(FlowingClock())
    keys = [str(uuid.uuid4()) for _ in range(100)]
    sockets = [line(server) for _ in keys]
    opened = await asyncio.gather(*(socket.__aenter__() for socket in sockets))
    try:
        for key, socket in zip(keys, opened, strict=True):
            await Line(socket).authenticate(key)
        async with Control(server, "") as everybody:
            everybody.http.headers.pop("Authorization")
            told = await everybody.advance(3_600)
        closed = [one["at"] for one in told if one["kind"] == "connection.closed"]
        assert len(closed) == len(keys)
        assert all(before <= after for before, after in itertools.pairwise(closed))
    finally:
        await asyncio.gather(*(socket.__aexit__(None, None, None) for socket in sockets))
