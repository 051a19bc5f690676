"""What a recorded conversation is made of, and what can be wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

Transport: TypeAlias = Literal["http", "websocket"]

_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, bodies parsed."""

    #: The request's body; None where there was none.
    request: Any
    status: int
    #: The answer's body; None where it is no JSON.
    body: Any
    #: When it was answered, in seconds of any clock that only goes forward.
    at: float
    method: str = "POST"
    #: A path, or a whole URL with its query. With `method` it says what was asked where the body does not.
    path: str = ""
    #: The answer's headers, where they were recorded: names in lower case.
    headers: Mapping[str, str] = field(default_factory=lambda: _NONE)
    #: Whose part the other side spoke: `runware`, `gmi`, `segmind` or `heygen`.
    provider: str = ""
    #: Its name in `contract(provider).operations`, where it is known.
    operation: str = ""
    transport: Transport = "http"
    #: The request's headers: names in lower case. Keys have no place in a recording.
    sent: Mapping[str, str] = field(default_factory=lambda: _NONE)
    #: The answer's bytes, where it is no JSON: a file, a page.
    content: bytes = b""
    #: How long the answer took, by the machine's clock.
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Webhook:
    """One body that a webhook address received."""

    body: Any
    at: float
    #: Who sent it; "" where the conversation it belongs to tells.
    provider: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: _NONE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule, with the exchange or webhook that shows it."""

    #: The name of the check, such as `runware.only-forward`.
    rule: str
    message: str
    exchange: Exchange | Webhook
