"""`understudy errors`."""

import json
from itertools import groupby

import click

from understudy_contracts.errors import ErrorCase, catalogue

from . import LISTED


@click.command()
@click.option("--provider", type=click.Choice(LISTED), help="Only this provider's.  [default: all]")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "markdown"]), default="table", show_default=True,
    help="How to print them.",
)  # fmt: skip
def errors(provider: str | None, form: str) -> None:
    """List every error that can be asked for, and what is known about it.

    To make one strike, write [[error:ID]] into the prompt or the script of a request, or into the API key.
    """
    cases = [case for name in ([provider] if provider else LISTED) for case in catalogue(name).values()]
    if form == "json":
        click.echo(json.dumps([_document(case) for case in cases], indent=2))
    elif form == "markdown":
        click.echo("| id | status | strikes | when | retryable | billed | confidence |")
        click.echo("|---|---|---|---|---|---|---|")
        for case in cases:
            click.echo(f"| {' | '.join(_row(case))} |")
    else:
        _print_table(cases)


def _row(case: ErrorCase) -> list[str]:
    yes = {True: "yes", False: "no"}
    status = str(case.status or "-")
    return [
        f"{case.provider}.{case.id}",
        status,
        case.strikes,
        case.when,
        yes[case.retryable],
        yes[case.billed],
        f"{case.confidence}, but assumed: {', '.join(case.assumed)}" if case.assumed else case.confidence,
    ]


def _document(case: ErrorCase) -> dict[str, object]:
    fields = {name: getattr(case, name) for name in ErrorCase.__slots__}
    return {**fields, "extra": dict(case.extra), "trigger": f"[[error:{case.id}]]"}


def _print_table(cases: list[ErrorCase]) -> None:
    from rich.console import Console
    from rich.table import Table

    for provider, rows in groupby(cases, key=lambda case: case.provider):
        table = Table(title=f"errors of {provider}")
        table.add_column("id", no_wrap=True)
        table.add_column("status", no_wrap=True)
        table.add_column("strikes", no_wrap=True)
        table.add_column("when")
        for case in rows:
            _, status, strikes, when, retryable, billed, confidence = _row(case)
            known = f"retryable: {retryable}, billed: {billed}, {confidence}"
            table.add_row(case.id, status, strikes, f"{when} [dim]({known})[/dim]")
        Console().print(table)
