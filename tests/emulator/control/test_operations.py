"""What the control API is for: time, faults, webhooks, money, accounts and the record, over a real socket."""

import threading
import time

import httpx
import pytest

from sink import Sink
from stage import video_task
from understudy.clock import FlowingClock
from understudy.config import Speed
from understudy.moments import iso


def test_time_stands_still_until_it_is_advanced_and_what_happens_is_told_in_order(patient, stage):
    before = patient.ok("GET", "/clock")
    assert (before["still"], before["rate"], before["offset"]) == (True, 0, 0)
    task = video_task()
    stage.post(task)
    assert stage.poll(task)["data"][0]["status"] == "processing"
    moved = patient.ok("POST", "/clock/advance", json={"seconds": 600})
    assert moved["now"] == before["now"] + 600
    assert moved["iso"] == iso(moved["now"])
    assert moved["offset"] == 600
    moments = [one["at"] for one in moved["happenings"]]
    assert moments == sorted(moments)
    assert {"result.succeeded", "ledger.charge"} <= {one["kind"] for one in moved["happenings"]}
    assert stage.poll(task)["data"][0]["status"] == "success"


def test_an_account_is_advanced_alone_and_the_server_with_all_its_accounts(patient, stage, caller):
    everyone, other = caller(stage.server), caller(stage.server, f"{stage.key}-other")
    start, mine, others = (one.ok("GET", "/clock")["now"] for one in (everyone, patient, other))
    patient.ok("POST", "/clock/advance", json={"seconds": 50})
    assert everyone.ok("GET", "/clock")["now"] == start
    assert other.ok("GET", "/clock")["now"] == others
    everyone.ok("POST", "/clock/advance", json={"seconds": 7})
    assert everyone.ok("GET", "/clock")["now"] == start + 7
    assert patient.ok("GET", "/clock")["now"] == mine + 57
    assert other.ok("GET", "/clock")["now"] == others + 7


def test_time_can_be_moved_to_a_moment_in_either_notation_but_never_back(patient):
    now = patient.ok("GET", "/clock")["now"]
    assert patient.ok("POST", "/clock", json={"now": iso(now + 1000)})["now"] == pytest.approx(now + 1000, abs=0.001)
    assert patient.ok("POST", "/clock/advance", json={"to": now + 2000})["now"] == now + 2000
    assert "backward" in patient.refused(422, "POST", "/clock", json={"now": now})["error"]
    assert "is no moment" in patient.refused(422, "POST", "/clock", json={"now": "tomorrow"})["error"]
    for wrong in ({}, {"seconds": 1, "to": now + 3000}, {"seconds": -1}, {"seconds": "1"}):
        patient.refused(422, "POST", "/clock/advance", json=wrong)
    assert "too far" in patient.refused(422, "POST", "/clock/advance", json={"seconds": 221_845_000_000})["error"]
    assert patient.ok("GET", "/clock")["now"] == now + 2000


def test_what_happened_can_be_cut_short_and_is_counted(patient, stage):
    stage.post(video_task())
    moved = patient.ok("POST", "/clock/advance", json={"seconds": 600, "limit": 1})
    assert len(moved["happenings"]) == 1
    assert moved["left_out"] > 0


def test_a_clock_that_runs_can_run_faster(make_server, caller):
    caller = caller(make_server(FlowingClock()))
    assert caller.ok("PATCH", "/clock", json={"rate": 1000})["rate"] == 1000
    began = time.monotonic()
    start = caller.ok("GET", "/clock")["now"]
    time.sleep(0.05)
    passed = caller.ok("GET", "/clock")["now"] - start
    # What the requests themselves take passes in between, too: how much is not known, but how much at most.
    assert 1000 * 0.05 <= passed <= 1000 * (time.monotonic() - began)
    for wrong in (0, -1, 1e9, "fast"):
        caller.refused(422, "PATCH", "/clock", json={"rate": wrong})


def test_waiting_ends_when_jobs_are_done_and_webhooks_delivered(api):
    with Sink() as sink:
        answer = api.http.post(f"{api.server.url}/v1", json=[video_task(webhookURL=f"{sink.url}/hook")])
        assert answer.status_code == 200
        assert api.ok("GET", "/wait?timeout=20")["done"]
        assert len(sink.received) == 1


