"""An account as one document: what is opened again goes on as if nothing had been, here, elsewhere, or as another's."""

import asyncio
import base64
import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from functools import partial

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from customer import PROVIDERS, Customer
from sink import Sink
from understudy.clock import ManualClock
from understudy.config import Settings
from understudy.server import Server
from understudy.snapshots import MOST_BYTES, BadSnapshot, restore, snapshot
from understudy.uploads import HandedIn
from understudy_contracts.models import models

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

SYNC_IMAGE = next(
    model.id for model in models("gmi").values() if model.output.kind == "image" and model.output.delivery == "sync"
)

RULES = [
    {"slow": 3, "probability": 0.5},
    {"stuck": True, "nth": 3},
    {"provider": "gmi", "error": "rateLimitExceeded", "after": 1, "times": 2},
    {"provider": "runware", "limit": "2/60"},
    {"duplicate": 1, "ttl": 500},
    {"reorder": True, "times": 1},
    {"operation": "webhook", "delay": 20, "probability": 0.4},
]


@pytest.fixture(scope="module")
def twins(cache):
    """Two servers that know nothing of each other: of the same seed, with clocks that stand at the same moment."""
    # Their answers point to one address, so that they can be compared byte for byte.
    values = {"port": 0, "cache_dir": cache, "seed": 7, "public_url": "http://stage.invalid"}
    with Server(Settings(**values), ManualClock()) as one, Server(Settings(**values), ManualClock()) as other:
        yield one, other


@pytest.fixture(scope="module")
def receiver():
    with Sink(decide=lambda received: 500 if len(received.body) % 3 == 0 else 200) as sink:
        yield sink


def taken(customer):
    response = customer.control("GET", "snapshot")
    assert response.status_code == 200, response.text
    return response.json()


def put(customer, document):
    response = customer.control("PUT", "snapshot", document)
    assert response.status_code == 200, response.text


def without_real_time(document):
    """A snapshot without what only a real receiver and real seconds make of an attempt."""
    document = deepcopy(document)
    for delivery in document["deliveries"]:
        for attempt in delivery["attempts"]:
            attempt["seconds"] = attempt["response_headers"] = None
    return document


class Twins(RuleBasedStateMachine):
    """What happens to an account and to its copy on another server is the same, to the byte."""

    def __init__(self, servers, receiver):
        super().__init__()
        key = f"twin-{uuid.uuid4()}"
        self.one, self.other = (Customer(server, key) for server in servers)
        self.url = receiver.url
        self.copied = False
        self.jobs: list[tuple[str, str]] = []
        self.submits = 0

    def teardown(self):
        if self.copied:
            assert without_real_time(taken(self.other)) == without_real_time(taken(self.one))
        for customer in (self.one, self.other):
            customer.close()

    def both(self, ask):
        """Ask the account, and its copy if there is one; they answer alike."""
        answer = ask(self.one)
        if self.copied:
            same = ask(self.other)
            assert (same.status_code, same.content) == (answer.status_code, answer.content)
        return answer

    @rule()
    def copy(self):
        document = taken(self.one)
        put(self.other, document)
        assert taken(self.other) == document
        self.copied = True

    @rule()
    def open_again_in_the_same_place(self):
        document = taken(self.one)
        put(self.one, document)
        assert taken(self.one) == document

    @rule(
        providers=st.lists(st.sampled_from(PROVIDERS), min_size=1, max_size=3),
        said=st.sampled_from(["Good evening.", "Go away. [[error:providerError]]", "Off. [[error:backendError500]]"]),
    )
    def submit(self, providers, said):
        for provider in providers:
            self.submits += 1
            more = {"webhookURL": self.url, "numberResults": 2} if provider == "runware" else {}
            name = uuid.UUID(int=self.submits, version=4)
            response = self.both(lambda customer: customer.submit(provider, said, name, **more))  # noqa: B023
            job = Customer.job(response)
            if job is not None:
                self.jobs.append((provider, job))

    @precondition(lambda self: self.jobs)
    @rule(number=st.integers(0, 1_000))
    def poll(self, number):
        provider, job = self.jobs[number % len(self.jobs)]
        self.both(lambda customer: customer.poll(provider, job))

    @precondition(lambda self: any(provider == "gmi" for provider, _ in self.jobs))
    @rule(number=st.integers(0, 1_000))
    def cancel(self, number):
        jobs = [job for provider, job in self.jobs if provider == "gmi"]
        self.both(lambda customer: customer.cancel(jobs[number % len(jobs)]))

    @rule(seconds=st.sampled_from([0.1, 0.4, 2.0, 30.0, 4_000.0]))
    def let_time_pass(self, seconds):
        def passed(customer):
            response = customer.control("POST", "clock/advance", {"seconds": seconds})
            assert response.status_code == 200
            # What is sent at the same moment is sent side by side: which of it arrives first is the network's affair.
            document = response.json()
            document["happenings"].sort(key=lambda happening: (happening["at"], json.dumps(happening)))
            return httpx.Response(200, json=document)

        self.both(passed)

    @rule(document=st.sampled_from(RULES))
    def let_something_go_wrong(self, document):
        self.both(lambda customer: customer.control("POST", "faults", document))

    @rule(
        limits=st.sampled_from(
            [{"concurrency": 2}, {"spend": {"amount": 0.2, "period": "daily"}}, {"concurrency": None}]
        )
    )
    def limit(self, limits):
        self.both(lambda customer: customer.control("PATCH", "limits", limits))

    @rule()
    def subscribe(self):
        document = {"webhook_url": self.url, "event": {"types": ["MODEL_INFERENCE"]}}
        self.both(lambda customer: customer.http.post("/webhook/add", json=document))

    @rule()
    def upload(self):
        url = f"data:image/png;base64,{base64.b64encode(PIXEL).decode()}"
        self.both(lambda customer: customer.http.post("/upload-asset", json={"data_urls": [url]}))
        self.both(
            lambda customer: customer.http.post("/api/v1/ie/requestqueue/apikey/upload-url", json={"file_type": "png"})
        )

    @invariant()
    def they_are_in_the_same_state(self):
        self.both(lambda customer: customer.control("GET", "ledger"))
        self.both(lambda customer: customer.control("GET", "faults"))


