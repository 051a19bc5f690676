"""A report as a JSON document, whose form is `files/drift.json`."""

from __future__ import annotations

from typing import Any

from .report import Drift, Looked, Report

#: The number of this form.
FORMAT = 1


def document(report: Report) -> dict[str, Any]:
    """Write a report as JSON has it; two of the same are the same to the byte."""
    return {
        "format": FORMAT,
        "provider": report.provider,
        "date": report.date,
        "contract": report.contract,
        "verdict": report.verdict,
        "counts": {
            **report.counted(),
            "known": len(report.drifts) - len(report.news),
            "checked": report.checked,
            "unchecked": len(report.unchecked),
        },
        "sides": [
            {
                "side": side.name, "source": side.source, "provenance": side.provenance, "date": side.date or None,
                "answers": side.answers, "of_provider": side.of_provider, "notices": list(side.notices),
            }
            for side in report.sides
        ],
        "drift": [_drift(one) for one in report.drifts],
        "operations": [
            {"operation": row.operation, "looked": [_looked(one) for one in row.looked]} for row in report.rows
        ],
    }  # fmt: skip


def _drift(one: Drift) -> dict[str, Any]:
    key = one.key
    return {
        "operation": key.operation,
        "model": key.model or None,
        "part": key.part,
        "status": key.status,
        "pointer": key.pointer,
        "kind": key.kind,
        "detail": key.detail,
        "severity": one.severity,
        "reason": one.reason,
        "says": dict(one.says),
        "unseen": list(one.unseen),
        "sentence": one.sentence,
        "confidence": one.confidence or None,
        "known": one.known or None,
        "evidence": [
            {"side": proof.side, "source": proof.source, "date": proof.date or None, "seen": list(proof.seen)}
            for proof in one.evidence
        ],
    }


def _looked(one: Looked) -> dict[str, Any]:
    return {
        "side": one.side,
        "state": one.state,
        "why": one.why,
        "statuses": {str(status): count for status, count in one.statuses.items() if status},
        "date": one.date or None,
        "days": one.days,
    }
