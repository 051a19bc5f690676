"""`understudy generate`: make a video from the command line, against any base URL, the real one included."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from . import runware_codec as codec
from .errors import UnderstudyError
from .jobs import Job, JobStatus, MediaResult
from .media_argument import media_field
from .runware import RunwareClient
from .waiting import PATIENCE

#: What a shell reports for a program ended by Ctrl-C: 128 and the number of SIGINT.
INTERRUPTED = 130


@click.group()
def generate() -> None:
    """Make a video with a provider, or with the stand-in for one."""


@generate.command()
@click.option("--model", required=True, metavar="AIR", help="The model, such as heygen:avatar@4.")
@click.option("--script", metavar="TEXT|@FILE", help="What is said; @FILE reads it from a file, @- from stdin.")
@click.option("--image", metavar="URL|PATH|UUID", help="The face, as a picture. A file is sent within the request.")
@click.option("--avatar", metavar="ID", help="The face, as one of the provider's avatars.")
@click.option("--audio", metavar="URL|PATH|UUID", help="The voice, as a recording; instead of --script.")
@click.option("--background", metavar="URL|PATH|UUID", help="A picture behind the speaker.")
@click.option("--voice", metavar="ID", help="The voice that reads the script. The provider's default: auto.")
@click.option("--language", metavar="CODE", help="The language of the script, such as en-US.")
@click.option("--prompt", metavar="TEXT", help="What the video looks like (positivePrompt).")
@click.option("--width", type=int, metavar="PIXELS", help="Width; goes with --height.")
@click.option("--height", type=int, metavar="PIXELS", help="Height; goes with --width.")
@click.option("--resolution", metavar="NAME", help="A size by name, such as 720p; instead of width and height.")
@click.option("--count", type=click.IntRange(1), metavar="N", help="How many variations (numberResults).")
@click.option("--webhook-url", metavar="URL", help="Where the provider posts each finished video, too.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Any field by its dotted name, such as speech.speed=1.2; the value is JSON, or else text. Repeatable.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to put the video, or a directory. Of several, each gets a number. Without it, the URL is printed.",
)
@click.option("--base-url", metavar="URL", help="The API. [default: RUNWARE_BASE_URL, else the provider's own]")
@click.option("--api-key", metavar="KEY", help="The key. [default: RUNWARE_API_KEY; safer there than in a command]")
@click.option("--timeout", type=float, default=PATIENCE, show_default=True, metavar="SECONDS", help="How long to wait.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object on stdout.")
def runware(
    settings: Sequence[str],
    out: Path | None,
    base_url: str | None,
    api_key: str | None,
    timeout: float,
    as_json: bool,
    **options: Any,
) -> None:
    """Make a video with Runware and wait for it.

    A real base URL costs real money; the cost is printed at the end. Ctrl-C stops the waiting, not the job:
    the provider has no way to stop one.

    Exit codes: 0 the video is there; 1 the provider refused or failed, or nobody answered; 2 the command is
    wrong; 130 interrupted.
    """
    task = codec.prepare(task_of(options, settings), {})
    screen = Console(stderr=True)
    job = codec.job_of(task)
    try:
        client = RunwareClient(api_key, base_url)
    except (UnderstudyError, ValueError) as error:
        raise click.UsageError(str(error)) from error
    try:
        with client:
            results = _wait(client, task, timeout, screen)
            files = _fetch(client, results, out, screen) if out is not None else []
    except UnderstudyError as error:
        if as_json:
            click.echo(json.dumps({"job": job.id, "error": _told(error), "results": _rows(error.results, [])}))
        screen.print(f"[bold red]Error:[/] {_plain(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        screen.print(f"Interrupted. Job {job.id} may still be running, and then it will be billed.", highlight=False)
        sys.exit(INTERRUPTED)
    _report(job, results, files, as_json)


def task_of(options: dict[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Make the task that the options describe. Raises click.UsageError for a setting that fits nowhere."""
    task: dict[str, Any] = {"includeCost": True}
    media = {name: media_field(options.get(name)) for name in ("image", "audio", "background")}
    fields = {
        "model": options.get("model"),
        "positivePrompt": options.get("prompt"),
        "inputs.avatar": options.get("avatar"),
        **{f"inputs.{name}": value for name, value in media.items()},
        "speech.text": _script(options.get("script")),
        "speech.voice": options.get("voice"),
        "speech.language": options.get("language"),
        "width": options.get("width"),
        "height": options.get("height"),
        "resolution": options.get("resolution"),
        "numberResults": options.get("count"),
        "webhookURL": options.get("webhook_url"),
    }
    for name, value in fields.items():
        if value is not None:
            _put(task, name, value)
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not name or not equals:
            raise click.UsageError(f"--set wants KEY=VALUE, not {setting!r}")
        _put(task, name, _value(text))
    return task


