"""Why GMI says no, in any of the forms it says so: error bodies, and records that failed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .errors import Problem
from .flow import Answer
from .json_body import decode, text_of

_PARAMETERS = re.compile(r"^invalid payload parameters: (.*)$", re.DOTALL)
_PARAMETER = re.compile(r"(?:^|[,;]\s*)([\w.\[\]-]+) \(")


def problems(answer: Answer) -> tuple[Problem, ...]:
    """Read an error body: `{"error": text or object}`, or the `message` or `detail` of some; none of a page."""
    body = decode(answer)
    found = None if body is None else _problem(body, ("error", "message", "detail"))
    return () if found is None else (found,)


def failure(body: Mapping[str, Any]) -> Problem:
    """Read why a record failed: `outcome.error` as text or object, the record's own `error`, or what some
    clients have seen instead, `message` and `reason`."""
    outcome = body.get("outcome")
    places = [outcome] if isinstance(outcome, Mapping) else []
    for place in (*places, body):
        found = _problem(place, ("error", "message", "reason"))
        if found is not None:
            return found
    return Problem("", "the provider gave no reason", raw=body)


def _problem(place: Mapping[str, Any], names: tuple[str, ...]) -> Problem | None:
    for name in names:
        told = place.get(name)
        inner: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
        text = text_of(told) or text_of(inner.get("message"))
        code = str(inner.get("code") or inner.get("status") or "")
        if text or code:
            listed = _PARAMETERS.match(text)
            return Problem(
                code=code,
                message=text or code,
                parameters=tuple(_PARAMETER.findall(listed[1])) if listed else (),
                task=text_of(place.get("request_id")) or None,
                raw=place,
            )
    return None
