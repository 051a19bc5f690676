import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from understudy.books import Books, Gift, Line, Share
from understudy.ledger import BadBooks, InsufficientCredit, Ledger, Part

DAY = 86_400


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


def test_money_is_put_in_and_taken_out_by_entries_that_say_why():
    ledger = Ledger(1_000, 0.0)
    assert ledger.credit(500, 1.0, "a voucher").kind == "credit"
    assert ledger.credit(-200, 2.0).kind == "debit"
    assert ledger.balance(2.0) == ledger.available(2.0) == 1_300
    assert [(entry.id, entry.amount, entry.why) for entry in ledger.entries(2.0)] == [
        (1, 1_000, None), (2, 500, "a voucher"), (3, -200, None),
    ]  # fmt: skip


def test_nobody_takes_out_what_is_held():
    ledger = Ledger(1_000, 0.0)
    ledger.commit("job", 0.0, (Part("a", 9.0, 800, True),))
    with pytest.raises(InsufficientCredit):
        ledger.credit(-201, 1.0)
    assert ledger.available(1.0) == 200
    assert len(ledger.entries(1.0)) == 2


def test_an_opening_balance_can_be_chosen_until_the_account_is_used():
    ledger = Ledger(1_000, 3.0)
    ledger.set_opening(7)
    assert (ledger.available(3.0), ledger.opening, ledger.opened_at) == (7, 7, 3.0)
    ledger.credit(1, 4.0)
    with pytest.raises(ValueError, match="has entries already"):
        ledger.set_opening(8)
    assert ledger.available(4.0) == 8


def test_what_never_finishes_is_held_until_it_is_called_off():
    ledger = Ledger(1_000, 0.0)
    ledger.commit("stuck", 0.0, (Part("a", math.inf, 600, True),))
    assert ledger.available(1e12) == 400
    ledger.cancel("stuck", 2e12)
    assert ledger.available(2e12) == 1_000
    ledger.cancel("stuck", 3e12)
    assert len(ledger.entries(3e12)) == 3


def test_everything_that_is_under_way_can_be_called_off_at_once():
    ledger = Ledger(1_000, 0.0)
    ledger.commit("over", 0.0, (Part("a", 1.0, 100, True),))
    ledger.commit("stuck", 0.0, (Part("b", math.inf, 200, True),))
    ledger.commit("paid", 0.0, (Part("c", 9.0, 300, True), Part("d", 2.0, 50, True)), prepaid=True)
    ledger.cancel_all(5.0)
    assert ledger.available(5.0) == ledger.balance(5.0) == 850
    assert ledger.available(99.0) == 850


def test_a_job_counts_as_spent_on_the_day_it_is_handed_in_whenever_it_is_paid():
    ledger = Ledger(1_000, 0.0)
    ledger.commit("late", DAY - 1.0, (Part("a", DAY + 5.0, 100, True), Part("b", DAY + 5.0, 10, False)))
    assert (ledger.spent(DAY - 1.0, 0), ledger.spent(DAY - 1.0, 1)) == (110, 0)
    ledger.commit("next", DAY + 1.0, (Part("c", math.inf, 7, True),), prepaid=True)
    assert (ledger.spent(DAY + 9.0), ledger.spent(DAY + 9.0, 0), ledger.spent(DAY + 9.0, 1)) == (107, 107, 7)
    ledger.cancel("next", 2.0 * DAY)
    assert (ledger.spent(2.0 * DAY), ledger.spent(2.0 * DAY, 1)) == (100, 0)


def test_pages_of_entries_come_to_all_entries():
    ledger = Ledger(1_000, 0.0)
    for number in range(5):
        ledger.commit(f"job {number}", number, (Part(f"{number}", number + 2.0, 10, True),))
    every, found = ledger.entries(4.0), []
    while page := ledger.entries(4.0, after=len(found), limit=4):
        assert len(page) <= 4
        found += page
    assert found == every
    assert [entry.id for entry in every] == list(range(1, len(every) + 1))


