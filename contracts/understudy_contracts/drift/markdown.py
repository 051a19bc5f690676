"""A report as a page of Markdown."""

from __future__ import annotations

from . import words
from .report import Report


def markdown(report: Report) -> str:
    """Write a report for an issue or a pull request."""
    lines = [f"# Drift of {report.provider}", "", *words.summary(report), ""]
    lines += [
        f"Made {report.date}, by contract {report.contract}.",
        "",
        "| side | who | when | answers |",
        "|---|---|---|---|",
    ]
    for side in report.sides:
        count = str(side.answers) if side.provenance != "contract" else ""
        lines.append(f"| {side.name} | {_cell(side.source)} | {side.date or 'unknown'} | {count} |")
    if report.drifts:
        lines += ["", "## Who disagrees", "", "| severity | kind | where | who says what | why it matters | seen |"]
        lines += ["|---|---|---|---|---|---|"]
        for one in report.drifts:
            cells = (words.kind(one), words.place(one), one.sentence, words.reason(one), words.proof(one))
            lines.append(f"| {'known' if one.known else one.severity} | {' | '.join(map(_cell, cells))} |")
    if report.unchecked:
        lines += ["", "## Could not check", "", *(f"- {_cell(line)}" for line in words.unchecked(report))]
    columns = words.sides(report)
    lines += [
        "",
        "## How old the evidence is",
        "",
        f"| operation | {' | '.join(columns)} |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for row in report.rows:
        told = {one.side: words.state(one) for one in row.looked}
        lines.append(f"| {row.operation} | {' | '.join(told.get(side, '') for side in columns)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
