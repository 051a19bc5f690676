"""What can go wrong with a webhook on purpose, as its receiver sees it."""

import asyncio
import json
import socket
import time

import pytest

from gateway import call
from post_office import POLICY, post_office
from sink import Sink, gated
from stage import video_task
from understudy.course import advance
from understudy.deliveries import RetryPolicy
from understudy.faults import Strike
from understudy.faults.vocabulary import FIELDS
from understudy.mishaps import HELD_FOR


def strike(**effects) -> Strike:
    return Strike(names=("rule-1",), **effects)


async def test_a_webhook_that_is_dropped_is_never_sent_but_can_be_resent():
    with Sink() as sink:
        async with post_office() as office:
            account = office.account()
            delivery = office.send(account, sink.url, 5)
            office.strikes[delivery.id] = strike(drop=True)
            course = await advance(office.engine, 1_000)
            assert delivery.state == "dropped"
            assert [one.kind for one in course.happenings] == ["webhook.dropped"]
            assert sink.received == []
            shown = delivery.shown()
            assert (shown["faults"], shown["attempts"], shown["next_attempt"]) == (["rule-1"], [], None)
            office.outbox.resend(account, delivery.id)
            await office.outbox.settled()
            assert delivery.state == "delivered"
    assert len(sink.received) == 1


async def test_a_webhook_is_late_by_what_a_fault_says_and_asked_about_once():
    with Sink([500]) as sink:
        async with post_office() as office:
            account = office.account()
            delivery = office.send(account, sink.url, 5)
            office.strikes[delivery.id] = strike(delay=30.0)
            begun = account.clock.now()
            await advance(office.engine, 34)
            assert sink.received == []
            await advance(office.engine, 100)
            assert delivery.attempts[0].at == begun + 35
            assert (delivery.state, len(delivery.attempts)) == ("delivered", 2)
            assert office.asked == [delivery.id]


async def test_duplicates_go_out_one_after_the_other_each_when_the_last_was_taken():
    with Sink([200, 500]) as sink:
        async with post_office() as office:
            account = office.account()
            delivery = office.send(account, sink.url)
            office.strikes[delivery.id] = strike(duplicate=2)
            await advance(office.engine, 100)
            ids = [each.id for each in account.deliveries]
            assert ids == [delivery.id, f"{delivery.id}-copy-1", f"{delivery.id}-copy-2"]
            assert {each.state for each in account.deliveries} == {"delivered"}
            assert [len(each.attempts) for each in account.deliveries] == [1, 2, 1]
            assert all(each.faults == ("rule-1",) for each in account.deliveries)
            assert office.asked == [delivery.id]
    assert {one.body for one in sink.received} == {b'{"id": "%s"}' % delivery.id.encode()}
    assert len(sink.received) == 4


async def test_duplicates_come_before_what_follows():
    with Sink() as sink:
        async with post_office() as office:
            account = office.account()
            last = office.delivery(account, sink.url)
            first = office.send(account, sink.url, then=last)
            office.strikes[first.id] = strike(duplicate=1)
            await office.outbox.settled()
    assert [one.path for one in sink.received] == [f"/{first.id}", f"/{first.id}", f"/{last.id}"]


async def test_a_storm_is_so_many_at_once():
    with Sink(decide=lambda received: time.sleep(0.05) or 200) as sink:
        async with post_office() as office:
            account = office.account()
            delivery = office.send(account, sink.url)
            office.strikes[delivery.id] = strike(storm=8)
            await office.outbox.settled()
            assert len(account.deliveries) == len(sink.received) == 8
            assert {each.state for each in account.deliveries} == {"delivered"}
            assert office.asked == [delivery.id]


async def test_what_several_rules_ask_for_is_one_thing_drop_before_storm_before_duplicate_and_empty_before_damaged():
    with Sink() as sink:
        async with post_office() as office:
            account = office.account()
            office.strikes = {
                "dropped": strike(drop=True, storm=3, duplicate=2, delay=5.0, reorder=True),
                "storm": strike(storm=3, duplicate=2),
                "empty": strike(empty=True, corrupt=True, truncate=3),
            }
            for name in office.strikes:
                office.send(account, sink.url, id=name)
            await advance(office.engine, 100)
            assert [each.id for each in account.deliveries].count("dropped") == 1
    assert sorted(one.path for one in sink.received) == ["/empty", "/storm", "/storm", "/storm"]
    assert next(one.body for one in sink.received if one.path == "/empty") == b""


