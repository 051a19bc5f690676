"""A table of rules against a plain model of what was promised of it."""

import json
import random
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from faulty import ACCOUNTS, documents, facts
from stage import Stage, video_task
from understudy.clock import ManualClock
from understudy.faults import NOTHING, BadRule, Facts, FaultTable, Strike, meet

_SUBMIT = {"error", "stuck", "slow", "early"}
_WEBHOOK = {"drop", "duplicate", "storm", "reorder"}
_DOWNLOAD = {"status", "expire"}
_SHARED = {"delay", "reset", "silent", "gateway", "limit", "truncate", "corrupt", "empty", "content_type", "trickle"}
_SLOTS = {"reset": "connection", "silent": "connection", "limit": "error"}
_LIMITS = {"runware": "rateLimitExceeded", "gmi": "rateLimitExceeded", "segmind": "rateLimited"}


@dataclass
class _Plain:
    """One rule, the plain way: every request it may have struck is gone through from the start each time."""

    document: dict[str, Any]
    added: float
    shared: bool
    matched: int = 0
    struck: int = 0
    tokens: dict[str | None, tuple[Fraction, float]] | None = None

    @property
    def effects(self) -> list[str]:
        return [name for name in self.document if name in _SUBMIT | _WEBHOOK | _DOWNLOAD | _SHARED]

    def alive(self, now: float) -> bool:
        document = self.document
        return self.struck < document.get("times", 10**9) and now < self.added + document.get("ttl", 10**9)

    def is_about(self, request: Facts) -> bool:
        document, effects = self.document, set(self.effects)
        if "operation" in document:
            right = request.operation == document["operation"]
        elif effects & _WEBHOOK:
            right = request.operation == "webhook"
        elif effects & _DOWNLOAD:
            right = request.operation == "download"
        elif effects & _SUBMIT:
            right = request.operation == "submit"
        else:
            right = request.operation not in ("download", "webhook")
        return (
            right
            and request.provider == document.get("provider", request.provider)
            and (
                "model" not in document or (request.model is not None and fnmatchcase(request.model, document["model"]))
            )
            and document.get("text", "") in request.text()
            and ("expire" not in document or (request.age is not None and request.age >= document["expire"]))
            and ("limit" not in document or request.provider in _LIMITS)
        )

    def takes(self, caller: str | None, now: float) -> bool:
        """Whether its bucket has a token, taken now; exact, where the table has floats."""
        size, seconds = self.document["limit"].split("/")
        self.tokens = self.tokens or {}
        left, then = self.tokens.get(caller, (Fraction(size), now))
        left = min(Fraction(size), left + (Fraction(now) - Fraction(then)) * Fraction(size) / Fraction(seconds))
        self.tokens[caller] = (left - 1 if left >= 1 else left, now)
        return left >= 1

    def strikes(self, request: Facts, now: float, taken: set[str]) -> bool:
        if not self.alive(now) or not self.is_about(request):
            return False
        self.matched += 1
        over = self.matched - self.document.get("after", 0)
        if over <= 0 or over % self.document.get("nth", 1):
            return False
        if "limit" in self.document:
            if "error" in taken or self.takes(request.account if self.shared else None, now):
                return False
        elif not any(name in ("delay", "slow") or _SLOTS.get(name, name) not in taken for name in self.effects):
            return False
        self.struck += 1
        return True


class _Everybody:
    """What a strike should be, from rules that have struck in their order."""

    def __init__(self, request: Facts) -> None:
        self.request = request
        self.taken: set[str] = set()
        self.told: dict[str, Any] = {"delay": 0, "slow": 1, "reached": True}

    def add(self, plain: _Plain) -> None:
        had = set(self.taken)
        for name in plain.effects:
            value, slot = plain.document[name], _SLOTS.get(name, name)
            if name == "delay":
                self.told["delay"] += value
            elif name == "slow":
                self.told["slow"] *= value
            elif slot not in had:
                self.taken.add(slot)
                if slot == "connection":
                    self.told.update(connection=name, reached=self.told["reached"] and value != "before")
                elif name == "gateway":
                    self.told.update(gateway=value, reached=False)
                elif name == "limit":
                    self.told["error"] = _LIMITS[self.request.provider]
                else:
                    self.told[name] = value


def _told(strike: Strike) -> dict[str, Any]:
    """The effects of a strike by name, as far as there are any."""
    apart = {"names", "considered", "page", "retry_after", "swap"}
    told = {each.name: getattr(strike, each.name) for each in fields(Strike) if each.name not in apart}
    untouched = {each.name: each.default for each in fields(Strike)}
    found = {
        name: value for name, value in told.items() if value != untouched[name] or name in ("delay", "slow", "reached")
    }
    if strike.error is not None:
        found["error"] = strike.error.id
    return found


