"""`understudy wait`."""

import click

from .numbers import Number
from .remote import REFUSED, Remote, remote


@click.command()
@click.option("--jobs", is_flag=True, help="Until every job is finished.")
@click.option("--webhooks", is_flag=True, help="Until every webhook is delivered or given up.")
@click.option("--timeout", type=Number(0, 600), default=30.0, show_default=True, help="Real seconds to wait.")
@remote
def wait(remote: Remote, jobs: bool, webhooks: bool, timeout: float) -> None:
    """Wait until the jobs of an account are done and its webhooks delivered; of all accounts without a key.

    Without either option it waits for both. Exit code 1 when it was not so in time, or cannot be without an advance
    of the clock.

    Example: `understudy wait --jobs --timeout 10 --key my-key`
    """
    either = jobs or webhooks
    done = remote.control.wait(jobs=jobs or not either, webhooks=webhooks or not either, timeout=timeout)
    remote.show({"done": done}, lambda: click.echo("Done." if done else "Not done."))
    if not done:
        raise SystemExit(REFUSED)
