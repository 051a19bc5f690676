"""What the contract says is answered, and in what an answer falls short of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import orjson

from understudy_contracts.checks.exchange import Exchange
from understudy_contracts.documents import Site
from understudy_contracts.documents.told import error_answer
from understudy_contracts.error_answers import ErrorAnswer
from understudy_contracts.errors import ErrorCase, in_code, reasons, refusal_of
from understudy_contracts.operations import Answer, Operation
from understudy_contracts.provider import contract
from understudy_contracts.schema import Violation

_FIELD = re.compile(r"\{\w*\}")

#: The name of a model at Runware.
_AIR = re.compile(r"[^\s:@]+:[^\s:@]+@[^\s:@]+")


def tells(exchange: Exchange, operation: Operation, case: ErrorCase, switches: Mapping[str, str]) -> str:
    """Say in what an answer falls short of telling an error as the catalogue has it; empty where it does not."""
    wanted = _wanted(operation.provider, operation.name, case.id, tuple(sorted(switches.items())))
    if exchange.transport == "http" and exchange.status != wanted.status:
        return f"{case.id} is told with HTTP {wanted.status}, not {exchange.status}"
    if exchange.transport == "websocket" and isinstance(wanted.body, str):
        # A socket has no pages: that a gateway answered, and how, is told there by the code and in words.
        said = case.code in _values(exchange.body, "code") and str(wanted.status) in " ".join(texts(exchange))
        return "" if said else f"{case.id} has the code {case.code}, and tells of {wanted.status}"
    if not any(_pattern(_message(case)).fullmatch(text.strip()) for text in texts(exchange)):
        return f"{case.id} says {case.message!r}, and the answer does not"
    if case.code and any(True for _ in _values(wanted.body, "code")):
        codes = [str(code) for code in _values(exchange.body, "code")]
        if not any(_pattern(case.code).fullmatch(code) for code in codes):
            return f"{case.id} has the code {case.code}, not {' or '.join(codes) or 'none'}"
    return _parameter(exchange, case, wanted.body)


def cases_told(exchange: Exchange, operation: Operation, switches: Mapping[str, str]) -> list[ErrorCase]:
    """List the errors of an operation that an answer tells: those whose text is the most its own."""
    told = [case for case in operation.cases if not tells(exchange, operation, case, switches)]
    coded = any(True for _ in _values(exchange.body, "code"))
    literal = max((_own(case, coded) for case in told), default=0)
    return [case for case in told if _own(case, coded) == literal]


def _own(case: ErrorCase, coded: bool) -> int:
    """How much of an error's code, where it is told, and of its text is its own, and not a field's."""
    code = len(_FIELD.sub("", case.code)) * 1000 if coded else 0
    return code + len(_FIELD.sub("", _message(case)))


def refusal(provider: str, violation: Violation) -> ErrorCase:
    """Tell which error of its catalogue a provider refuses a request with that breaks a rule of a model."""
    known = contract(provider).errors
    if provider == "gmi":
        return known["invalidPayload"]
    if provider != "runware":
        return refusal_of(provider, violation)
    if violation.rule == "unknown":
        return known["unsupportedParameter"]
    if violation.parameters == ("model",) and _AIR.fullmatch(str(violation.value)):
        return known["modelNotFound"]
    if violation.parameters == ("taskType",) and violation.rule == "const":
        return known["unsupportedTaskType"]
    if "x-rule" in violation.schema:
        return known[violation.schema["x-rule"]["error"]]
    family = "missing" if violation.rule == "required" else "invalid"
    own = family + in_code("".join(violation.parameters[:1]))
    return known.get(own) or known[f"{family}Parameter"]


def names(exchange: Exchange, case: ErrorCase, violation: Violation) -> str:
    """Say in what a refusal falls short of naming what is wrong; empty where it does not."""
    said = " ".join(texts(exchange))
    told = [
        one for value in _values(exchange.body, "parameter") for one in (value if isinstance(value, list) else [value])
    ]
    # Who decides by the parameter that an error tells reads no text.
    missing = [name for name in violation.parameters if name not in (told or said)]
    speaks = "{parameter" in case.message or "{Parameter" in case.code or bool(told)
    if speaks and len(missing) == len(violation.parameters):
        return f"the answer does not name {' or '.join(violation.parameters)}"
    reason = reasons(exchange.provider).get(violation.rule)
    if reason is not None and not _pattern(reason.text).search(said):
        return f"the answer does not give the reason {reason.text!r}"
    return ""


def _parameter(exchange: Exchange, case: ErrorCase, wanted: Any) -> str:
    """Say whether an answer names another parameter than it should, or none where the contract's own answer does."""
    told = list(_values(exchange.body, "parameter"))
    if case.parameter is None or not (told or any(True for _ in _values(wanted, "parameter"))):
        return ""
    about = case.parameter if isinstance(case.parameter, str) else list(case.parameter)
    return "" if about in told else f"{case.id} is about {about}, not {' or '.join(map(str, told)) or 'nothing'}"


