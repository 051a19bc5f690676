"""`understudy.Control`: the same in Python, typed, with errors that say what to do."""

import json
import subprocess
import sys
from typing import get_args
from urllib.parse import unquote

import httpx
import pytest

import understudy
from sink import Sink
from stage import video_task
from understudy import Control, ControlError
from understudy.control.table import OPERATIONS
from understudy.engine import Part


@pytest.fixture
def control(stage):
    with Control(stage.server.url, account=stage.key) as made:
        yield made


def test_naming_the_package_does_not_load_what_drives_a_server():
    code = "import understudy, sys; assert not {'httpx', 'understudy.control'} & set(sys.modules); understudy.Control('http://x'); assert 'httpx' not in sys.modules"  # fmt: skip
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'Kontrol'"):
        _ = understudy.Kontrol  # type: ignore[attr-defined]


def test_time(control, stage):
    stage.post(task := video_task())
    now = control.clock()["now"]
    assert control.wait(jobs=True, webhooks=False, timeout=1) is False
    kinds = [one["kind"] for one in control.advance(600)]
    assert "result.succeeded" in kinds
    assert control.clock()["now"] == now + 600
    assert control.clock(everyone=True)["account"] is None
    assert control.wait() is True
    assert control.advance_to(now + 601) == []
    assert stage.poll(task)["data"][0]["status"] == "success"
    with pytest.raises(ControlError) as refused:
        control.set_rate(2)
    assert refused.value.status == 409


def test_faults(control, stage):
    fault = control.add_fault(gateway=503, operation="submit", times=1)
    assert (fault.state(), fault.document["id"]) == ("live", fault.id)
    assert stage.post(video_task()).status_code == 503
    assert (fault.state(), fault.shown()["struck"]) == ("spent", 1)
    assert [one["id"] for one in control.faults()] == [fault.id]
    fault.remove()
    with pytest.raises(ControlError, match="no rule") as gone:
        fault.remove()
    assert gone.value.status == 404
    control.add_fault({"delay": 1, "operation": "cancel"})
    control.add_fault({"delay": 1}, operation="cancel", times=3)
    assert control.clear_faults() == 2
    assert control.faults() == []
    with pytest.raises(ControlError) as refused:
        control.add_fault(dealy=1, times=0)
    assert len(refused.value.problems) >= 2
    assert all(problem in str(refused.value) for problem in refused.value.problems)


def test_a_rule_for_everyone_is_removed_from_everyone(make_server):
    with Control(make_server().url, account="mine") as control:
        fault = control.add_fault(delay=1, operation="cancel", everyone=True)
        assert control.faults() == []
        assert [one["id"] for one in control.faults(everyone=True)] == [fault.id]
        assert fault.state() == "live"
        fault.remove()
        assert control.clear_faults(everyone=True) == 0


def test_webhooks_money_and_the_record(control, stage):
    control.set_opening(20)
    control.set_limits(concurrency=5)
    assert control.limits()["concurrency"] == 5
    with Sink() as sink:
        stage.post(video_task(webhookURL=sink.url))
        control.advance(600)
        [delivery] = control.webhooks(kind="webhook")
        assert control.webhook(delivery["id"]) == delivery
        assert len(control.resend(delivery["id"])["attempts"]) == 2
        assert len(sink.wait(2)) == 2
    assert control.webhooks(state="waiting") == []
    assert control.balance < 20
    before = control.balance
    assert control.credit(5, "a present")["balance"] == pytest.approx(before + 5)
    assert control.ledger()["entries"][-1]["why"] == "a present"
    for _ in range(3):
        stage.post(video_task())
    numbers = [one["number"] for one in control.journal(order="oldest", provider="runware", limit=2)]
    assert len(numbers) == 4
    assert numbers == sorted(numbers)
    assert control.exchange(numbers[0])["number"] == numbers[0]
    assert len(control.har(provider="runware")["log"]["entries"]) == 4
    assert control.clear_journal() >= 4