class Tables(RuleBasedStateMachine):
    """A server's table and an account's, under everything that is done to them."""

    added = Bundle("added")

    @initialize(seed=st.integers(0, 100))
    def begin(self, seed: int) -> None:
        self.now = 1_000.0
        self.tables = [FaultTable(random.Random(seed), shared=True), FaultTable(random.Random(seed + 1))]
        self.plain: list[dict[str, _Plain]] = [{}, {}]

    @rule(target=added, document=documents(), where=st.sampled_from([0, 1]))
    def add(self, document: dict[str, Any], where: int) -> tuple[int, str]:
        made = self.tables[where].add(document, self.now)
        assert all(made.id not in plain for plain in self.plain)
        self.plain[where][made.id] = _Plain(document, self.now, where == 0)
        return where, made.id

    @rule(gone=consumes(added))
    def remove(self, gone: tuple[int, str]) -> None:
        where, name = gone
        assert self.tables[where].remove(name) == (name in self.plain[where])
        self.plain[where].pop(name, None)
        assert not self.tables[where].remove(name)

    @rule(target=added)
    def clear(self) -> Any:
        self.tables[1].clear()
        self.plain[1].clear()
        return multiple()

    @rule(seconds=st.integers(1, 8))
    def pass_time(self, seconds: int) -> None:
        self.now += seconds

    @rule(where=st.sampled_from([0, 1]))
    def keep(self, where: int) -> None:
        kept = json.loads(json.dumps(self.tables[where].saved()))
        self.tables[where] = FaultTable(random.Random(0), shared=where == 0)
        self.tables[where].load(kept)
        assert json.loads(json.dumps(self.tables[where].saved())) == kept

    @rule(request=facts())
    def meet(self, request: Facts) -> None:
        together = _Everybody(request)
        names, left = [], []
        for plain_rules in self.plain:
            for name, plain in plain_rules.items():
                alive = plain.alive(self.now)
                if plain.strikes(request, self.now, together.taken):
                    together.add(plain)
                    names.append(name)
                elif alive:
                    left.append(name)
        strike = meet(self.tables, request, self.now)
        assert list(strike.names) == names
        assert bool(strike) == bool(names)
        assert _told(strike) == together.told
        assert strike.page.startswith("<html>") if strike.gateway else strike.page == ""
        assert strike.retry_after is None or strike.retry_after > 0
        considered = [name for name, why in strike.considered if not why.startswith("it is expired")]
        assert considered == left
        if strike is not NOTHING:
            assert names or strike.considered

    @invariant()
    def shows_what_it_did(self) -> None:
        for table, plain_rules in zip(self.tables, self.plain, strict=True):
            shown = {each["id"]: each for each in table.shown(self.now)}
            assert list(shown) == list(plain_rules)
            for name, plain in plain_rules.items():
                assert (shown[name]["matched"], shown[name]["struck"]) == (plain.matched, plain.struck)
                assert (shown[name]["state"] == "live") == plain.alive(self.now)
                assert shown[name]["why"] or shown[name]["matched"], "a rule that never did anything says so"
            assert bool(table) >= any(plain.alive(self.now) for plain in plain_rules.values())


TestTables = Tables.TestCase
TestTables.settings = settings(stateful_step_count=30)


def _names(table: FaultTable, requests: list[Facts]) -> list[tuple[str, ...]]:
    return [meet((table,), request, 0.0).names for request in requests]


def _table(rules: list[dict[str, Any]], seed: int) -> FaultTable:
    table = FaultTable(random.Random(seed))
    for document in rules:
        table.add(document, 0.0)
    return table