def form_of(exchange: Exchange, operation: Operation, switches: Mapping[str, str]) -> Answer | None:
    """Tell which of the answers that an operation declares an answer is; None where it is none of them."""
    kind = exchange.headers.get("content-type", "").partition(";")[0].strip().lower()
    for answer in operation.answers:
        if exchange.transport == "http" and answer.status != exchange.status:
            continue
        if answer.schema is not None:
            documents = _documents(exchange, operation)
            judge = contract(operation.provider).judge(answer.schema, **switches)
            if _is_nothing(exchange, operation) or (documents and all(map(judge.accepts, documents))):
                return answer
        elif "*/*" in answer.media_types or (exchange.body is None and kind in (answer.media_types or ("",))):
            return answer
    return None


def _is_nothing(exchange: Exchange, operation: Operation) -> bool:
    """Whether an answer lists what there is, and there is nothing."""
    body = exchange.body
    return operation.task is not None and isinstance(body, Mapping) and body.get("data") == [] and "errors" not in body


def _documents(exchange: Exchange, operation: Operation) -> Sequence[Any]:
    if exchange.body is None:
        return ()
    if operation.task is None:
        return (exchange.body,)
    items = exchange.body.get("data") if isinstance(exchange.body, Mapping) else None
    return items if isinstance(items, list) else ()


def texts(exchange: Exchange) -> Iterator[str]:
    """Every text in an answer, and the page where it is one."""
    if exchange.body is None:
        yield exchange.content.decode("utf-8", "replace")
    else:
        yield from _texts(exchange.body)


def _texts(document: Any) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, Mapping):
        for value in document.values():
            yield from _texts(value)
    elif isinstance(document, list):
        for value in document:
            yield from _texts(value)


def _values(document: Any, name: str) -> Iterator[Any]:
    """What stands under a name, wherever in a document it does."""
    if isinstance(document, Mapping):
        if name in document:
            yield document[name]
        for value in document.values():
            yield from _values(value, name)
    elif isinstance(document, list):
        for value in document:
            yield from _values(value, name)


@cache
def _wanted(provider: str, operation: str, case: str, switches: tuple[tuple[str, str], ...]) -> ErrorAnswer:
    known = contract(provider)
    return error_answer(known.operations[operation], known.errors[case], Site(switches={provider: dict(switches)}))


def _message(case: ErrorCase) -> str:
    """The text of an error, with what it holds as JSON written out: what is filled in there stays a field, too."""
    message = case.message
    for name, inner in case.nested.items():
        message = message.replace(f"{{{name}}}", orjson.dumps(inner).decode())
    return message


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """A text whose fields, such as `{parameter}`, may hold anything, and nothing at all at the end."""
    written = ".*".join(re.escape(part) for part in _FIELD.split(text.strip()))
    return re.compile(written.replace(r"\ .*", r"\ ?.*"), re.DOTALL)


def status_of(operation: Operation, case: ErrorCase, switches: Mapping[str, str]) -> int:
    """The status with which an operation tells an error."""
    return _wanted(operation.provider, operation.name, case.id, tuple(sorted(switches.items()))).status
