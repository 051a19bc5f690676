"""Money over the wire, whatever happens in whatever order: all of it is accounted for, and nothing is paid twice."""

import uuid
from collections import defaultdict

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from customer import PROVIDERS, Customer
from understudy_contracts.errors import catalogue
from understudy_contracts.limits import limit_case

#: Errors that a job which was taken meets later.
LATER = {
    provider: [case for case in catalogue(provider).values() if case.strikes == "processing"] for provider in PROVIDERS
}

#: What an account is told that cannot pay, and what it is told by its limits.
BROKE = {"runware": {400, 402}, "gmi": {402}, "segmind": {402, 406}}

#: Which of many; which there are is only known as it goes.
NUMBERS = st.integers(0, 1_000)

#: How many jobs may be under way.
CAPS = st.one_of(st.none(), st.integers(0, 3))


class Purchases(RuleBasedStateMachine):
    """A customer of all three providers with little money, who forgets everything but the ids of the jobs."""

    def __init__(self, server):
        super().__init__()
        key = f"money-{uuid.uuid4()}"
        self.customer = Customer(server, key)
        assert self.customer.control("POST", "accounts", {"key": key, "balance": 0.5}).status_code == 201
        #: Each job's provider, and whether its results will be paid for.
        self.jobs: dict[str, tuple[str, bool]] = {}
        self.ended: dict[str, str] = {}
        self.told: dict[str, int] = {}
        self.entries = []
        self.given = 500_000
        self.cap: int | None = None
        self.allowed: int | None = None

    def teardown(self):
        self.customer.close()

    def submit(self, provider, said, billed):
        under_way = len(self.running())
        response = self.customer.submit(provider, said)
        job = Customer.job(response)
        if job is not None:
            assert self.cap is None or under_way < self.cap, "a job was taken beyond the cap"
            self.jobs[job] = (provider, billed)
        elif response.status_code == 429:
            assert under_way >= self.cap
            assert limit_case(provider, "concurrency").status == 429
        else:
            assert response.status_code in BROKE[provider], response.text

    def running(self):
        """The jobs that are under way by what their providers say of them; what has ended stays as it is."""
        for job, (provider, _) in self.jobs.items():
            if job not in self.ended:
                state, cost = self.customer.state(provider, job)
                if state != "running":
                    self.ended[job], self.told[job] = state, round(cost * 1_000_000)
        return self.jobs.keys() - self.ended.keys()

    @initialize(length=st.sampled_from([1, 6]), cap=CAPS)
    def write_a_script_and_set_a_cap(self, length, cap):
        self.script = "Good evening. " * length
        self.cap_what_is_under_way(cap)

    @rule(providers=st.lists(st.sampled_from(PROVIDERS), min_size=1, max_size=3))
    def have_made(self, providers):
        for provider in providers:
            self.submit(provider, self.script, billed=True)

    @rule(provider=st.sampled_from(PROVIDERS), number=NUMBERS, wait=st.sampled_from([0, 600]))
    def have_made_what_fails(self, provider, number, wait):
        case = LATER[provider][number % len(LATER[provider])]
        self.submit(provider, f"{self.script} [[error:{case.id}]]", case.billed)
        self.customer.advance(wait)

    @rule()
    def have_made_and_call_off(self):
        before = len(self.jobs)
        self.submit("gmi", self.script, billed=True)
        if len(self.jobs) > before:
            self.call_off(-1)

    @precondition(lambda self: any(provider == "gmi" for provider, _ in self.jobs.values()))
    @rule(number=NUMBERS)
    def call_off(self, number):
        jobs = [job for job, (provider, _) in self.jobs.items() if provider == "gmi"]
        job = jobs[number % len(jobs)]
        was_running = job in self.running()
        response = self.customer.cancel(job)
        if was_running:
            assert response.json()["status"] == "cancelled"
            self.ended[job], self.told[job] = "cancelled", 0
        else:
            assert response.status_code == (200 if self.ended[job] == "cancelled" else 409)

    @rule(seconds=st.sampled_from([0.1, 0.6, 86_400.0]))
    def let_time_pass(self, seconds):
        self.customer.advance(seconds)

    @rule(amount=st.integers(-300_000, 400_000).filter(bool))
    def put_money_in_or_take_it_out(self, amount):
        response = self.customer.control("POST", "ledger/credit", {"amount": amount / 1_000_000})
        assert response.status_code in (200, 409)
        if response.status_code == 200:
            self.given += amount

    @rule(jobs=CAPS)
    def cap_what_is_under_way(self, jobs):
        assert self.customer.control("PATCH", "limits", {"concurrency": jobs}).status_code == 200
        self.cap = jobs

    @rule(amount=st.one_of(st.none(), st.integers(0, 400_000)))
    def cap_what_is_spent(self, amount):
        spend = None if amount is None else {"amount": amount / 1_000_000, "period": "total"}
        assert self.customer.control("PATCH", "limits", {"spend": spend}).status_code == 200
        # What was spent before stays spent.
        self.allowed = None if amount is None else max(amount, self.spent(self.customer.ledger()["entries"]))

    @rule()
    def restart(self):
        self.customer.restart()

    def spent(self, entries):
        """What jobs cost so far, those under way included."""
        return -sum(entry["amount"] for entry in entries if entry["job"] is not None)

    @invariant()
    def the_books_are_in_order(self):
        ledger = self.customer.ledger()
        entries, sums = ledger["entries"], defaultdict(int)
        assert entries[: len(self.entries)] == self.entries, "an entry was changed"
        assert [entry["id"] for entry in entries] == list(range(1, len(entries) + 1))
        self.entries = entries
        for entry in entries:
            sums[entry["kind"]] += entry["amount"]
        held = -(sums["hold"] + sums["release"])
        assert sums["opening"] + sums["credit"] + sums["debit"] == self.given
        assert self.given + sums["charge"] + sums["refund"] == ledger["balance"]
        assert ledger["balance"] - held == ledger["available"]
        assert ledger["available"] >= 0
        assert held >= 0
        if self.allowed is not None:
            assert self.spent(entries) <= self.allowed
        self.each_job_is_paid_once_and_as_it_was_told(entries)

    def each_job_is_paid_once_and_as_it_was_told(self, entries):
        running = self.running()
        by_job = defaultdict(list)
        for entry in entries:
            if entry["job"] is not None:
                by_job[entry["job"]].append(entry)
        assert by_job.keys() <= self.jobs.keys(), "something is paid for that nobody has"
        for job, (provider, billed) in self.jobs.items():
            lines = by_job[job]
            charged = [-line["amount"] for line in lines if line["kind"] == "charge"]
            net = -sum(line["amount"] for line in lines)
            assert len(charged) <= 1
            if job in running:
                assert net > 0
                continue
            if self.ended[job] == "done":
                assert net == charged[0] > 0
                assert self.told[job] == (0 if provider == "gmi" else net)
            else:
                assert self.told[job] == 0
                assert (net > 0) == (billed and self.ended[job] != "cancelled")


@pytest.mark.hypothesis
@pytest.mark.parametrize("steps", [20, pytest.param(60, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
def test_money_is_conserved_and_no_job_is_paid_twice_whatever_happens(patient_server, steps):
    server, _ = patient_server
    run_state_machine_as_test(
        lambda: Purchases(server), settings=settings(stateful_step_count=steps, report_multiple_bugs=False)
    )
