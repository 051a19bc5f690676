import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from customer import PROVIDERS, Customer
from understudy.ledger import Ledger, Part
from understudy.limits import LIMITS_SCHEMA, BadLimits, Limits, Rate, Running, Window
from understudy_contracts.limits import limit_case
from understudy_contracts.schema import Judge


@given(
    st.integers(1, 5),
    st.integers(1, 100),
    st.lists(st.integers(0, 60), max_size=40),
)
def test_no_interval_ever_holds_more_than_the_limit_and_the_wait_named_is_enough(limit, interval, steps):
    window = Window(Rate(limit, interval))
    now, allowed = 1000, []
    for step in steps:
        now += step
        wait = window.take(now)
        if wait is None:
            allowed.append(now)
            assert sum(1 for at in allowed if at > now - interval) <= limit
        else:
            assert 0 < wait <= interval
            assert sum(1 for at in allowed if at > now - interval) == limit


class UnderWay(RuleBasedStateMachine):
    """Jobs begin, finish in time or never, and are called off: the count is that of a model that looks at them all."""

    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.running = Running()
        self.ends: dict[str, float] = {}

    @rule(name=st.sampled_from("abcdef"), seconds=st.one_of(st.integers(0, 9), st.just(math.inf)))
    def begin(self, name, seconds):
        self.ends[name] = self.now + seconds
        self.running.begin(name, self.now + seconds, self.now)

    @rule(name=st.sampled_from("abcdef"))
    def end(self, name):
        self.ends.pop(name, None)
        self.running.end(name)

    @rule(seconds=st.integers(0, 9))
    def pass_time(self, seconds):
        self.now += seconds

    @rule()
    def clear(self):
        self.ends.clear()
        self.running.clear()

    @invariant()
    def as_many_run_as_have_not_finished(self):
        ahead = [end for end in self.ends.values() if end > self.now]
        assert self.running.count(self.now) == len(ahead)
        finite = [end - self.now for end in ahead if end < math.inf]
        assert self.running.wait(self.now) == (min(finite) if finite else None)


TestUnderWay = UnderWay.TestCase


def test_nothing_is_limited_until_somebody_says_so():
    limits = Limits()
    assert not limits
    assert limits.shown() == {"spend": None, "concurrency": None}
    assert limits.refuses(0.0, 10**12, Ledger(1, 0.0)) is None


def test_a_limit_that_is_not_named_stays_and_null_lifts_it():
    limits = Limits()
    limits.set({"spend": {"amount": 1.5, "period": "daily"}, "concurrency": 3})
    limits.set({"concurrency": 0})
    assert limits.shown() == {"spend": {"amount": 1.5, "period": "daily"}, "concurrency": 0}
    limits.set({"spend": None})
    assert limits.shown() == {"spend": None, "concurrency": 0}
    assert limits
    limits.lift()
    assert not limits


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"spend": 3},
        {"spend": {"amount": 3}},
        {"spend": {"amount": -1, "period": "daily"}},
        {"spend": {"amount": 1, "period": "weekly"}},
        {"spend": {"amount": math.nan, "period": "daily"}},
        {"concurrency": -1},
        {"concurrency": 1.5},
        {"concurrency": True},
        {"concurency": 1},
    ],
    ids=str,
)
def test_limits_that_make_no_sense_are_refused_and_change_nothing(document):
    limits = Limits()
    limits.set({"concurrency": 2})
    with pytest.raises(BadLimits) as refusal:
        limits.set(document)
    assert refusal.value.problems
    assert limits.shown() == {"spend": None, "concurrency": 2}


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "spend": st.one_of(
                st.none(),
                st.fixed_dictionaries(
                    {
                        "amount": st.integers(0, 10**15).map(lambda amount: amount / 1_000_000),
                        "period": st.sampled_from(["daily", "monthly", "total"]),
                    }
                ),
            ),
            "concurrency": st.one_of(st.none(), st.integers(0, 1_000_000)),
        },
    )
)
def test_limits_are_shown_in_the_form_in_which_they_are_set(document):
    limits = Limits()
    limits.set(document)
    shown = limits.shown()
    assert Judge(LIMITS_SCHEMA).accepts(shown)
    assert {name: shown[name] for name in document} == document
    again = Limits()
    again.set(shown)
    assert again.shown() == shown


def spend(ledger, name, moment, amount):
    ledger.commit(name, moment, (Part(name, moment + 60, amount, True),))


@pytest.mark.parametrize(
    ("period", "same", "next_one"),
    [
        ("daily", datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)),
        ("monthly", datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)),
        ("total", datetime(2036, 4, 1, tzinfo=UTC), None),
    ],
)
def test_a_spend_cap_counts_anew_with_each_day_or_month_of_utc(period, same, next_one):
    start = datetime(2026, 3, 31 if period == "daily" else 1, tzinfo=UTC).timestamp()
    ledger, limits = Ledger(10_000_000, start), Limits()
    limits.set({"spend": {"amount": 1.0, "period": period}})
    spend(ledger, "first", start, 600_000)
    assert limits.refuses(same.timestamp(), 400_000, ledger) is None
    assert limits.refuses(same.timestamp(), 400_001, ledger) == "spend"
    if next_one is not None:
        assert limits.refuses(next_one.timestamp(), 1_000_000, ledger) is None
        assert limits.refuses(next_one.timestamp(), 1_000_001, ledger) == "spend"


