"""`understudy webhooks`."""

from typing import Any, get_args

import click

from understudy.deliveries import State

from .remote import Group, Remote, moment, print_table, remote


@click.group(cls=Group, default="list")
def webhooks() -> None:
    """Show what was sent out for an account, with every attempt, and send it again.

    Example: `understudy webhooks --key my-key`
    """


@webhooks.command("list")
@click.option("--kind", type=click.Choice(["webhook", "upload"]), help="Only these.  [default: both]")
@click.option("--job", help="Only those about this job.")
@click.option("--state", type=click.Choice(get_args(State)), help="Only those in this state.")
@remote
def list_(remote: Remote, **filters: str | None) -> None:
    """List webhooks and uploads, oldest first. This is what `understudy webhooks` alone does.

    Example: `understudy webhooks list --state "given up" --key my-key`
    """
    shown = remote.control.webhooks(**{name: value for name, value in filters.items() if value is not None})
    remote.show(shown, lambda: _print(shown))


@webhooks.command()
@click.argument("id")
@remote
def show(remote: Remote, id: str) -> None:  # noqa: A002
    """Show one of them with every attempt, its body included.

    Example: `understudy webhooks show 6f1c… --key my-key`
    """
    shown = remote.control.webhook(id)
    remote.show(shown, lambda: _print_one(shown))


@webhooks.command()
@click.argument("id")
@remote
def resend(remote: Remote, id: str) -> None:  # noqa: A002
    """Send one of them again, now, and show how that went.

    Example: `understudy webhooks resend 6f1c… --key my-key`
    """
    shown = remote.control.resend(id)
    remote.show(shown, lambda: _print([shown]))


def _outcome(attempt: dict[str, Any]) -> str:
    return attempt["problem"] or f"HTTP {attempt['status']}"


def _print(shown: list[dict[str, Any]]) -> None:
    print_table(
        ("id", "state", "attempts"),
        ((one["id"], one["state"], ", ".join(map(_outcome, one["attempts"]))) for one in shown),
        "Nothing was to be sent.",
        wrap="attempts",
    )


def _print_one(shown: dict[str, Any]) -> None:
    from rich.console import Console

    _print([shown])
    click.echo(f"\n{shown['kind']} to {shown['url']}\nof result {shown['result']}\nof job {shown['job']}\n")
    print_table(
        ("at", "real seconds", "outcome"),
        ((moment(one["at"]), f"{one['seconds']:.3f}", _outcome(one)) for one in shown["attempts"]),
        "No attempt was made yet.",
        wrap="outcome",
    )
    for attempt in shown["attempts"][-1:]:
        Console().print_json(data=attempt)