@pytest.mark.hypothesis
@pytest.mark.parametrize("steps", [14, pytest.param(60, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
def test_a_copy_goes_on_as_the_original_does_and_is_written_down_alike(twins, receiver, steps):
    machine = partial(Twins, twins, receiver)
    run_state_machine_as_test(machine, settings=settings(stateful_step_count=steps, report_multiple_bugs=False))


@pytest.fixture
def customer(patient_server, key):
    made = Customer(patient_server[0], key)
    yield made
    made.close()


@pytest.fixture
def stranger(patient_server):
    made = Customer(patient_server[0], f"stranger-{uuid.uuid4()}")
    yield made
    made.close()


def rich(customer, url):
    """Let an account have something of everything that can be kept; returns its jobs."""
    http = customer.http
    http.post("/webhook/add", json={"webhook_url": url, "event": {"types": ["GENERATION", "AVAILABLE"]}})
    jobs = {provider: Customer.job(customer.submit(provider)) for provider in PROVIDERS}
    customer.submit("runware", webhookURL=url, uploadEndpoint=f"{url}/file")
    asset = http.post(
        "/upload-asset", json={"data_urls": ["data:image/png;base64," + base64.b64encode(PIXEL).decode()]}
    )
    assert asset.status_code == 200
    stored = {"taskType": "mediaStorage", "taskUUID": str(uuid.uuid4()), "operation": "upload"}
    image = "data:image/png;base64," + base64.b64encode(PIXEL).decode()
    assert http.post("/v1", json=[{**stored, "media": image}]).status_code == 200
    assert http.post("/api/v1/ie/requestqueue/apikey/upload-url", json={"file_type": "png"}).status_code == 200
    training = {
        "name": "tuned", "data_source_path": "https://sets.example/a.zip", "instance_prompt": "p", "base_model": "FLUX",
    }  # fmt: skip
    customer.http.post("/finetune/request/submit", json=training)
    customer.control("POST", "faults", {"slow": 2, "probability": 0.5})
    customer.control("POST", "faults", {"provider": "segmind", "operation": "poll", "limit": "1000/60"})
    customer.control("PATCH", "limits", {"concurrency": 50, "spend": {"amount": 90, "period": "monthly"}})
    customer.control("POST", "ledger/credit", {"amount": 3, "why": "a gift"})
    customer.advance(0.05)
    for provider, job in jobs.items():
        customer.poll(provider, job)
    return jobs


def test_a_snapshot_never_holds_the_key(customer, receiver):
    rich(customer, receiver.url)
    assert customer.key not in json.dumps(taken(customer))


def test_whatever_providers_keep_for_an_account_goes_along(customer, receiver):
    rich(customer, receiver.url)
    engine = customer.server.engine
    account = engine.accounts.of(customer.key)
    known = {kind for keeper in engine.keepers.values() for kind in keeper.kept.values()}
    # Files are told of by themselves, and which were begun before they were asked for shows nowhere.
    assert account.kept.keys() - known <= {HandedIn}
    assert {name for kinds in taken(customer)["kept"].values() for name in kinds} >= {"webhooks", "media", "addresses"}


def test_another_account_takes_everything_over_and_keeps_its_own_key_and_id(customer, stranger, receiver):
    jobs = rich(customer, receiver.url)
    document = taken(customer)
    own = stranger.control("GET", "account").json()["id"]
    before = len(receiver.received)
    put(stranger, document)
    assert stranger.control("GET", "account").json()["id"] == own
    assert {**taken(stranger), "account": None} == {**document, "account": None}
    assert [customer.poll(*job).status_code for job in jobs.items()] == [200, 200, 200]
    for provider, job in jobs.items():
        assert stranger.state(provider, job) == customer.state(provider, job)
    stranger.advance(10_000)
    assert stranger.state("gmi", jobs["gmi"]) == ("done", 0.0)
    assert customer.state("gmi", jobs["gmi"])[0] == "running"
    # The file, the webhook that follows it, and what Segmind's webhook wants to hear of went out once more.
    assert len(receiver.wait(before + 3)) >= before + 3


def test_files_that_were_made_and_handed_in_are_served_again_where_nothing_was_before(make_server, key, receiver):
    clock = ManualClock()
    first = Customer(make_server(clock=clock, seed=3), key)
    jobs = rich(first, receiver.url)
    first.advance(60)
    made = first.poll("runware", jobs["runware"]).json()["data"][0]["videoURL"]
    [asset] = [file["name"] for file in taken(first)["files"] if file["name"].startswith("/assets/")]
    second = Customer(make_server(clock=ManualClock(clock.now() + 5_000_000), seed=4), f"{key}-too")
    path = httpx.URL(made).path
    assert second.http.get(path).status_code == second.http.get(asset).status_code == 404
    put(second, taken(first))
    assert second.http.get(path).content == first.http.get(path).content != b""
    assert second.http.get(asset).content == PIXEL
    # Its time is what it was: nothing has run out in between.
    assert second.control("GET", "clock").json()["now"] == first.control("GET", "clock").json()["now"]
    first.close()
    second.close()


def test_what_was_called_off_stays_so_and_has_no_file(customer, stranger):
    job = Customer.job(customer.submit("gmi"))
    name = next(iter(customer.server.engine.accounts.of(customer.key).jobs("gmi").values())).results[0].id
    customer.cancel(job)
    put(stranger, taken(customer))
    stranger.advance(100)
    assert stranger.state("gmi", job)[0] == "cancelled"
    assert name not in stranger.server.engine.shelf
    assert stranger.server.engine.accounts.of(stranger.key).limits.running.count(0) == 0


def test_what_was_sent_can_be_sent_again_by_who_took_it_over(customer, stranger, receiver):
    customer.submit("runware", webhookURL=f"{receiver.url}/again")
    customer.advance(500)
    put(stranger, taken(customer))
    [delivery] = stranger.control("GET", "webhooks").json()["deliveries"]
    before = [one.body for one in receiver.received if one.path == "/again"]
    assert stranger.control("POST", f"webhooks/{delivery['id']}/resend").status_code < 300
    receiver.wait(len(receiver.received))
    stranger.advance(500)
    after = [one.body for one in receiver.received if one.path == "/again"]
    assert len(after) > len(before)
    assert set(after) == set(before)


async def test_files_beyond_the_bound_are_named_and_left_out(patient_server, key):
    engine = patient_server[0].engine
    account = engine.accounts.of(key)
    # The files of a server are its loop's; here they are only read.
    account.keep(HandedIn).files.update({"/assets/large": ("image/png", MOST_BYTES + 1), "/assets/gone": ("a/b", 1)})
    document = await snapshot(engine, account)
    assert document["left_out"] == ["/assets/large", "/assets/gone"]
    assert [file["content"] for file in document["files"]] == [None, None]


def test_a_job_that_never_ends_is_written_down_in_json(customer, stranger):
    customer.control("POST", "faults", {"stuck": True})
    job = Customer.job(customer.submit("runware", webhookURL="http://127.0.0.1:9/x"))
    document = taken(customer)
    assert "never" in json.dumps(document)
    put(stranger, document)
    stranger.advance(1e6)
    assert stranger.state("runware", job) == ("running", 0.0)


def changed_job(document, provider="runware", **fields):
    """The document with something else in one of a provider's jobs."""
    next(iter(document["jobs"][provider].values())).update(fields)
    return document


def changed_rule(document, number, **fields):
    """The document with something else in one of its rules."""
    document["faults"]["rules"][number].update(fields)
    return document


def changed_delivery(document, **fields):
    """The document with something else in its first delivery."""
    document["deliveries"][0].update(fields)
    return document


def document_steps(document):
    """The steps of its training."""
    return next(iter(document["kept"]["segmind"]["trainings"]["by_id"].values()))["steps"]


def changed_training(document, **fields):
    """The document with something else in its training."""
    next(iter(document["kept"]["segmind"]["trainings"]["by_id"].values())).update(fields)
    return document


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda document: [], "this is no snapshot"),
        (lambda document: {}, "this is no snapshot"),
        (lambda document: document | {"version": 2}, "version 2"),
        (lambda document: document | {"more": 1}, "more"),
        (lambda document: {name: value for name, value in document.items() if name != "now"}, "a field is missing"),
        (lambda document: document | {"now": "noon"}, "snapshot.now"),
        (lambda document: document | {"now": "never"}, "snapshot.now"),
        (lambda document: document | {"random": [3, [1], None]}, "random numbers"),
        (lambda document: document | {"limits": {"concurrency": -1}}, "snapshot.limits"),
        (lambda document: document | {"jobs": {"nobody": {}}}, "nobody"),
        (lambda document: document | {"kept": {"segmind": {"hats": {}}}}, "hats"),
        (lambda document: document | {"kept": {"segmind": {"webhooks": {"by_id": 3}}}}, "webhooks"),
        (lambda document: document | {"jobs": {}}, "nothing that it could be about"),
        (lambda document: document | {"deliveries": document["deliveries"] * 2}, "the same id"),
        (lambda document: document | {"files": [document["files"][0] | {"content": "?"}]}, "base64"),
        (lambda document: document | {"ledger": document["ledger"] | {"lines": []}}, "opening balance"),
        (lambda document: document | {"faults": document["faults"] | {"added": -5}}, "snapshot.faults.added"),
        (lambda document: document | {"deliveries": {}}, "must be a list, not {} @ snapshot.deliveries"),
        (lambda document: document | {"left_out": "abc"}, "must be a list, not 'abc' @ snapshot.left_out"),
        (
            lambda document: document | {"files": [document["files"][0] | {"content_type": "a\r\nX: y"}]},
            "is no type of a file",
        ),
        (lambda document: changed_job(document, origin="javascript:x"), "no address at which it could have been"),
        (lambda document: changed_job(document, cost=-1), "costs or lasts less than nothing"),
        (lambda document: changed_job(document, model="nope:1@1"), "of model 'nope:1@1'"),
        (lambda document: changed_job(document, "gmi", model="nope"), "as it asks for one, of model 'nope'"),
        (lambda document: changed_job(document, "segmind", request=""), "cannot have a file made of it as it asks"),
        (lambda document: changed_training(document, steps=[]), "cannot be shown: what it was asked for with"),
        (lambda document: changed_training(document, steps=document_steps(document)[::-1]), "steps out of order"),
        (lambda document: changed_delivery(document, url="http://["), "not a URL"),
        (lambda document: changed_delivery(document, url="ftp://127.0.0.1/"), "only http and https"),
        (lambda document: changed_delivery(document, url="http://169.254.169.254/"), "link-local or metadata"),
        (lambda document: changed_rule(document, 0, id="\N{SNOWMAN}"), "no rule is called '\N{SNOWMAN}'"),
        (lambda document: changed_rule(document, 0, id="a\r\nX-Evil: 1"), "no rule is called"),
        (lambda document: changed_rule(document, 0, id=""), "no rule is called ''"),
        (lambda document: changed_rule(document, 0, id="shared-1"), "no rule is called 'shared-1'"),
        (lambda document: changed_rule(document, 0, judged=False), "rule-1 is live, and so it is judged"),
        (lambda document: changed_rule(document, 0, chance=None), "its stream of it was is not told"),
        (lambda document: changed_rule(document, 0, chance=[]), "where a stream of random numbers can be"),
        (lambda document: changed_rule(document, 1, buckets=None), "has buckets, and what was left in them"),
        (lambda document: changed_rule(document, 1, buckets={"": [1.0]}), "has buckets, and what was left in them"),
    ],
)
def test_what_is_no_snapshot_is_refused_whole_with_what_is_wrong(customer, receiver, change, words):
    rich(customer, receiver.url)
    document = taken(customer)
    response = customer.control("PUT", "snapshot", change(deepcopy(document)))
    assert response.status_code == 422
    problems = " ".join(response.json()["problems"])
    assert words in problems
    assert "Error(" not in problems
    assert taken(customer) == document


