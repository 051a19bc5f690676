"""The rules of one account, or of the whole server, in the order in which they are judged."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from understudy.clock import Clock

from .problems import BadRule

if TYPE_CHECKING:
    from .rules import Rule

#: How many rules a table holds.
MOST_RULES = 1_000


class FaultTable:
    """Rules, oldest first. True while one of them is live; what is dead stays to be seen until it is in the way.

    `chance` seeds every rule that leaves something to it. Only a table that is `shared` by all accounts has rules
    that are about one of them; with a `clock` its rules live and die by that, however far ahead an account may be.
    """

    def __init__(self, chance: random.Random, *, shared: bool = False, clock: Clock | None = None) -> None:
        self._chance = chance
        self._clock = clock
        #: Whether its rules are about everybody.
        self.shared = shared
        self._rules: dict[str, Rule] = {}
        self._live: list[Rule] = []
        self._added = 0

    def __bool__(self) -> bool:
        return bool(self._live)

    @property
    def rules(self) -> list[Rule]:
        """Every rule, oldest first."""
        return list(self._rules.values())

    @property
    def live(self) -> list[Rule]:
        """The rules that may still strike, oldest first."""
        return self._live

    def add(self, document: Mapping[str, Any], now: float) -> Rule:
        """Put a rule after all others; raises BadRule naming everything that is wrong with it."""
        # Reading rules means knowing every model of every provider: only who writes one pays for it.
        from .reading import read

        draft = read(document, shared=self.shared)
        self._make_room(now)
        self._added += 1
        rule = draft.rule(f"{'shared' if self.shared else 'rule'}-{self._added}", now, self._chance)
        self._rules[rule.id] = rule
        self._live.append(rule)
        return rule

    def time(self, now: float) -> float:
        """What time it is for its rules, when it is `now` for who makes a request."""
        return now if self._clock is None else self._clock.now()

    def get(self, name: str) -> Rule | None:
        """The rule that is called so."""
        return self._rules.get(name)

    def remove(self, name: str) -> bool:
        """Take a rule away; tells whether there was one."""
        rule = self._rules.pop(name, None)
        if rule is not None:
            self._live = [other for other in self._live if other is not rule]
        return rule is not None

    def clear(self) -> None:
        """Take every rule away."""
        self._rules.clear()
        self._live = []

    def lay_down(self, rule: Rule, now: float) -> None:
        """Judge a rule no more if it is dead, when it is `now` for the rules."""
        if rule.state(now) != "live":
            self._live = [other for other in self._live if other is not rule]

    def shown(self, now: float) -> list[dict[str, Any]]:
        """Every rule and its record as JSON, oldest first."""
        return [rule.shown(now) for rule in self._rules.values()]

    def saved(self) -> dict[str, Any]:
        """The table as JSON, with everything `load` needs to go on from here."""
        from .keeping import saved, state

        judged = {rule.id for rule in self._live}
        return {
            "added": self._added,
            "chance": state(self._chance),
            # A dead one is judged until that is seen: who looks then is told that it is dead.
            "rules": [{**saved(rule), "judged": rule.id in judged} for rule in self._rules.values()],
        }

    def load(self, document: Mapping[str, Any]) -> None:
        """Become the table that was saved; raises BadRule for a rule that cannot be any more."""
        from .keeping import resume, rules

        loaded = rules(document["rules"], shared=self.shared)
        self._rules = {rule.id: rule for rule in loaded}
        judged = {saved["id"] for saved in document["rules"] if saved.get("judged", True)}
        self._live = [rule for rule in loaded if rule.id in judged and rule.state(rule.added) != "spent"]
        self._added = document["added"]
        resume(self._chance, document["chance"])

    def _make_room(self, now: float) -> None:
        if len(self._rules) < MOST_RULES:
            return
        dead = next((rule for rule in self._rules.values() if rule.state(now) != "live"), None)
        if dead is None:
            raise BadRule([f"there are {MOST_RULES:,} live rules, and no more are taken: remove some"])
        self.remove(dead.id)
