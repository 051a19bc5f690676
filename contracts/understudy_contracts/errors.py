"""Every way a provider is known to refuse or to fail, with its literal wire form.

The rows are data: `<provider>/errors.json`. What each field means is told here, on `ErrorCase`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import orjson

from .data import ContractError, folder, read
from .schema import Violation

_NO_WORDS: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ErrorCase:
    """One thing a provider can answer when it does not do what was asked."""

    #: Names the case within its provider; the code, unless several cases share one.
    id: str
    provider: str
    #: The code on the wire, empty where there is none. A family writes the parameter's name into it:
    #: `invalid{Parameter}`.
    code: str
    #: validation, auth, quota, rate_limit, safety, timeout, not_found, server, provider or unknown.
    kind: str
    #: HTTP status; None where the failure is told inside an ordinary answer. Of a failure while processing, the
    #: status of the answer that tells it.
    status: int | None
    #: The text on the wire; may hold fields such as `{parameter}` or `{expectation}`.
    message: str
    #: The dotted name it complains about, or several, or None.
    parameter: str | tuple[str, ...] | None
    #: `submit`: in the answer to the request itself. `upstream`: there too, and a failed job is left behind.
    #: `processing`: the job fails later. `poll`: the job is accepted, and asking for it is refused from the first
    #: time on; `expiry`: once it has finished. `transport`: a gateway answers.
    strikes: str
    #: When it happens.
    when: str
    #: Whether the same request may succeed later.
    retryable: bool
    #: Whether what it answers is paid for all the same. A refused poll (`poll`, `expiry`) says nothing of its job,
    #: which goes on and is paid as any.
    billed: bool
    sources: tuple[str, ...]
    #: documented, observed, inferred or assumed.
    confidence: str
    #: Other fields on the wire; their text may hold fields as `message` does, and text that is nothing but a
    #: field, such as `{limit}`, stands for the value itself, whatever its type.
    extra: Mapping[str, Any] = field(default_factory=dict)
    #: Fields of this row that no source states, although the case itself is sourced.
    assumed: tuple[str, ...] = ()
    #: Objects that the message holds as JSON text, by the field they stand for. Their text may hold fields too.
    nested: Mapping[str, Any] = field(default_factory=dict)
    #: What fills the fields where no request gives them a value, as for an error asked for by its name: examples,
    #: no claims about the provider.
    typical: Mapping[str, Any] = field(default_factory=dict)
    #: The switch whose value goes before `status`, where sources disagree on it.
    status_switch: str | None = None

    def text(self, words: Mapping[str, object] = _NO_WORDS) -> str:
        """Write the message whole, with every field filled in; one that `words` lacks is left out.

        Something that is not text is written as Python would.
        """
        known = Words(words)
        inner = {name: orjson.dumps(_filled(body, known)).decode() for name, body in self.nested.items()}
        return self.message.format_map(Words({**words, **inner}))


@dataclass(frozen=True, slots=True)
class Kind:
    """One class of codes in a provider's vocabulary."""

    name: str
    codes: frozenset[str]
    patterns: tuple[re.Pattern[str], ...]
    retryable: bool

    def has(self, code: str) -> bool:
        """Tell whether a code belongs to this class."""
        return code in self.codes or any(pattern.search(code) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Reason:
    """What a provider says of a parameter that breaks a rule of its contract."""

    #: May hold the fields `{allowed}` and `{value}`.
    text: str
    source: str
    confidence: str


@cache
def catalogue(provider: str) -> Mapping[str, ErrorCase]:
    """List the errors of a provider by id, in the order of its file. Raises `ContractError`."""
    rows = _file(provider)["cases"]
    return MappingProxyType({row["id"]: _case(provider, row) for row in rows})


@dataclass(frozen=True, slots=True)
class Form:
    """What a provider tells an error in."""

    #: The document, in which text such as `$message` stands for a value and a key `$extra` for further fields.
    body: Mapping[str, Any]
    #: Where it is not the error's own.
    status: int | None
    source: str
    confidence: str


@cache
def forms(provider: str) -> Mapping[str, Form]:
    """List what a provider tells errors in, by where it does: `submit`, `poll`, `processing` or `waiting`.

    Empty for a provider whose file does not say. Raises `ContractError`.
    """
    rows = _file(provider).get("answers", {})
    return MappingProxyType(
        {place: Form(row["body"], row.get("status"), row["source"], row["confidence"]) for place, row in rows.items()}
    )


def in_code(parameter: str) -> str:
    """Write a parameter as a code has it: `speech.speed` as in `invalidSpeechSpeed`."""
    return "".join(part[:1].upper() + part[1:] for part in parameter.split("."))


def documentation(case: ErrorCase, parameter: str) -> str | None:
    """Say which page an error points to that names a parameter; None for none. Raises `ContractError`."""
    row = _file(case.provider).get("documentation")
    if row is None or case.kind in row["except"]:
        return None
    return str(row["url"].format(parameter=quote(parameter.replace(".", "-"), errors="replace")))


@cache
def kinds(provider: str) -> tuple[Kind, ...]:
    """List the classes of a provider's codes; the first that has a code wins. Raises `ContractError`."""
    return tuple(
        Kind(row["kind"], frozenset(row["codes"]), tuple(map(re.compile, row["patterns"])), row["retryable"])
        for row in _file(provider)["kinds"]
    )


@cache
def reasons(provider: str) -> Mapping[str, Reason]:
    """List what a provider says of each broken rule, by the rule's name in `Violation.rule`.

    `other` speaks for every rule that has no reason of its own. Empty where a provider says nothing of the kind.
    Raises `ContractError`.
    """
    rows = _file(provider).get("reasons", {})
    return MappingProxyType({rule: Reason(**row) for rule, row in rows.items()})


def refusal_of(provider: str, violation: Violation) -> ErrorCase:
    """Tell which error of its catalogue a provider refuses a broken rule with.

    A rule between parameters names its error itself. For a keyword the provider's table has it: by the rule and
    the `format` of what was broken, such as `pattern:uri`, else by the rule, else under `*`. Raises
    `ContractError` for a provider whose file has no such table.
    """
    named = violation.schema.get("x-rule", {}).get("error")
    if named is None:
        table = _refusals(provider)
        keys = (f"{violation.rule}:{violation.schema.get('format')}", violation.rule, "*")
        named = next(table[key] for key in keys if key in table)
    return catalogue(provider)[named]


@cache
def _refusals(provider: str) -> Mapping[str, str]:
    table: Mapping[str, str] | None = _file(provider).get("refusals")
    if table is None:
        raise ContractError(f"errors.json: {provider} has no table of refusals")
    return table


@cache
def _classes(provider: str) -> tuple[tuple[int | None, re.Pattern[str], str], ...]:
    rows = _file(provider).get("classes", ())
    return tuple((row["status"], re.compile(row["pattern"], re.IGNORECASE), row["kind"]) for row in rows)


def classify(provider: str, status: int | None, message: str) -> str:
    """Classify an error by its HTTP status and its text, where a provider's wire has no codes.

    `status` is None for a failure told inside an ordinary answer. The first row of the provider's list that fits
    decides, a row without a status fits every one; `unknown` when none does. Raises `ContractError`.
    """
    fitting = (
        kind for wanted, pattern, kind in _classes(provider) if wanted in (None, status) and pattern.search(message)
    )
    return next(fitting, "unknown")


@cache
def _kinds_by_code(provider: str) -> Mapping[str, str]:
    # The first row of a code speaks for it.
    return {case.code: case.kind for case in reversed(list(catalogue(provider).values())) if case.code}


def kind_of(provider: str, code: str) -> str:
    """Classify any code a provider may send, also one never seen.

    A row of the catalogue decides; without one, the vocabulary of the provider's own SDK does. Raises
    `ContractError` for a provider there is no contract for.
    """
    known = _kinds_by_code(provider).get(code)
    return known or next((kind.name for kind in kinds(provider) if kind.has(code)), "unknown")


@cache
def _file(provider: str) -> Mapping[str, Any]:
    return read(folder(provider).joinpath("errors.json"), "errors")


def _case(provider: str, row: Mapping[str, Any]) -> ErrorCase:
    parameter = row["parameter"]
    return ErrorCase(
        id=row["id"],
        provider=provider,
        code=row["code"],
        kind=row["kind"],
        status=row["status"],
        message=row["message"],
        parameter=tuple(parameter) if isinstance(parameter, list) else parameter,
        strikes=row["strikes"],
        when=row["when"],
        retryable=row["retryable"],
        billed=row["billed"],
        sources=tuple(row["sources"]),
        confidence=row["confidence"],
        extra=MappingProxyType(row["extra"]),
        assumed=tuple(row["assumed"]),
        nested=row.get("nested", {}),
        typical=MappingProxyType({**_file(provider).get("typical", {}), **row.get("typical", {})}),
        status_switch=row.get("status_switch"),
    )


class Words(dict[str, object]):
    """What a message is filled with; a field nobody fills is left out rather than failing an error answer."""

    def __missing__(self, key: str) -> str:
        return ""


def _filled(body: Any, words: Words) -> Any:
    if isinstance(body, str):
        return body.format_map(words)
    return {key: _filled(value, words) for key, value in body.items()}
