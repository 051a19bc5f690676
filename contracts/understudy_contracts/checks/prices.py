"""What something costs by the contract, as far as its request tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from understudy_contracts.models import Model
from understudy_contracts.shape import look_up

#: How far a script may be from the length that is counted from its letters. The worst of five printed examples is
#: 7 % off; a short script has pauses before and after, too.
_PART, _SECONDS = Decimal("0.15"), 1

_CENT_OF_A_CENT = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Bill:
    """A cost in US dollars, and how far from it one may be."""

    cost: Decimal
    slack: Decimal

    def allows(self, told: object) -> bool:
        """Whether an answer may say this."""
        amount = amount_of(told)
        if amount is None or (self.cost and amount <= 0):
            # However short it is, nothing is made for nothing.
            return False
        return abs(amount - self.cost) <= self.slack

    def __str__(self) -> str:
        return f"{self.cost}" if self.slack <= _CENT_OF_A_CENT else f"about {self.cost}"


def bill(model: Model, request: Mapping[str, Any]) -> Bill | None:
    """Tell what one result of a request costs; None where only a recording, or the provider, can tell.

    So it is, too, where the price itself is assumed, or the script in letters whose pace nobody has measured.
    """
    price, rule = model.price, model.duration
    if price.confidence == "assumed":
        return None
    if price.unit != "second":
        return Bill(price.cost(count=model.output.count_of(request)), _CENT_OF_A_CENT)
    seconds = rule.seconds(request)
    if rule.audio_sources(request):
        return None
    if is_told(model, request):
        return Bill(price.cost(seconds), _CENT_OF_A_CENT)
    said = "".join(filter(str.isalnum, "".join(one.text for one in rule.spoken(request))))
    if not said or not said.isascii():
        return None
    cost = price.cost(seconds)
    return Bill(cost, cost * _PART + price.cost(_SECONDS))


def is_told(model: Model, request: Mapping[str, Any]) -> bool:
    """Whether the request says how long it is to be, in seconds."""
    rule = model.duration
    if rule.asked_field is not None and look_up(request, rule.asked_field) is not None:
        return True
    silence = rule.silence
    return silence is not None and all(
        silence.when.holds(one) and look_up(one, silence.duration_field) is not None for one in rule.segments(request)
    )


def amount_of(value: object) -> Decimal | None:
    """Read an amount of money; None for what is none."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
