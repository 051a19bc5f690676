"""Moving time: everything due on the way happens in its order, and is done before the advance returns."""

import asyncio
import math
import threading
import time
import uuid

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer import PROVIDERS, Customer
from post_office import POLICY, post_office
from sink import Sink, gated
from stage import video_task
from understudy.clock import FlowingClock, ManualClock, sleep_until
from understudy.course import advance, until_done
from understudy.deliveries import RetryPolicy
from understudy.idle import IdleWatch
from understudy.jobs import Job, Result
from understudy.ledger import Part


def file_job(office, account, *finishes_in, steps=(), expires_after=1e6, cost=250_000, fails=None, prepaid=False):
    """A job as a provider would file it, its results finishing in so many seconds."""
    now = account.clock.now()
    job_id = account.new_id()
    results = tuple(Result(account.new_id(), 1, now + seconds, fails) for seconds in finishes_in)
    job = Job(
        id=job_id, provider="gmi", model="m", container="MP4", request=b"{}", origin="http://x", submitted_at=now,
        seconds=1.0, cost=cost, results=results, expires_after=expires_after, extras={},
        steps=tuple((name, now + begins) for name, begins in steps),
    )  # fmt: skip
    account.ledger.commit(
        job.id, now, tuple(Part(one.id, one.finishes_at, cost, fails is None) for one in results), prepaid=prepaid
    )
    account.jobs("gmi")[job.id] = job
    office.engine.file(account, job)
    return job


def told(course):
    return [(one.at, one.kind, one.result or one.job) for one in course.happenings]


async def test_an_advance_tells_what_happened_in_its_order_and_when():
    with Sink([500]) as sink:
        async with post_office() as office:
            account = office.account()
            begun = account.clock.now()
            job = file_job(
                office, account, 30, 60, steps=(("queued", 0), ("PROCESSING", 10)), expires_after=100, cost=1_500_000
            )
            first, second = job.results
            webhook = office.send(account, sink.url, 30, policy=RetryPolicy(1, 1, 2, 5))
            course = await advance(office.engine, 200)
            retried = webhook.attempts[1].at
            assert told(course) == [
                (begun + 10, "job.processing", job.id),
                (begun + 30, "result.succeeded", first.id),
                (begun + 30, "ledger.release", first.id),
                (begun + 30, "ledger.charge", first.id),
                (begun + 30, "webhook.failed", webhook.result),
                (retried, "webhook.delivered", webhook.result),
                (begun + 60, "result.succeeded", second.id),
                (begun + 60, "ledger.release", second.id),
                (begun + 60, "ledger.charge", second.id),
                (begun + 130, "result.expired", first.id),
                (begun + 160, "result.expired", second.id),
            ]
            assert begun + 30.5 <= retried <= begun + 31
            shown = [one.shown() for one in course.happenings]
            assert shown[3]["amount"] == -1.5
            assert {one["account"] for one in shown} == {account.id}
            assert (shown[4]["status"], shown[4]["attempt"], shown[5]["attempt"]) == (500, 1, 2)
            assert shown[0]["iso"].endswith("Z")
            assert (course.left_out, office.clock.now()) == (0, begun + 200)


async def test_what_lies_outside_an_advance_is_not_told():
    async with post_office() as office:
        account = office.account()
        job = file_job(office, account, 30)
        assert told(await advance(office.engine, 29.9)) == []
        at = account.clock.now()
        assert told(await advance(office.engine, 0.2))[0][1] == "result.succeeded"
        assert told(await advance(office.engine, 100)) == []
        assert account.clock.now() == pytest.approx(at + 100.2)
        assert job.finishes_at < account.clock.now()


async def test_nothing_is_told_of_a_job_after_it_was_called_off_or_taken_away():
    async with post_office() as office:
        account = office.account()
        cancelled, gone, kept = (file_job(office, account, 30) for _ in range(3))
        await advance(office.engine, 10)
        account.jobs("gmi")[cancelled.id] = cancelled.cancelled(account.clock.now())
        account.ledger.cancel(cancelled.id, account.clock.now())
        del account.jobs("gmi")[gone.id]
        course = await advance(office.engine, 100)
        assert [one.job for one in course.happenings if one.kind == "result.succeeded"] == [kept.id]


