"""The options that say whom a command asks, and how; `opened` takes their values."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

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


def own_key(target: str, key: str | None) -> str | None:
    """The key that was given: one of the environment is for a URL, and never meant for the provider itself."""
    source = click.get_current_context().get_parameter_source("key")
    return None if target == "live" and source is not ParameterSource.COMMANDLINE else key


def asking(command: _Command) -> _Command:
    """Give a command these options, last in its help."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