@given(times=st.none() | st.integers(1, 4), after=st.integers(0, 4), nth=st.integers(1, 4), between=st.integers(0, 3))
def test_how_often_and_which_in_turn_a_rule_strikes_is_exactly_as_it_says(
    times: int | None, after: int, nth: int, between: int
) -> None:
    rule = {"provider": "gmi", "delay": 1, "after": after, "nth": nth} | ({} if times is None else {"times": times})
    table = _table([rule], 0)
    struck = []
    for number in range(1, 25):
        # What the rule is not about does not count.
        assert not any(_names(table, [Facts("runware", "poll")] * between))
        if meet((table,), Facts("gmi", "poll"), 0.0):
            struck.append(number)
    assert struck == list(range(after + nth, 25, nth))[:times]
    assert (table.rules[0].struck, bool(table)) == (len(struck), len(struck) != times)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["delay", "slow", "corrupt", "reset", "gateway", "trickle"]), st.just(None), min_size=1
        ),
        # Of five, no more than eighteen are eclipsed, which are few enough to be told of each.
        max_size=5,
    )
)
def test_the_oldest_rule_has_its_way_with_what_only_one_can_have(chosen: list[dict[str, None]]) -> None:
    values = {"delay": 2, "slow": 3, "corrupt": True, "reset": "before", "gateway": 502, "trickle": 7}
    rules = [{"delay": 1, "operation": "submit"}, {"silent": True}, {"gateway": 504}]
    # One effect a rule, but in any order and as often as comes.
    rules += [{name: values[name], "operation": "submit"} for names in chosen for name in names]
    strike = meet((_table(rules, 0),), Facts("gmi", "submit"), 0.0)
    told = [name for names in chosen for name in names]
    assert strike.delay == 1 + 2 * told.count("delay")
    assert strike.slow == 3 ** told.count("slow")
    assert (strike.connection, strike.gateway, strike.reached) == ("silent", 504, False)
    assert (strike.corrupt, strike.trickle) == ("corrupt" in told, 7 if "trickle" in told else None)
    eclipsed = [f"rule-{place}" for place, name in enumerate(told, 4) if name in ("reset", "gateway")]
    eclipsed += [
        f"rule-{place}"
        for place, name in enumerate(told, 4)
        if name in ("corrupt", "trickle") and name in told[: place - 4]
    ]
    assert sorted(name for name, _ in strike.considered) == sorted(eclipsed)


def test_a_file_expires_when_it_is_as_old_as_the_rule_says() -> None:
    table = _table([{"expire": 5}], 0)
    assert [meet((table,), Facts("gmi", "download", age=age), 0.0).expire for age in (None, 0.0, 4.9, 5.0, 6.0)] == [
        None,
        None,
        None,
        5,
        5,
    ]


@given(st.lists(documents(chances=True), max_size=5), st.lists(facts(), max_size=20), st.integers())
def test_the_same_seed_strikes_the_same_requests(rules: list[dict[str, Any]], requests: list[Facts], seed: int) -> None:
    assert _names(_table(rules, seed), requests) == _names(_table(rules, seed), requests)


@given(documents(), st.lists(facts(), max_size=20), st.integers())
def test_what_a_rule_leaves_to_chance_depends_on_no_other_rule(
    other: dict[str, Any], requests: list[Facts], seed: int
) -> None:
    chancy = {"probability": 0.5, "delay": 1}
    alone = _names(_table([chancy], seed), requests)
    table = _table([other, chancy], seed)
    together = [tuple(name for name in names if name == "rule-2") for names in _names(table, requests)]
    assert [bool(names) for names in together] == [bool(names) for names in alone]


@given(st.integers(), st.floats(0.01, 1), st.floats(0.01, 1))
def test_what_is_likelier_strikes_more_of_the_same_requests(seed: int, one: float, other: float) -> None:
    few, many = (
        [bool(names) for names in _names(_table([{"probability": p, "delay": 1}], seed), [Facts("gmi", "poll")] * 50)]
        for p in sorted((one, other))
    )
    assert all(often or not seldom for seldom, often in zip(few, many, strict=True))


def test_a_probability_is_one() -> None:
    struck = _names(_table([{"probability": 0.25, "delay": 1}], 7), [Facts("gmi", "poll")] * 4_000)
    assert 850 < sum(map(bool, struck)) < 1_150


@given(st.permutations([{"delay": 2}, {"delay": 3.5}, {"slow": 2}, {"slow": 3}, {"corrupt": True}]))
def test_effects_that_do_not_compete_add_up_in_any_order(rules: list[dict[str, Any]]) -> None:
    strike = meet((_table(rules, 0),), Facts("gmi", "submit"), 0.0)
    assert (strike.delay, strike.slow, strike.corrupt, len(strike.names)) == (5.5, 6, True, 5)


@pytest.mark.parametrize("request_text", ["", "[[error]]", "[[error:", "error:timeoutProvider"])
def test_a_request_that_nothing_is_to_happen_to_costs_nothing(request_text: str) -> None:
    dead = _table([{"delay": 1, "times": 1}], 0)
    assert meet((dead,), Facts("gmi", "poll"), 0.0)
    assert not dead
    assert meet((dead, FaultTable(random.Random(0))), Facts("gmi", "poll"), 0.0, texts=(request_text,)) is NOTHING


