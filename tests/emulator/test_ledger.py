from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from understudy.ledger import InsufficientCredit, Ledger, Part


def test_a_job_is_held_at_submit_charged_when_it_succeeds_and_given_back_when_it_fails():
    ledger = Ledger(10_000_000, 0.0)
    ledger.commit("job", 1.0, (Part("good", 5.0, 2_000_000, True), Part("bad", 7.0, 3_000_000, False)))

    assert (ledger.balance(1.0), ledger.available(1.0)) == (10_000_000, 5_000_000)
    assert (ledger.balance(6.0), ledger.available(6.0)) == (8_000_000, 5_000_000)
    assert (ledger.balance(8.0), ledger.available(8.0)) == (8_000_000, 8_000_000)
    assert [entry.kind for entry in ledger.entries(8.0)] == ["opening", "hold", "hold", "release", "charge", "release"]


def test_a_prepaid_job_is_charged_at_submit_and_refunded_when_it_fails_or_is_cancelled():
    ledger = Ledger(10_000_000, 0.0)
    ledger.commit("fails", 1.0, (Part("a", 5.0, 2_000_000, False),), prepaid=True)
    ledger.commit("cancelled", 1.0, (Part("b", 9.0, 3_000_000, True),), prepaid=True)
    assert ledger.balance(1.0) == ledger.available(1.0) == 5_000_000
    ledger.cancel("cancelled", 4.0)
    assert ledger.balance(4.0) == ledger.available(4.0) == 8_000_000
    assert ledger.balance(6.0) == ledger.available(6.0) == 10_000_000
    assert [entry.kind for entry in ledger.entries(9.0)] == ["opening", "charge", "charge", "refund", "refund"]


def test_a_job_the_account_cannot_pay_changes_nothing():
    ledger = Ledger(1_000_000, 0.0)
    with pytest.raises(InsufficientCredit) as refusal:
        ledger.commit("job", 0.0, (Part("a", 1.0, 600_000, True), Part("b", 1.0, 600_000, True)))
    assert (refusal.value.asked, refusal.value.available) == (1_200_000, 1_000_000)
    assert ledger.available(9.0) == ledger.balance(9.0) == 1_000_000
    assert len(ledger.entries(9.0)) == 1


class Money(RuleBasedStateMachine):
    """Whatever is submitted and however time passes, the books agree with a model that only adds up."""

    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.ledger = Ledger(1_000, 0.0)
        self.jobs: list[tuple[bool, list[Part]]] = []

    @rule(
        parts=st.lists(
            st.tuples(st.floats(0, 50, allow_nan=False), st.integers(0, 300), st.booleans()), min_size=1, max_size=4
        ),
        prepaid=st.booleans(),
    )
    def submit(self, parts, prepaid):
        planned = tuple(
            Part(f"{len(self.jobs)}-{index}", self.now + after, amount, billed)
            for index, (after, amount, billed) in enumerate(parts)
        )
        try:
            self.ledger.commit(f"job {len(self.jobs)}", self.now, planned, prepaid=prepaid)
        except InsufficientCredit:
            assert sum(part.amount for part in planned) > self.available_by_model()
        else:
            self.jobs.append((prepaid, list(planned)))

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def cancel(self, data):
        number = data.draw(st.integers(0, len(self.jobs) - 1))
        self.ledger.cancel(f"job {number}", self.now)
        parts = self.jobs[number][1]
        parts[:] = [part if part.at <= self.now else replace(part, at=self.now, billed=False) for part in parts]

    @property
    def parts(self):
        return [part for _, parts in self.jobs for part in parts]

    @precondition(lambda self: self.parts)
    @rule(seconds=st.floats(0, 30))
    def pass_time(self, seconds):
        self.now += seconds

    def available_by_model(self):
        return 1_000 - sum(part.amount for part in self.parts if part.billed or part.at > self.now)

    @invariant()
    def what_is_available_is_the_sum_of_the_entries(self):
        assert self.ledger.available(self.now) == self.available_by_model()
        assert sum(entry.amount for entry in self.ledger.entries(self.now)) == self.available_by_model()

    @invariant()
    def what_the_account_has_is_what_came_in_less_what_was_charged(self):
        charged = sum(
            part.amount
            for prepaid, parts in self.jobs
            for part in parts
            if (part.billed or part.at > self.now if prepaid else part.billed and part.at <= self.now)
        )
        assert self.ledger.balance(self.now) == 1_000 - charged

    @invariant()
    def nobody_spends_what_they_do_not_have(self):
        assert 0 <= self.ledger.available(self.now) <= self.ledger.balance(self.now) <= 1_000

    @invariant()
    def entries_are_in_order_and_never_from_the_future(self):
        times = [entry.at for entry in self.ledger.entries(self.now)]
        assert times == sorted(times)
        assert all(at <= self.now for at in times)


TestMoney = Money.TestCase


@given(st.floats(0, 100), st.floats(0, 100))
def test_entries_are_only_ever_added(first, second):
    ledger = Ledger(1_000, 0.0)
    ledger.commit("job", 0.0, (Part("a", 30.0, 10, True), Part("b", 60.0, 20, False)))
    early, late = sorted((first, second))
    assert ledger.entries(late)[: len(ledger.entries(early))] == ledger.entries(early)
