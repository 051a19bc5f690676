"""`understudy reset`."""

from typing import get_args

import click

from understudy.engine import Part

from .remote import Remote, remote


@click.command()
@click.argument("part", type=click.Choice(get_args(Part)))
@remote
def reset(remote: Remote, part: str) -> None:
    """Set a part of an account back to how it was when its key was first used.

    Only `all` gives it a new clock as well: time never goes backward in an account that goes on.

    Example: `understudy reset jobs --key my-key`
    """
    shown = remote.control.reset(part)
    remote.show(shown, lambda: click.echo(f"Account {shown['id']}: {part} reset."))
