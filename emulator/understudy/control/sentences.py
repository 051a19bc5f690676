"""What is wrong with what was asked, in sentences."""

from collections.abc import Mapping
from typing import Any

from understudy_contracts.schema import Violation


def told(violation: Violation) -> str:
    """What is wrong in a sentence."""
    where = ".".join(str(step) for step in violation.path)
    if (wanted := _wanted(violation)) is not None:
        return f"{where or 'The body'} must {wanted}."
    message = violation.message
    return f"{where}: {message}" if where and where not in message else message


def _wanted(violation: Violation) -> str | None:
    """What would have been right, to be read after "must", for rules whose names say nothing to a person."""
    choices = violation.schema.get(violation.rule)
    match violation.rule, choices:
        case "exclusiveMinimum", least:
            return f"be above {least:g}"
        case "not", {"const": value}:
            return f"not be {value}"
        case "oneOf", [*branches] if all([*branch] == ["required"] for branch in branches):
            return f"have either {' or '.join(' and '.join(branch['required']) for branch in branches)}"
        case "anyOf" | "oneOf", [*branches] if all("type" in branch for branch in branches):
            return f"be {' or '.join(map(_described, branches))}"
        case _:
            return None


def _described(schema: Mapping[str, Any]) -> str:
    bounds = [
        f"{word} {schema[name]:g}" for name, word in (("minimum", "from"), ("maximum", "up to")) if name in schema
    ]
    bounds += [f"of at most {schema['maxLength']} characters"] if "maxLength" in schema else []
    return " ".join(("a text" if schema["type"] == "string" else f"a {schema['type']}", *bounds))
