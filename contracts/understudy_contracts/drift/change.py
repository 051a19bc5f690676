"""One place where two sides do not say the same."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

#: What can be different, seen from the contract: `added` is what only the other side has.
Kind: TypeAlias = Literal[
    "added", "removed", "became-required", "became-optional", "changed-type", "new-enum-value", "missing-enum-value",
    "changed-bound", "changed-default", "changed-rule", "changed-price", "new-status", "changed-status",
    "new-media-type", "changed-text", "new-error-code",
]  # fmt: skip

Severity: TypeAlias = Literal["breaking", "risky", "harmless"]

#: From the worst to the least.
SEVERITIES: tuple[Severity, ...] = ("breaking", "risky", "harmless")

#: What stands where one side has nothing.
NOTHING = "nothing"

#: How much of a value is shown.
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between a schema of ours and another's."""

    kind: Kind
    #: The value that it is about, as a JSON pointer; `*` is any item of a list and any name of a map.
    pointer: str
    ours: Any
    theirs: Any
    #: The keyword that says it, such as `maximum`.
    keyword: str = ""
    #: Whether it is about something that ours demands.
    required: bool = False


def pointer(steps: tuple[str | int, ...]) -> str:
    """Write a path as a JSON pointer, with `*` for every number of a list."""
    return "".join(f"/{_escaped(step)}" for step in steps)


def _escaped(step: str | int) -> str:
    return "*" if isinstance(step, int) else step.replace("~", "~0").replace("/", "~1")


def shown(value: Any) -> str:
    """A value as JSON, shortened; text that is a name stands bare."""
    if isinstance(value, str) and value.isidentifier():
        return value
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
