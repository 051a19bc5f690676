"""What a recorded conversation is made of, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, bodies parsed; `at` is any clock that only goes forward.

    `method` and `path` say what was asked where the body does not; the path may be a whole URL, with its query.
    `headers` are the answer's, where they were recorded; of an answer that is a file the body may be anything.
    """

    request: Any
    status: int
    body: Any
    at: float
    method: str = "POST"
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Webhook:
    """One body that a webhook address received."""

    body: Any
    at: float


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule, with the exchange or webhook that shows it."""

    rule: str
    message: str
    exchange: Exchange | Webhook
