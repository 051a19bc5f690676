"""`understudy ledger`."""

from typing import Any

import click

from .numbers import Number
from .remote import Group, Remote, moment, print_table, remote, usd


@click.group(cls=Group, default="show")
def ledger() -> None:
    """Show or change the money of an account.

    Example: `understudy ledger --key my-key`
    """


@ledger.command()
@remote
def show(remote: Remote) -> None:
    """Show what the account has, and every entry. This is what `understudy ledger` alone does.

    Example: `understudy ledger --key my-key --json`
    """
    shown = remote.control.ledger()
    remote.show(shown, lambda: _print(shown))


@ledger.command(context_settings={"ignore_unknown_options": True})
@click.argument("amount", type=Number())
@click.option("--why", default="", help="What is written beside it.")
@remote
def credit(remote: Remote, amount: float, why: str) -> None:
    """Give the account AMOUNT US dollars; a negative one takes them away.

    Example: `understudy ledger credit 25 --why "top-up" --key my-key`
    """
    shown = remote.control.credit(amount, why)
    remote.show(shown, lambda: click.echo(_sums(shown)))


@ledger.command()
@click.argument("amount", type=Number(0, 10**9))
@remote
def opening(remote: Remote, amount: float) -> None:
    """Let an account that spent nothing yet have been opened with AMOUNT US dollars.

    Example: `understudy ledger opening 5 --key my-key`
    """
    shown = remote.control.set_opening(amount)
    remote.show(shown, lambda: click.echo(_sums(shown)))


@ledger.command()
@click.argument("limits", nargs=-1, metavar="[NAME=VALUE]...")
@remote
def limits(remote: Remote, limits: tuple[str, ...]) -> None:
    """Show what the account may spend and have running, or set it; a VALUE is JSON, and null lifts a limit.

    Example: `understudy ledger limits concurrency=2 spend='{"amount": 5, "period": "daily"}' --key my-key`
    """
    import json

    asked: dict[str, Any] = {}
    for text in limits:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.BadParameter(f"{text!r} is not NAME=VALUE")
        try:
            asked[name] = json.loads(value)
        except (ValueError, RecursionError):
            asked[name] = value
    shown = remote.control.set_limits(**asked) if asked else remote.control.limits()
    remote.show(shown, lambda: print_table(("limit", "value"), shown.items(), "There are no limits."))


def _sums(shown: dict[str, Any]) -> str:
    return f"balance {usd(shown['balance'])}, of which {usd(shown['available'])} can be spent"


def _print(shown: dict[str, Any]) -> None:
    print_table(
        ("at", "what", "amount", "for"),
        ((moment(one["at"]), one["kind"], usd(one["amount"]), one["why"] or one["job"]) for one in shown["entries"]),
        "There are no entries.",
        wrap="for",
    )
    click.echo(_sums(shown))