def test_what_a_request_says_is_asked_for_once_and_only_when_a_rule_wants_to_know() -> None:
    asked = []

    def text() -> str:
        asked.append(1)
        return "a cat"

    request = Facts("gmi", "submit", None, None, text)
    meet((_table([{"delay": 1}, {"corrupt": True, "provider": "runware", "text": "cat"}], 0),), request, 0.0)
    assert asked == []
    both = _table([{"delay": 1, "text": "cat"}, {"corrupt": True, "text": "dog"}], 0)
    assert meet((both,), request, 0.0).names == ("rule-1",)
    assert asked == [1]


@given(
    st.sampled_from(["1/10", "3/7", "5/60", "100/1"]),
    st.lists(st.tuples(st.sampled_from(ACCOUNTS), st.integers(0, 30).map(lambda tenths: tenths / 10)), max_size=40),
)
def test_a_bucket_gives_no_more_than_it_says_and_tells_when_it_gives_again(
    limit: str, calls: list[tuple[str, float]]
) -> None:
    size, seconds = (float(part) for part in limit.split("/"))
    table = FaultTable(random.Random(0), shared=True)
    table.add({"limit": limit}, 0.0)
    now, passed = 0.0, dict.fromkeys(ACCOUNTS, 0)
    for account, later in calls:
        now += later
        request = Facts("gmi", "submit", None, account)
        strike = meet((table,), request, now)
        if strike:
            assert strike.error is not None
            assert (strike.error.id, strike.error.status) == ("rateLimitExceeded", 429)
            assert strike.retry_after is not None
            assert 0 < strike.retry_after <= seconds / size
            # Who waits as long as was said is let through, and a moment earlier is not.
            assert meet((table,), request, now + strike.retry_after * 0.99)
            now += strike.retry_after
            assert not meet((table,), request, now)
        passed[account] += 1
        assert passed[account] <= size + now * size / seconds + 1e-6


def test_a_rule_that_is_eclipsed_takes_nothing_from_its_bucket() -> None:
    table = _table([{"provider": "gmi", "error": "unauthorized", "times": 2}, {"limit": "1/60", "delay": 1}], 0)
    requests = [Facts("gmi", "submit")] * 4
    assert _names(table, requests) == [("rule-1",), ("rule-1",), (), ("rule-2",)]


def test_a_rule_of_an_account_has_one_bucket_and_a_rule_of_the_server_one_for_each_account() -> None:
    requests = [Facts("gmi", "submit", None, account) for account in ACCOUNTS]
    shared = FaultTable(random.Random(0), shared=True)
    shared.add({"limit": "1/60"}, 0.0)
    assert _names(shared, requests) == [(), ()]
    assert _names(_table([{"limit": "1/60"}], 0), requests) == [(), ("rule-1",)]


def test_a_full_bucket_takes_no_room() -> None:
    table = FaultTable(random.Random(0), shared=True)
    made = table.add({"limit": "5/60"}, 0.0)
    for number in range(5_000):
        meet((table,), Facts("gmi", "submit", None, str(number)), float(number))
    assert made.buckets is not None
    assert len(made.buckets.levels) < 2_000


def test_a_table_takes_a_thousand_live_rules_and_lets_dead_ones_go_first() -> None:
    table = _table([{"delay": 1, "times": 1}, *[{"delay": 1, "text": "never"}] * 999], 0)
    assert meet((table,), Facts("gmi", "poll"), 0.0).names == ("rule-1",)
    assert table.add({"corrupt": True}, 0.0).id == "rule-1001"
    assert table.rules[0].id == "rule-2"
    with pytest.raises(BadRule, match="1,000 live rules"):
        table.add({"corrupt": True}, 0.0)


def test_a_rule_that_does_nothing_says_why() -> None:
    table = _table(
        [
            {"provider": "gmi", "model": "heygen-avatar-4", "delay": 1},
            {"gateway": 502},
            {"gateway": 503},
            {"corrupt": True, "times": 1},
            {"empty": True, "ttl": 5},
        ],
        0,
    )
    assert {rule["why"] for rule in table.shown(0.0)} == {
        "it never matched anything yet: nothing came that it could look at"
    }
    meet((table,), Facts("gmi", "submit", "veo"), 0.0)
    told = [rule["why"] for rule in table.shown(9.0)]
    assert told == [
        "it never matched anything yet: last time, the model is veo, not heygen-avatar-4",
        None,
        "last time it did not strike: it is eclipsed by rule-2",
        "spent: it struck 1 of 1 times",
        "expired: its 5 s are over",
    ]