def test_waiting_ends_at_once_where_only_an_advance_helps(patient, stage):
    stage.post(video_task())
    began = time.monotonic()
    assert patient.ok("GET", "/wait?jobs=done&timeout=60")["done"] is False
    assert time.monotonic() - began < 30
    patient.ok("POST", "/clock/advance", json={"seconds": 600})
    assert patient.ok("GET", "/wait?jobs=done&webhooks=delivered&timeout=60")["done"] is True
    patient.refused(422, "GET", "/wait?jobs=soon")


def test_who_hangs_up_while_waiting_leaves_nothing_behind(make_server):
    server = make_server(None, speed=Speed(1.0, 1.0))
    headers = {"Authorization": "Bearer k"}
    httpx.post(f"{server.url}/v1", json=[video_task()], headers=headers, trust_env=False)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{server.url}/_understudy/wait?timeout=600", headers=headers, trust_env=False, timeout=0.3)
    assert httpx.get(f"{server.url}/_understudy/health", trust_env=False).status_code == 200


def test_a_rule_strikes_its_account_only_and_one_of_the_servers_strikes_all(make_server, caller):
    server = make_server()
    mine, other, everyone = caller(server, "mine"), caller(server, "other"), caller(server)

    def ask(one):
        return one.http.post(f"{server.url}/v1", json=[video_task()]).status_code

    rule = mine.ok("POST", "/faults", json={"gateway": 503, "operation": "submit"})
    assert (ask(mine), ask(other)) == (503, 200)
    assert mine.ok("GET", f"/faults/{rule['id']}")["struck"] == 1
    assert everyone.ok("GET", "/faults") == {"faults": []}
    other.refused(404, "DELETE", f"/faults/{rule['id']}")
    mine.ok("DELETE", f"/faults/{rule['id']}")
    assert ask(mine) == 200
    everyone.ok("POST", "/faults", json={"gateway": 502, "operation": "submit", "times": 2})
    assert (ask(mine), ask(other), ask(mine)) == (502, 502, 200)
    [dead] = everyone.ok("GET", "/faults")["faults"]
    assert (dead["state"], dead["struck"]) == ("spent", 2)
    assert dead["why"]


def test_everything_wrong_with_a_rule_is_said_and_none_is_added(api):
    said = api.refused(422, "POST", "/faults", json={"provider": "runwary", "error": "x", "delay": -1, "tims": 2})
    assert len(said["problems"]) >= 3
    api.refused(422, "POST", "/faults", json=[{"delay": 1}])
    assert api.ok("GET", "/faults") == {"faults": []}


def test_webhooks_can_be_picked_paged_and_sent_again(patient, stage):
    with Sink([500]) as sink:
        tasks = [video_task(webhookURL=f"{sink.url}/{n}") for n in range(3)]
        for task in tasks:
            stage.post(task)
        patient.ok("POST", "/clock/advance", json={"seconds": 3600})
        everything = patient.ok("GET", "/webhooks")["deliveries"]
        assert sorted(len(one["attempts"]) for one in everything) == [1, 1, 2]
        assert {one["state"] for one in everything} == {"delivered"}
        [one] = patient.ok("GET", f"/webhooks?job={tasks[1]['taskUUID']}&kind=webhook&state=delivered")["deliveries"]
        assert one == patient.ok("GET", f"/webhooks/{one['id']}")
        first = patient.ok("GET", "/webhooks?limit=2")
        rest = patient.ok("GET", f"/webhooks?limit=2&after={first['next']}")
        assert "next" not in rest
        assert [one["id"] for one in first["deliveries"] + rest["deliveries"]] == [one["id"] for one in everything]
        again = patient.ok("POST", f"/webhooks/{one['id']}/resend")
        assert len(again["attempts"]) == len(one["attempts"]) + 1
        bodies = [received.body for received in sink.wait(5) if received.path == "/1"]
        assert len(bodies) >= 2
        assert len(set(bodies)) == 1
    patient.refused(404, "POST", "/webhooks/none/resend")
    patient.refused(404, "GET", "/webhooks?after=none")


