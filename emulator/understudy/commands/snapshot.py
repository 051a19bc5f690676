"""`understudy snapshot`."""

import json
from pathlib import Path

import click

from understudy.whole_files import replace

from .remote import Remote, remote


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@remote
def snapshot(remote: Remote, file: Path) -> None:
    """Write an account to FILE as one JSON document: jobs, money, rules, clock, webhooks. Its key is not in it.

    The addresses of its webhooks are, with whatever secrets they carry: they are needed to go on.

    `understudy restore` puts it back, into any account of any stand-in.

    Example: `understudy snapshot before.json --key my-key`
    """
    document = remote.control.snapshot()
    try:
        replace(file, json.dumps(document, ensure_ascii=False).encode() + b"\n")
    except OSError as problem:
        raise click.ClickException(f"cannot write {file}: {problem.strerror or problem}") from problem
    remote.show({"file": str(file)}, lambda: click.echo(f"The account is in {file}."))
