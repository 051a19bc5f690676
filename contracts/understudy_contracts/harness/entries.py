"""The lines of a recording: how an exchange is written down as JSON, and read again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args, get_origin, get_type_hints

from understudy_contracts import PROVIDERS
from understudy_contracts.checks.exchange import Exchange, Webhook

#: The number of this form; a reader refuses any other.
FORMAT = 1

#: What a line can be: a run that begins or goes on; an exchange; a webhook; a probe that begins; what a request may
#: cost and which jobs it may begin, before it is sent; what it did cost; a probe that has ended.
Kind: TypeAlias = Literal["run", "exchange", "webhook", "begun", "held", "settled", "done"]

_MAPPINGS = frozenset({"headers", "sent"})

#: One half of an exchange; empty for both.
Half: TypeAlias = Literal["", "request", "answer"]

_NONE: Mapping[str, Any] = MappingProxyType({})


class RecordingError(Exception):
    """A recording cannot be read or written; the message says which one, and why."""


@dataclass(frozen=True, slots=True)
class Media:
    """A file that was answered."""

    sha256: str
    size: int
    type: str = ""
    #: Its name below `media/`; empty where it was not kept.
    file: str = ""
    #: Why it was not kept.
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One exchange or webhook of a recording, with what is known about it."""

    told: Exchange | Webhook
    #: What was known when it was recorded: `probe`, `expected`, `cost`, or anything else that JSON can say.
    label: Mapping[str, Any] = field(default_factory=lambda: _NONE)
    #: The answer, where it was a file; of one that was not kept, `told.content` is empty.
    media: Media | None = None
    #: Where it is printed, and how sure that is, where it is an example of a page.
    source: str = ""
    confidence: str = "observed"
    #: What alone is there of it, where one half is missing.
    partial: Half = ""
    #: What no source prints and the contract has in its place, in words.
    filled: tuple[str, ...] = ()

    @property
    def probe(self) -> str:
        """The probe that it is of; empty where it is of none."""
        return str(self.label.get("probe") or "")


def exchange_line(exchange: Exchange, label: Mapping[str, Any], media: Media | None) -> dict[str, Any]:
    """Write an exchange down."""
    row: dict[str, Any] = {"kind": "exchange", **_filled(exchange), "label": dict(label)}
    row.pop("content", None)
    if media is not None:
        row["media"] = _filled(media)
    return row


def webhook_line(webhook: Webhook, label: Mapping[str, Any]) -> dict[str, Any]:
    """Write a webhook down."""
    return {"kind": "webhook", **_filled(webhook), "label": dict(label)}


def written(line: Mapping[str, Any]) -> bytes:
    """A line as bytes, with the end that tells that it is whole."""
    return json.dumps(line, ensure_ascii=True, separators=(",", ":"), default=str).encode() + b"\n"


def read_line(content: bytes) -> dict[str, Any]:
    """Read a line. Raises `ValueError`."""
    try:
        row = json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(row, dict) or "kind" not in row:
        raise ValueError("it is no object with a kind")
    return row


def sound(kind: Any, values: Mapping[str, Any]) -> None:
    """Raise `ValueError` for a value that a field of such a thing cannot have, as far as its type tells."""
    hints = _hints(kind)
    for name, value in values.items():
        hint = hints.get(name, Any)
        if get_origin(hint) is Literal:
            fine = value in get_args(hint)
        elif get_args(hint) == (str, str):
            fine = isinstance(value, Mapping) and all(isinstance(one, str) for one in value.values())
        else:
            plain = get_origin(hint) or hint
            fine = plain is Any or isinstance(value, (int, float) if plain is float else plain)
        if not fine:
            raise ValueError(f"{name} cannot be {value!r}")


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)


def entry_of(row: Mapping[str, Any], later: float, content: Callable[[Media], bytes]) -> Entry:
    """Take an exchange or a webhook from its line; its time is `later` seconds later. Raises `ValueError`."""
    kind = Exchange if row["kind"] == "exchange" else Webhook
    known = {one.name for one in fields(kind)}
    values = {name: value for name, value in row.items() if name in known}
    try:
        media = Media(**row["media"]) if "media" in row else None
        if media is not None:
            sound(Media, row["media"])
        sound(kind, values)
        if values.get("provider", "") not in ("", *PROVIDERS):
            raise ValueError(f"there is no provider {values['provider']!r}")
        label = row.get("label", {})
        if not isinstance(label, Mapping):
            raise TypeError("its label is no object")
        values["at"] = values["at"] + later
        if media is not None:
            values["content"] = content(media)
        return Entry(kind(**values), label, media)
    except (KeyError, TypeError) as problem:
        raise ValueError(f"it is no {row['kind']}: {problem}") from None


def _filled(thing: Any) -> dict[str, Any]:
    """The fields that do not say what they say anyway."""
    said = ((one.name, getattr(thing, one.name), one.default) for one in fields(thing))
    return {name: dict(value) if name in _MAPPINGS else value for name, value, default in said if value is not default}
