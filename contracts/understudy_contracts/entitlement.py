"""What only some accounts may ask of a model, and how often anybody may ask at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .schema import Judge


@dataclass(frozen=True)
class Entitlement:
    """What a request looks like that needs an entitlement, and the switch that grants it."""

    switch: str
    value: str
    #: A plain JSON Schema; a request that satisfies it needs the entitlement.
    schema: Mapping[str, Any]
    why: str
    source: str
    confidence: str

    @cached_property
    def _judge(self) -> Judge:
        return Judge(self.schema)

    def lacks(self, request: Mapping[str, Any], switch_values: Mapping[str, str]) -> bool:
        """Tell whether a request needs the entitlement without having it."""
        return switch_values.get(self.switch) != self.value and self._judge.accepts(request)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many requests for a model are taken in an interval."""

    #: As the provider names it, such as `RPM`.
    limit_type: str
    limit: int
    interval_seconds: float
    source: str
    confidence: str
