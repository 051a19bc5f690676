"""The options that say whom a command asks, and how; `opened` takes their values."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from .kinds import KeyType
from .numbers import Number

_Command = TypeVar("_Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--rate", type=Number(0.001), metavar="N", help="At most so many requests a second."),
    click.option(
        "--key", envvar="UNDERSTUDY_API_KEY", show_envvar=True, type=KeyType(),
        help="The API key for a server at a URL.  [default: a new one]",
    ),
    click.option(
        "--cache-dir", type=click.Path(file_okay=False, path_type=Path),
        help="Where the stand-in that is started keeps its placeholders.  [default: nowhere for long]",
    ),
)  # fmt: skip


def asking(command: _Command) -> _Command:
    """Give a command these options, last in its help."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
