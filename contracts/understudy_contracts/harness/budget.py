"""What a run may spend, what it may have spent at worst, and what it has spent for certain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


class Exhausted(Exception):
    """The next request could cost more than there is left."""


@dataclass(slots=True)
class Budget:
    """US dollars. A request is paid for at its bound before it is sent, and at its cost once that is told."""

    #: None: as much as it takes, where nothing is real money.
    limit: Decimal | None
    #: What earlier parts of the same run have spent.
    before: Decimal = Decimal(0)
    #: The budget that this one is a part of, and that everything counts for, too.
    whole: Budget | None = None
    _held: dict[str, Decimal] = field(default_factory=dict)
    _spent: Decimal = Decimal(0)

    def part(self, before: Decimal = Decimal(0), held: Mapping[str, Decimal] | None = None) -> Budget:
        """Keep an account of its own within this budget, of what earlier parts of the same run have spent and held."""
        made = Budget(None, before, self, dict(held or {}))
        self._spent += before
        self._held.update(made._held)
        return made

    @property
    def spent(self) -> Decimal:
        """What was told to have been paid."""
        return self.before + self._spent

    @property
    def at_most(self) -> Decimal:
        """What was paid at worst: what was told, and the bound of everything that was not."""
        return self.spent + sum(self._held.values(), Decimal(0))

    @property
    def left(self) -> Decimal | None:
        """What can still be promised."""
        own = None if self.limit is None else self.limit - self.at_most
        others = None if self.whole is None else self.whole.left
        return others if own is None else own if others is None else min(own, others)

    @property
    def most(self) -> Decimal | None:
        """What may be spent of the whole."""
        return self.limit if self.whole is None else self.whole.most

    def holds(self, name: str) -> bool:
        """Whether something is set aside under a name."""
        return name in self._held

    def hold(self, name: str, bound: Decimal) -> None:
        """Set aside what a request can cost. Raises `Exhausted` and holds nothing where that is too much."""
        left = self.left
        if left is not None and bound > left:
            raise Exhausted(f"{name} can cost ${bound}, and ${left} of ${self.most} is left")
        self._add(name, bound)

    def settle(self, name: str, cost: Decimal) -> None:
        """Replace what was set aside by what it cost: nothing, for a request that was refused."""
        self._held.pop(name, None)
        self._spent += cost
        if self.whole is not None:
            self.whole.settle(name, cost)

    def _add(self, name: str, bound: Decimal) -> None:
        self._held[name] = self._held.get(name, Decimal(0)) + bound
        if self.whole is not None:
            self.whole._add(name, bound)