async def test_a_failure_says_which():
    async with post_office() as office:
        account = office.account()
        [case, *_] = [case for case in _catalogue() if case.strikes == "processing"]
        file_job(office, account, 5, fails=case)
        [failed, *money] = (await advance(office.engine, 10)).happenings
        assert (failed.kind, failed.shown()["error"]) == ("result.failed", case.id)
        assert [one.kind for one in money] == ["ledger.release"]


def _catalogue():
    from understudy_contracts.errors import catalogue

    return catalogue("gmi").values()


async def test_an_account_that_is_advanced_alone_takes_nobody_along():
    with Sink() as sink:
        async with post_office() as office:
            one, other = office.account("one"), office.account("other")
            for account in (one, other):
                file_job(office, account, 30)
                office.send(account, sink.url, 30)
            course = await advance(office.engine, 100, one)
            assert {one.id} == {happening.account for happening in course.happenings}
            assert len(sink.received) == 1
            assert (one.clock.offset, other.clock.offset) == (100, 0)
            course = await advance(office.engine, 100)
            assert {other.id} == {happening.account for happening in course.happenings}
            assert len(sink.received) == 2


async def test_advances_of_all_are_told_in_one_order_whatever_accounts_are_ahead_by():
    async with post_office() as office:
        one, other = office.account("one"), office.account("other")
        await advance(office.engine, 10_000, one)
        first, second, third = file_job(office, other, 10), file_job(office, one, 20), file_job(office, other, 30)
        course = await advance(office.engine, 100)
        jobs = [happening.job for happening in course.happenings if happening.kind == "result.succeeded"]
        assert jobs == [first.id, second.id, third.id]


async def test_more_than_is_asked_for_is_counted():
    async with post_office() as office:
        account = office.account()
        jobs = [file_job(office, account, number) for number in range(1, 21)]
        course = await advance(office.engine, 100, limit=7)
        assert (len(course.happenings), course.left_out) == (7, 53)
        assert [one.job for one in course.happenings if one.kind == "result.succeeded"] == [job.id for job in jobs[:3]]
        file_job(office, account, 1)
        course = await advance(office.engine, 100, limit=0)
        assert (course.happenings, course.left_out) == ([], 3)


async def test_ten_years_are_no_longer_than_what_happens_in_them():
    async with post_office() as office:
        account = office.account()
        file_job(office, account, 30, expires_after=7 * 86_400)
        begun = account.clock.now()
        started = time.monotonic()
        course = await advance(office.engine, 10 * 365.25 * 86_400)
        assert time.monotonic() - started < 30
        assert [one.kind for one in course.happenings][-1] == "result.expired"
        assert account.clock.now() == begun + 10 * 365.25 * 86_400


@pytest.mark.parametrize("seconds", [-1, math.inf, math.nan])
async def test_a_step_that_is_none_is_refused_and_moves_nothing(seconds):
    async with post_office() as office:
        begun = office.clock.now()
        with pytest.raises(ValueError, match="backward"):
            await advance(office.engine, seconds)
        assert office.clock.now() == begun


async def test_a_job_that_is_handed_in_on_the_way_runs_its_course_in_the_same_advance():
    async with post_office() as office:
        account = office.account()
        made = []

        def hand_in(received):
            if len(made) < 3:
                loop.call_soon_threadsafe(lambda: made.append(file_job(office, account, 10)))
                while len(made) != len(sink.received):
                    time.sleep(0.001)
            return 200

        loop = asyncio.get_running_loop()
        with Sink(decide=hand_in) as sink:
            begun = account.clock.now()
            for number in range(4):
                office.send(account, sink.url, 5 + 10 * number)
            course = await advance(office.engine, 100)
        finished = [(one.at, one.job) for one in course.happenings if one.kind == "result.succeeded"]
        assert finished == [(begun + 15 + 10 * number, job.id) for number, job in enumerate(made)]


