"""What may be spent is never exceeded, whatever is held and settled, in one account or several."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from understudy_contracts.harness import Budget, Exhausted

amounts = st.decimals("0", "5", places=3)
names = st.sampled_from("abc")


def test_what_is_held_counts_at_its_bound_until_it_is_settled():
    budget = Budget(Decimal(2))
    budget.hold("a", Decimal("1.5"))
    with pytest.raises(Exhausted, match=r"b can cost \$1, and \$0\.5 of \$2 is left"):
        budget.hold("b", Decimal(1))
    assert (budget.spent, budget.at_most, budget.left) == (0, Decimal("1.5"), Decimal("0.5"))
    budget.settle("a", Decimal("0.25"))
    assert (budget.spent, budget.at_most) == (Decimal("0.25"), Decimal("0.25"))
    budget.hold("b", Decimal(1))
    assert not budget.holds("a")
    assert budget.holds("b")


def test_without_a_limit_nothing_is_refused_and_everything_is_counted():
    budget = Budget(None)
    budget.hold("a", Decimal(10**9))
    assert (budget.left, budget.at_most) == (None, 10**9)


def test_what_earlier_parts_of_a_run_spent_and_held_counts_before_anything_is_asked():
    whole = Budget(Decimal(1))
    part = whole.part(Decimal("0.3"), {"a": Decimal("0.6")})
    other = whole.part()
    assert (whole.at_most, part.at_most, other.at_most) == (Decimal("0.9"), Decimal("0.9"), 0)
    with pytest.raises(Exhausted):
        other.hold("b", Decimal("0.2"))
    assert whole.at_most == Decimal("0.9")


@given(st.lists(st.tuples(names, amounts)), st.decimals("0", "10", places=2))
def test_no_more_is_ever_held_than_the_limit(asked, limit):
    budget = Budget(limit)
    held = Decimal(0)
    for name, bound in asked:
        try:
            budget.hold(name, bound)
            held += bound
        except Exhausted:
            assert held + bound > limit
        assert budget.at_most == held <= limit


class Accounts(RuleBasedStateMachine):
    """Several accounts within one budget, beside plain sums."""

    def __init__(self):
        super().__init__()
        self.whole = Budget(Decimal(10))
        self.parts = [self.whole.part(), self.whole.part(Decimal(1), {"p1.before": Decimal("0.5")})]
        self.held = [{}, {"p1.before": Decimal("0.5")}]
        self.spent = [Decimal(0), Decimal(1)]

    @rule(which=st.sampled_from([0, 1]), name=names, bound=amounts)
    def hold(self, which, name, bound):
        total = sum(self.spent) + sum(sum(held.values()) for held in self.held)
        named = f"p{which}.{name}"
        try:
            self.parts[which].hold(named, bound)
        except Exhausted:
            assert total + bound > 10
            return
        assert total + bound <= 10
        self.held[which][named] = self.held[which].get(named, Decimal(0)) + bound

    @rule(which=st.sampled_from([0, 1]), name=names, part=st.decimals("0", "1", places=2))
    def settle(self, which, name, part):
        named = f"p{which}.{name}"
        if named in self.held[which]:
            cost = self.held[which].pop(named) * part
            self.parts[which].settle(named, cost)
            self.spent[which] += cost

    @invariant()
    def each_account_has_its_own_and_the_whole_has_all(self):
        for part, held, spent in zip(self.parts, self.held, self.spent, strict=True):
            assert part.spent == spent
            assert part.at_most == spent + sum(held.values())
            assert part.left == self.whole.left
        assert self.whole.at_most == sum(part.at_most for part in self.parts) <= 10


TestAccounts = Accounts.TestCase
