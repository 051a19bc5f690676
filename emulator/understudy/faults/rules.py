"""A rule: which requests it is about, when it strikes them, and what it has done so far."""

import fnmatch
import random
import re
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from .bucket import Buckets
from .facts import Facts, Text, listed

State = Literal["live", "spent", "expired"]

#: The name of an effect, what it takes that only one rule can have of a request, and its value.
Effect: TypeAlias = tuple[str, str | None, Any]


@dataclass(frozen=True, slots=True)
class Match:
    """Which requests a rule is about."""

    operations: frozenset[str]
    provider: str | None = None
    model: str | None = None
    #: The id of the account it is about; two where it was named by what can be an id and a key.
    accounts: frozenset[str] | None = None
    text: str | None = None
    #: How old a file must be, in emulator seconds.
    age: float | None = None
    #: The providers it can be about at all, where not all can answer as it says.
    limited: frozenset[str] | None = None
    _glob: re.Pattern[str] | None = field(init=False, default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.model is not None and any(sign in self.model for sign in "*?["):
            object.__setattr__(self, "_glob", re.compile(fnmatch.translate(self.model)))

    def miss(self, facts: Facts, text: Text) -> str | None:
        """Why it is not about a request; None when it is."""
        if facts.operation not in self.operations:
            return f"the operation is {facts.operation}, not {listed(self.operations)}"
        if self.provider is not None and facts.provider != self.provider:
            return f"the provider is {facts.provider}, not {self.provider}"
        if self.limited is not None and facts.provider not in self.limited:
            return f"what {facts.provider} answers to too many requests is not known"
        if self.model is not None and not self.is_model(facts.model):
            return f"the model is {facts.model or 'not told'}, not {self.model}"
        if self.accounts is not None and facts.account not in self.accounts:
            return f"the account is {facts.account or 'not known'}, not {' or '.join(sorted(self.accounts))}"
        if self.age is not None and (facts.age is None or facts.age < self.age):
            return f"the file is not {self.age:g} s old"
        if self.text is not None and self.text not in text.read():
            return f"the request does not say {self.text!r:.60}"
        return None

    def is_for(self, facts: Facts) -> bool:
        """Whether it is about this operation of this provider, whatever else it asks for."""
        return facts.operation in self.operations and self.provider in (None, facts.provider)

    def is_model(self, model: str | None) -> bool:
        """Whether it is about a model, as far as that goes."""
        if model is None or self.model is None:
            return self.model is None
        return model == self.model if self._glob is None else self._glob.match(model) is not None


@dataclass(frozen=True, slots=True)
class When:
    """Which of the requests that match are struck."""

    times: int | None = None
    after: int = 0
    nth: int = 1
    probability: float | None = None
    ttl: float | None = None

    @property
    def chooses(self) -> bool:
        """Whether it depends on the requests before, or on chance, which of those that match are struck."""
        return self.times is not None or self.after > 0 or self.nth > 1 or self.probability is not None


@dataclass(slots=True)
class Rule:
    """A rule with its record. `document` is what it was made from, with an account's id in the place of a key."""

    id: str
    document: dict[str, Any]
    match: Match
    when: When
    effects: tuple[Effect, ...]
    added: float
    #: Its own stream of random numbers, so that no other rule changes what it draws.
    chance: random.Random | None = None
    buckets: Buckets | None = None
    #: How many requests were what it is about, and how many of these it struck.
    matched: int = 0
    struck: int = 0
    #: Why it did not strike the last request that it looked at and left alone.
    missed: str | None = None

    def state(self, now: float) -> State:
        """Whether it can still strike."""
        if self.when.times is not None and self.struck >= self.when.times:
            return "spent"
        if self.when.ttl is not None and now >= self.added + self.when.ttl:
            return "expired"
        return "live"

    def holds(self, facts: Facts, text: Text, now: float) -> str | None:
        """Look at a request: None when the rule wants to strike it, else why not. Counts what matches."""
        if (state := self.state(now)) != "live":
            return f"it is {state}"
        if miss := self.match.miss(facts, text):
            return miss
        self.matched += 1
        when, over = self.when, self.matched - self.when.after
        if over <= 0:
            return f"it lets the first {when.after} pass, and this is number {self.matched}"
        if over % when.nth:
            return f"it strikes one in {when.nth}, and this is number {over}"
        if self.chance is not None and when.probability is not None:
            drawn = self.chance.random()
            if drawn >= when.probability:
                return f"it drew {drawn:.3f}, which is not below {when.probability:g}"
        return None

    def shown(self, now: float) -> dict[str, Any]:
        """The rule and its record as JSON; `why` tells a rule that does nothing what keeps it."""
        state = self.state(now)
        ttl = self.when.ttl
        return {
            "id": self.id,
            "rule": dict(self.document),
            "operations": sorted(self.match.operations),
            "state": state,
            "why": self._why(state),
            "matched": self.matched,
            "struck": self.struck,
            "added": self.added,
            "expires": None if ttl is None else self.added + ttl,
        }

    def _why(self, state: State) -> str | None:
        if state == "spent":
            return f"spent: it struck {self.struck} of {self.when.times} times"
        never = "" if self.matched else "; it never matched anything"
        if state == "expired":
            return f"expired: its {self.when.ttl:g} s are over{never}"
        if self.matched:
            return None if self.missed is None else f"last time it did not strike: {self.missed}"
        looked = "nothing came that it could look at" if self.missed is None else f"last time, {self.missed}"
        return f"it never matched anything yet: {looked}"