async def test_a_receiver_that_never_answers_holds_an_advance_up_for_no_longer_than_its_policy_says():
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silence, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, post_office() as office:
        account = office.account()
        office.send(account, url, 5, policy=RetryPolicy(1, 1, 3, 0.05))
        course = await asyncio.wait_for(advance(office.engine, 1_000), 20)
        assert [one.kind for one in course.happenings] == ["webhook.failed", "webhook.failed", "webhook.given_up"]


async def test_advances_queue_up_and_each_tells_its_own():
    with Sink() as sink:
        async with post_office() as office:
            account = office.account()
            begun = account.clock.now()
            sent = [office.send(account, sink.url, 10 * number) for number in range(1, 6)]
            courses = await asyncio.gather(*(advance(office.engine, 10) for _ in range(5)))
            assert [[one.job for one in course.happenings] for course in courses] == [[each.job] for each in sent]
            assert account.clock.now() == begun + 50


async def test_an_advance_that_is_cancelled_stops_where_it_is_and_the_next_goes_on_from_there():
    with gated() as (sink, gate):
        async with post_office() as office:
            account = office.account()
            begun = account.clock.now()
            first, second = office.send(account, sink.url, 10), office.send(account, sink.url, 20)
            going = asyncio.ensure_future(advance(office.engine, 100))
            await asyncio.to_thread(sink.wait, 1)
            going.cancel()
            with pytest.raises(asyncio.CancelledError):
                await going
            assert account.clock.now() == begun + 10
            gate.set()
            course = await advance(office.engine, 10)
            assert [one.job for one in course.happenings] == [first.job, second.job]
            assert not office.outbox._watchers


async def test_a_clock_that_flows_is_advanced_beside_its_passing():
    with Sink([500]) as sink:
        async with post_office(FlowingClock(10.0)) as office:
            account = office.account()
            begun = account.clock.now()
            job = file_job(office, account, 5_000)
            delivery = office.send(account, sink.url, 5_000, policy=POLICY)
            course = await advance(office.engine, 10_000)
            assert account.clock.now() >= begun + 10_000
            kinds = [one.kind for one in course.happenings]
            assert kinds[0] == "result.succeeded"
            assert course.happenings[0].at == job.finishes_at
            assert kinds[-2:] == ["webhook.failed", "webhook.delivered"]
            assert delivery.due <= delivery.attempts[1].at <= account.clock.now()


async def test_whoever_sleeps_until_a_moment_on_the_way_is_awake_at_that_moment():
    async with post_office() as office:
        account = office.account()
        begun = account.clock.now()
        woken = []

        async def sleeper(seconds):
            await sleep_until(account.clock, begun + seconds)
            woken.append(account.clock.now() - begun)

        sleepers = [asyncio.ensure_future(sleeper(seconds)) for seconds in (10, 20)]
        file_job(office, account, 10, 20, 30)
        await asyncio.sleep(0)
        await advance(office.engine, 100, account)
        assert woken == [10, 20]
        await asyncio.gather(*sleepers)


async def test_a_silent_connection_is_given_up_as_its_account_is_advanced_and_no_other():
    async with post_office() as office:
        gone = []
        one, other = office.account("one"), office.account("other")
        for account in (one, other):
            IdleWatch(account.clock, 120, lambda one, at: gone.append(one)).heard(account.id)
        await advance(office.engine, 119, one)
        assert gone == []
        await advance(office.engine, 1, one)
        assert gone == [one.id]
        await advance(office.engine, 120)
        assert gone == [one.id, other.id]


