"""What somebody said, read without trusting them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

#: How deep an answer may be nested.
_DEEPEST = 64


def members(told: Any) -> Mapping[str, Any]:
    """The members of a JSON object; none of anything else."""
    return told if isinstance(told, Mapping) else {}


def parsed(content: bytes) -> Any:
    """What JSON says; None where it is none, or so deeply nested that nobody could go through it."""
    try:
        told = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    return None if content.count(b"[") + content.count(b"{") > _DEEPEST and _too_deep(told) else told


def _too_deep(told: Any) -> bool:
    level, depth = [told], 0
    while level and depth <= _DEEPEST:
        inner = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level, depth = [value for values in inner for value in values], depth + 1
    return bool(level)
