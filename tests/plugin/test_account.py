"""The fixture `understudy`: an account of a test's own, with everything a test asks of it."""

import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from stage import video_task
from understudy.accounts import identity
from understudy.control.client import ControlError
from understudy.pytest_plugin import Understudy

PREFIX = "/api/v1/ie/requestqueue/apikey"
seen: list[str] = []


def ask(understudy: Understudy, *tasks, **headers):
    return httpx.post(
        understudy.base_url("runware"),
        json=list(tasks),
        headers={"Authorization": f"Bearer {understudy.api_key}", **headers},
        trust_env=False,
    )


def submit(understudy, **fields):
    task = video_task(deliveryMethod="async", **fields)
    ask(understudy, task).raise_for_status()
    return task["taskUUID"]


def poll(understudy, job):
    [told] = [
        each for part in ask(understudy, {"taskType": "getResponse", "taskUUID": job}).json().values() for each in part
    ]
    return told.get("code") or told["status"]


def test_a_video_is_done_at_once_unless_told_otherwise(understudy):
    assert poll(understudy, submit(understudy)) == "success"


@pytest.mark.understudy(clock="manual")
def test_time_passes_by_advance_only_where_the_clock_is_manual(understudy):
    job = submit(understudy)
    before = understudy.clock["now"]
    with pytest.raises(TimeoutError, match="stands still until"):
        understudy.wait()
    assert poll(understudy, job) == "processing"
    happened = understudy.advance(3600)
    assert [one["job"] for one in happened if one["kind"] == "result.succeeded"] == [job]
    assert poll(understudy, job) == "success"
    understudy.wait()
    assert understudy.clock["now"] == before + 3600


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_an_account_of_its_own_and_a_new_one(understudy, turn):
    assert understudy.api_key not in seen
    seen.append(understudy.api_key)
    assert (understudy.journal, understudy.webhooks, len(understudy.ledger)) == ([], [], 1)
    submit(understudy)
    understudy.advance(1000 * turn)
    assert understudy.clock["offset"] == pytest.approx(1000 * turn)


def test_the_account_is_gone_after_the_test(pytestconfig, understudy, request):
    from understudy.pytest_plugin.account import opened
    from understudy.pytest_plugin.options import Options

    servers = request.getfixturevalue("_understudy_servers")
    with opened(servers, Options(), "elsewhere") as other:
        submit(other)
        server, _ = servers.of(Options())
        assert server.engine.accounts.by_id(identity(other.api_key)) is not None
    assert server.engine.accounts.by_id(identity(other.api_key)) is None
    assert other.url == understudy.url


@pytest.mark.understudy(balance=0.05, limits={"concurrency": 1})
def test_an_account_starts_with_the_money_it_was_given(understudy):
    assert understudy.balance == 0.05
    assert understudy.control.limits()["concurrency"] == 1
    assert ask(understudy, video_task()).status_code != 200
    assert understudy.balance == 0.05


def test_the_ledger_adds_up_to_the_balance(understudy):
    opening = understudy.balance
    submit(understudy)
    assert understudy.balance < opening
    assert sum(entry["amount"] for entry in understudy.ledger) == pytest.approx(understudy.balance)


def test_the_journal_has_what_clients_asked_in_order_and_nothing_else(understudy):
    job = submit(understudy)
    poll(understudy, job)
    understudy.fail(delay=1).remove()
    assert [(one["operation"], one["job"]) for one in understudy.journal] == [("submit", job), ("poll", job)]


def test_a_failure_strikes_until_its_block_ends(understudy):
    with understudy.fail("invalidApiKey", provider="runware") as failure:
        assert ask(understudy, video_task()).status_code == 401
    assert ask(understudy, video_task()).status_code == 200
    assert [one["faults"] for one in understudy.journal] == [[failure.id], []]


