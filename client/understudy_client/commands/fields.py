"""A request put together from options: dotted names, scripts from files, and settings of any field."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from understudy_client.json_body import encode

#: A part of a dotted name: `video_inputs[0]` is the first item of a list, `voice` a field.
_PART = re.compile(r"([^.\[\]]+)((?:\[\d+\])*)")


def fill(request: dict[str, Any], fields: Mapping[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Put fields that have a value into a request, and then the settings, each `KEY=VALUE`.

    Raises click.UsageError for a setting that fits nowhere.
    """
    for name, value in fields.items():
        if value is not None:
            put(request, name, value)
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not name or not equals:
            raise click.UsageError(f"--set wants KEY=VALUE, not {setting!r}")
        put(request, name, _value(text))
    return request


def put(request: dict[str, Any], name: str, value: Any) -> None:
    """Set one field by its dotted name, such as `speech.speed` or `video_inputs[0].voice.speed`.

    Raises click.UsageError when something on the way is not what the name takes it for.
    """
    keys = _keys(name)
    place: Any = request
    for key, following in zip(keys, [*keys[1:], None], strict=True):
        last = following is None
        inner = value if last else [] if isinstance(following, int) else {}
        place = _enter(place, key, inner, replace=last, name=name)


def _enter(place: Any, key: str | int, inner: Any, *, replace: bool, name: str) -> Any:
    if isinstance(place, dict) and isinstance(key, str):
        if replace:
            place[key] = inner
        return place.setdefault(key, inner)
    if isinstance(place, list) and isinstance(key, int) and key <= len(place):
        place[key : key + replace] = [inner] if replace or key == len(place) else []
        return place[key]
    raise click.UsageError(f"{name} cannot be set: there is no place for {key!r} in {json.dumps(place)[:40]}")


def _keys(name: str) -> list[str | int]:
    keys: list[str | int] = []
    for part in name.split("."):
        found = _PART.fullmatch(part)
        if found is None:
            raise click.UsageError(f"{name!r} is no name of a field")
        keys += [found[1], *(int(number) for number in re.findall(r"\d+", found[2]))]
    return keys


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    try:
        # Python reads NaN, Infinity and 1e999 although no JSON has such numbers, and they would be sent as null.
        json.dumps(value, allow_nan=False)
        encode(value)
    except (TypeError, ValueError) as error:
        raise click.UsageError(f"--set cannot send {text[:40]!r} as JSON; as text it wants quotes: {error}") from error
    return value


def script(text: str | None) -> str | None:
    """Read a script: text as it is, `@FILE` from a file, `@-` from stdin. Raises click.UsageError."""
    if text is None or not text.startswith("@"):
        return text
    try:
        return (sys.stdin.read() if text == "@-" else Path(text[1:]).read_text("utf-8")).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"a script cannot be read: {error}") from error