def test_accounts_and_their_parts(control, stage):
    mine = control.own_account()
    assert control.reset("all")["id"] == mine["id"]
    made = control.make_account(balance=3)
    with Control(stage.server.url, account=made["key"]) as other:
        assert other.balance == 3
    with Control(stage.server.url, account_id=made["id"]) as other:
        assert other.own_account()["id"] == made["id"]
    assert made["id"] in [one["id"] for one in control.accounts()]
    control.delete_account(made["id"])
    assert made["id"] not in [one["id"] for one in control.accounts()]
    assert {one["provider"] for one in control.errors("gmi")} == {"gmi"}
    assert len(control.errors()) > len(control.errors("gmi"))
    assert control.health()["status"] == "ok"


def test_what_was_taken_down_is_put_back(control, stage):
    stage.post(video_task())
    control.advance(600)
    document = control.snapshot()
    control.reset()
    assert control.restore(document)["jobs"] == {"runware": 1}
    assert control.snapshot() == document


def test_the_record_can_be_exported(control, stage):
    stage.post(video_task())
    _, *lines = control.export().splitlines()
    assert [json.loads(line)["operation"] for line in lines if b"videoInference" in line] == ["submit"]
    assert stage.key.encode() not in control.export()


def test_every_operation_can_be_asked_for(stage, monkeypatch):
    """A method for each operation: what is asked is held against the table of operations."""
    asked = set()

    class Heard(Exception):
        pass

    def hear(self, method, url, **keywords):
        asked.add((method, url.partition("/_understudy")[2]))
        raise Heard

    monkeypatch.setattr(httpx.Client, "request", hear)
    control = Control(stage.server.url, account=stage.key)
    needed = {
        "advance": [(1,)], "advance_to": [(1,)], "set_clock": [(1,)], "set_rate": [(1,)], "add_fault": [({},)],
        "fault": [("{id}",)], "remove_fault": [("{id}",)], "webhook": [("{id}",)], "resend": [("{id}",)],
        "contract": [("{provider}", "openapi"), ("{provider}", "asyncapi")],
        "contract_schema": [("{provider}", "{name}"), ("{provider}", "models/{name}")], "exchange": [("{number}",)], "account_by_id": [("{id}",)], "delete_account": [("{id}",)], "restore": [({},)],
        "credit": [(1,)], "set_opening": [(1,)], "reset": [(part,) for part in get_args(Part)],
    }  # fmt: skip
    for name in sorted(vars(Control).keys() - {"balance", "close"}):
        for arguments in needed.get(name, [()]) if not name.startswith("_") else []:
            with pytest.raises(Heard):
                list(getattr(control, name)(*arguments))
    assert {(one.method, one.path) for one in OPERATIONS} == {(method, unquote(path)) for method, path in asked}


def test_who_names_no_account_is_told_where_one_is_needed(stage):
    with Control(stage.server.url) as control, pytest.raises(ControlError) as refused:
        control.ledger()
    assert refused.value.status == 401


def test_nobody_there_is_told_from_a_refusal(stage):
    with Control("http://127.0.0.1:1") as control, pytest.raises(ControlError, match="understudy serve") as absent:
        control.health()
    assert absent.value.status is None
    with Sink() as sink, Control(sink.url) as control, pytest.raises(ControlError, match="not answer as understudy"):
        control.health()
    with Control("not a url") as control, pytest.raises(ControlError):
        control.health()


def test_the_token_is_shown_where_it_is_needed(make_server):
    server = make_server(control_token="a-token-of-sixteen")
    with Control(server.url, token="a-token-of-sixteen") as control:
        assert control.clock()
    with Control(server.url) as control, pytest.raises(ControlError, match="X-Understudy-Token"):
        control.clock()


def test_an_address_that_is_none_is_told_in_whole_sentences():
    with Control("nowhere") as control, pytest.raises(ControlError) as refused:
        control.clock()
    assert "protocol. Is it running?" in str(refused.value)
