"""`understudy errors`."""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import click

from understudy.error_list import FOUND, cases, shown
from understudy_contracts.errors import ErrorCase, Form, forms

from . import LISTED

_YES = {True: "yes", False: "no"}


@click.command()
@click.option("--provider", type=click.Choice(LISTED), help="Only this provider's.  [default: all]")
@click.option("--id", "name", metavar="ID", help="Only this error, in full, with three lines to paste that cause it.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "markdown"]), default="table", show_default=True,
    help="How to print them.",
)  # fmt: skip
def errors(provider: str | None, name: str | None, form: str) -> None:
    """List every error that can be asked for: its answer, when it strikes, and how sure that is.

    There are three ways to make one strike: write [[error:ID]] into the prompt or the script of a request or into the
    API key; send the request with the header X-Understudy-Fault: ID; or leave a rule with the server.

    \b
    understudy errors --provider gmi
    understudy errors --id timeoutProvider
    """
    found = cases(provider)
    if name is not None:
        found = [case for case in found if case.id == name]
        if not found:
            raise click.BadParameter(_unknown(name, cases(provider)), param_hint="'--id'")
    if form == "json":
        click.echo(json.dumps([shown(case) for case in found], indent=2, ensure_ascii=False))
    elif form == "markdown":
        click.echo("\n".join(markdown(found)))
    elif name is not None:
        for case in found:
            _print_whole(case)
    else:
        _print_table(found)


def markdown(found: Iterable[ErrorCase]) -> Iterator[str]:
    """The errors as the README has them: a table for each provider that opens on a click."""
    for provider, rows in groupby(found, key=lambda case: case.provider):
        listed = list(rows)
        sources = list(dict.fromkeys(source for case in listed for source in case.sources))
        yield f"<details><summary>{provider}: {len(listed)} errors</summary>"
        yield ""
        for place, form in forms(provider).items():
            status = f"HTTP {form.status}, " if form.status else ""
            yield f"- {_PLACES[place]}: {status}`{_outline(form)}` ({form.confidence}: {form.source})"
        yield ""
        yield "| id | HTTP | strikes | message | when | retryable | billed | confidence | sources |"
        yield "|---|---|---|---|---|---|---|---|---|"
        for case in listed:
            numbers = ", ".join(str(sources.index(source) + 1) for source in case.sources)
            cells = [f"`{case.id}`", *_row(case), numbers]
            cells.insert(3, f"`{case.message}`")
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
        yield ""
        yield "Sources: " + "; ".join(f"{number}. {source}" for number, source in enumerate(sources, 1))
        yield ""
        yield "</details>"
        yield ""


#: Where an error is told, as `forms` names the places.
_PLACES = {
    "submit": "a refusal",
    "poll": "a refused poll",
    "processing": "a poll of a failed job",
    "waiting": "a failed job, to whoever waits for it",
}


def _outline(form: Form) -> str:
    """A document with names where its values go."""
    whole = json.dumps(form.body).replace(', "$extra": null', ", …")
    return re.sub(r'"\$(\w+)"', r"\1", whole)


def _row(case: ErrorCase) -> list[str]:
    status = shown(case)["answer"]["status"]
    return [str(status), case.strikes, case.when, _YES[case.retryable], _YES[case.billed], _known(case)]


def _known(case: ErrorCase) -> str:
    """How sure it is; what is assumed as a whole need not say so of its parts."""
    if not case.assumed or case.confidence == "assumed":
        return case.confidence
    return f"{case.confidence}, but assumed: {', '.join(case.assumed)}"


def _unknown(name: str, known: list[ErrorCase]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, [case.id for case in known], n=3)
    return f"no error is called {name!r}" + (f"; did you mean {' or '.join(near)}?" if near else "")


def _print_table(found: list[ErrorCase]) -> None:
    from rich.console import Console
    from rich.table import Table

    for provider, rows in groupby(found, key=lambda case: case.provider):
        table = Table(title=f"errors of {provider}", caption="understudy errors --id ID tells all of one")
        for heading in ("id", "HTTP", "strikes"):
            table.add_column(heading, no_wrap=True)
        table.add_column("when")
        for case in rows:
            status, strikes, when, retryable, billed, confidence = _row(case)
            known = f"retryable: {retryable}, billed: {billed}, {confidence}"
            table.add_row(case.id, status, strikes, f"{when} [dim]({known})[/dim]")
        Console().print(table)


def _print_whole(case: ErrorCase) -> None:
    from .triggers import lines

    document = shown(case)
    click.secho(f"{case.provider}.{case.id}", bold=True)
    click.echo(f"{case.when}\n")
    for name in ("answer", "waiting"):
        if name in document:
            _print_answer(document[name])
    click.echo(f"strikes     {case.strikes}: told {FOUND[case.strikes]}")
    click.echo(f"kind        {case.kind}, {'retryable' if case.retryable else 'not retryable'}")
    goes_on = "; the job itself goes on, and is paid as any" if case.strikes in ("poll", "expiry") else ""
    click.echo(f"billed      {_YES[case.billed]}{goes_on}")
    click.echo(f"confidence  {_known(case)}")
    for source in case.sources:
        click.echo(f"source      {source}")
    headings = {
        "magic": "a magic value in the text",
        "header": "a request header",
        "rule": "a rule, until it is taken away",
    }
    for way, line in lines(case).items():
        click.echo(f"\n# {headings[way]}\n{line}")
    click.echo()


def _print_answer(answer: dict[str, Any]) -> None:
    click.echo(f"HTTP {answer['status']}, {answer['media_type']}, {answer['found']}")
    body = answer["body"]
    click.echo(f"{body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)}\n")
