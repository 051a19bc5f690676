"""What is tried, in which order, and what is left out, with its reason."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy_contracts.harness import Plan, Probe, Session, probes
from understudy_contracts.harness.budget import Budget

NEEDS = ("bench", "sink", "inspector", "socket")


def probe(name, tier="free", bound=Decimal(0), seconds=0.0, needs=(), not_live=""):
    return Probe(
        name, "gmi", "listModels", (), tier, "why", lambda session: (), bound=bound, seconds=seconds,
        needs=frozenset(needs), not_live=not_live,
    )  # fmt: skip


some = st.builds(
    probe, st.uuids().map(str), st.sampled_from(["free", "paid"]),
    st.one_of(st.none(), st.decimals("0", "9", places=2)), st.floats(0, 60), st.sets(st.sampled_from(NEEDS), max_size=2),
    st.sampled_from(["", "it leaves a file"]),
)  # fmt: skip
limits = st.one_of(st.none(), st.decimals("0", "9", places=2))


@given(st.lists(some), st.sets(st.sampled_from(NEEDS)), st.booleans(), st.booleans(), limits)
def test_everything_that_is_asked_for_is_either_planned_or_left_out_with_a_reason(asked, means, live, free, limit):
    plan = Plan.of(asked, means=frozenset(means), live=live, free=free, limit=limit)
    left_out = [result.probe for result in plan.left_out]
    assert sorted(one.name for one in [*plan.probes, *left_out]) == sorted(one.name for one in asked)
    assert all(result.state == "not-run" and result.reason for result in plan.left_out)
    for one in plan.probes:
        assert one.needs <= means
        assert not (free and one.tier == "paid")
        assert not (live and one.not_live)
        assert one.bound is not None or not (live or limit is not None)
        assert limit is None or (one.bound or 0) <= limit
    assert plan.bound == sum(one.bound or 0 for one in plan.probes)


@given(st.lists(some))
def test_free_ones_come_first_and_then_the_cheapest_and_the_shortest(asked):
    ordered = Plan.of(asked, means=frozenset(NEEDS)).probes
    keys = [(one.tier == "paid", one.bound or 0, one.seconds) for one in ordered]
    assert keys == sorted(keys)


@pytest.mark.parametrize("provider", ["runware", "gmi", "segmind", "heygen"])
def test_every_probe_has_a_name_of_its_own_says_why_it_is_free_and_serves_checks_there_are(provider):
    from understudy_contracts.checks import of

    listed = list(probes(provider))
    assert listed
    assert len({one.name for one in listed}) == len(listed)
    known = {check.name for check in of(provider)}
    for one in listed:
        assert one.name.startswith(f"{provider}.")
        assert one.why
        assert set(one.checks) <= known
        assert one.bound is None or one.bound >= 0
        assert one.tier == "paid" or one.bound == 0


def test_a_run_without_a_bench_says_of_each_probe_that_needs_one_why_it_is_not_tried():
    session = Session("gmi", Nobody(), "any", budget=Budget(None))
    plan = Plan.of(probes("gmi"), means=session.means)
    assert {"bench", "sink", "inspector"}.isdisjoint(session.means)
    reasons = {result.reason for result in plan.left_out}
    assert "the target has no control API, and only that can bring it about" in reasons


class Nobody:
    """A target that nothing may be sent to."""

    name, live = "nobody", False
    switches = {}  # noqa: RUF012

    def ask(self, operation, request):
        raise AssertionError("nothing is to be sent")
