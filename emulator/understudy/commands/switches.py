"""`understudy switches`."""

import click

from understudy_contracts.switches import switches as switches_of

from . import LISTED


@click.command()
def switches() -> None:
    """List the points on which a provider's sources disagree, what the stand-in does, and what it could do.

    Set one with `understudy serve --switch NAME=VALUE`.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(title="switches", show_lines=True)
    for heading in ("name", "values (default first)", "why"):
        table.add_column(heading, overflow="fold")
    for provider in LISTED:
        for switch in switches_of(provider).values():
            others = [value for value in switch.values if value != switch.default]
            table.add_row(f"{provider}.{switch.name}", ", ".join([switch.default, *others]), switch.why)
    Console().print(table)
