"""What a run found, for people and for programs."""

import os
import platform
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table

from .measure import Measure

_SIGNS = {"at least": "≥", "below": "<"}
_MARKS = {True: "[green]met[/]", False: "[red]missed[/]", None: "—"}


def table(measures: Sequence[Measure]) -> Table:
    """One row a measure, the ratio first and beside it what it should be."""
    drawn = Table(box=box.SIMPLE, pad_edge=False)
    for heading in ("measure", "result", "aim", "", "spread", "ours", "baseline"):
        drawn.add_column(
            heading, justify="left" if heading in ("measure", "") else "right", no_wrap=heading != "measure"
        )
    for measure in measures:
        low, high = min(measure.rounds), max(measure.rounds)
        drawn.add_row(
            measure.what,
            f"[bold]{_number(measure.value)}[/]{measure.unit}",
            f"{_SIGNS[measure.aim.kind]} {measure.aim.limit:g}" if measure.aim else "—",
            _MARKS[measure.met],
            f"{_number(low)} … {_number(high)}",
            measure.figures.get("ours", ""),
            measure.figures.get("baseline", ""),
        )
    return drawn


def document(measures: Sequence[Measure]) -> dict[str, Any]:
    """The same as JSON, with every round and with what it ran on."""
    return {
        "machine": {
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "cores": os.cpu_count(),
        },
        "measures": [
            {
                "name": measure.name,
                "what": measure.what,
                "unit": measure.unit,
                "value": measure.value,
                "aim": {measure.aim.kind: measure.aim.limit} if measure.aim else None,
                "met": measure.met,
                "rounds": list(measure.rounds),
                "figures": dict(measure.figures),
            }
            for measure in measures
        ],
    }


def _number(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
