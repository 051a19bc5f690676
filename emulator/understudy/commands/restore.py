"""`understudy restore`."""

import json
from pathlib import Path

import click

from .remote import Remote, remote


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@remote
def restore(remote: Remote, file: Path) -> None:
    """Make an account what a snapshot in FILE says; whatever it was before is gone.

    Example: `understudy restore before.json --key my-key`
    """
    try:
        document = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as problem:
        raise click.ClickException(f"cannot read {file}: {problem}") from problem
    if not isinstance(document, dict):
        raise click.ClickException(f"{file} is no snapshot: it holds no JSON object")
    shown = remote.control.restore(document)
    remote.show(shown, lambda: click.echo(f"Account {shown['id']} is restored."))
