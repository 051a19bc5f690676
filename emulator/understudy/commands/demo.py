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
def demo(out: Path) -> None:
    """Start the stand-in on a free port, send the provider's own five requests, and watch five videos arrive.

    The bundled client does the sending. Ends with a table of what each video lasts and costs beside what the
    provider's page printed. Exit code 0 when everything agrees, else 1.
    """
    from rich.console import Console

    from understudy.server import Server

    configure("text", "warning")
    console = Console()
    with (
        tempfile.TemporaryDirectory(prefix="understudy-demo-") as cache,
        Server(Settings(port=0, cache_dir=Path(cache))) as server,
    ):
        console.print(f"The stand-in is up at [bold]{server.url}[/bold]")
        passed = [
            point.load()(base_url=f"{server.url}/v1", api_key="demo", out=out, console=console)
            for point in importlib.metadata.entry_points(group="understudy.demos", name="runware")
        ]
    if not passed or not all(passed):
        raise SystemExit(1)
