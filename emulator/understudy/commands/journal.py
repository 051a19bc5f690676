"""`understudy journal`."""

import json
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import click

from understudy.whole_files import replace

from .numbers import Count
from .remote import Group, Remote, everyone, print_table, remote, shortened

_FILTERS = {
    "provider": "Only this provider's.",
    "operation": "Only of this operation, such as submit.",
    "model": "Only about this model.",
    "job": "Only about this job.",
    "status": "Only those answered so: 200, 4xx, or none.",
    "fault": "Only what this fault struck; any and none are understood, too.",
    "method": "Only of this method.",
    "path": "Only where this is a part of path and query.",
    "text": "Only where this is a part of what is shown.",
}


def _filtered(command: Callable[..., Any]) -> Callable[..., Any]:
    for name, text in reversed(_FILTERS.items()):
        command = click.option(f"--{name}", help=text)(command)
    return command


def _given(filters: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in filters.items() if value is not None}


_OUTPUT = click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.  [default: standard output]"
)


@click.group(cls=Group, default="list")
def journal() -> None:
    """Show what an account asked and was answered; secrets are taken out.

    Example: `understudy journal --status 4xx --key my-key`
    """


@journal.command("list")
@_filtered
@click.option("--limit", type=Count(1), default=50, show_default=True, help="At most so many.")
@click.option("--oldest-first", is_flag=True, help="Begin with the oldest.")
@everyone
@remote
def list_(remote: Remote, limit: int, oldest_first: bool, everyone: bool, **filters: str | None) -> None:
    """List exchanges, the newest first. This is what `understudy journal` alone does.

    Example: `understudy journal list --fault any --key my-key`
    """
    order: Any = "oldest" if oldest_first else "newest"
    found = remote.control.journal(order=order, everyone=everyone, **_given(filters))
    shown = list(islice(found, limit))
    remote.show(shown, lambda: _print(shown))


@journal.command()
@click.argument("number", type=Count(0, 10**15))
@everyone
@remote
def show(remote: Remote, number: int, everyone: bool) -> None:
    """Show one exchange in full, with what struck it and why no other rule did.

    Example: `understudy journal show 17 --key my-key`
    """
    shown = remote.control.exchange(number, everyone=everyone)

    def readable() -> None:
        from rich.console import Console

        Console().print_json(data=shown)

    remote.show(shown, readable)


@journal.command()
@_OUTPUT
@everyone
@remote
def export(remote: Remote, output: Path | None, everyone: bool) -> None:
    """Write the journal as JSON lines, for `understudy replay`. Without a key, or with --everyone: of all accounts.

    Example: `understudy journal export --output run.jsonl`
    """
    _write(remote.control.export(everyone=everyone), output)


@journal.command()
@_filtered
@_OUTPUT
@everyone
@remote
def har(remote: Remote, output: Path | None, everyone: bool, **filters: str | None) -> None:
    """Write the journal as an HTTP Archive, which browsers' network tools open.

    Example: `understudy journal har --output run.har --key my-key`
    """
    document = remote.control.har(everyone=everyone, **_given(filters))
    _write(json.dumps(document, ensure_ascii=False).encode() + b"\n", output)


@journal.command()
@everyone
@remote
def clear(remote: Remote, everyone: bool) -> None:
    """Forget every exchange.

    Example: `understudy journal clear --key my-key`
    """
    count = remote.control.clear_journal(everyone=everyone)
    remote.show({"removed": count}, lambda: click.echo(f"{count} exchanges are forgotten."))


def _write(content: bytes, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.write(content)
        return
    try:
        replace(output, content)
    except OSError as problem:
        raise click.ClickException(f"cannot write {output}: {problem.strerror or problem}") from problem


def _print(shown: list[dict[str, Any]]) -> None:
    print_table(
        ("", "at", "what", "asked", "", "faults"),
        (
            (
                one["number"],
                one["at"][11:19],
                _what(one),
                shortened(f"{one['request']['method']} {one['request']['target']}"),
                (one["response"] or {}).get("status"),
                ", ".join(one["faults"]),
            )
            for one in shown
        ),
        "Nothing was asked.",
        wrap="faults",
    )


def _what(exchange: dict[str, Any]) -> str:
    """Which operation of which provider; what was asked of the stand-in itself has a name that says so."""
    provider, operation = exchange["provider"], exchange["operation"]
    return ".".join(filter(None, (None if provider == "understudy" else provider, operation)))