def test_who_has_spent_all_gets_nothing_even_for_nothing():
    ledger, limits = Ledger(10_000_000, 0.0), Limits()
    limits.set({"spend": {"amount": 1.0, "period": "total"}})
    spend(ledger, "all", 0.0, 1_000_000)
    assert limits.refuses(1.0, 0, ledger) == "spend"


def test_a_cap_on_what_is_under_way_counts_what_ran_before_it_was_set():
    ledger, limits = Ledger(1, 0.0), Limits()
    limits.running.begin("a", 5.0, 0.0)
    limits.running.begin("stuck", math.inf, 0.0)
    limits.set({"concurrency": 2})
    assert limits.refuses(4.0, 0, ledger) == "concurrency"
    assert limits.refuses(5.0, 0, ledger) is None
    limits.set({"concurrency": 1})
    assert limits.refuses(1e12, 0, ledger) == "concurrency"
    limits.running.end("stuck")
    assert limits.refuses(1e12, 0, ledger) is None


@pytest.fixture
def customer(patient_server, key):
    made = Customer(patient_server[0], key)
    yield made
    made.close()


def limit(customer, **limits):
    assert customer.control("PATCH", "limits", limits).json() == {"spend": None, "concurrency": None, **limits}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_whoever_has_too_much_under_way_is_told_so_as_the_provider_would_and_served_when_it_is_done(customer, provider):
    limit(customer, concurrency=1)
    first = Customer.job(customer.submit(provider))
    refused = customer.submit(provider)
    case = limit_case(provider, "concurrency")
    assert refused.status_code == case.status == 429
    told = refused.json()
    match provider:
        case "runware":
            assert [(error["code"], error["message"]) for error in told["errors"]] == [(case.code, case.message)]
        case "gmi":
            wait = told["rate_limit"]["retry_after_ms"]
            assert told["rate_limit"]["limit"] == 1
            assert f"Retry in {wait} ms" in told["error"]
            customer.advance(wait / 1000)
        case _:
            assert told == {"error": case.message}
            assert "x-rate-limit-reset-at-utc" in refused.headers
    if provider != "gmi":
        customer.advance(60)
    assert customer.state(provider, first)[0] == "done"
    assert Customer.job(customer.submit(provider)) is not None


@pytest.mark.parametrize("provider", PROVIDERS)
def test_whoever_has_spent_what_they_may_is_told_so_and_pays_nothing(customer, provider):
    customer.submit(provider)
    spent = 100_000 - customer.control("GET", "ledger").json()["available"]
    limit(customer, spend={"amount": round(spent * 2, 6), "period": "daily"})
    assert Customer.job(customer.submit(provider)) is not None
    before = customer.ledger()
    refused = customer.submit(provider)
    case = limit_case(provider, "spend")
    assert Customer.job(refused) is None
    if provider == "segmind":
        cap = round(spent * 2, 6)
        assert (refused.status_code, refused.json()) == (406, {"error": case.text({"period": "daily", "cap": cap})})
    elif provider == "gmi":
        assert (refused.status_code, refused.json()) == (case.status, {"error": case.message})
    else:
        assert [error["code"] for error in refused.json()["errors"]] == [case.code]
    assert customer.ledger() == before
    customer.advance(86_400)
    assert Customer.job(customer.submit(provider)) is not None


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_job_that_is_stuck_takes_its_place_for_ever_until_jobs_are_reset_and_then_nothing_is_held(customer, provider):
    limit(customer, concurrency=1)
    customer.control("POST", "faults", {"stuck": True, "times": 1})
    assert Customer.job(customer.submit(provider)) is not None
    customer.advance(10_000_000)
    assert customer.submit(provider).status_code == 429
    assert customer.control("POST", "reset/jobs").status_code == 200
    ledger = customer.ledger()
    assert ledger["available"] == ledger["balance"] == 100_000 * 1_000_000
    assert Customer.job(customer.submit(provider)) is not None


def test_a_request_that_was_called_off_makes_room_for_another(customer):
    limit(customer, concurrency=1)
    first = Customer.job(customer.submit("gmi"))
    assert customer.submit("gmi").status_code == 429
    assert customer.cancel(first).status_code == 200
    assert Customer.job(customer.submit("gmi")) is not None


def test_what_was_under_way_before_a_reset_of_money_still_counts(customer):
    customer.submit("runware")
    assert customer.control("POST", "reset/money").status_code == 200
    limit(customer, concurrency=1)
    assert customer.submit("gmi").status_code == 429
