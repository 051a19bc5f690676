"""Moving one account's time: its sockets hear of it, and nobody else's."""

import asyncio
import json
import uuid

import httpx
import pytest
import websockets
from websockets.asyncio.client import connect

from stage import video_task
from understudy.clock import ManualClock


async def say(socket, *tasks):
    await socket.send(json.dumps(list(tasks)))


async def hear(socket):
    return json.loads(await asyncio.wait_for(socket.recv(), 20))


async def opened(server, key):
    """A connection that said who it is."""
    socket = await connect(f"{server.url.replace('http', 'ws')}/v1", proxy=None)
    await say(socket, {"taskType": "authentication", "apiKey": key})
    assert (await hear(socket))["data"][0]["taskType"] == "authentication"
    return socket


async def advance(server, key, seconds):
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=30) as http:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answer = await http.post("/_understudy/clock/advance", json={"seconds": seconds}, headers=headers)
        answer.raise_for_status()
        return answer.json()


async def test_only_the_sockets_of_the_account_that_is_advanced_are_silent_for_too_long(make_server):
    server = make_server(ManualClock())
    one, other = str(uuid.uuid4()), str(uuid.uuid4())
    mine, theirs = await opened(server, one), await opened(server, other)
    try:
        await advance(server, one, 119)
        await say(theirs, {"taskType": "ping", "ping": True})
        assert (await hear(theirs))["data"][0]["pong"] is True
        await advance(server, one, 1)
        with pytest.raises(websockets.ConnectionClosed):
            await asyncio.wait_for(mine.recv(), 20)
        await say(theirs, {"taskType": "ping", "ping": True})
        assert (await hear(theirs))["data"][0]["pong"] is True
        await advance(server, None, 121)
        with pytest.raises(websockets.ConnectionClosed):
            await asyncio.wait_for(theirs.recv(), 20)
    finally:
        await mine.close()
        await theirs.close()


async def test_what_is_told_on_the_way_keeps_a_socket_open(make_server):
    """Two results of different lengths are pushed at their moments, each a word that puts the silence off."""
    server = make_server(ManualClock(), switches={"runware.sync-delivery": "allowed"})
    key = str(uuid.uuid4())
    socket = await opened(server, key)
    try:
        tasks = [video_task(deliveryMethod="sync", speech={"text": "word " * count}) for count in (20, 100)]
        await say(socket, *tasks)
        jobs = server.engine.accounts.of(key).jobs("runware")
        while len(jobs) < 2:
            await asyncio.sleep(0.01)
        last = max(job.finishes_at for job in jobs.values())
        first = min(job.finishes_at for job in jobs.values())
        told = await advance(server, key, last - server.engine.accounts.of(key).clock.now() + 119)
        assert [one["at"] for one in told["happenings"] if one["kind"] == "result.succeeded"] == [first, last]
        heard = [await hear(socket) for _ in tasks]
        assert [one["data"][0]["taskUUID"] for one in heard] == [task["taskUUID"] for task in tasks]
        await say(socket, {"taskType": "ping", "ping": True})
        assert (await hear(socket))["data"][0]["pong"] is True
    finally:
        await socket.close()


async def test_a_socket_that_is_closed_for_its_silence_is_told_of_with_when_that_was(make_server):
    server = make_server(ManualClock())
    one, other = str(uuid.uuid4()), str(uuid.uuid4())
    mine, theirs = await opened(server, one), await opened(server, other)
    heard_at = {key: server.engine.accounts.of(key).clock.now() for key in (one, other)}

    def closings(told):
        return [(each["account"], each["at"], each["why"]) for each in told if each["kind"] == "connection.closed"]

    try:
        # However far it goes at once.
        told = (await advance(server, one, 3_600))["happenings"]
        account = server.engine.accounts.of(one).id
        assert closings(told) == [(account, heard_at[one] + 120, "idle")]
        assert closings((await advance(server, one, 3_600))["happenings"]) == []
        told = (await advance(server, None, 3_600))["happenings"]
        assert closings(told) == [(server.engine.accounts.of(other).id, heard_at[other] + 120, "idle")]
        [closing] = [each for each in told if each["kind"] == "connection.closed"]
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
            journal = await http.get("/_understudy/journal", headers={"Authorization": f"Bearer {other}"})
        assert closing["connection"] in {each["connection"] for each in journal.json()["exchanges"]}
    finally:
        await mine.close()
        await theirs.close()
