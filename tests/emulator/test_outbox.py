"""What the outbox promises: when things are sent, how often, in which order, and what is remembered of it."""

import asyncio
import math
import socket
import time

import orjson
import pytest

from post_office import POLICY, post_office
from sink import Sink, gated
from understudy.clock import FlowingClock
from understudy.course import advance
from understudy.deliveries import Attempt, RetryPolicy
from understudy.faults import Strike
from understudy.lanes import Lanes
from understudy.outbox import Outbox


async def test_a_delivery_is_due_on_the_clock_of_its_own_account():
    with Sink() as sink:
        async with post_office() as office:
            one, other = office.account("one"), office.account("other")
            early, late = office.send(one, sink.url, 60), office.send(other, sink.url, 60)
            await advance(office.engine, 60, one)
            assert (early.state, late.state) == ("delivered", "waiting")
            await advance(office.engine, 59)
            assert late.state == "waiting"
            await advance(office.engine, 1)
            assert late.state == "delivered"
    assert [one.path for one in sink.received] == [f"/{early.id}", f"/{late.id}"]


async def test_an_account_that_was_ahead_stays_ahead_as_the_server_goes_on():
    with Sink() as sink:
        async with post_office() as office:
            account = office.account()
            await advance(office.engine, 1_000, account)
            delivery = office.send(account, sink.url, 100)
            await advance(office.engine, 40, account)
            await advance(office.engine, 59)
            assert delivery.state == "waiting"
            await advance(office.engine, 1)
            assert delivery.state == "delivered"
            [attempt] = delivery.attempts
            assert attempt.at == account.clock.now() == office.clock.now() + 1_040


async def test_nobody_who_has_nothing_to_send_is_in_any_queue():
    with Sink() as sink:
        async with post_office() as office:
            accounts = [office.account(f"key-{number}") for number in range(100)]
            for account in accounts:
                office.send(account, sink.url)
            await office.outbox.settled()
            assert office.outbox.waiting == 0
            assert not office.outbox._schedule._boxes
            assert all(not account.clock._sleepers._wakes for account in accounts)
            assert office.outbox.next_due() is None
    assert len(sink.received) == 100


async def test_what_never_falls_due_is_not_waited_for_and_can_be_resent():
    with Sink() as sink:
        async with post_office() as office:
            account = office.account()
            delivery = office.send(account, sink.url, math.inf)
            assert office.outbox.waiting == 0
            assert office.outbox.next_due() is office.outbox.next_due(account) is None
            assert delivery.shown()["next_attempt"] is None
            await advance(office.engine, 1e9)
            assert delivery.state == "waiting"
            assert not delivery.attempts
            office.outbox.resend(account, delivery.id)
            await office.outbox.settled(account)
            assert delivery.state == "delivered"


async def test_a_delivery_that_is_resent_has_all_its_tries_again_whatever_became_of_it():
    with Sink([500] * 4 + [500, 200, 200]) as sink:
        async with post_office() as office:
            account = office.account()
            delivery = office.send(account, sink.url)
            await advance(office.engine, 100)
            assert (delivery.state, len(delivery.attempts)) == ("given up", 4)
            assert office.outbox.resend(account, delivery.id) is delivery
            assert delivery.state == "waiting"
            await advance(office.engine, 100)
            assert (delivery.state, len(delivery.attempts)) == ("delivered", 6)
            office.outbox.resend(account, delivery.id)
            await office.outbox.settled()
            assert (delivery.state, len(delivery.attempts)) == ("delivered", 7)
            with pytest.raises(KeyError):
                office.outbox.resend(account, "no such delivery")
            with pytest.raises(KeyError):
                office.outbox.resend(office.account("somebody else"), delivery.id)
    assert len(sink.received) == 7


async def test_a_delivery_that_waits_for_its_next_try_is_resent_at_once_and_once():
    with Sink([500]) as sink:
        async with post_office() as office:
            account = office.account()
            delivery = office.send(account, sink.url)
            await office.outbox.settled()
            assert delivery.state == "waiting"
            office.outbox.resend(account, delivery.id)
            await office.outbox.settled()
            assert (delivery.state, len(delivery.attempts)) == ("delivered", 2)
            await advance(office.engine, 100)
    assert len(sink.received) == 2


