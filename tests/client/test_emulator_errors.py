"""Every error the contract knows, answered by the stand-in and raised by the client as what it means."""

from __future__ import annotations

import pytest

from understudy.config import Speed
from understudy_client import (
    Poll,
    ProviderError,
    RunwareClient,
    TaskConflict,
    TaskNotFound,
    WebhookReceiver,
)
from understudy_client.refusals import refusal
from understudy_contracts.errors import catalogue
from understudy_contracts.switches import switches

SOON = Poll(first=0.02, factor=1.2, cap=0.2)
CASES = list(catalogue("runware").values())
REQUEST = {
    "model": "heygen:avatar@4",
    "inputs": {"avatar": "man_casual_young_adult_2"},
    "width": 320,
    "height": 180,
}


def asking_for(case: str) -> dict:
    return REQUEST | {"speech": {"text": f"Good evening. [[error:{case}]]", "voice": "auto"}}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_an_error_of_the_catalogue_is_raised_on_a_socket_as_what_it_means(server, key, http, case):
    with (
        RunwareClient(key, f"{server.url}/v1", max_retries=0, http=http, transport="websocket") as client,
        pytest.raises(ProviderError) as caught,
    ):
        client.generate(asking_for(case.id), poll=SOON, deadline=20)
    error = caught.value
    assert error.job is not None
    if case.strikes == "transport":
        # A socket has no pages: there, the gateway is told of as an error, with a code that three of them share.
        assert (error.status, error.code) == (502, case.code)
        assert error.billed is None
        return
    assert type(error) is type(refusal("runware", error.errors, error.response))
    assert error.code == case.code or "{" in case.code
    assert error.billed in ((case.billed,) if case.strikes == "processing" else (False, None))
    # Without credit, the documentation and what was observed differ; a switch of the stand-in picks.
    if case.strikes == "submit" and case.kind != "quota":
        assert error.status == (case.status if (case.status or 0) >= 400 else None)


@pytest.mark.parametrize(
    ("switch", "value"), [(name, value) for name, switch in switches("runware").items() for value in switch.values]
)
def test_the_client_understands_the_stand_in_whichever_way_a_switch_is_set(make_server, key, http, switch, value):
    server = make_server(speed=Speed(1.0, 0.0), switches={f"runware.{switch}": value})
    request = REQUEST | {"speech": {"text": "Good evening.", "voice": "radio_rick_male_english"}}
    for transport in ("rest", "websocket"):
        with (
            RunwareClient(key, f"{server.url}/v1", max_retries=0, http=http, transport=transport) as client,
            WebhookReceiver() as receiver,
        ):
            job = client.submit(request, webhookURL=receiver.url)
            [result] = client.wait(job, poll=SOON, deadline=20)
            [event] = receiver.wait(job.id)
            assert event.results == (result,)
            with pytest.raises(TaskConflict):
                client.submit(job.request)
            with pytest.raises(ProviderError, match="timeout window") as caught:
                client.generate(asking_for("timeoutProvider"), poll=SOON, deadline=20)
        assert caught.value.code == "timeoutProvider"


@pytest.mark.parametrize("transport", ["rest", "websocket"])
def test_a_task_nobody_submitted_is_not_found_where_the_provider_says_so(make_server, key, http, transport):
    server = make_server(switches={"runware.unknown-task": "error"})
    with (
        RunwareClient(key, f"{server.url}/v1", http=http, transport=transport) as client,
        pytest.raises(TaskNotFound) as caught,
    ):
        client.wait("5893b754-1341-468b-a130-0c8c07d4e68f", poll=SOON, deadline=20)
    assert caught.value.code == "taskNotFound"
