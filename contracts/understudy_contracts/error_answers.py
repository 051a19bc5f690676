"""The literal answer that tells an error: status, media type and body, as they are on the wire.

What surrounds an error is data: `answers` in `<provider>/errors.json`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from .errors import ErrorCase, Words, documentation, forms, in_code
from .switches import switches

#: What stands where a value is told of that there is none of.
_NOTHING = object()

#: Where an error is told, by when it strikes; anything else is told in the answer to the request itself.
_PLACES = {"processing": "processing", "poll": "poll", "expiry": "poll"}


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """One answer on the wire."""

    status: int
    media_type: str
    #: A JSON document, or the text of a page.
    body: Any

    @property
    def content(self) -> bytes:
        """The bytes of the body."""
        return self.body.encode() if isinstance(self.body, str) else orjson.dumps(self.body)


def answer_of(
    case: ErrorCase,
    words: Mapping[str, Any] | None = None,
    *,
    place: str | None = None,
    switch_values: Mapping[str, str] | None = None,
) -> ErrorAnswer:
    """Write the answer that tells an error: `answer_of(catalogue("gmi")["requestNotFound"]).body`.

    `words` are the facts of a request, such as its `taskUUID`; what they lack is filled by `case.typical`. `place`
    is where it is told, by default where it strikes: `submit`, `poll`, `processing`, or `waiting` for whoever waits
    for a job that fails. `switch_values` settle what sources disagree on, by default as the emulator does.

    Raises `KeyError` for a place where this provider tells no errors.
    """
    if case.message.startswith("<"):
        # A gateway's page, or a storage's document: nothing of the provider's own around it.
        media_type = "application/xml" if case.message.startswith("<?xml") else "text/html"
        return ErrorAnswer(_status(case, switch_values), media_type, case.message)
    known = {**case.typical, **(words or {})}
    told = forms(case.provider)
    chosen = place or _PLACES.get(case.strikes, "submit")
    form = told["submit"] if chosen == "poll" and "poll" not in told else told[chosen]
    body = _filled(form.body, {**known, **_item(case, known)})
    return ErrorAnswer(form.status or _status(case, switch_values), "application/json", body)


def _status(case: ErrorCase, switch_values: Mapping[str, str] | None) -> int:
    if case.status_switch is not None:
        switch = switches(case.provider)[case.status_switch]
        return int((switch_values or {}).get(switch.name, switch.default))
    # Only what fails while processing has none, and that is told in a form that has one.
    assert case.status is not None
    return case.status


def _item(case: ErrorCase, known: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the error itself."""
    names = known.get("parameter", case.parameter) if case.parameter is None else case.parameter
    names = (names,) if isinstance(names, str) else tuple(names or ())
    first = names[0] if names else ""
    words = {"parameter": first, "parameters": " and ".join(f"'{name}'" for name in names), **known}
    # A parameter may be several; the text names the first.
    text = case.text({**words, "parameter": first or words.get("parameter", "")})
    item: dict[str, Any] = {
        "code": case.code.replace("{Parameter}", in_code(first)),
        "message": text.rstrip(),
        "parameter": _NOTHING if not names else first if len(names) == 1 else list(names),
        "documentation": _NOTHING,
        "$extra": _written(case.extra, Words(words)),
    }
    if names and (page := documentation(case, first)) is not None:
        item["documentation"] = page
    return item


def _written(value: Any, words: Words) -> Any:
    """The further fields of an error with their words put in; text that is one field takes the value as it is."""
    if isinstance(value, Mapping):
        return {key: _written(inner, words) for key, inner in value.items()}
    if not isinstance(value, str) or "{" not in value:
        return value
    alone = value.removeprefix("{").removesuffix("}")
    return words[alone] if value == f"{{{alone}}}" else value.format_map(words)


def _filled(form: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(form, str):
        return values.get(form[1:], _NOTHING) if form.startswith("$") else form
    if isinstance(form, Mapping):
        made: dict[str, Any] = {}
        for key, inner in form.items():
            if key == "$extra":
                made.update(values["$extra"])
            elif (value := _filled(inner, values)) is not _NOTHING:
                made[key] = value
        return made
    if isinstance(form, Sequence):
        return [_filled(inner, values) for inner in form]
    return form