async def test_a_step_costs_the_same_however_many_jobs_there_are():
    async with post_office() as office:
        account = office.account()
        account.ledger.credit(10**12, account.clock.now())
        for _ in range(2_000):
            file_job(office, account, 1e6)
        for number in range(200):
            file_job(office, account, number + 1)
        looks = 0

        class Counting(dict):
            def values(self):
                nonlocal looks
                looks += 1
                return super().values()

            def items(self):
                nonlocal looks
                looks += 1
                return super().items()

        account._jobs["gmi"] = Counting(account._jobs["gmi"])
        course = await advance(office.engine, 300)
        assert sum(1 for one in course.happenings if one.kind == "result.succeeded") == 200
        assert looks == 1


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50)), max_size=8),
    st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), st.integers(0, 40)), max_size=8),
)
def test_however_time_is_cut_the_same_happens_at_the_same_times(jobs, steps):
    """Every result is told once, by the advance in which it falls, at its own moment."""

    async def story():
        async with post_office() as office:
            made = {}
            for key, seconds in jobs:
                account = office.account(key)
                job = file_job(office, account, seconds)
                made[job.id] = account, account.clock.now() + seconds
            seen = {}
            for key, seconds in steps:
                account = None if key is None else office.account(key)
                before = {each.id: each.clock.now() for each in office.engine.accounts.all()}
                course = await advance(office.engine, seconds, account)
                for one in course.happenings:
                    if one.kind == "result.succeeded":
                        assert one.job not in seen
                        seen[one.job] = one.at
                        assert before[one.account] < one.at
            for job_id, (account, at) in made.items():
                # What is done as it is handed in is not brought about by time.
                come = account.ledger.opened_at < at <= account.clock.now()
                assert seen.get(job_id) == (at if come else None)

    asyncio.run(story())


async def test_waiting_ends_when_the_jobs_have_finished_and_the_webhooks_are_out():
    with gated() as (sink, gate):
        async with post_office(FlowingClock(10.0)) as office:
            account = office.account()
            file_job(office, account, 2)
            assert await until_done(office.engine, account, jobs=False, webhooks=True, timeout=10)
            assert not await until_done(office.engine, account, jobs=True, webhooks=False, timeout=0.01)
            assert await until_done(office.engine, account, jobs=True, webhooks=True, timeout=10)
            assert account.clock.now() >= max(job.finishes_at for job in account.jobs("gmi").values())
            delivery = office.send(account, sink.url)
            assert not await until_done(office.engine, account, jobs=True, webhooks=True, timeout=0.1)
            gate.set()
            assert await until_done(office.engine, None, jobs=True, webhooks=True, timeout=10)
            assert delivery.state == "delivered"


async def test_waiting_is_over_at_once_when_only_an_advance_could_help():
    async with post_office() as office:
        account, other = office.account(), office.account("other")
        file_job(office, account, 10)
        office.send(other, "http://127.0.0.1:9", 10)
        started = time.monotonic()
        for one, jobs, webhooks in ((account, True, False), (other, False, True), (None, True, False)):
            assert not await until_done(office.engine, one, jobs=jobs, webhooks=webhooks, timeout=60)
        assert time.monotonic() - started < 30
        assert await until_done(office.engine, other, jobs=True, webhooks=False, timeout=60)


async def test_waiting_for_a_job_that_is_stuck_is_over_at_once_whatever_else_is_under_way():
    async with post_office(FlowingClock()) as office:
        account = office.account()
        job = file_job(office, account, math.inf)
        file_job(office, account, 30)
        office.send(account, "http://127.0.0.1:9", 30)
        started = time.monotonic()
        for one in (account, None):
            assert not await until_done(office.engine, one, jobs=True, webhooks=True, timeout=60)
        assert time.monotonic() - started < 30
        account.jobs("gmi")[job.id] = job.cancelled(account.clock.now())
        waiting = asyncio.ensure_future(until_done(office.engine, account, jobs=True, webhooks=False, timeout=20))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await advance(office.engine, 31, account)
        assert await asyncio.wait_for(waiting, 10)


