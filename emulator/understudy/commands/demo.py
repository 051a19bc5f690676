"""`understudy demo`."""

import importlib.metadata
import tempfile
from pathlib import Path

import click

from understudy.config import Settings
from understudy.logs import configure


@click.command()
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("demo-output"), show_default=True,
    help="Folder for the videos; made if need be.",
)  # fmt: skip
@click.argument("providers", nargs=-1)
def demo(providers: tuple[str, ...], out: Path) -> None:
    """Start the stand-in on a free port, send the providers' own example requests, and watch the videos arrive.

    PROVIDERS are those to perform.  [default: all]

    The bundled client does the sending. Ends with tables of what each video lasts and costs, beside what the
    provider's page printed where it did. Exit code 0 when everything agrees, else 1.
    """
    performances = {point.name: point for point in importlib.metadata.entry_points(group="understudy.demos")}
    if strangers := [name for name in providers if name not in performances]:
        raise click.BadParameter(f"there is no demo of {', '.join(strangers)}, only of {', '.join(performances)}")

    from rich.console import Console

    from understudy.providers import PROVIDERS
    from understudy.server import Server

    configure("text", "warning")
    console = Console()
    with (
        tempfile.TemporaryDirectory(prefix="understudy-demo-") as cache,
        Server(Settings(port=0, cache_dir=Path(cache))) as server,
    ):
        console.print(f"The stand-in is up at [bold]{server.url}[/bold]")
        passed = []
        for name in providers or sorted(performances, key=list(PROVIDERS).index):
            base_url = PROVIDERS[name].base_url(server.url)
            passed.append(performances[name].load()(base_url=base_url, api_key="demo", out=out, console=console))
    if not all(passed):
        raise SystemExit(1)
