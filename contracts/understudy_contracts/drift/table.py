"""A report as tables in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import words
from .report import Report

if TYPE_CHECKING:
    from rich.console import Console

_COLOURS = {"breaking": "bold red", "risky": "yellow", "harmless": "cyan", "known": "dim"}


def print_table(report: Report, console: Console) -> None:
    """Print a report for a person."""
    from rich.markup import escape
    from rich.table import Table

    for side in report.sides:
        told = f"{side.name}: {side.source}" + (f", {side.date}" if side.date else ", date unknown")
        console.print(escape(told), style=None if side.of_provider or side.provenance == "contract" else "dim")
        for notice in side.notices:
            console.print(escape(f"  {notice}"), style="dim")
    console.print()
    if report.drifts:
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
        for name in ("severity", "kind", "where", "who says what, and why it matters"):
            table.add_column(name, overflow="fold")
        for one in report.drifts:
            severity = "known" if one.known else one.severity
            said = f"{escape(one.sentence)}\n[dim]{escape(words.reason(one))}\nseen: {escape(words.proof(one))}[/dim]"
            colour = _COLOURS[severity]
            table.add_row(f"[{colour}]{severity}[/{colour}]", words.kind(one), escape(words.place(one)), said)
        console.print(table)
        console.print()
    columns = words.sides(report)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("operation", *columns):
        table.add_column(name, overflow="fold")
    for row in report.rows:
        told_by = {one.side: words.state(one) for one in row.looked}
        table.add_row(row.operation, *(told_by.get(side, "") for side in columns))
    console.print(table)
    console.print()
    for line in words.unchecked(report):
        console.print(f"[yellow]could not check[/yellow] {escape(line)}")
    for line in words.summary(report):
        console.print(escape(line), style="bold" if line == words.summary(report)[0] else None)