@pytest.mark.parametrize("times", [1, 5])
async def test_a_delivery_goes_out_as_often_as_it_is_resent_while_it_is_on_its_way_or_later(times):
    with gated() as (sink, gate):
        async with post_office() as office:
            account = office.account()
            delivery = office.send(account, sink.url)
            await asyncio.to_thread(sink.wait, 1)
            for _ in range(times):
                office.outbox.resend(account, delivery.id)
            gate.set()
            await office.outbox.settled()
            assert (len(sink.received), len(delivery.attempts), delivery.state) == (
                1 + times, 1 + times, "delivered",
            )  # fmt: skip
            for _ in range(3):
                office.outbox.resend(account, delivery.id)
            await office.outbox.settled(account)
            assert (len(sink.received), len(delivery.attempts), delivery.state) == (
                4 + times, 4 + times, "delivered",
            )  # fmt: skip
            await advance(office.engine, 1_000)
            assert len(sink.received) == 4 + times


@pytest.mark.parametrize("depth", [100, 400, 1_000, 2_000])
async def test_what_a_receiver_answers_is_shown_however_deep_it_is(depth):
    deep = b"[" * depth + b"]" * depth

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(deep), deep))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, post_office() as office:
        delivery = office.send(office.account(), url, body=deep)
        await office.outbox.settled()
        [attempt] = orjson.loads(orjson.dumps(delivery.shown()))["attempts"]
    for told in (attempt["request"], attempt["response"]):
        if depth == 100:
            assert (told["encoding"], told["body"]) == ("json", orjson.loads(deep))
        else:
            assert (told["encoding"], told["body"]) == ("text", deep.decode()[:4096])


async def test_what_is_forgotten_is_never_sent_and_what_is_on_its_way_is_not_tried_again():
    with gated(500) as (sink, gate):
        async with post_office() as office:
            account, other = office.account(), office.account("other")
            sending, queued = office.send(account, sink.url), office.send(account, sink.url, 10)
            kept = office.send(other, sink.url, 20)
            await asyncio.to_thread(sink.wait, 1)
            assert office.outbox.forget(account) == 2
            assert office.outbox.forget(account) == 0
            gate.set()
            await advance(office.engine, 100)
            assert kept.state == "delivered"
            assert (sending.state, queued.state) == ("waiting", "waiting")
            later = office.send(account, sink.url)
            await office.outbox.settled(account)
            assert later.state == "delivered"
    assert [one.path for one in sink.received] == [f"/{each.id}" for each in (sending, kept, later)]


async def test_what_follows_goes_out_once_the_first_is_delivered_or_given_up():
    with Sink([500] * 4) as sink:
        async with post_office() as office:
            account = office.account()
            webhook = office.delivery(account, sink.url)
            upload = office.send(account, sink.url, kind="upload", method="PUT", then=webhook)
            assert list(account.deliveries) == [upload, webhook]
            await office.outbox.settled()
            assert not webhook.attempts
            await advance(office.engine, 100)
            assert (upload.state, webhook.state) == ("given up", "delivered")
            office.outbox.resend(account, upload.id)
            await office.outbox.settled()
            assert (upload.state, len(webhook.attempts)) == ("delivered", 1)
    assert [one.method for one in sink.received] == ["PUT"] * 4 + ["POST", "PUT"]


async def test_what_follows_is_not_set_off_again_while_it_waits_for_its_next_try():
    with Sink([200, 500]) as sink:
        async with post_office() as office:
            account = office.account()
            webhook = office.delivery(account, sink.url)
            upload = office.send(account, sink.url, kind="upload", then=webhook)
            await office.outbox.settled()
            assert (upload.state, webhook.state, len(webhook.attempts)) == ("delivered", "waiting", 1)
            office.outbox.resend(account, upload.id)
            await office.outbox.settled()
            assert (upload.state, webhook.state, len(webhook.attempts)) == ("delivered", "waiting", 1)
            await advance(office.engine, 100)
            assert (webhook.state, len(webhook.attempts)) == ("delivered", 2)


async def test_sending_now_returns_when_the_first_try_of_a_delivery_and_of_what_follows_it_was_made():
    with Sink([200, 500]) as sink:
        async with post_office() as office:
            account = office.account()
            webhook = office.delivery(account, sink.url, 50)
            upload = office.send(account, sink.url, 50, kind="upload", then=webhook)
            await office.outbox.send_now(account, upload)
            assert (upload.state, webhook.state, len(webhook.attempts)) == ("delivered", "waiting", 1)
            await office.outbox.send_now(account, upload)
            await advance(office.engine, 100)
            assert (webhook.state, len(webhook.attempts)) == ("delivered", 2)
    assert len(sink.received) == 3


