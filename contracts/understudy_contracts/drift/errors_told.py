"""Errors as they were told, held against the catalogue: their status, their code, their words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from understudy_contracts.checks.known_errors import Told, cases_of, statuses, told_in
from understudy_contracts.documents import Site
from understudy_contracts.documents.told import error_answer
from understudy_contracts.errors import ErrorCase
from understudy_contracts.harness.expected import texts
from understudy_contracts.operations import Operation

from .change import Severity, shown
from .difference import Difference, Key
from .evidence import Heard

_BY_STATUS = "clients decide by the status whether to try again, to pay or to give up"
_FIELD = re.compile(r"\\\{[A-Za-z_]*\\\}")


def errors(operation: Operation, heard: Heard, stance: Mapping[str, str]) -> Iterator[Difference]:
    """Say where the errors of an answer are not those of the catalogue."""
    exchange, expected = heard.exchange, heard.expected
    told = told_in(exchange)
    if heard.accepted and not heard.kept and _refused(operation, heard, told):
        answer = f"HTTP {exchange.status}" + (f", {told[0]}" if told else "")
        key = Key(operation.name, "", "status", None, "", "changed-status", str(exchange.status))
        yield Difference(key, "accepted", answer, "breaking", "the request that the contract has for it is refused")
    if expected is not None and not heard.kept:
        found = list(_expected(operation, heard, expected, told, stance))
        yield from found or _by_probe(operation, expected, heard.finding)
        if any(one.key.kind != "changed-status" for one in found):
            return
    for one in told:
        known = cases_of(one)
        if one.code and not known:
            key = Key(operation.name, "", "error", None, "", "new-error-code", one.code)
            yield Difference(key, "no such code", one.code, "risky", "no client knows what to do about it")
        elif known and not {case.id for case in known} & {case.id for case in operation.cases}:
            key = Key(operation.name, "", "error", None, "", "new-error-code", str(one))
            reason = "a client of this operation is not prepared for it"
            yield Difference(key, "no such error of this operation", str(one), "risky", reason)
        elif expected is None and exchange.status >= 400:
            yield from _status(operation, one, exchange.status, known, stance)


def _expected(
    operation: Operation, heard: Heard, expected: ErrorCase, told: list[Told], stance: Mapping[str, str]
) -> Iterator[Difference]:
    """Say where an answer is not the error that was asked for."""
    exchange, sure = heard.exchange, _sure(expected, "status")
    wanted = error_answer(operation, expected, Site(switches={operation.provider: stance})).status
    if exchange.status != wanted:
        key = Key(operation.name, "", "error", None, f"/{expected.id}", "changed-status", str(exchange.status))
        yield Difference(key, f"HTTP {wanted}", f"HTTP {exchange.status}", "breaking", _BY_STATUS, sure)
    elif told:
        yield from _as_wanted(operation, expected, told)
    elif not any(_literal(expected.message).fullmatch(text.strip()) for text in texts(exchange)):
        # A gateway's page, or a job that failed: there is no error with a place of its own.
        said = next(texts(exchange), "") if exchange.body is None else "nothing of the kind"
        key = Key(operation.name, "", "error", None, f"/{expected.id}", "changed-text")
        reason = "clients show it to people, and some look for words in it"
        yield Difference(key, shown(expected.message), shown(said), "harmless", reason, _sure(expected, "message"))


def _by_probe(operation: Operation, expected: ErrorCase, finding: str) -> Iterator[Difference]:
    """What the probe alone saw, such as that an error does not name its parameter."""
    if finding:
        key = Key(operation.name, "", "error", None, f"/{expected.id}", "changed-rule")
        reason = "clients read from it what was wrong with a request"
        yield Difference(key, f"an error as the catalogue has it: {expected.id}", finding, "risky", reason)


def _refused(operation: Operation, heard: Heard, told: list[Told]) -> bool:
    body, status = heard.exchange.body, heard.exchange.status
    if status >= 400:
        return status not in {answer.status for answer in operation.answers}
    return bool(told) and not (isinstance(body, Mapping) and body.get("data"))


def _status(
    operation: Operation, one: Told, status: int, known: list[ErrorCase], stance: Mapping[str, str]
) -> Iterator[Difference]:
    wanted = statuses(one, stance)
    if wanted and status not in wanted:
        key = Key(operation.name, "", "error", None, f"/{known[0].id}", "changed-status", str(status))
        ours = "HTTP " + " or ".join(map(str, sorted(wanted)))
        yield Difference(key, ours, f"HTTP {status}", "breaking", _BY_STATUS, _sure(known[0], "status"))


def _as_wanted(operation: Operation, expected: ErrorCase, told: list[Told]) -> Iterator[Difference]:
    """Of an answer with the right status: whether one of its errors is the one that was asked for, in its words."""
    coded = [one for one in told if one.code]
    right = [one for one in coded if _literal(expected.code).fullmatch(one.code)]
    if coded and not right:
        code = coded[0].code
        key = Key(operation.name, "", "error", None, "", "new-error-code", code)
        yield Difference(key, expected.code, code, "risky", "no client looks for it there", _sure(expected, "code"))
        return
    mine = right or told
    if any(_literal(expected.message).fullmatch(one.text.strip()) for one in mine):
        return
    severity: Severity = "harmless" if coded else "risky"
    reason = "clients go by the code" if coded else "there is no code: clients tell errors apart by their words"
    key = Key(operation.name, "", "error", None, f"/{expected.id}", "changed-text")
    sure = _sure(expected, "message")
    yield Difference(key, shown(expected.message), shown(mine[0].text), severity, reason, sure)


def _sure(case: ErrorCase, name: str) -> str:
    return "assumed" if name in case.assumed else case.confidence


@cache
def _literal(text: str) -> re.Pattern[str]:
    return re.compile(_FIELD.sub(".*", re.escape(text.strip())), re.DOTALL)
