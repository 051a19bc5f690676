"""What commands have in common that speak to a running stand-in: where it is, for whom, and how answers are printed."""

import functools
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import click

from understudy.control.client import Control, ControlError
from understudy.control.connection import BadQuestion

#: Exit codes: the stand-in refused, or nobody is there.
REFUSED, ABSENT = 1, 3


@dataclass(frozen=True, slots=True)
class Remote:
    """The stand-in that a command speaks to, and how it prints what it hears."""

    control: Control
    as_json: bool

    def show(self, document: Any, readable: Callable[[], None]) -> None:
        """Print what was answered: as JSON if that was asked for, else readably."""
        if self.as_json:
            click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        else:
            readable()


class Group(click.Group):
    """Commands of one noun, the first of which is meant when none is named."""

    def __init__(self, *args: Any, default: str | None = None, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Name the default where no command is named."""
        helped = args[:1] in (["-h"], ["--help"])
        if self._default is not None and not helped and (not args or args[0].startswith("-")):
            args = [self._default, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they are defined: the harmless ones first."""
        return list(self.commands)


def _key(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    # The server's variable of the same name may list several.
    return value.split()[0] if value and value.strip() else None


_OPTIONS = (
    click.option(
        "--url", envvar="UNDERSTUDY_URL", show_envvar=True, default="http://127.0.0.1:8899", show_default=True,
        help="Where the stand-in is.",
    ),
    click.option(
        "--key", envvar="UNDERSTUDY_API_KEY", show_envvar=True, callback=_key,
        help="The account's API key: the one that the client under test uses.",
    ),
    click.option("--account", metavar="ID", help="Its id, instead of the key. `understudy accounts` lists them."),
    click.option(
        "--token", envvar="UNDERSTUDY_CONTROL_TOKEN", show_envvar=True,
        help="The server's control token, needed off loopback.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
)  # fmt: skip

everyone = click.option(
    "--everyone", is_flag=True, help="The server's own and all accounts', whatever key is set.  [default without a key]"
)


def remote(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say where and for whom, and pass it a Remote first."""

    @functools.wraps(command)
    def called(url: str, key: str | None, account: str | None, token: str | None, as_json: bool, **values: Any) -> Any:
        with Control(url, account=key, account_id=account, token=token) as control:
            try:
                return command(Remote(control, as_json), **values)
            except ControlError as problem:
                click.echo(f"Error: {problem}", err=True)
                absent = problem.status is None and not isinstance(problem, BadQuestion)
                raise SystemExit(ABSENT if absent else REFUSED) from None
            except BrokenPipeError:
                # Who read it has read enough; what is left in the buffer must not be written at the exit.
                os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
                raise SystemExit(0) from None

    for option in reversed(_OPTIONS):
        called = option(called)
    return called


def print_table(headings: Iterable[str], rows: Iterable[Iterable[object]], empty: str, *, wrap: str = "") -> None:
    """Print rows under their headings, or a sentence where there are none; only the column `wrap` gives way."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=bool(wrap) and heading != wrap)
    for row in rows:
        table.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    if table.row_count:
        Console().print(table)
    else:
        click.echo(empty)


def usd(amount: float) -> str:
    """An amount as a person reads it, with as many digits as it has."""
    return f"{'-' if amount < 0 else ''}${abs(amount):,.6f}".rstrip("0").rstrip(".")


def moment(unix: float) -> str:
    """A moment as a person reads it, to the second."""
    from understudy.moments import iso

    return iso(unix)[:19].replace("T", " ")


def shortened(text: str, length: int = 34) -> str:
    """A long text without its middle: of an address both ends matter."""
    if len(text) <= length:
        return text
    return f"{text[: length // 3]}…{text[-(length - length // 3 - 1) :]}"
