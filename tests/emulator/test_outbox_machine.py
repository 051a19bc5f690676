"""Whatever is sent, delayed, copied, refused, resent, forgotten and in whatever steps time moves: a plain model agrees.

No delivery is lost, none is doubled unless a fault or somebody asked for it, each is tried when and as often as its
policy says, and in the order in which they fall due.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from post_office import POLICY, post_office
from sink import Sink
from understudy.course import advance
from understudy.faults import NOTHING, Strike

KEYS = st.sampled_from(["ann", "bob", "cleo"])
SECONDS = st.one_of(st.integers(0, 40), st.floats(0, 40).map(lambda number: round(number, 3)))

#: More failures than there are tries.
ALWAYS = 1_000

FAULTS = st.one_of(
    st.just({}),
    st.just({"drop": True}),
    st.fixed_dictionaries({"delay": st.integers(1, 20).map(float)}),
    st.fixed_dictionaries({"duplicate": st.integers(1, 3)}),
    st.fixed_dictionaries({"duplicate": st.integers(1, 2), "delay": st.integers(1, 20).map(float)}),
    st.fixed_dictionaries({"storm": st.integers(2, 5)}),
)


@dataclass(eq=False)
class Expected:
    """One delivery as it should be."""

    key: str
    id: str
    path: str
    next: float | None
    fault: dict
    tries: int = 0
    times: list[float] = field(default_factory=list)
    state: str = "waiting"
    begun: bool = False
    then: "Expected | None" = None


class OutboxMachine(RuleBasedStateMachine):
    deliveries = Bundle("deliveries")

    @initialize()
    def open(self):
        self.runner = asyncio.Runner()
        #: How often each address was asked, how often it refuses, and how often the model asked it.
        self.asked, self.refusals, self.tried = Counter(), {}, Counter()
        self.sink = Sink(decide=self.decide)
        self.sink.__enter__()
        self.opening = post_office(seed=11)
        self.office = self.runner.run(self.opening.__aenter__())
        self.expected: list[Expected] = []

    def teardown(self):
        if hasattr(self, "runner"):
            self.runner.run(self.opening.__aexit__(None, None, None))
            self.runner.close()
            self.sink.__exit__()

    def decide(self, received):
        self.asked[received.path] += 1
        return 500 if self.asked[received.path] <= self.refusals[received.path] else 200

    @rule(target=deliveries, key=KEYS, due_in=SECONDS, refusals=st.integers(0, 5), fault=FAULTS)
    def send(self, key, due_in, refusals, fault):
        account = self.office.account(key)

        async def add():
            delivery = self.office.delivery(account, self.sink.url, due_in)
            self.office.strikes[delivery.id] = Strike(names=("rule-1",), **fault) if fault else NOTHING
            # Which of several at once is refused is anybody's guess.
            self.refusals[f"/{delivery.id}"] = ALWAYS if "storm" in fault and refusals else refusals
            self.office.outbox.add(account, delivery)
            return delivery

        delivery = self.runner.run(add())
        self.expected.append(Expected(key, delivery.id, f"/{delivery.id}", delivery.due, fault))
        self.settle()
        return delivery

    @rule(key=st.one_of(st.none(), KEYS), seconds=SECONDS)
    def advance(self, key, seconds):
        account = None if key is None else self.office.account(key)
        before = self.asked.total()
        course = self.runner.run(advance(self.office.engine, seconds, account))
        tries = [one for one in course.happenings if one.kind != "webhook.dropped"]
        assert len(tries) == self.asked.total() - before
        for each in self.office.engine.accounts.all():
            self.play(each.key, each.clock.now())

    @rule(key=st.one_of(st.none(), KEYS), seconds=SECONDS)
    def leap(self, key, seconds):
        """Time is moved past everything that is due, which is then late."""
        (self.office.clock if key is None else self.office.account(key).clock).advance(seconds)
        self.settle()

    @rule(delivery=deliveries)
    def resend(self, delivery):
        expected = next((each for each in self.expected if each.id == delivery.id), None)
        if expected is None:
            for account in self.office.engine.accounts.all():
                with pytest.raises(KeyError):
                    self.office.outbox.resend(account, delivery.id)
            return
        account = self.office.account(expected.key)
        self.runner.run(self.resent(account, delivery.id))
        # What is resent is neither late nor copied nor dropped.
        expected.state, expected.tries, expected.next, expected.fault = "waiting", 0, account.clock.now(), {}
        self.settle()

    async def resent(self, account, delivery_id):
        self.office.outbox.resend(account, delivery_id)

    @rule(key=KEYS)
    def forget(self, key):
        account = self.office.account(key)
        queued = [each for each in self.expected if each.key == key and each.next is not None]
        assert self.office.outbox.forget(account) == len(queued)
        account.deliveries.clear()
        self.expected = [each for each in self.expected if each.key != key]

    @invariant()
    def all_is_as_expected(self):
        if not hasattr(self, "expected"):
            return
        accounts = list(self.office.engine.accounts.all())
        found = {
            each.id: (each.state, [one.at for one in each.attempts]) for one in accounts for each in one.deliveries
        }
        assert found == {each.id: (each.state, pytest.approx(each.times, abs=1e-5)) for each in self.expected}
        assert self.asked == self.tried
        assert self.office.outbox.waiting == sum(1 for each in self.expected if each.next is not None)

    def settle(self):
        self.runner.run(self.office.outbox.settled())
        for account in self.office.engine.accounts.all():
            self.play(account.key, account.clock.now(), late=True)

    def play(self, key, now, *, late=False):
        """Let the model come to a moment of an account."""
        mine = [each for each in self.expected if each.key == key]
        while ready := [each for each in mine if each.next is not None and each.next <= now]:
            first = min(ready, key=lambda each: each.next)
            mine += self.fall_due(first, now if late else first.next)

    def fall_due(self, each, at):
        """What becomes of one; the copies that are made of it."""
        each.next, fault, each.fault = None, each.fault, {}
        if fault.get("drop"):
            each.state = "dropped"
            return []
        count = fault.get("duplicate", 0) or max(fault.get("storm", 0) - 1, 0)
        copies = [Expected(each.key, f"{each.id}-copy-{number + 1}", each.path, None, {}) for number in range(count)]
        self.expected += copies
        last = each
        for copy in copies:
            if "storm" in fault:
                copy.next = at
            else:
                last.then = last = copy
        if "delay" in fault:
            each.next = at + fault["delay"]
        else:
            self.attempt(each, at)
        return copies

    def attempt(self, each, at):
        each.begun = True
        each.times.append(at)
        each.tries += 1
        self.tried[each.path] += 1
        if self.tried[each.path] > self.refusals[each.path]:
            each.state = "delivered"
        elif each.tries < POLICY.attempts:
            chance = self.office.account(each.key).stream(f"{each.id}:{each.tries}").random()
            each.next = at + POLICY.delay(each.tries, chance)
            return
        else:
            each.state = "given up"
        if each.then is not None and not each.then.begun and each.then.state == "waiting":
            each.then.next = at


TestOutbox = OutboxMachine.TestCase
