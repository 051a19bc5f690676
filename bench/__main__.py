"""`python -m bench`: every measure in one run, and a table of what came of it. A measure is not a gate: it exits 0."""

import json
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from . import report
from .deliveries import deliveries
from .effort import FULL, QUICK, Effort
from .journey import journey, rules
from .measure import Measure, Say
from .placeholder import long_placeholder, placeholder
from .plugin import plugin
from .sockets import sockets
from .start import start
from .traffic import memory, polls, submits

MEASURES: dict[str, Callable[[Effort, Say], list[Measure]]] = {
    "polls": polls,
    "submits": submits,
    "rules": rules,
    "journey": journey,
    "start": start,
    "plugin": plugin,
    "memory": memory,
    "sockets": sockets,
    "deliveries": deliveries,
    "media": placeholder,
    "long-media": long_placeholder,
}


@click.command()
@click.option("--only", multiple=True, type=click.Choice(list(MEASURES)), help="Only this measure; may be repeated.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the outcome here, too."
)
@click.option("--quick", is_flag=True, help="Tiny counts: shows that everything runs, and nothing about speed.")
def main(only: tuple[str, ...], json_file: Path | None, quick: bool) -> None:
    """Measure what the stand-in costs, as ratios against a baseline of the same run."""
    # As on Ctrl-C, so that no server outlives its bench.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console()
    measures: list[Measure] = []
    with console.status("") as status:
        for name, measure in MEASURES.items():
            if not only or name in only:
                measures.extend(measure(QUICK if quick else FULL, status.update))
    if quick:
        # So few rounds say nothing about speed, so nothing is judged by them.
        measures = [replace(measure, aim=None) for measure in measures]
    console.print(report.table(measures))
    if json_file is not None:
        json_file.write_text(json.dumps(report.document(measures), indent=2) + "\n")


if __name__ == "__main__":
    main(prog_name="python -m bench")