def test_a_rule_of_the_server_expires_by_the_servers_clock_however_far_ahead_an_account_is() -> None:
    clock = ManualClock(0.0)
    table = FaultTable(random.Random(0), shared=True, clock=clock)
    rule = table.add({"delay": 1, "ttl": 10}, clock.now())
    ahead, behind = (Facts("gmi", "poll", None, account) for account in ACCOUNTS)
    for _ in range(2):
        assert meet((table,), ahead, clock.now() + 1_000.0).names == ("shared-1",)
        assert meet((table,), behind, clock.now()).names == ("shared-1",)
        clock.advance(9.0)
    assert meet((table,), behind, clock.now()).considered == (("shared-1", "it is expired"),)
    assert (bool(table), rule.struck) == (False, 4)


def test_an_account_that_was_advanced_is_struck_by_a_rule_of_the_server_that_has_time_left(stage: Stage) -> None:
    engine = stage.server.engine
    stage.http.post("/_understudy/clock/advance", json={"seconds": 86_400}).raise_for_status()
    rule = engine.faults.add({"gateway": 503, "ttl": 60, "account": stage.key}, engine.clock.now())
    try:
        assert stage.post(video_task()).status_code == 503
        stage.clock.advance(60)
        assert stage.post(video_task()).status_code == 200
        assert rule.shown(engine.clock.now())["state"] == "expired"
    finally:
        engine.faults.remove(rule.id)


def test_a_rule_about_an_account_is_told_its_key_and_shows_its_id() -> None:
    from understudy.accounts import identity

    table = FaultTable(random.Random(0), shared=True)
    table.add({"account": "sk-secret", "delay": 1}, 0.0)
    table.add({"account": ACCOUNTS[0], "corrupt": True}, 0.0)
    assert meet((table,), Facts("gmi", "poll", None, identity("sk-secret")), 0.0).names == ("shared-1",)
    assert meet((table,), Facts("gmi", "poll", None, ACCOUNTS[0]), 0.0).names == ("shared-2",)
    assert meet((table,), Facts("gmi", "poll"), 0.0).names == ()
    assert "sk-secret" not in json.dumps(table.shown(0.0)) + json.dumps(table.saved())


def test_a_rule_that_was_kept_draws_on_from_where_it_was() -> None:
    table = _table([{"probability": 0.5, "delay": 1}, {"limit": "2/60"}], 3)
    requests = [Facts("gmi", "poll")] * 30
    _names(table, requests)
    again = FaultTable(random.Random(9))
    again.load(json.loads(json.dumps(table.saved())))
    # The account it goes on with may be another.
    requests = [Facts("gmi", "poll", None, account) for account in ACCOUNTS] * 15
    assert again.get("rule-1") is not table.get("rule-1")
    assert _names(again, requests) == _names(table, requests)
    later = {"probability": 0.5, "corrupt": True}
    assert (again.add(later, 0.0).id, table.add(later, 0.0).id) == ("rule-3", "rule-3")
    assert _names(again, requests) == _names(table, requests)
    assert table.get("rule-4") is None


def test_of_very_many_rules_those_are_told_that_came_furthest_and_the_rest_is_counted() -> None:
    far = [{"provider": "runware", "delay": 1}, {"provider": "gmi", "operation": "cancel", "delay": 1}] * 240
    near = [{"provider": "gmi", "operation": "poll", "model": "heygen*", "delay": 1}] * 15
    nearest = [{"operation": "poll", "after": 99, "delay": 1}] * 3
    strike = meet((_table([*far, *nearest, *near, *far], 0),), Facts("gmi", "poll", "other"), 0.0)
    names = [name for name, _ in strike.considered]
    assert [int(name.rpartition("-")[2]) for name in names[2:20]] == list(range(481, 499))
    assert names[20:] == ["…"]
    assert strike.considered[20][1].startswith("958 more did not strike")
    asked = meet((_table([*near, *near], 0),), Facts("gmi", "poll", "other"), 0.0, header="stuck")
    assert asked.considered[0][0] == "header:stuck"
    assert len(asked.considered) == 21


def test_twenty_rules_are_all_told() -> None:
    strike = meet((_table([{"provider": "runware", "delay": 1}] * 20, 0),), Facts("gmi", "poll"), 0.0)
    assert [name for name, _ in strike.considered] == [f"rule-{number}" for number in range(1, 21)]


def test_a_rule_that_was_kept_after_its_last_time_is_not_judged_again() -> None:
    table = _table([{"times": 1, "delay": 1}], 0)
    assert _names(table, [Facts("gmi", "poll")])
    again = FaultTable(random.Random(0))
    again.load(json.loads(json.dumps(table.saved())))
    assert not again
    assert meet((again,), Facts("gmi", "poll"), 0.0) is NOTHING