def _script(text: str | None) -> str | None:
    if text is None or not text.startswith("@"):
        return text
    try:
        return sys.stdin.read() if text == "@-" else Path(text[1:]).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"--script cannot be read: {error}") from error


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _put(task: dict[str, Any], name: str, value: Any) -> None:
    *parents, last = name.split(".")
    place = task
    for parent in parents:
        inner = place.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise click.UsageError(f"{name} cannot be set: {parent} is not an object")
        place = inner
    place[last] = value


def _wait(client: RunwareClient, task: dict[str, Any], timeout: float, screen: Console) -> list[MediaResult]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen) as progress:
        bar = progress.add_task("submitting", total=codec.job_of(task).count)

        def show(status: JobStatus) -> None:
            text = f"{len(status.results)} of {status.job.count} finished"
            progress.update(bar, completed=len(status.results), description=text)

        return client.generate(task, deadline=timeout, on_progress=show)


def _fetch(client: RunwareClient, results: Sequence[MediaResult], out: Path, screen: Console) -> list[Path]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=screen) as progress:

        def fetch(number: int, result: MediaResult) -> Path:
            path = file_for(result, out, number if len(results) > 1 else None)
            bar = progress.add_task(path.name, total=None)

            def show(received: int, total: int | None) -> None:
                progress.update(bar, completed=received, total=total)

            return client.download(result, path, on_progress=show)

        return [fetch(number, result) for number, result in enumerate(results, 1)]


def file_for(result: MediaResult, out: Path, number: int | None) -> Path:
    """Choose the file for a result: the one asked for, a numbered one, or one in the directory asked for."""
    if out.is_dir():
        return out / f"{result.id}{Path(result.url.partition('?')[0]).suffix or '.mp4'}"
    return out if number is None else out.with_stem(f"{out.stem}-{number}")


def _report(job: Job, results: Sequence[MediaResult], files: Sequence[Path], as_json: bool) -> None:
    costs = [result.cost for result in results if result.cost is not None]
    if as_json:
        total = float(sum(costs, Decimal(0))) if costs else None
        click.echo(json.dumps({"job": job.id, "cost": total, "results": _rows(results, files)}))
        return
    for row in _rows(results, files):
        click.echo(row.get("file") or row["url"])
    click.echo(f"Cost: ${sum(costs)}" if costs else "Cost: not told", err=True)


def _rows(results: Sequence[MediaResult], files: Sequence[Path]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for index, result in enumerate(results):
        cost = float(result.cost) if result.cost is not None else None
        row = {"id": result.id, "url": result.url, "cost": cost, "seed": result.seed}
        rows.append(row | ({"file": str(files[index])} if index < len(files) else {}))
    return rows


def _told(error: UnderstudyError) -> dict[str, Any]:
    return {
        "kind": type(error).__name__,
        "code": error.code or None,
        "message": error.message,
        "parameter": error.parameter,
        "status": error.status,
        "billed": error.billed,
        "retryable": error.retryable,
    }


def _plain(text: str) -> str:
    # A provider's message may hold brackets, which are markup to rich.
    return text.replace("[", r"\[")