def test_every_problem_is_told_not_only_the_first(customer):
    document = taken(customer) | {"now": "noon", "limits": [], "jobs": {"gmi": {"x": {}}}}
    problems = customer.control("PUT", "snapshot", document).json()["problems"]
    places = {problem.rpartition("@ ")[2] for problem in problems}
    assert {"snapshot.now", "snapshot.limits", "snapshot.jobs['gmi']['x'].id"} <= places


def test_deliveries_that_follow_each_other_in_a_circle_are_refused(customer, receiver):
    customer.submit("runware", webhookURL=receiver.url, uploadEndpoint=receiver.url)
    document = taken(customer)
    upload, webhook = document["deliveries"]
    webhook["then"] = upload["id"]
    response = customer.control("PUT", "snapshot", document)
    assert "in a circle" in " ".join(response.json()["problems"])


def places(value, path=()):
    """Every place in a document."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in inside:
        # Long lists of plain numbers are all the same.
        if not (isinstance(value, list) and len(value) > 100 and name > 3):
            yield from places(inner, (*path, name))


JUNK = st.sampled_from([None, True, -1, 0, 1e300, "", "x", [], {}, [None], {"x": {}}, "never", ["a", ["b"]], 10**30])


@pytest.fixture(scope="module")
def whole(patient_server, receiver):
    """A rich account that nobody uses any more, as a document, and a place to put it."""
    server, _ = patient_server
    customer = Customer(server, f"whole-{uuid.uuid4()}")
    rich(customer, receiver.url)
    document = taken(customer)
    customer.control("POST", "reset/all")
    customer.close()
    return server.engine, document, sorted(set(places(document)) - {()}, key=str)


@given(data=st.data())
def test_no_document_does_any_harm_whatever_is_changed_in_it(whole, data):
    engine, document, known = whole
    *above, last = data.draw(st.sampled_from(known))
    broken = deepcopy(document)
    inside = broken
    for name in above:
        inside = inside[name]
    if data.draw(st.booleans()):
        inside[last] = deepcopy(data.draw(JUNK))
    else:
        del inside[last]

    async def tried():
        account = engine.accounts.open("f" * 16, "nobody's key")
        before = await snapshot(engine, account)
        try:
            account = await restore(engine, account, broken)
        except BadSnapshot:
            assert await snapshot(engine, account) == before
        else:
            assert (await snapshot(engine, account))["account"] == account.id
        engine.forget(account)

    asyncio.run(tried())


@pytest.mark.parametrize("set_back", [("PUT", "snapshot"), ("POST", "reset/jobs"), ("POST", "reset/all")], ids=str)
def test_who_waits_for_an_answer_while_the_account_is_set_back_still_gets_it(customer, set_back):
    before = taken(customer)
    jobs = customer.server.engine.accounts.of(customer.key).jobs("gmi")
    with ThreadPoolExecutor() as pool:
        body = {"model": SYNC_IMAGE, "payload": {"prompt": "an owl"}}
        waiting = pool.submit(customer.http.post, "/api/v1/ie/requestqueue/apikey/requests", json=body)
        give_up = time.monotonic() + 20
        while not jobs:
            assert time.monotonic() < give_up
            time.sleep(0.005)
        method, path = set_back
        assert customer.control(method, path, before if method == "PUT" else None).status_code == 200
        customer.advance(1_000)
        answer = waiting.result(20)
    assert (answer.status_code, answer.json()["status"]) == (200, "success")
    assert customer.control("GET", "account").json()["jobs"].get("gmi", 0) == 0


@pytest.mark.parametrize("seen", [False, True])
def test_that_the_time_of_a_rule_is_over_is_told_of_a_copy_as_often_as_of_the_original(customer, stranger, seen):
    customer.control("POST", "faults", {"provider": "runware", "gateway": 503, "ttl": 10})
    customer.advance(11)
    if seen:
        customer.submit("runware")
    put(stranger, taken(customer))
    for one in (customer, stranger):
        one.submit("runware")
    told = []
    for one in (customer, stranger):
        shown = one.control("GET", "journal?operation=submit&provider=runware&limit=1").json()["exchanges"]
        told.append([each["considered"] for each in shown])
    assert told[0] == told[1]
    assert bool(told[0][0]) != seen


def test_files_that_came_later_go_when_an_earlier_account_comes_back(customer):
    before = taken(customer)
    url = f"data:image/png;base64,{base64.b64encode(PIXEL).decode()}"
    [made] = customer.http.post("/upload-asset", json={"data_urls": [url]}).json()["file_urls"]
    path = httpx.URL(made).path
    assert customer.http.get(path).content == PIXEL
    put(customer, before)
    assert customer.http.get(path).status_code == 404
