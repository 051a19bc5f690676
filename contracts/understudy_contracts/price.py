"""What a model costs: so much a second, an image or a request."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

Unit = Literal["second", "image", "request"]

_TO_FOUR_PLACES = Decimal("0.0001")
_TO_THE_MICRO = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit of a model's work costs, in US dollars."""

    usd: Decimal
    unit: Unit
    source: str
    confidence: str

    @property
    def micros(self) -> int:
        """The price of one unit in micro-dollars, as GMI's `price_info.price` has it."""
        return int((self.usd * 1_000_000).to_integral_value(ROUND_HALF_UP))

    @property
    def usd_per_second(self) -> Decimal:
        """What one more second costs: nothing, where seconds are not what is paid for."""
        return self.usd if self.unit == "second" else Decimal(0)

    def cost(self, seconds: float = 0.0, count: int = 1) -> Decimal:
        """Price what was made: US dollars.

        By the second, one file of this length, to four places as Runware prints them; by the image, `count` of
        them, to the micro-dollar; by the request, always the same.
        """
        match self.unit:
            case "second":
                return (Decimal(str(seconds)) * self.usd).quantize(_TO_FOUR_PLACES, ROUND_HALF_UP)
            case "image":
                return (count * self.usd).quantize(_TO_THE_MICRO, ROUND_HALF_UP)
            case "request":
                return self.usd.quantize(_TO_THE_MICRO, ROUND_HALF_UP)
