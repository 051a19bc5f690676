"""The client on a WebSocket against the stand-in: what only a connection that stays can meet."""

from __future__ import annotations

import asyncio
import uuid

import httpx
import pytest

from chopper import Chopper, Cut, says
from understudy.config import Speed
from understudy_client import AuthError, ConnectionFailed, Poll, ProviderError, RunwareClient
from understudy_contracts.switches import switches

pytestmark = pytest.mark.usefixtures("hurried")

SOON = Poll(first=0.02, factor=1.2, cap=0.2)
REQUEST = {
    "model": "heygen:avatar@4",
    "inputs": {"avatar": "man_casual_young_adult_2"},
    "speech": {"text": "Good evening, night owls.", "voice": "auto"},
    "width": 320,
    "height": 180,
}


def broken(count: int) -> dict:
    return REQUEST | {"speech": {"text": "[[error:timeoutProvider]]", "voice": "auto"}, "numberResults": count}


def connections(client: RunwareClient) -> list[str]:
    """The sessions a client has, one for each of its sockets."""
    _, lines = client._sockets._behind
    return [line._login.session for line in lines._lines.values()]


@pytest.mark.parametrize("form", switches("runware")["ws-auth-error"].values)
def test_a_wrong_key_is_told_at_once_in_either_form(make_server, http, form):
    server = make_server(switches={"runware.ws-auth-error": form})
    with (
        RunwareClient("[[error:invalidApiKey]]", f"{server.url}/v1", http=http, transport="websocket") as client,
        pytest.raises(AuthError) as caught,
    ):
        client.submit(REQUEST)
    assert (caught.value.code, caught.value.status, caught.value.billed) == ("invalidApiKey", 401, False)


def test_a_connection_that_the_provider_closed_for_silence_is_opened_anew(stage, http):
    with RunwareClient(stage.key, f"{stage.server.url}/v1", http=http, transport="websocket") as client:
        job = client.submit(REQUEST)
        loop, lines = client._sockets._behind
        [line] = lines._lines.values()
        stage.clock.advance(121)
        loop.run(lambda: asyncio.wait([line._keeper], timeout=10))
        assert line._socket is None
        stage.clock.advance(3600)
        assert client.wait(job, poll=SOON, deadline=20)


def test_a_session_outlives_its_connection(server, key, http):
    with (
        Chopper(server.port, Cut.after("down", says("videoInference"))) as chopper,
        RunwareClient(key, f"http://127.0.0.1:{chopper.port}/v1", http=http, transport="websocket") as client,
    ):
        job = client.submit(REQUEST)
        session = connections(client)
        assert client.wait(job, poll=SOON, deadline=20)
        assert connections(client) == session
        assert chopper.connections == 2


def test_a_server_that_went_and_came_back_is_talked_to_again(make_server, key, http):
    first = make_server(speed=Speed(1.0, 0.0))
    with RunwareClient(key, f"{first.url}/v1", http=http, transport="websocket", max_retries=1) as client:
        assert client.generate(REQUEST, poll=SOON, deadline=20)
        session = connections(client)
        first.__exit__(None, None, None)
        with pytest.raises(ConnectionFailed) as caught:
            client.submit(REQUEST)
        assert caught.value.billed is False
        make_server(port=first.port, speed=Speed(1.0, 0.0))
        assert client.generate(REQUEST, poll=SOON, deadline=20)
        assert connections(client) != session, "it knows nothing of what was before"


@pytest.mark.parametrize("form", switches("runware")["failed-task"].values)
@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_job_of_which_everything_failed_is_told_whole(make_server, key, http, form, count):
    # Each result fails at a moment of its own, so that some looks find a part of it.
    server = make_server(speed=Speed(1.0, 1 / 300), switches={"runware.failed-task": form})
    with (
        RunwareClient(key, f"{server.url}/v1", http=http, transport="websocket") as client,
        pytest.raises(ProviderError) as caught,
    ):
        client.generate(broken(count), poll=SOON, deadline=20)
    assert len(caught.value.errors) == count


def test_a_job_half_done_looks_the_same_over_either_transport(stage, http):
    url = f"{stage.server.url}/v1"
    with (
        RunwareClient(stage.key, url, http=http, transport="websocket") as socket,
        RunwareClient(stage.key, url, http=http) as rest,
    ):
        job = socket.submit(broken(4))
        seen = set()
        for _ in range(400):
            stage.clock.advance(0.5)
            here, there = socket.status(job), rest.status(job)
            by_name = socket.status(job.id)
            assert (here.results, here.errors, here.pending) == (there.results, there.errors, there.pending)
            assert by_name.errors == here.errors
            seen.add((len(here.errors), here.pending))
            if here.done:
                break
    assert (4, 0) in seen
    assert any(errors and pending for errors, pending in seen), seen


def test_a_price_needs_a_socket_of_its_own_and_makes_no_job(server, key, http):
    with RunwareClient(key, f"{server.url}/v1", http=http, transport="websocket") as client:
        price = client.price(REQUEST)
        assert price > 0
        assert client.price(REQUEST) == price
        [result] = client.generate(REQUEST, includeCost=True, poll=SOON)
        assert result.cost == price
        assert len(connections(client)) == 2
    ledger = httpx.get(f"{server.url}/_understudy/ledger", headers={"Authorization": f"Bearer {key}"}).json()
    assert [entry["job"] for entry in ledger["entries"] if entry["kind"] == "charge"] == [result.job]


def test_two_that_wait_for_the_same_job_are_both_told(server, key, http):
    with RunwareClient(key, f"{server.url}/v1", http=http, transport="websocket") as client:
        job = client.submit(REQUEST, taskUUID=str(uuid.uuid4()).upper())
        assert client.wait(job, poll=SOON) == client.wait(job.id.lower(), poll=SOON)