def test_money_is_put_in_taken_out_and_paged(api):
    api.ok("PUT", "/ledger/opening", json={"amount": 10})
    assert api.ok("POST", "/ledger/credit", json={"amount": 2.5, "why": "a present"}) == {
        "balance": 12.5,
        "available": 12.5,
    }
    assert api.ok("POST", "/ledger/credit", json={"amount": -12.5})["available"] == 0
    assert "can still be spent" in api.refused(409, "POST", "/ledger/credit", json={"amount": -0.01})["error"]
    assert "reset/money" in api.refused(409, "PUT", "/ledger/opening", json={"amount": 1})["error"]
    for nothing in (1e-7, -4e-7):
        assert "millionths" in api.refused(422, "POST", "/ledger/credit", json={"amount": nothing})["error"]
    entries = api.ok("GET", "/ledger")["entries"]
    assert [(one["kind"], one["amount"], one["why"]) for one in entries] == [
        ("opening", 10, None),
        ("credit", 2.5, "a present"),
        ("debit", -12.5, None),
    ]
    paged, after = [], 0
    while after is not None:
        page = api.ok("GET", f"/ledger?limit=1&after={after}")
        paged += page["entries"]
        after = page.get("next")
    assert paged == entries


def test_limits_are_set_one_by_one_shown_and_lifted(api):
    assert api.ok("GET", "/limits") == {"spend": None, "concurrency": None}
    api.ok("PATCH", "/limits", json={"concurrency": 1})
    api.ok("PATCH", "/limits", json={"spend": {"amount": 0.5, "period": "daily"}})
    assert api.ok("GET", "/limits") == {"spend": {"amount": 0.5, "period": "daily"}, "concurrency": 1}
    assert len(api.refused(422, "PATCH", "/limits", json={"concurrency": -1, "spend": 4})["problems"]) == 2
    assert api.ok("PATCH", "/limits", json={"spend": None})["spend"] is None


def test_an_account_can_be_made_with_money_and_limits_listed_and_forgotten(nobody, caller):
    made = nobody.ok("POST", "/accounts", json={"balance": 0.25, "limits": {"concurrency": 2}})
    owner = caller(nobody.server, made["key"])
    mine = owner.ok("GET", "/account")
    assert (mine["id"], mine["available"], mine["limits"]["concurrency"]) == (made["id"], 0.25, 2)
    assert "key" not in mine
    nobody.refused(409, "POST", "/accounts", json={"key": made["key"]})
    ids, after = [], ""
    while after is not None:
        page = nobody.ok("GET", "/accounts", params={"limit": 3, **({"after": after} if after else {})})
        ids += [one["id"] for one in page["accounts"]]
        after = page.get("next")
    assert ids.count(made["id"]) == 1
    assert len(ids) == len(set(ids))
    assert nobody.ok("DELETE", f"/accounts/{made['id']}") == {"removed": made["id"]}
    nobody.refused(404, "GET", f"/accounts/{made['id']}")
    assert owner.ok("GET", "/account")["available"] == 100_000


def test_an_account_that_cannot_be_is_not_made(nobody):
    before = len(nobody.ok("GET", "/accounts?limit=1000")["accounts"])
    for wrong in ({"limits": {"concurrency": "x"}}, {"key": ""}, {"key": "a b"}, {"balance": -1}, {"balance": 1e12}):
        nobody.refused(422, "POST", "/accounts", json=wrong)
    assert len(nobody.ok("GET", "/accounts?limit=1000")["accounts"]) == before


def test_no_secret_of_an_address_is_shown_of_a_webhook(patient, stage):
    stage.post(video_task(webhookURL="http://me:my-password@127.0.0.1:9/hook?X-Signature=my-signature"))
    patient.ok("POST", "/clock/advance", json={"seconds": 600})
    [listed] = patient.ok("GET", "/webhooks")["deliveries"]
    each = patient.ok("GET", f"/webhooks/{listed['id']}")
    assert listed == each
    assert listed["url"] == "http://redacted@127.0.0.1:9/hook?redacted"
    assert listed["attempts"]
    again = patient.ok("POST", f"/webhooks/{listed['id']}/resend")
    for shown in (listed, again):
        assert "my-password" not in str(shown)
        assert "my-signature" not in str(shown)


def test_a_key_that_was_made_is_never_made_again(make_server, caller):
    everyone = caller(make_server(seed=7))
    made = [everyone.ok("POST", "/accounts") for _ in range(2)]
    everyone.ok("DELETE", f"/accounts/{made[0]['id']}")
    made += [everyone.ok("POST", "/accounts") for _ in range(2)]
    assert len({one["key"] for one in made}) == 4