async def test_what_is_held_back_goes_out_after_the_next_one_to_the_same_receiver():
    with Sink() as sink, Sink() as elsewhere:
        async with post_office() as office:
            account = office.account()
            first = office.send(account, sink.url, 10)
            other = office.send(account, elsewhere.url, 11)
            second = office.send(account, sink.url, 12)
            third = office.send(account, sink.url, 13)
            office.strikes[first.id] = strike(reorder=True)
            begun = account.clock.now()
            await advance(office.engine, 100)
            assert first.attempts[0].at == begun + 12
    assert [one.path for one in sink.received] == [f"/{each.id}" for each in (second, first, third)]
    assert [one.path for one in elsewhere.received] == [f"/{other.id}"]


async def test_what_is_held_back_goes_out_by_itself_when_nothing_comes():
    with Sink() as sink:
        async with post_office() as office:
            account = office.account()
            only = office.send(account, sink.url, 10)
            office.strikes[only.id] = strike(reorder=True)
            begun = account.clock.now()
            await advance(office.engine, 100)
            assert [attempt.at for attempt in only.attempts] == [begun + 10 + HELD_FOR]
            assert (only.faults, only.considered) == (("rule-1",), ())
    assert len(sink.received) == 1


def test_how_long_a_webhook_is_held_back_is_said_where_rules_are_explained():
    assert f"within {HELD_FOR:g} emulator seconds" in FIELDS["reorder"].says


async def test_what_is_held_back_and_late_is_late_by_both():
    with Sink() as sink:
        async with post_office() as office:
            account = office.account()
            first, second = office.send(account, sink.url, 10), office.send(account, sink.url, 12)
            office.strikes[first.id] = strike(reorder=True, delay=30.0)
            begun = account.clock.now()
            await advance(office.engine, 40)
            assert [one.path for one in sink.received] == [f"/{second.id}"]
            await advance(office.engine, 100)
            assert [attempt.at for attempt in first.attempts] == [begun + 12 + 30]
            alone = office.send(account, sink.url)
            office.strikes[alone.id] = strike(reorder=True, delay=30.0)
            begun = account.clock.now()
            await advance(office.engine, 200)
            assert [attempt.at for attempt in alone.attempts] == [begun + HELD_FOR + 30]


async def test_copies_of_what_is_held_back_are_held_back_with_it():
    for effect in ({"storm": 3}, {"duplicate": 2}):
        with Sink() as sink:
            async with post_office() as office:
                account = office.account()
                first, second = office.send(account, sink.url, 10), office.send(account, sink.url, 12)
                office.strikes[first.id] = strike(reorder=True, **effect)
                await advance(office.engine, 100)
        assert [one.path for one in sink.received] == [f"/{second.id}", *[f"/{first.id}"] * 3]


async def test_what_went_out_before_does_not_let_go_what_is_held_back_nor_does_what_never_arrived():
    with gated(500) as (sink, gate), socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        async with post_office() as office:
            account = office.account()
            earlier = office.send(account, sink.url)
            await asyncio.to_thread(sink.wait, 1)
            held = office.send(account, sink.url)
            office.strikes[held.id] = strike(reorder=True, swap="rule-1")
            upload = office.send(account, sink.url, kind="upload", method="PUT")
            await asyncio.to_thread(sink.wait, 2)
            gate.set()
            await advance(office.engine, HELD_FOR - 1)
            assert (earlier.state, len(earlier.attempts), held.attempts, upload.state) == (
                "delivered", 2, [], "delivered",
            )  # fmt: skip
            url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
            begun = account.clock.now()
            waits = office.send(account, url)
            office.strikes[waits.id] = strike(reorder=True, swap="rule-1")
            lost = office.send(account, url, 10, policy=RetryPolicy(1, 1, 1, 5))
            await advance(office.engine, 200)
            assert lost.state == "given up"
            assert waits.attempts[0].at == begun + HELD_FOR
            assert held.faults == waits.faults == ()
            assert held.considered == waits.considered == (("rule-1", f"no other one came within {HELD_FOR:g} s"),)


async def test_what_is_resent_while_it_is_held_back_goes_out_at_once_and_once():
    with Sink() as sink:
        async with post_office() as office:
            account = office.account()
            held = office.send(account, sink.url)
            office.strikes[held.id] = strike(reorder=True, swap="rule-1")
            await office.outbox.settled()
            office.outbox.resend(account, held.id)
            await office.outbox.settled()
            assert (held.state, held.faults, len(held.considered)) == ("delivered", (), 1)
            other = office.send(account, sink.url)
            await advance(office.engine, 200)
    assert [one.path for one in sink.received] == [f"/{held.id}", f"/{other.id}"]


