"""Reports as one plain document without anything secret: what every form of a report is made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from understudy_contracts.checks import CHECKS, Exchange, Finding, Webhook
from understudy_contracts.harness.probe import Result
from understudy_contracts.harness.redaction import Redactor
from understudy_contracts.harness.report import Report, Spending, Tally, Verdict

#: The number of this form; `files/report.json` describes it.
FORMAT = 1

#: How many findings of one check are shown, and how many characters of a body.
MOST_FINDINGS = 10
MOST_CHARACTERS = 4000


def document(reports: Sequence[Report], keys: Iterable[str] = (), version: str = "") -> dict[str, Any]:
    """Put reports, one for each provider, into one document; nothing of the keys is in it."""
    known = tuple(keys)
    return {
        "format": FORMAT,
        "understudy": version,
        "verdict": verdict(reports),
        "runs": [_run(report, Redactor(known, report.provider)) for report in reports],
    }


def verdict(reports: Iterable[Report]) -> Verdict:
    """The worst of several; where there is none, nothing could be checked."""
    verdicts = {report.verdict for report in reports}
    worst: tuple[Verdict, ...] = ("violated", "could-not-check", "clean")
    return next((one for one in worst if one in verdicts), "could-not-check")


def _run(report: Report, redactor: Redactor) -> dict[str, Any]:
    by_check: dict[str, list[Finding]] = {}
    for finding in report.findings:
        by_check.setdefault(finding.rule, []).append(finding)
    return {
        "provider": report.provider,
        "target": redactor.text(redactor.address(report.target)),
        "verdict": report.verdict,
        "date": report.date,
        "seed": report.seed,
        "seconds": round(report.seconds, 3),
        "exchanges": report.exchanges,
        "stopped": redactor.text(report.stopped),
        "spending": _spending(report.spending),
        "checks": [_check(tally, redactor) for tally in report.tallies],
        "findings": [_finding(one, report, redactor) for found in by_check.values() for one in found[:MOST_FINDINGS]],
        "findings_left_out": sum(max(0, len(found) - MOST_FINDINGS) for found in by_check.values()),
        "probes": [_probe(result, redactor) for result in report.results],
        "coverage": redactor.value(report.coverage),
    }


def _spending(spending: Spending) -> dict[str, Any]:
    return {
        "live": spending.live,
        "limit": _usd(spending.limit),
        "planned": _usd(spending.planned),
        "told": _usd(spending.spent),
        "at_most": _usd(spending.at_most),
        "read_back": _usd(spending.read_back),
    }


def _usd(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount.normalize():f}"


def _check(tally: Tally, redactor: Redactor) -> dict[str, Any]:
    check = tally.check
    return {
        "name": check.name,
        "promise": check.promise,
        "why": check.why,
        "sources": list(check.sources),
        "scope": check.scope,
        "state": tally.state,
        "count": tally.count,
        "findings": len(tally.findings),
        "reason": redactor.text(tally.reason),
    }


def _probe(result: Result, redactor: Redactor) -> dict[str, Any]:
    probe = result.probe
    return {
        "name": probe.name,
        "operation": probe.operation,
        "checks": list(probe.checks),
        "tier": probe.tier,
        "why": redactor.text(probe.why),
        "bound": _usd(probe.bound),
        "state": result.state,
        "reason": redactor.text(result.reason),
        "requests": result.requests,
        "seconds": round(result.seconds, 3),
        "findings": len(result.findings),
    }


def _finding(finding: Finding, report: Report, redactor: Redactor) -> dict[str, Any]:
    check = CHECKS.get(finding.rule)
    by = next((one.probe.name for one in report.results if any(finding is each for each in one.findings)), "")
    return {
        "check": finding.rule,
        "probe": by,
        "message": _cut(redactor.text(finding.message)),
        "why": check.why if check else "",
        "sources": list(check.sources) if check else [],
        **_told(finding.exchange, redactor),
    }


def _told(told: Exchange | Webhook, redactor: Redactor) -> dict[str, Any]:
    if isinstance(told, Webhook):
        shown = redactor.webhook(told)
        return {"kind": "webhook", "headers": _headers(shown.headers), "answer": _text(shown.body)}
    exchange = redactor.exchange(told)
    return {
        "kind": "exchange",
        "transport": exchange.transport,
        "operation": exchange.operation,
        "method": exchange.method,
        "path": _cut(exchange.path),
        "sent": _headers(exchange.sent),
        "request": _text(exchange.request),
        "status": exchange.status,
        "headers": _headers(exchange.headers),
        "answer": _content(exchange),
        "seconds": round(exchange.seconds, 3),
    }


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: _cut(value) for name, value in headers.items()}


def _content(exchange: Exchange) -> str:
    """What was answered, for people: a body laid out, a page as it is, of any other file how large it is."""
    if exchange.body is not None or not exchange.content:
        return _text(exchange.body)
    content = exchange.content
    try:
        # Whatever cuts through a key must not leave a part of it: it is redacted already.
        return _cut(content.decode())
    except UnicodeDecodeError:
        kind = exchange.headers.get("content-type", "a file")
        return f"{kind}, {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}"


def _text(value: Any) -> str:
    return "" if value is None else _cut(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def _cut(text: str) -> str:
    """A long text without its middle."""
    over = len(text) - MOST_CHARACTERS
    if over <= 0:
        return text
    half = MOST_CHARACTERS // 2
    return f"{text[:half]}\n… {over} more characters …\n{text[-half:]}"