def test_with_a_seed_the_same_keys_are_made_again(make_server, caller):
    first, second = ([caller(make_server(seed=7)).ok("POST", "/accounts")["key"]] for _ in range(2))
    assert first == second
    assert caller(make_server()).ok("POST", "/accounts")["key"] not in first


def test_the_journal_is_searched_and_paged_without_losing_or_doubling_any(patient, stage):
    tasks = [video_task() for _ in range(5)]
    for task in tasks:
        stage.post(task)
    stage.post(video_task(speech=None))
    page = patient.ok("GET", "/journal?operation=submit&provider=runware")
    assert page["matching"] == 6
    [refused] = patient.ok("GET", "/journal?status=4xx&provider=runware")["exchanges"]
    assert refused == patient.ok("GET", f"/journal/{refused['number']}")
    for order, cursor in (("newest", "before"), ("oldest", "since")):
        numbers, asked = [], {"order": order, "limit": 2, "provider": "runware"}
        while True:
            page = patient.ok("GET", "/journal", params=asked)
            numbers += [one["number"] for one in page["exchanges"]]
            if "next" not in page:
                break
            asked[cursor] = page["next"]
        assert numbers == sorted(numbers, reverse=order == "newest")
        assert len(numbers) == len(set(numbers)) == 6
    assert stage.key not in patient.http.get("/journal").text
    patient.refused(404, "GET", "/journal/999999999")
    patient.refused(404, "GET", "/journal/one")
    patient.refused(422, "GET", "/journal?status=7")
    assert patient.ok("DELETE", "/journal")["removed"] >= 6
    assert patient.ok("GET", "/journal?provider=runware")["exchanges"] == []


def test_what_changes_something_is_on_the_record_and_what_only_looks_is_not(patient):
    patient.ok("GET", "/clock")
    patient.ok("POST", "/ledger/credit", json={"amount": 1})
    [one] = patient.ok("GET", "/journal")["exchanges"]
    assert (one["provider"], one["operation"], one["request"]["body"]) == ("understudy", "credit", {"amount": 1})


def test_a_part_of_an_account_is_reset_and_the_others_stay(patient, stage):
    with Sink() as sink:
        stage.post(task := video_task(webhookURL=sink.url))
        patient.ok("POST", "/clock/advance", json={"seconds": 600})
        patient.ok("POST", "/faults", json={"delay": 1, "operation": "cancel"})
    spent = patient.ok("GET", "/ledger")["balance"]
    shown = patient.ok("POST", "/reset/webhooks")
    assert (shown["webhooks"], shown["jobs"], shown["faults"]) == (0, {"runware": 1}, 1)
    shown = patient.ok("POST", "/reset/jobs")
    assert (shown["jobs"], shown["faults"], shown["balance"]) == ({}, 1, spent)
    assert not stage.poll(task)["data"]
    assert patient.ok("POST", "/reset/faults")["faults"] == 0
    assert patient.ok("POST", "/reset/money")["balance"] == 100_000
    shown = patient.ok("POST", "/reset/all")
    assert (shown["offset"], shown["balance"], shown["jobs"]) == (0, 100_000, {})
    patient.refused(404, "POST", "/reset/everything")


def test_what_was_taken_down_can_be_put_back_here_or_elsewhere(patient, stage, caller):
    stage.post(task := video_task())
    patient.ok("POST", "/clock/advance", json={"seconds": 600})
    url = stage.poll(task)["data"][0]["videoURL"]
    document = patient.ok("GET", "/snapshot")
    assert stage.key not in str(document)
    patient.ok("POST", "/reset/all")
    other = caller(stage.server, f"{stage.key}-other")
    other.ok("PUT", "/snapshot", json=document)
    assert other.ok("GET", "/ledger")["balance"] < 100_000
    assert other.http.get(url).status_code == 200
    before = other.ok("GET", "/snapshot")
    assert len(other.refused(422, "PUT", "/snapshot", json={"format": "another"})["problems"]) >= 1
    assert other.ok("GET", "/snapshot") == before


def test_advances_that_come_at_once_all_happen(patient):
    start = patient.ok("GET", "/clock")["now"]
    threads = [
        threading.Thread(target=patient.ok, args=("POST", "/clock/advance"), kwargs={"json": {"seconds": 10}})
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert patient.ok("GET", "/clock")["now"] == start + 80
