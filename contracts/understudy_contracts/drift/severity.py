"""How bad a difference is: whether clients break on it, may, or never see it."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from .change import Change, Severity

#: Whether a schema is about what clients send, or about what they get.
Direction: TypeAlias = Literal["request", "answer"]

Rated: TypeAlias = tuple[Severity, str]

#: Bounds of which the lower value allows less.
_UPPER = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})
_LOWER = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})


def rated(change: Change, direction: Direction) -> Rated:
    """Tell how bad a change is from ours to theirs, and why."""
    return _of_request(change) if direction == "request" else _of_answer(change)


def of_status(status: int) -> Rated:
    """Tell how bad it is that a status comes which nobody declared."""
    if status >= 500:
        return "risky", "it may be a passing trouble"
    return "breaking", "no client has a branch for it"


def _of_request(change: Change) -> Rated:
    match change.kind:
        case "added" if change.keyword in ("anyOf", "oneOf"):
            return "harmless", "one more form is taken, and every request of today still is"
        case "added" if change.required:
            return "breaking", "requests without it are refused from now on"
        case "added":
            return "harmless", "it need not be sent"
        case "removed":
            return "breaking", "who sends it is refused, or not heard"
        case "became-required":
            return "breaking", "requests without it are refused from now on"
        case "became-optional":
            return "harmless", "who sends it is still heard"
        case "new-enum-value":
            return "risky", "one value more can be asked for, and nothing here knows what it does"
        case "missing-enum-value":
            return "breaking", "requests with this value are refused from now on"
        case "changed-type":
            return _types(change, wider=("harmless", "more is taken, and every request of today still is"))
        case "changed-bound":
            if _narrower(change) is False:
                return "harmless", "more is taken, and every request of today still is"
            return "breaking", "requests that were within the bound are refused from now on"
        case "changed-default":
            return "risky", "requests that leave it out mean something else from now on"
        case _:
            return "risky", "requests that were taken may be refused"


def _of_answer(change: Change) -> Rated:
    match change.kind:
        case "added" if change.keyword in ("anyOf", "oneOf"):
            return "risky", "an answer may have a form that no client has read yet"
        case "added":
            return "harmless", "who does not know it need not read it"
        case "removed" if change.required:
            return "breaking", "clients read it without looking whether it is there"
        case "removed":
            return "risky", "it could always be missing, and now it is never there"
        case "became-optional":
            return "breaking", "clients read it without looking whether it is there"
        case "became-required":
            return "harmless", "it is always there from now on"
        case "new-enum-value":
            return "risky", "a client that knows all values meets one that it does not"
        case "missing-enum-value":
            return "harmless", "a value that clients know does not come any more"
        case "changed-type":
            return _types(change, narrower=("harmless", "what comes is something that could always come"))
        case "changed-bound":
            if _narrower(change) is True:
                return "harmless", "what comes is within what was promised"
            return "risky", "a value may be outside of what was promised"
        case "changed-default":
            return "harmless", "an answer says what it says, whatever its default"
        case _:
            return "risky", "an answer may be put together in a way that was ruled out"


def _types(change: Change, wider: Rated | None = None, narrower: Rated | None = None) -> Rated:
    ours, theirs = _allowed(change.ours), _allowed(change.theirs)
    if wider is not None and ours < theirs:
        return wider
    if narrower is not None and theirs < ours:
        return narrower
    return "breaking", "it is decoded as another type"


def _allowed(types: Any) -> frozenset[str]:
    """Whatever may come: everything where nothing is said; a whole number is a number."""
    everything = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
    if not types:
        return everything
    named = frozenset(types)
    return named | {"integer"} if "number" in named else named


def _narrower(change: Change) -> bool | None:
    """Whether theirs allows less than ours; None where that is not to be told."""
    if change.ours is None or change.theirs is None:
        return change.ours is None
    try:
        if change.keyword in _UPPER:
            return bool(change.theirs < change.ours)
        if change.keyword in _LOWER:
            return bool(change.theirs > change.ours)
    except TypeError:
        pass
    return None