async def test_sending_now_does_not_wait_for_what_follows_a_delivery_that_has_to_be_tried_again():
    with Sink([500]) as sink:
        async with post_office() as office:
            account = office.account()
            webhook = office.delivery(account, sink.url)
            upload = office.send(account, sink.url, kind="upload", then=webhook)
            await office.outbox.send_now(account, upload)
            assert (upload.state, webhook.attempts) == ("waiting", [])


async def test_sending_now_ends_when_the_account_is_forgotten():
    async with post_office() as office:
        account = office.account()
        webhook = office.delivery(account, "http://127.0.0.1:9")
        upload = office.send(account, "http://127.0.0.1:9", kind="upload", then=webhook)
        sending = asyncio.ensure_future(office.outbox.send_now(account, upload))
        await asyncio.sleep(0)
        office.outbox.forget(account)
        await asyncio.wait_for(sending, 10)


async def test_every_attempt_says_what_was_sent_and_what_was_answered():
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 418 I'm a teapot\r\nX-Kind: short and stout\r\nContent-Length: 9000\r\n\r\n" + b"t" * 9000
        )
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, post_office() as office:
        delivery = office.send(office.account(), url, body=b'{"a": 1}')
        await office.outbox.settled()
        [attempt] = delivery.shown()["attempts"]
        assert (attempt["status"], attempt["problem"]) == (418, None)
        assert attempt["request"]["body"] == {"a": 1}
        assert (attempt["request"]["size"], attempt["request"]["cut"]) == (8, False)
        assert ["Content-Type", "application/json"] in attempt["request"]["headers"]
        assert ["X-Kind", "short and stout"] in attempt["response"]["headers"]
        assert attempt["response"]["body"] == "t" * Attempt.RESPONSE_KEPT


async def test_an_attempt_that_fails_says_what_was_sent_and_why():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        async with post_office() as office:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            delivery = office.send(office.account(), url, policy=RetryPolicy(1, 1, 1, 0.5))
            await office.outbox.settled()
            [attempt] = delivery.shown()["attempts"]
            assert (attempt["status"], attempt["problem"]) == (None, "no answer within 0.5 s")
            assert attempt["request"]["body"] == {"id": delivery.id}
            assert delivery.state == "given up"


async def test_a_long_body_is_kept_as_far_as_it_is_worth_and_a_file_as_its_size(tmp_path):
    film = tmp_path / "film.mp4"
    film.write_bytes(b"f" * 300_000)

    async def file():
        return film

    with Sink() as sink:
        async with post_office() as office:
            account = office.account()
            long = office.send(account, sink.url, body=b"x" * 100_000)
            upload = office.send(account, sink.url, kind="upload", method="PUT", produce=file)
            await office.outbox.settled()
            request = long.shown()["attempts"][0]["request"]
            assert (request["size"], request["cut"], request["encoding"]) == (100_000, True, "text")
            assert request["body"] == "x" * Attempt.REQUEST_KEPT
            request = upload.shown()["attempts"][0]["request"]
            assert (request["size"], request["cut"], request["body"]) == (300_000, False, None)
    assert sorted(len(one.body) for one in sink.received) == [100_000, 300_000]


async def test_a_receiver_that_never_ends_its_answer_has_taken_the_delivery():
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, post_office() as office:
        delivery = office.send(office.account(), url)
        await office.outbox.settled()
        assert delivery.state == "delivered"
        assert delivery.shown()["attempts"][0]["response"]["body"] == "some"


async def test_waits_between_tries_are_the_same_for_the_same_seed_whatever_else_is_sent():
    async def times(others: int) -> list[float]:
        with Sink(decide=lambda received: 500) as sink:
            async with post_office(seed=7) as office:
                for number in range(others):
                    office.send(office.account("busy"), sink.url, number / 3, id=f"other-{number}")
                delivery = office.send(office.account(), sink.url, id="the one")
                await advance(office.engine, 100)
                return [attempt.at for attempt in delivery.attempts]

    alone = await times(0)
    assert len(alone) == POLICY.attempts
    assert await times(5) == alone