async def test_a_receiver_that_is_dead_holds_up_the_time_of_its_own_account_and_nobody_elses():
    with gated() as (sink, gate):
        async with post_office() as office:
            one, other = office.account("one"), office.account("other")
            office.send(one, sink.url, 10)
            held_up = asyncio.ensure_future(advance(office.engine, 100, one))
            await asyncio.to_thread(sink.wait, 1)
            again = asyncio.ensure_future(advance(office.engine, 5, one))
            job = file_job(office, other, 30)
            course = await asyncio.wait_for(advance(office.engine, 100, other), 10)
            assert [each.job for each in course.happenings if each.kind == "result.succeeded"] == [job.id]
            # What is about everybody waits for those who are on the way, and those who come later wait for that.
            everybody = asyncio.ensure_future(advance(office.engine, 1_000))
            later = asyncio.ensure_future(advance(office.engine, 10, other))
            await asyncio.sleep(0.05)
            assert not any(each.done() for each in (held_up, again, everybody, later))
            assert (one.clock.offset, other.clock.offset) == (10, 100)
            gate.set()
            await asyncio.wait_for(asyncio.gather(held_up, again, everybody, later), 20)
            assert (one.clock.offset, other.clock.offset) == (105, 110)


async def test_who_gives_up_waiting_for_a_turn_is_in_nobodys_way():
    with gated() as (sink, gate):
        async with post_office() as office:
            one, other = office.account("one"), office.account("other")
            office.send(one, sink.url, 10)
            held_up = asyncio.ensure_future(advance(office.engine, 100, one))
            await asyncio.to_thread(sink.wait, 1)
            everybody = asyncio.ensure_future(advance(office.engine, 1_000))
            later = asyncio.ensure_future(advance(office.engine, 10, other))
            await asyncio.sleep(0.02)
            everybody.cancel()
            await asyncio.wait_for(later, 10)
            assert not held_up.done()
            gate.set()
            await asyncio.wait_for(held_up, 10)
            assert (one.clock.offset, other.clock.offset) == (100, 10)


async def test_jobs_of_one_id_are_told_for_each_account_that_has_one():
    async with post_office() as office:
        one, other = office.account("one"), office.account("other")

        async def hand_in():
            await sleep_until(office.clock, begun + 5)
            for account in (one, other):
                job = Job(
                    id="the-same", provider="gmi", model="m", container="MP4", request=b"{}", origin="http://x",
                    submitted_at=begun + 5, seconds=1.0, cost=0, results=(Result(account.new_id(), 1, begun + 10),),
                    expires_after=math.inf, extras={},
                )  # fmt: skip
                account.jobs("gmi")[job.id] = job
                office.engine.file(account, job)

        begun = office.clock.now()
        file_job(office, office.account("third"), 5)
        handing_in = asyncio.ensure_future(hand_in())
        await asyncio.sleep(0)
        course = await advance(office.engine, 100)
        await handing_in
        assert {each.account for each in course.happenings if each.job == "the-same"} == {one.id, other.id}


def test_every_provider_has_the_steps_of_its_jobs_told(stage):
    customer = Customer(stage.server, stage.key)
    jobs = {provider: Customer.job(customer.submit(provider)) for provider in PROVIDERS}
    told = customer.control("POST", "clock/advance", {"seconds": 3_600}).json()["happenings"]
    customer.close()
    kinds = {
        provider: [each["kind"] for each in told if each["job"] == job and each["kind"].startswith(("job.", "result."))]
        for provider, job in jobs.items()
    }
    assert kinds == {
        "runware": ["result.succeeded"],
        "gmi": ["job.dispatched", "job.processing", "result.succeeded"],
        "segmind": ["job.processing", "result.succeeded"],
    }


@pytest.mark.parametrize(
    ("path", "body"), [("clock/advance", {"seconds": 36_000}), ("clock", {"now": "2100-01-01T00:00:00Z"})]
)
def test_an_advance_stops_where_it_is_when_its_caller_hangs_up(make_server, key, path, body):
    gate = threading.Event()
    headers = {"Authorization": f"Bearer {key}"}
    server = make_server(ManualClock())
    with Sink(decide=lambda received: (gate.wait(30) and 200) or 200) as sink, httpx.Client(
        base_url=server.url, headers=headers, trust_env=False, verify=False
    ) as http:  # fmt: skip
        http.post("/v1", json=[video_task(webhookURL=sink.url)])
        with pytest.raises(httpx.ReadTimeout):
            http.post(f"/_understudy/{path}", json=body, timeout=1)
        sink.wait(1)
        patience = time.monotonic() + 20
        while server.engine.advancing.taken:
            assert time.monotonic() < patience, "it goes on"
            time.sleep(0.01)
        gate.set()
        moved = http.post("/_understudy/clock/advance", json={"seconds": 1}).json()
        assert 0 < moved["offset"] < 3_600


