"""The shapes of what is asked and answered, as JSON Schemas with a name each."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from understudy.faults import RULE_SCHEMA, SHOWN_SCHEMA
from understudy.limits import LIMITS_SCHEMA

Schema: TypeAlias = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
#: Numbers of things stay within what JSON carries without loss.
COUNT: Schema = {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}
USD: Schema = {"type": "number", "description": "US dollars."}
UNIX: Schema = {"type": "number", "description": "Emulator time, in unix seconds."}
ISO: Schema = {"type": "string", "format": "date-time", "description": "Emulator time, in UTC."}
ACCOUNT: Schema = {
    "type": ["string", "null"],
    "description": "The account's id, made from its key and safe to show; null for the whole server.",
}
OFFSET: Schema = {
    "type": "number",
    "description": "Seconds the account is ahead of the server's clock; below 0 after an older snapshot was restored.",
}
MOMENT: Schema = {
    "description": "A moment: unix seconds, or ISO 8601, taken as UTC if it names no zone.",
    "anyOf": [{"type": "number", "minimum": 0, "maximum": 253402300799}, {"type": "string", "maxLength": 40}],
}


def shape(
    required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None, *, description: str = "", **more: Any
) -> Schema:
    """An object with these properties and no others, unless `additionalProperties` says so."""
    schema: dict[str, Any] = {"type": "object", "properties": {**required, **(optional or {})}}
    if required:
        schema["required"] = [*required]
    if description:
        schema["description"] = description
    return {**schema, "additionalProperties": False, **more}


def listed(items: Schema) -> Schema:
    """A list of these."""
    return {"type": "array", "items": items}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _within(schema: Schema) -> Schema:
    """A schema as part of a document that says once which draft it is."""
    return {name: value for name, value in schema.items() if name != "$schema"}


_HAPPENING = shape(
    {
        "at": UNIX,
        "kind": {
            **TEXT,
            "description": "What: `result.succeeded`, `webhook.delivered`, `finetune.available`, `model.ready`, "
            "`connection.closed` and the like.",
        },
    },
    {"account": ACCOUNT},
    description="One thing that happened as time moved.",
    additionalProperties=True,
)

_EXCHANGE = shape(
    {
        "number": COUNT,
        "request": shape({"method": TEXT, "target": TEXT}, additionalProperties=True),
        "faults": {"description": "The names of what struck it.", **listed(TEXT)},
    },
    description="A request and what it was answered; secrets are taken out.",
    additionalProperties=True,
)

_DELIVERY = shape(
    {
        "id": TEXT,
        "kind": {"enum": ["webhook", "upload"]},
        "job": TEXT,
        "result": TEXT,
        "url": TEXT,
        "state": TEXT,
        "attempts": listed(
            shape(
                {
                    "at": UNIX,
                    "seconds": {"type": "number", "description": "Real seconds it took."},
                    "status": {"type": ["integer", "null"]},
                    "problem": {"type": ["string", "null"]},
                },
                additionalProperties=True,
            )
        ),
    },
    description="A webhook or an upload, with every attempt.",
    additionalProperties=True,
)

_ENTRY = shape(
    {
        "id": COUNT,
        "at": UNIX,
        "kind": TEXT,
        "amount": {**USD, "description": "Its effect on what can still be spent, in US dollars."},
        "job": {"type": ["string", "null"]},
        "result": {"type": ["string", "null"]},
        "why": {"type": ["string", "null"], "description": "What a credit or a debit was said to be for."},
    },
    description="An entry of the ledger; entries are never changed.",
)

_ACCOUNT = shape(
    {
        "id": TEXT,
        "now": UNIX,
        "offset": OFFSET,
        "balance": USD,
        "available": {**USD, "description": "What can still be spent, in US dollars."},
        "limits": _ref("Limits"),
        "jobs": {"type": "object", "additionalProperties": COUNT, "description": "How many, by provider."},
        "faults": {**COUNT, "description": "How many rules it has of its own."},
        "webhooks": {**COUNT, "description": "How many webhooks and uploads are on record."},
        "exchanges": {**COUNT, "description": "How many are in its journal."},
    },
    {"key": {**TEXT, "description": "The API key, told once, to who had it made."}},
    description="An account: one API key's own world.",
)

_CLOCK = shape(
    {
        "now": UNIX,
        "iso": ISO,
        "rate": {"type": "number", "minimum": 0, "description": "Emulator seconds a real second; 0 when it is still."},
        "still": {"type": "boolean", "description": "Whether time moves by an advance only."},
        "offset": OFFSET,
        "account": ACCOUNT,
    },
    description="What time it is, and how it moves.",
)

#: Every named schema.
SCHEMAS: Mapping[str, Schema] = {
    "Error": shape(
        {"error": {**TEXT, "description": "What is wrong and what to do, in a sentence."}},
        {"problems": {**listed(TEXT), "minItems": 1, "description": "Everything that is wrong, one by one."}},
        description="Why a request was refused.",
    ),
    "Health": shape({"status": {"const": "ok"}, "version": TEXT}),
    "Clock": _CLOCK,
    "Moved": shape({**_CLOCK["properties"], "happenings": listed(_ref("Happening")), "left_out": COUNT}),
    "Happening": _HAPPENING,
    "Waited": shape(
        {"done": {"type": "boolean", "description": "Whether everything asked for is so by now."}, "now": UNIX}
    ),
    "Account": _ACCOUNT,
    "Limits": LIMITS_SCHEMA,
    "Rule": _within(RULE_SCHEMA),
    "RuleRecord": _within(SHOWN_SCHEMA),
    "Delivery": _DELIVERY,
    "Entry": _ENTRY,
    "Ledger": shape(
        {"balance": USD, "available": USD, "entries": listed(_ref("Entry"))},
        {"next": {**COUNT, "description": "What to ask for as `after`; absent when this was all."}},
        description="An account's money.",
    ),
    "Exchange": _EXCHANGE,
    "ErrorCase": shape(
        {"id": TEXT, "provider": TEXT, "status": {"type": ["integer", "null"]}, "when": TEXT, "confidence": TEXT},
        description="An error that a provider can answer, and what is known about it.",
        additionalProperties=True,
    ),
    "Snapshot": shape(
        {"format": TEXT, "version": {}},
        description="An account as one document. Its key is not in it; "
        "the addresses of its webhooks are, with whatever secrets they carry.",
        additionalProperties=True,
    ),
}