async def test_many_that_are_due_at_once_take_few_sockets_and_few_tasks():
    sockets, most, tasks = 0, 0, 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sockets, most, tasks
        sockets += 1
        most, tasks = max(most, sockets), max(tasks, len(asyncio.all_tasks()))
        while await reader.readline():
            while (line := await reader.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    size = int(line.split(b":")[1])
            await reader.readexactly(size)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        sockets -= 1
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        async with post_office() as office:
            accounts = [office.account(f"key-{number}") for number in range(10)]
            sent = [office.send(accounts[number % 10], url, 5) for number in range(300)]
            await advance(office.engine, 5)
            assert all(delivery.state == "delivered" for delivery in sent)
        assert 1 < most <= Lanes.AT_ONCE
        # Each worker and each connection is a task or two, and what waits is none.
        assert tasks < 100


async def test_receivers_that_hang_however_many_delay_nobody_else():
    policy = RetryPolicy(1, 1, 1, 30)
    hung = [socket.socket() for _ in range(40)]
    try:
        with Sink() as healthy:
            office_opened = post_office()
            async with office_opened as office:
                account = office.account()
                for each in hung:
                    each.bind(("127.0.0.1", 0))
                    each.listen(20)
                    for _ in range(20):
                        office.send(account, f"http://127.0.0.1:{each.getsockname()[1]}", policy=policy)
                await asyncio.sleep(0.2)
                started = time.monotonic()
                delivery = office.send(account, healthy.url)
                await asyncio.to_thread(healthy.wait, 1, 25)
                assert time.monotonic() - started < 25
                assert delivery.tries <= 1
                office.outbox.forget(account)
    finally:
        for each in hung:
            each.close()


async def test_a_mistake_in_asking_what_goes_wrong_keeps_nothing_back(caplog):
    with Sink() as sink:
        async with post_office() as office:

            def broken(account, delivery, taken):
                raise RuntimeError("boom")

            office.outbox._mishaps._strike = broken
            delivery = office.send(office.account(), sink.url)
            await office.outbox.settled()
            assert delivery.state == "delivered"
    assert "boom" in caplog.text


@pytest.mark.parametrize("strike", [Strike(), Strike(reorder=True, names=("rule-1",)), Strike(duplicate=1)])
async def test_an_address_that_is_none_is_refused_and_holds_up_nobody(strike):
    with Sink() as sink:
        async with post_office() as office:
            account = office.account()
            nowhere = office.delivery(account, "http://[", id="nowhere")
            office.strikes["nowhere"] = strike
            office.outbox.add(account, nowhere)
            delivery = office.send(office.account("somebody else"), sink.url, 100)
            await asyncio.wait_for(advance(office.engine, 100), 20)
            assert (nowhere.state, delivery.state) == ("refused", "delivered")
            assert "not a URL" in nowhere.attempts[0].problem
            assert office.outbox.waiting == 0


async def test_a_mistake_after_an_attempt_leaves_nobody_waiting(caplog):
    with Sink() as sink:
        async with post_office() as office:

            def broken(account, delivery, what, now):
                raise RuntimeError("boom")

            delivery = office.send(office.account(), sink.url)
            forget = office.outbox.watch(broken)
            await asyncio.wait_for(office.outbox.settled(), 20)
            forget()
            assert delivery.state == "delivered"
            later = office.send(office.account(), sink.url, 5)
            await asyncio.wait_for(advance(office.engine, 5), 20)
            assert later.state == "delivered"
    assert "boom" in caplog.text


async def test_time_that_passes_sends_by_itself():
    with Sink() as sink:
        async with post_office(FlowingClock(100.0)) as office:
            account = office.account()
            account.clock.advance(5_000)
            delivery = office.send(account, sink.url, 5)
            await asyncio.to_thread(sink.wait, 1)
            await office.outbox.settled()
            assert delivery.attempts[0].at >= delivery.due


async def test_an_account_advanced_by_another_thread_is_heeded():
    with Sink() as sink:
        async with post_office() as office:
            account = office.account()
            office.send(account, sink.url, 1_000)
            await asyncio.sleep(0)
            await asyncio.to_thread(account.clock.advance, 1_000)
            await asyncio.to_thread(sink.wait, 1)


async def test_an_outbox_that_stops_counts_what_was_not_sent(caplog):
    async with post_office() as office:
        office.send(office.account(), "http://127.0.0.1:9", 10)
        office.send(office.account(), "http://127.0.0.1:9", math.inf)
    assert "stopping with 1 webhooks or uploads not delivered" in caplog.text
    assert isinstance(office.outbox, Outbox)
