"""`understudy clock`."""

from typing import Any

import click

from .numbers import PLAIN, Count, Number
from .remote import Group, Remote, everyone, moment, print_table, remote, usd


@click.group(cls=Group, default="show")
def clock() -> None:
    """Show or move the time of a running stand-in: its own, or that of the account whose key is given.

    Example: `understudy clock advance 3600 --everyone` lets an hour pass and lists what happened.
    """


@clock.command()
@everyone
@remote
def show(remote: Remote, everyone: bool) -> None:
    """Show what time it is, and how it moves. This is what `understudy clock` alone does.

    Example: `understudy clock --json`
    """
    shown = remote.control.clock(everyone=everyone)
    remote.show(shown, lambda: _print(shown))


@clock.command()
@click.argument("seconds", type=Number(min=0))
@click.option("--limit", type=Count(0, 100_000), default=1_000, show_default=True, help="List so many events.")
@everyone
@remote
def advance(remote: Remote, seconds: float, limit: int, everyone: bool) -> None:
    """Let SECONDS of emulator time pass, and list in order what happened.

    Jobs finish, webhooks are delivered with their retries, files expire. It ends when all of that is done.

    Example: `understudy clock advance 90 --key my-key`
    """
    happenings = remote.control.advance(seconds, everyone=everyone, limit=limit)
    remote.show(happenings, lambda: _print_happenings(happenings))


@clock.command()
@click.argument("to")
@click.option("--limit", type=Count(0, 100_000), default=1_000, show_default=True, help="List so many events.")
@everyone
@remote
def until(remote: Remote, to: str, limit: int, everyone: bool) -> None:
    """Let time pass until the moment TO, in unix seconds or ISO 8601.

    Example: `understudy clock until 2030-01-01T00:00:00Z --everyone`
    """
    happenings = remote.control.advance_to(_moment(to), everyone=everyone, limit=limit)
    remote.show(happenings, lambda: _print_happenings(happenings))


@clock.command()
@click.argument("rate", type=Number(min=0, min_open=True, max=1_000_000))
@remote
def rate(remote: Remote, rate: float) -> None:
    """Let time pass at RATE emulator seconds a real second, for everyone.

    Example: `understudy clock rate 60`
    """
    shown = remote.control.set_rate(rate)
    remote.show(shown, lambda: _print(shown))


def _moment(text: str) -> float | str:
    return float(text) if PLAIN.fullmatch(text) else text


def _print(shown: dict[str, Any]) -> None:
    pace = "stands still" if shown["still"] else f"{shown['rate']:g} s a second"
    ahead = f", {shown['offset']:g} s ahead of the server" if shown["account"] else ""
    click.echo(f"{shown['iso']} ({shown['now']:.3f}), {pace}{ahead}")


def _print_happenings(happenings: list[dict[str, Any]]) -> None:
    print_table(
        ("at", "what", "job", "outcome"),
        ((moment(one["at"])[5:], one["kind"], one["job"], _outcome(one)) for one in happenings),
        "Nothing happened.",
        wrap="outcome",
    )


def _outcome(happening: dict[str, Any]) -> object:
    if "amount" in happening:
        return usd(happening["amount"])
    return happening.get("problem") or happening.get("status") or happening.get("why")
