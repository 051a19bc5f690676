"""`understudy faults`."""

from pathlib import Path
from typing import Any

import click

from understudy.control.client import ControlError, Fault

from .numbers import Count, Number
from .remote import Group, Remote, everyone, print_table, remote


@click.group(cls=Group, default="list")
def faults() -> None:
    """Show, add and remove the rules by which things go wrong: an account's, or without a key everyone's.

    Example: `understudy faults add "timeoutProvider, times=2" --provider runware`
    """


@faults.command("list")
@everyone
@remote
def list_(remote: Remote, everyone: bool) -> None:
    """List the rules with how often they struck. This is what `understudy faults` alone does.

    Example: `understudy faults list --key my-key`
    """
    shown = remote.control.faults(everyone=everyone)
    remote.show(shown, lambda: _print(shown))


@faults.command()
@click.argument("rule")
@click.option("--provider", help="Only requests to this provider.")
@click.option("--model", help="Only requests for this model; a glob such as heygen*.")
@click.option("--operation", help="Only requests for this, such as submit, poll or webhook.  [default: by the effects]")
@click.option("--text", help="Only requests that say this.")
@click.option("--times", type=Count(), help="Strike at most so many times.")
@click.option("--after", type=Count(), help="Let the first so many requests that match pass.")
@click.option("--nth", type=Count(), help="Strike every so manieth request that matches.")
@click.option("--probability", type=Number(), help="Strike with this probability.")
@click.option("--ttl", type=Number(), help="Expire after so many emulator seconds.")
@everyone
@remote
def add(remote: Remote, rule: str, everyone: bool, **fields: Any) -> None:
    """Add a RULE, written on one line: an error's id, or effects such as `delay=2, corrupt`.

    Everything that a rule can say may stand in it; the options are for who prefers them. `understudy errors` lists
    the errors, and GET /_understudy/openapi.json describes every effect.

    Example: `understudy faults add "delay=5, corrupt" --operation webhook --times 1 --key my-key`
    """
    from understudy.faults import BadRule, parse_compact

    try:
        document = parse_compact(rule)
    except BadRule as bad:
        raise click.BadParameter("; ".join(bad.problems), param_hint="RULE") from bad
    given = {name: value for name, value in fields.items() if value is not None}
    if twice := sorted(document.keys() & given.keys()):
        raise click.UsageError(f"{', '.join(twice)} is in RULE and in an option")
    fault = remote.control.add_fault({**document, **given}, everyone=everyone)
    remote.show(fault.document, lambda: click.echo(f"Rule {fault.id} is added."))


@faults.command()
@click.argument("id")
@everyone
@remote
def remove(remote: Remote, id: str, everyone: bool) -> None:  # noqa: A002
    """Remove the rule of that ID.

    Example: `understudy faults remove rule-1 --key my-key`
    """
    remote.control.remove_fault(id, everyone=everyone)
    remote.show({"removed": id}, lambda: click.echo(f"Rule {id} is removed."))


@faults.command()
@everyone
@remote
def clear(remote: Remote, everyone: bool) -> None:
    """Remove all rules.

    Example: `understudy faults clear --everyone`
    """
    count = remote.control.clear_faults(everyone=everyone)
    remote.show({"removed": count}, lambda: click.echo(f"{count} rules are removed."))


@faults.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@everyone
@remote
def load(remote: Remote, file: Path, everyone: bool) -> None:
    """Add the rules of FILE, a scenario as `understudy serve --scenario` takes it: all of them, or none.

    Example: `understudy faults load bad-day.toml --key my-key`
    """
    from understudy.config import BadScenario
    from understudy.scenario import Scenario

    try:
        scenario = Scenario.read(file)
    except BadScenario as bad:
        raise click.ClickException(str(bad)) from bad
    if scenario.accounts:
        raise click.ClickException(f"{file} has accounts, which only `understudy serve --scenario` makes")
    added: list[Fault] = []
    try:
        for rule in scenario.faults:
            added.append(remote.control.add_fault(rule, everyone=everyone))  # noqa: PERF401  # each must be known
    except ControlError:
        for fault in added:
            fault.remove()
        raise
    remote.show([fault.document for fault in added], lambda: click.echo(f"{len(added)} rules are added."))


def _print(shown: list[dict[str, Any]]) -> None:
    from understudy.faults import compact

    print_table(
        ("id", "rule", "struck", "why not"),
        ((one["id"], compact(one["rule"]), f"{one['struck']} of {one['matched']}", one["why"]) for one in shown),
        "There are no rules.",
    )