def test_only_what_was_reordered_names_the_rule_and_only_that_counts(stage):
    stage.http.post("/_understudy/faults", json={"reorder": True, "times": 2}).raise_for_status()
    late = stage.http.post("/_understudy/faults", json={"reorder": True, "delay": 1, "after": 1}).json()["id"]
    with Sink() as sink:
        ids = []
        for _ in range(5):
            task = video_task(webhookURL=sink.url)
            ids.append(task["taskUUID"])
            stage.post(task)
            stage.http.post("/_understudy/clock/advance", json={"seconds": 30}).raise_for_status()
        stage.http.post("/_understudy/clock/advance", json={"seconds": 3_600}).raise_for_status()
        order = [json.loads(one.body)["data"][0]["taskUUID"] for one in sink.received]
    told = {each["job"]: each for each in stage.deliveries()}
    faults = [told[job]["faults"] for job in ids]
    assert [order.index(job) for job in ids] == [1, 0, 3, 2, 4]
    assert faults == [["rule-1"], [late], ["rule-1", late], [late], [late]]
    why = {each["rule"]: each["why"] for each in told[ids[1]]["considered"]}
    assert why == {"rule-1": "it is eclipsed by another webhook, which is held back already"}
    first, second = stage.http.get("/_understudy/faults").json()["faults"]
    assert (first["struck"], first["state"]) == (2, "spent")
    assert second["struck"] == 4


@pytest.mark.parametrize("overtaken", [True, False])
def test_what_is_held_back_is_held_back_by_a_restored_account_too(stage, overtaken):
    stage.http.post("/_understudy/faults", json={"reorder": True, "times": 1}).raise_for_status()
    with Sink() as sink:
        first, second = video_task(webhookURL=sink.url), video_task(webhookURL=sink.url)
        stage.post(first)
        stage.http.post("/_understudy/clock/advance", json={"seconds": 40}).raise_for_status()
        assert sink.received == []
        document = stage.http.get("/_understudy/snapshot").json()
        stage.http.put("/_understudy/snapshot", json=document).raise_for_status()
        if overtaken:
            stage.post(second)
        stage.http.post("/_understudy/clock/advance", json={"seconds": 3_600}).raise_for_status()
        order = [json.loads(one.body)["data"][0]["taskUUID"] for one in sink.received]
    expected = [second["taskUUID"], first["taskUUID"]] if overtaken else [first["taskUUID"]]
    assert order == expected
    named = {each["job"]: each["faults"] for each in stage.deliveries()}
    assert named[first["taskUUID"]] == (["rule-1"] if overtaken else [])


async def test_when_all_are_to_be_held_back_neighbours_swap():
    with Sink() as sink:
        async with post_office() as office:
            account = office.account()
            sent = [office.send(account, sink.url, number) for number in range(1, 5)]
            office.strikes = {each.id: strike(reorder=True) for each in sent}
            await advance(office.engine, 100)
    assert [one.path for one in sink.received] == [f"/{sent[index].id}" for index in (1, 0, 3, 2)]


async def test_a_damaged_webhook_parses_nowhere_and_is_damaged_alike_each_time():
    with Sink([500]) as sink:
        async with post_office() as office:
            delivery = office.send(office.account(), sink.url)
            office.strikes[delivery.id] = strike(corrupt=True, content_type="text/plain")
            await advance(office.engine, 100)
    whole = b'{"id": "%s"}' % delivery.id.encode()
    for one in sink.received:
        assert one.headers["content-type"] == "text/plain"
        assert len(one.body) == len(whole)
        with pytest.raises(json.JSONDecodeError):
            json.loads(one.body)
    assert len(sink.received) == 2
    assert sink.received[0].body == sink.received[1].body
    assert delivery.shown()["attempts"][0]["request"]["body"] == sink.received[0].body.decode()


async def test_an_empty_webhook_has_no_body():
    with Sink() as sink:
        async with post_office() as office:
            delivery = office.send(office.account(), sink.url)
            office.strikes[delivery.id] = strike(empty=True)
            await office.outbox.settled()
    [one] = sink.received
    assert (one.body, one.headers["content-length"]) == (b"", "0")


async def test_a_webhook_whose_connection_ends_in_its_midst_is_tried_again_and_is_whole():
    got: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        try:
            got.append(await reader.readexactly(size))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except asyncio.IncompleteReadError as cut:
            got.append(cut.partial)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, post_office() as office:
        delivery = office.send(office.account(), url)
        office.strikes[delivery.id] = strike(truncate=5)
        await advance(office.engine, 100)
        whole = b'{"id": "%s"}' % delivery.id.encode()
        assert got == [whole[:5], whole]
        assert delivery.state == "delivered"
        assert "after 5 of" in str(delivery.attempts[0].problem)
        told = [attempt["request"] for attempt in delivery.shown()["attempts"]]
        assert [(each["size"], each["cut"]) for each in told] == [(5, False), (len(whole), False)]
        assert (told[0]["body"], told[1]["body"]) == (whole[:5].decode(), json.loads(whole))


