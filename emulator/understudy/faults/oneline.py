"""A rule on one line, as a header or a shell takes it: `timeoutProvider`, `delay=2, corrupt`, `gateway=503`."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from .problems import BadRule
from .reading import near
from .vocabulary import FIELDS, Choice, Number

#: A word, or a name with a value that is a JSON string or goes on to the next comma.
_PIECE = re.compile(r'\s*([^\s,="]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^",\s](?:[^,]*[^,\s])?)\s*)?(?:,|$)')

#: A number as JSON writes it, or nearly so; Python would read `1_0`, `nan` and digits of other scripts, too.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")

#: What can stand alone.
_BARE = re.compile(r"[\w.-]+")

#: Values that need not be written as JSON strings.
_PLAIN = re.compile(r'[^",\s](?:[^,\x00-\x1f]*[^,\s\x00-\x1f])?')


def parse_compact(text: str) -> dict[str, Any]:
    """The JSON of a rule written on one line; raises BadRule.

    A bare word is an effect that needs no value, such as `corrupt`, or else the id of an error. Everything else is
    `name=value`; a value with a comma in it is written as a JSON string.
    """
    document: dict[str, Any] = {}
    problems: list[str] = []
    at = 0
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None:
            problems.append(f"{text[at:].strip()!r:.100} is no effect: write name=value, or a word alone")
            break
        at = piece.end()
        word, value = piece[1].replace("-", "_"), piece[2]
        if value is None:
            is_flag = word in FIELDS and FIELDS[word].form.problem(True) is None
            name, found = (word, True) if is_flag else ("error", piece[1])
            if word in FIELDS and not is_flag:
                problems.append(f"{word} needs a value: {word}=…")
                continue
        elif word in FIELDS:
            name = word
            try:
                found = _value(word, value)
            except (ValueError, OverflowError):
                problems.append(f"{word}={value} cannot be read")
                continue
        else:
            problems.append(f"there is no {piece[1]!r:.100}{near(word, FIELDS)}")
            continue
        if name in document:
            problems.append(f"{name} is there twice")
        document[name] = found
    if not document and not problems:
        problems.append("it is empty: name an error, or an effect such as delay=2")
    if problems:
        raise BadRule(problems)
    return document


def compact(document: Mapping[str, Any]) -> str:
    """A rule on one line, so that `parse_compact` gives it back."""
    return ", ".join(_piece(name, value) for name, value in document.items())


def _value(name: str, written: str) -> Any:
    text = json.loads(written) if written.startswith('"') else written
    form = FIELDS[name].form
    if isinstance(form, Number):
        if not _NUMBER.fullmatch(text):
            raise ValueError(text)
        number = float(text)
        if number in (math.inf, -math.inf):
            raise OverflowError(text)
        return int(number) if form.whole and number == int(number) else number
    if isinstance(form, Choice):
        return next((value for value in form.values if _written(value) == text), text)
    return text


def _piece(name: str, value: Any) -> str:
    if value is True:
        return name
    if name == "error" and _BARE.fullmatch(value) and value.replace("-", "_") not in FIELDS:
        return str(value)
    text = _written(value)
    return f"{name}={text if _PLAIN.fullmatch(text) else json.dumps(text)}"


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