class Money(RuleBasedStateMachine):
    """Whatever is submitted and however time passes, the books agree with a model that only adds up."""

    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.ledger = Ledger(1_000, 0.0)
        self.given = 1_000
        self.jobs: list[tuple[bool, list[Part]]] = []
        self.seen = []

    @rule(
        parts=st.lists(
            st.tuples(
                st.one_of(st.floats(0, 50, allow_nan=False), st.just(math.inf)), st.integers(0, 300), st.booleans()
            ),
            min_size=1,
            max_size=4,
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
        self.cancelled(number)

    @rule()
    def cancel_all(self):
        self.ledger.cancel_all(self.now)
        for number in range(len(self.jobs)):
            self.cancelled(number)

    @rule(amount=st.integers(-400, 400))
    def credit(self, amount):
        try:
            self.ledger.credit(amount, self.now)
        except InsufficientCredit:
            assert -amount > self.available_by_model()
        else:
            self.given += amount

    @rule()
    def close_and_open_the_books(self):
        books = self.ledger.books
        self.ledger = Ledger.opened(books)
        assert self.ledger.books == books

    def cancelled(self, number):
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
        return self.given - self.spent_by_model()

    def spent_by_model(self):
        return sum(part.amount for part in self.parts if part.billed or part.at > self.now)

    @invariant()
    def what_is_available_is_the_sum_of_the_entries(self):
        assert self.ledger.available(self.now) == self.available_by_model()
        assert self.ledger.spent(self.now) == self.spent_by_model()
        assert sum(entry.amount for entry in self.ledger.entries(self.now)) == self.available_by_model()

    @invariant()
    def what_the_account_has_is_what_came_in_less_what_was_charged(self):
        charged = sum(
            part.amount
            for prepaid, parts in self.jobs
            for part in parts
            if (part.billed or part.at > self.now if prepaid else part.billed and part.at <= self.now)
        )
        assert self.ledger.balance(self.now) == self.given - charged

    @invariant()
    def nobody_spends_what_they_do_not_have(self):
        assert 0 <= self.ledger.available(self.now) <= self.ledger.balance(self.now) <= self.given

    @invariant()
    def entries_are_in_order_and_never_from_the_future_and_never_change(self):
        entries = self.ledger.entries(self.now)
        times = [entry.at for entry in entries]
        assert times == sorted(times)
        assert all(at <= self.now for at in times)
        assert [entry.id for entry in entries] == list(range(1, len(entries) + 1))
        assert entries[: len(self.seen)] == self.seen
        self.seen = entries


TestMoney = Money.TestCase


@given(st.floats(0, 100), st.floats(0, 100))
def test_entries_are_only_ever_added(first, second):
    ledger = Ledger(1_000, 0.0)
    ledger.commit("job", 0.0, (Part("a", 30.0, 10, True), Part("b", 60.0, 20, False)))
    early, late = sorted((first, second))
    assert ledger.entries(late)[: len(ledger.entries(early))] == ledger.entries(early)


def test_books_that_no_ledger_comes_to_have_are_refused_with_what_is_wrong():
    ledger = Ledger(1_000, 0.0)
    ledger.commit("job", 1.0, (Part("a", 5.0, 300, True),))
    ledger.available(6.0)
    good = ledger.books
    assert Ledger.opened(good).books == good
    late, first, *_ = good.lines[3], good.lines[0]
    bad: dict[str, Books] = {
        "the opening balance": replace(good, lines=good.lines[1:]),
        "line 4": replace(good, lines=(*good.lines[:3], replace(late, kind="refund"))),
        "is not where its lines leave it": replace(good, lines=good.lines[:-1]),
        "is earlier": replace(good, lines=(*good.lines[:3], replace(late, at=4.5))),
        "about no share": replace(good, lines=(*good.lines[:1], replace(good.lines[1], about=7))),
        "spends what is not there": replace(good, gifts=(Gift(299),)),
        "an amount": replace(good, gifts=(Gift(10**17),)),
        "a moment": replace(good, lines=(replace(first, at=math.nan), *good.lines[1:])),
        "no lines about 1 gifts": replace(good, gifts=(*good.gifts, Gift(5))),
        "wrong one": replace(good, lines=(*good.lines, Line(9.0, "credit", 0))),
        "does not follow": replace(good, lines=(*good.lines, replace(late, at=9.0))),
    }
    for words, books in bad.items():
        with pytest.raises(BadBooks, match=words):
            Ledger.opened(books)
    open_again = Share("job", Part("a", 5.0, 300, True), 1.0, prepaid=False)
    with pytest.raises(BadBooks, match="is not where its lines leave it"):
        Ledger.opened(replace(good, shares=(open_again,)))