async def test_a_slow_webhook_comes_at_its_rate_beyond_the_patience_for_an_answer():
    times: list[float] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(6):
            await reader.readexactly(10)
            times.append(time.monotonic())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, post_office() as office:
        delivery = office.send(office.account(), url, body=b"x" * 60)
        office.strikes[delivery.id] = strike(trickle=100.0)
        await office.outbox.settled()
        assert delivery.state == "delivered"
    # The last ten bytes set out half a second after the first.
    assert times[-1] - times[0] > 0.3


async def test_an_upload_is_struck_by_no_fault():
    with Sink() as sink:
        async with post_office() as office:
            upload = office.send(office.account(), sink.url, kind="upload", method="PUT")
            office.strikes[upload.id] = strike(drop=True)
            await office.outbox.settled()
            assert (upload.state, office.asked) == ("delivered", [])


async def test_what_is_resent_is_whole_whatever_struck_it_before():
    with Sink([400] * 4) as sink:
        async with post_office() as office:
            account = office.account()
            delivery = office.send(account, sink.url)
            office.strikes[delivery.id] = strike(corrupt=True)
            await advance(office.engine, 100)
            assert delivery.state == "given up"
            office.outbox.resend(account, delivery.id)
            await office.outbox.settled()
    assert len(sink.received) == POLICY.attempts + 1
    assert json.loads(sink.received[-1].body) == {"id": delivery.id}


def test_a_rule_of_the_account_strikes_its_webhooks_and_says_so(stage):
    account = stage.server.engine.accounts.of(stage.key)
    rule = account.faults.add({"drop": True, "times": 1}, account.clock.now())
    with Sink() as sink:
        for _ in range(2):
            stage.post(video_task(webhookURL=sink.url))
        stage.http.post("/_understudy/clock/advance", json={"seconds": 3_600}).raise_for_status()
        assert len(sink.received) == 1
    assert sorted(delivery["state"] for delivery in stage.deliveries()) == ["delivered", "dropped"]
    dropped = next(delivery for delivery in stage.deliveries() if delivery["state"] == "dropped")
    assert dropped["faults"] == [rule.id]
    assert (dropped["provider"], dropped["model"]) == ("runware", "heygen:avatar@4")


#: How each provider that has webhooks is led to send one of a request that says something.
ASKS = {
    "runware": lambda http, sink, said: http.post("/v1", json=[video_task(webhookURL=sink.url, speech={"text": said})]),
    "segmind": lambda http, sink, said: http.post("/v2/heygen-avatar-iv", json=call(script=said)),
    "segmind workflow": lambda http, sink, said: http.post(
        "/workflows/0123456789abcdef01234567-v2", json={"prompt": said}
    ),
    "segmind training": lambda http, sink, said: http.post(
        "/finetune/request/submit", json=training(instance_prompt=said)
    ),
}


def training(**fields):
    return {
        "name": "My Face", "data_source_path": "s3://bucket/faces.zip", "instance_prompt": "sks", "trigger_word": "sks",
        "base_model": "FLUX", "train_type": "LORA", "machine_type": "NVIDIA_A100_40GB", "segmind_public": False,
        **fields,
    }  # fmt: skip


@pytest.mark.parametrize("restored", [False, True], ids=["", "restored"])
@pytest.mark.parametrize("asked", sorted(ASKS))
def test_a_rule_about_what_is_said_strikes_the_webhooks_of_who_says_it_and_no_other(stage, asked, restored):
    stage.http.headers["x-api-key"] = stage.key
    stage.http.post("/_understudy/faults", json={"text": "pineapple", "drop": True}).raise_for_status()
    with Sink() as sink:
        if asked != "runware":
            types = ["GENERATION", "PIXELFLOW", "AVAILABLE"]
            hook = {"webhook_url": sink.url, "event": {"types": types}}
            stage.http.post("/webhook/add", json=hook).raise_for_status()
        for said in ("We grow a pineapple.", "We grow corn."):
            ASKS[asked](stage.http, sink, said).raise_for_status()
        if restored:
            document = stage.http.get("/_understudy/snapshot").json()
            stage.http.put("/_understudy/snapshot", json=document).raise_for_status()
        stage.http.post("/_understudy/clock/advance", json={"seconds": 36_000}).raise_for_status()
        assert [delivery["state"] for delivery in stage.deliveries()] == ["dropped", "delivered"]
        assert len(sink.received) == 1
