"""The command line: finds a command by its name and imports nothing else."""

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING

import click

from . import __version__

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

#: The emulator's own commands, each in the module of its name. Other packages add theirs by entry point.
_OWN = (
    "accounts",
    "clock",
    "contracts",
    "demo",
    "drift",
    "errors",
    "faults",
    "inspect",
    "journal",
    "ledger",
    "listen",
    "proxy",
    "replay",
    "reset",
    "restore",
    "serve",
    "snapshot",
    "switches",
    "verify",
    "wait",
    "webhooks",
)

_ENTRY_POINTS = "understudy.commands"


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*_OWN, *(point.name for point in _added())})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _OWN:
            command: click.Command = getattr(import_module(f".commands.{cmd_name}", __package__), cmd_name)
            return command
        for point in _added():
            if point.name == cmd_name:
                loaded: click.Command = point.load()
                return loaded
        return None


def _added() -> "Iterable[EntryPoint]":
    # Imported late: looking up entry points takes as long as starting to serve does without it.
    from importlib.metadata import entry_points

    return entry_points(group=_ENTRY_POINTS)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="understudy")
def main() -> None:
    """A local stand-in for AI-video providers.

    Start it with `understudy serve`, point an SDK's base URL at it, and build without spending credits.
    """
