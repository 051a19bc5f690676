"""`understudy accounts`."""

from typing import Any

import click

from .numbers import Number
from .remote import Group, Remote, moment, print_table, remote, usd


@click.group(cls=Group, default="list")
def accounts() -> None:
    """Show, make and delete accounts. Each API key is an account of its own from its first use.

    Example: `understudy accounts make --balance 5`
    """


@accounts.command("list")
@remote
def list_(remote: Remote) -> None:
    """List every account there is by now. This is what `understudy accounts` alone does.

    Example: `understudy accounts list --json`
    """
    shown = list(remote.control.accounts())
    remote.show(shown, lambda: _print(shown))


@accounts.command()
@remote
def show(remote: Remote) -> None:
    """Show the account of the key.

    Example: `understudy accounts show --key my-key`
    """
    shown = remote.control.own_account()
    remote.show(shown, lambda: _print([shown]))


@accounts.command()
@click.argument("api_key", required=False)
@click.option("--balance", type=Number(0, 10**9), help="US dollars it starts with.  [default: the server's]")
@remote
def make(remote: Remote, api_key: str | None, balance: float | None) -> None:
    """Make an account with API_KEY, or with a new key that is printed.

    Example: `understudy accounts make poor-customer --balance 0.10`
    """
    asked = {name: value for name, value in (("key", api_key), ("balance", balance)) if value is not None}
    shown = remote.control.make_account(**asked)
    remote.show(shown, lambda: click.echo(f"{shown['key']} opens account {shown['id']} with {usd(shown['balance'])}"))


@accounts.command()
@click.argument("id")
@remote
def delete(remote: Remote, id: str) -> None:  # noqa: A002
    """Forget the account of that ID and everything in it.

    Example: `understudy accounts delete 0123456789abcdef`
    """
    remote.control.delete_account(id)
    remote.show({"removed": id}, lambda: click.echo(f"Account {id} is forgotten."))


def _print(shown: list[dict[str, Any]]) -> None:
    print_table(
        ("id", "its time", "can be spent", "rules", "jobs"),
        (
            (
                one["id"],
                moment(one["now"]),
                usd(one["available"]),
                one["faults"],
                ", ".join(f"{provider} {count}" for provider, count in one["jobs"].items()),
            )
            for one in shown
        ),
        "There are no accounts yet.",
        wrap="jobs",
    )
