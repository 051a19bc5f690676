"""What a rule looks like as JSON, and what it looks like once it is in a table: JSON Schema 2020-12."""

from typing import Any, Final

from .vocabulary import EFFECTS, FIELDS

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"

#: A rule as it is written. What goes together, and what a provider knows, is judged when it is added.
RULE_SCHEMA: Final[dict[str, Any]] = {
    "$schema": _DRAFT,
    "title": "Rule",
    "description": "Which requests something goes wrong with, when, and what. All that is said of a request "
    "must be so; of the effects there is at least one.",
    "type": "object",
    "properties": {name: {**field.form.schema(), "description": field.says} for name, field in FIELDS.items()},
    "anyOf": [{"required": [name]} for name in EFFECTS],
    "additionalProperties": False,
}

#: A rule with its record, as a table shows it.
SHOWN_SCHEMA: Final[dict[str, Any]] = {
    "$schema": _DRAFT,
    "title": "RuleRecord",
    "description": "A rule with what it did so far.",
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "What the rule is called."},
        "rule": {"type": "object", "description": "The rule as it was written; of an account, its id."},
        "operations": {
            "type": "array",
            "items": FIELDS["operation"].form.schema(),
            "description": "What a request must be for to be struck.",
        },
        "state": {
            "enum": ["live", "spent", "expired"],
            "description": "Whether it can still strike: `spent` after its last time, `expired` after its ttl.",
        },
        "why": {"type": ["string", "null"], "description": "What keeps the rule from striking, if anything does."},
        "matched": {"type": "integer", "minimum": 0, "description": "How many requests were what it is about."},
        "struck": {"type": "integer", "minimum": 0, "description": "How many of these it struck."},
        "added": {"type": "number", "description": "When it was added, in the emulator's unix seconds."},
        "expires": {"type": ["number", "null"], "description": "When it expires, in the emulator's unix seconds."},
    },
    "required": ["id", "rule", "operations", "state", "why", "matched", "struck", "added", "expires"],
    "additionalProperties": False,
}
