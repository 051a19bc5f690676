"""One `generate` from submit to file, whichever provider does it: progress, outcome and exit code."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from understudy_client.destination import check_file, check_folder
from understudy_client.errors import DownloadFailed, UnderstudyError
from understudy_client.jobs import JobStatus, MediaResult
from understudy_client.session import Session
from understudy_client.url import without_password
from understudy_client.waiting import PATIENCE

F = TypeVar("F", bound=Callable[..., Any])

#: What a shell reports for a program ended by Ctrl-C: 128 and the number of SIGINT.
INTERRUPTED = 130

#: Makes the results, telling every look at the job.
Generate: TypeAlias = Callable[[Callable[[JobStatus], object]], list[MediaResult]]


def _seconds(context: click.Context, option: click.Parameter, value: float) -> float:
    # A range would let nan pass, which is neither above nor below anything.
    if not math.isfinite(value) or value < 0:
        raise click.BadParameter(f"{value} is no number of seconds to wait", context, option)
    return value


def options(*, example: str, url_variable: str, key_variable: str) -> Callable[[F], F]:
    """Give a command the options that all providers' commands have."""
    given = (
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="KEY=VALUE",
            help=f"Any field by its dotted name, such as {example}; the value is JSON, or else text. Repeatable.",
        ),
        click.option(
            "--out",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Where to put the result, or a directory. Of several, each gets a number. Without it, the URL is "
            "printed.",
        ),
        click.option("--base-url", metavar="URL", help=f"The API. [default: {url_variable}, else the provider's own]"),
        click.option(
            "--api-key", metavar="KEY", help=f"The key. [default: {key_variable}; safer there than in a command]"
        ),
        click.option(
            "--timeout",
            type=float,
            callback=_seconds,
            default=PATIENCE,
            show_default=True,
            metavar="SECONDS",
            help="How long to wait.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object on stdout."),
    )

    def decorate(command: F) -> F:
        for option in reversed(given):
            command = option(command)
        return command

    return decorate


@dataclass(slots=True)
class Performance:
    """One run of a command."""

    out: Path | None
    as_json: bool
    #: The job's id, as soon as it is known.
    job: str | None = None
    #: What it made, and the files of those that were fetched or came as the answer itself.
    results: Sequence[MediaResult] = ()
    files: list[Path] = field(default_factory=list)
    #: What it wrote, where that was a text.
    text: str = ""

    def run(self, client: Session, generate: Generate) -> None:
        """Make the results, fetch them, and say what came of it; end the program with 1 or 130 if nothing did.

        Raises click.UsageError, before anything is paid for, when the results could not be put where they should.
        """
        self._check()
        screen = Console(stderr=True)
        screen.print(f"Calling {escape(without_password(client.base_url))}", highlight=False, soft_wrap=True)
        try:
            with client:
                self.results = self._wait(generate, screen)
                if self.out is not None and not self.files:
                    self._fetch(client, self.out, screen)
        except UnderstudyError as error:
            self._fail(error, screen)
            sys.exit(1)
        except KeyboardInterrupt:
            what = f"Job {self.job}" if self.job else "A job"
            screen.print(f"Interrupted. {what} may still be running, and then it will be billed.", highlight=False)
            sys.exit(INTERRUPTED)
        self._report()

    def _check(self) -> None:
        if self.out is None:
            return
        try:
            if self.out.is_dir():
                check_folder(self.out)
            else:
                check_file(self.out)
        except OSError as error:
            raise click.UsageError(f"nothing can be written to --out {self.out}: {error}") from error

    def _wait(self, generate: Generate, screen: Console) -> list[MediaResult]:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=screen) as progress:
            bar = progress.add_task("submitting", total=None)

            def show(status: JobStatus) -> None:
                self.job = status.job.id
                count = f"{len(status.results)} of {status.job.count} finished"
                text = f"{status.word}, {count}" if status.word else count
                progress.update(bar, completed=len(status.results), total=status.job.count, description=text)

            results = generate(show)
            self.job = results[0].job if results else self.job
            return results

    def _fetch(self, client: Session, out: Path, screen: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
        with Progress(*columns, console=screen) as progress:
            for number, result in enumerate(self.results, 1):
                path = file_for(result, out, number if len(self.results) > 1 else None)
                bar = progress.add_task(escape(path.name), total=None)
                show = partial(_show_bytes, progress, bar)
                try:
                    if self.text:
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_text(self.text, "utf-8")
                        self.files.append(path)
                        continue
                    self.files.append(client.download(result, path, on_progress=show))
                except OSError as error:
                    # The disk was full, or somebody took the folder away since it was checked.
                    raise DownloadFailed(f"{path} could not be written: {error}") from error

    def _fail(self, error: UnderstudyError, screen: Console) -> None:
        self.job = error.job.id if error.job is not None else self.job
        results = self.results or error.results
        if self.as_json:
            told = {"job": self.job, "cost": _total(results), "error": _told(error)}
            click.echo(json.dumps(told | {"results": _rows(results, self.files)}))
        screen.print(f"[bold red]Error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        if results and not self.as_json:
            # All of this is paid for, whatever went wrong afterwards.
            click.echo(f"Job {self.job} did make:", err=True)
            for row in _rows(results, self.files):
                click.echo(row.get("file") or row["url"], err=True)
            click.echo(_cost(results), err=True)

    def _report(self) -> None:
        rows = _rows(self.results, self.files)
        if self.as_json:
            told = {"job": self.job, "cost": _total(self.results)} | ({"text": self.text} if self.text else {})
            click.echo(json.dumps(told | {"results": rows}))
            return
        for row in rows:
            click.echo(row.get("file") or row["url"] or self.text)
        click.echo(_cost(self.results), err=True)


def _show_bytes(progress: Progress, bar: TaskID, received: int, total: int | None) -> None:
    progress.update(bar, completed=received, total=total)


def _costs(results: Sequence[MediaResult]) -> list[Decimal]:
    return [result.cost for result in results if result.cost is not None]


def _total(results: Sequence[MediaResult]) -> float | None:
    costs = _costs(results)
    return float(sum(costs, Decimal(0))) if costs else None


def _cost(results: Sequence[MediaResult]) -> str:
    costs = _costs(results)
    return f"Cost: ${sum(costs)}" if costs else "Cost: not told"


def file_for(result: MediaResult, out: Path, number: int | None) -> Path:
    """Choose the file for a result: the one asked for, a numbered one, or one in the directory asked for."""
    if out.is_dir():
        # GMI's and Segmind's ids are no more than a number within the job.
        name = f"{result.job}-{result.id}" if result.id.isdecimal() else result.id
        usual = ".mp4" if result.url else ".txt"
        return out / f"{name}{Path(result.url.partition('?')[0]).suffix or usual}"
    return out if number is None else out.with_stem(f"{out.stem}-{number}")


def _rows(results: Sequence[MediaResult], files: Sequence[Path]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for index, result in enumerate(results):
        cost = float(result.cost) if result.cost is not None else None
        row = {
            "id": result.id,
            "url": result.url or None,
            "cost": cost,
            "seed": result.seed,
            "duration": result.duration,
        }
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