def test_a_failure_tells_how_often_it_struck(understudy):
    failure = understudy.fail("gateway=503, times=2", operation="poll")
    job = submit(understudy)
    assert [ask(understudy, {"taskType": "getResponse", "taskUUID": job}).status_code for _ in range(3)] == [
        503,
        503,
        200,
    ]
    assert failure.struck == 2
    failure.remove()
    failure.remove()
    assert failure.struck == 2


def test_a_failure_tells_after_its_block_how_often_it_struck(understudy):
    with understudy.fail("timeoutProvider") as failure:
        submit(understudy)
    assert failure.struck == 1


def test_an_error_that_one_provider_alone_has_needs_no_provider(understudy):
    understudy.fail("timeoutProvider")
    assert poll(understudy, submit(understudy)) == "timeoutProvider"


@pytest.mark.parametrize(
    ("what", "rule", "words"),
    [
        ("insufficientCredits", {}, "name one, as in provider="),
        ("timeoutProvidr", {}, "no provider has an error 'timeoutProvidr'"),
        ("delay=", {}, "is no failure"),
        (None, {}, "effect|what goes wrong|empty"),
        ("timeoutProvider", {"provider": "gmi"}, "timeoutProvider"),
    ],
)
def test_a_failure_that_cannot_be_is_refused(understudy, what, rule, words):
    with pytest.raises((ValueError, ControlError), match=words):
        understudy.fail(what, **rule)
    assert understudy.control.faults() == []


def test_a_failure_is_of_this_account_alone(understudy, request):
    from understudy.pytest_plugin.account import opened
    from understudy.pytest_plugin.options import Options

    understudy.fail(gateway=502)
    with opened(request.getfixturevalue("_understudy_servers"), Options(), "elsewhere") as other:
        assert ask(other, video_task()).status_code == 200
    assert ask(understudy, video_task()).status_code == 502


bodies: list[bytes] = []


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        bodies.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_webhooks_are_delivered_when_the_wait_is_over(understudy):
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        serving = threading.Thread(target=receiver.serve_forever)
        serving.start()
        try:
            job = submit(understudy, webhookURL=f"http://127.0.0.1:{receiver.server_port}/")
            understudy.wait()
        finally:
            receiver.shutdown()
            serving.join()
    [webhook] = understudy.webhooks
    assert (webhook["job"], webhook["state"], webhook["attempts"][0]["status"]) == (job, "delivered", 204)
    assert job.encode() in bodies[0]


@pytest.mark.parametrize("provider", ["runware", "gmi", "segmind", "heygen"])
def test_every_provider_has_a_base_url(understudy, provider):
    assert understudy.base_url(provider).startswith(understudy.url)
    assert understudy.base_url(provider, websocket=True) == "ws" + understudy.base_url(provider)[4:]


def test_a_provider_that_is_not_stood_in_for_is_refused_by_name(understudy):
    with pytest.raises(ValueError, match="stands in for runware, gmi, heygen, segmind, not 'sora'"):
        understudy.base_url("sora")


@pytest.mark.understudy(switches={"runware.webhook-body": "flat"})
def test_tests_that_want_the_same_share_a_server_and_others_do_not(understudy, request):
    from understudy.pytest_plugin.options import Options

    servers = request.getfixturevalue("_understudy_servers")
    assert servers.of(understudy.options)[0].url == understudy.url
    assert servers.of(understudy.options)[0].settings.switches == {"runware.webhook-body": "flat"}
    assert servers.of(Options())[0].url != understudy.url


@pytest.mark.understudy(seed=7, clock="manual")
def test_with_a_seed_a_test_has_the_same_key_at_every_run(understudy, request):
    name = f"understudy:7:{request.node.nodeid}"
    assert understudy.api_key == f"understudy-{uuid.uuid5(uuid.NAMESPACE_URL, name).hex}"


def test_waiting_does_not_take_longer_than_asked(understudy):
    understudy.fail(stuck=True)
    submit(understudy)
    began = time.monotonic()
    with pytest.raises(TimeoutError, match="not all jobs done and webhooks delivered"):
        understudy.wait(timeout=0.2)
    assert time.monotonic() - began < 30