def test_over_http_an_account_is_advanced_with_its_jobs_its_webhooks_and_its_socket(make_server):
    server = make_server(ManualClock())
    key = f"test-{uuid.uuid4()}"
    with Sink() as sink, httpx.Client(
        base_url=server.url, headers={"Authorization": f"Bearer {key}"}, trust_env=False
    ) as http:  # fmt: skip
        task = video_task(webhookURL=sink.url)
        http.post("/v1", json=[task])
        answer = http.post("/_understudy/clock/advance", json={"seconds": 3_600}).json()
        kinds = [one["kind"] for one in answer["happenings"]]
        assert kinds == ["result.succeeded", "ledger.release", "ledger.charge", "webhook.delivered"]
        assert len(sink.received) == 1
        polled = http.post("/v1", json=[{"taskType": "getResponse", "taskUUID": task["taskUUID"]}]).json()
        assert polled["data"][0]["status"] == "success"


TRAINING = {
    "name": "tuned", "data_source_path": "https://sets.example/a.zip", "instance_prompt": "p", "base_model": "FLUX",
}  # fmt: skip
TRAINED = ["data_processing", "training_initiated", "training_completed", "deploying", "available"]


def test_trainings_and_models_that_were_handed_in_are_told_of_step_by_step(make_server, key):
    server = make_server(ManualClock())
    headers = {"Authorization": f"Bearer {key}", "x-api-key": key}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, verify=False) as http:
        model = {
            "taskType": "modelUpload", "taskUUID": str(uuid.uuid4()), "category": "checkpoint", "architecture": "sdxl",
            "format": "safetensors", "name": "mine", "version": "1", "downloadURL": "https://models.example/m", "type": "base",
        }  # fmt: skip
        uploaded = http.post("/v1", json=[model]).json()
        assert "errors" not in uploaded, uploaded
        training = http.post("/finetune/request/submit", json=TRAINING).json()["finetune_id"]

        def passed(seconds):
            answer = http.post("/_understudy/clock/advance", json={"seconds": seconds})
            assert answer.status_code == 200, answer.text
            return [one for one in answer.json()["happenings"] if one["kind"].startswith(("finetune.", "model."))]

        account = server.engine.accounts.of(key)
        begun = account.clock.now()
        told = passed(10)
        while len(told) < 9:
            more = passed(1)
            assert all(account.clock.now() - 1 < one["at"] <= account.clock.now() for one in more)
            told += more
        assert [one["at"] for one in told] == sorted(one["at"] for one in told)
        assert {(one["provider"], one["account"]) for one in told} == {("segmind", account.id), ("runware", account.id)}
        assert [one["kind"] for one in told if one["job"] == training] == [f"finetune.{name}" for name in TRAINED]
        stages = ["downloaded", "optimized", "stored", "ready"]
        assert [one["kind"] for one in told if one["job"] == model["taskUUID"]] == [f"model.{name}" for name in stages]
        assert told[0]["at"] > begun
        assert passed(10_000) == []


def test_a_training_that_is_handed_in_because_of_a_webhook_on_the_way_is_told_of_as_well(make_server, key):
    server = make_server(ManualClock())
    http = httpx.Client(base_url=server.url, headers={"x-api-key": key}, trust_env=False, verify=False)

    def train(received):
        http.post("/finetune/request/submit", json=TRAINING)
        return 200

    with http, Sink(decide=train) as sink:
        http.post("/v1", json=[video_task(webhookURL=sink.url)], headers={"Authorization": f"Bearer {key}"})
        told = http.post("/_understudy/clock/advance", json={"seconds": 100_000}).json()["happenings"]
    kinds = [one["kind"] for one in told if one["kind"].startswith(("finetune.", "webhook."))]
    assert kinds == ["webhook.delivered", *(f"finetune.{name}" for name in TRAINED)]
