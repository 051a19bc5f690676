"""JSON bodies: written from what callers hold, and told from those that broke off."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

from .errors import InvalidAnswer
from .flow import Answer


def encode(value: Any) -> bytes:
    """Write a body; money and any kind of mapping are welcome in it."""
    return orjson.dumps(value, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")


def is_whole(answer: Answer) -> bool:
    """Say whether a body is complete: JSON that is cut short is no JSON, and a gateway's page was never any."""
    if answer.status == 204 or answer.body.lstrip().startswith(b"<"):
        return True
    try:
        orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return False
    return True


def decode(answer: Answer) -> Mapping[str, Any] | None:
    """Read a body that should be a JSON object; None when it is none."""
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, Mapping) else None


def foreign(provider: str, answer: Answer) -> InvalidAnswer:
    """Make the error for a body that is not what the provider sends."""
    start = answer.body[:80].decode("utf-8", "replace")
    return InvalidAnswer(
        f"HTTP {answer.status} with a body that is not {provider}'s: {start!r}",
        provider=provider.lower(),
        status=answer.status,
        response=answer,
    )


def text_of(value: Any) -> str:
    """Take a text as it is, and anything else for none."""
    return value if isinstance(value, str) else ""
