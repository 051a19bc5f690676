"""`understudy replay`."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .remote import Remote, everyone, remote

if TYPE_CHECKING:
    from understudy.replay import Report

#: Exit codes: something came out otherwise, or that cannot be told.
_DIFFERENT, _CANNOT_TELL = 1, 2


@click.command()
@click.argument(
    "journal", required=False, type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
)
@everyone
@remote
def replay(remote: Remote, journal: Path | None, everyone: bool) -> None:
    """Play a JOURNAL again and tell whether the same comes out.

    JOURNAL is what `understudy journal export` wrote, or - for standard input; without one, the running stand-in is
    asked for its own. Everything is played on an engine of this process, made with the same seed and settings and
    with a clock that stands where each exchange began. Nobody is called: webhooks and uploads count as delivered.

    Exit code 0: the same came out. 1: something differs, and the first difference is printed. 2: it cannot be told.

    Example: `understudy replay run.jsonl`
    """
    from understudy.journal.document import BadDocument, read
    from understudy.logs import configure
    from understudy.media.errors import MediaError
    from understudy.replay import CannotTell, play

    content = remote.control.export(everyone=everyone) if journal is None else _read(journal)
    configure("text", "error")
    try:
        header, exchanges = read(content)
        count = len(exchanges)
        hidden = not sys.stderr.isatty()
        with click.progressbar(length=count, label="replaying", file=sys.stderr, hidden=hidden) as bar:
            report = asyncio.run(play(header, exchanges, lambda done: bar.update(done - bar.pos)))
    except (BadDocument, CannotTell, MediaError) as problem:
        why = str(problem)
        remote.show({"outcome": "cannot tell", "why": why}, lambda: click.echo(f"Cannot tell: {why}."))
        sys.exit(_CANNOT_TELL)
    remote.show(_document(report, count), lambda: _tell(report, count))
    sys.exit({"same": 0, "different": _DIFFERENT, "cannot tell": _CANNOT_TELL}[_outcome(report)])


def _read(journal: Path) -> bytes:
    if str(journal) == "-":
        return sys.stdin.buffer.read()
    try:
        return journal.read_bytes()
    except OSError as problem:
        raise click.ClickException(f"cannot read {journal}: {problem.strerror or problem}") from problem


def _outcome(report: "Report") -> str:
    if report.difference is not None:
        return "cannot tell" if report.doubt else "different"
    return "same" if report.same else "cannot tell"


def _document(report: "Report", count: int) -> dict[str, Any]:
    difference = report.difference
    return {
        "outcome": _outcome(report),
        "exchanges": count,
        "same": report.same,
        "sent_only": dict(report.sent_only),
        "skipped": report.skipped,
        "deliveries_not_sent": report.deliveries,
        "difference": None
        if difference is None
        else {
            "number": difference.number,
            "asked": difference.asked,
            "what": difference.what,
            "recorded": difference.recorded,
            "replayed": difference.replayed,
        },
        "doubt": report.doubt or None,
    }


def _tell(report: "Report", count: int) -> None:
    if report.difference is not None:
        for line in report.difference.lines():
            colour = {"-": "red", "+": "green"}.get(line[:1])
            click.secho(line, fg=colour)
    told = {
        "same": f"The same came out: {report.same} of {count} exchanges, to the byte.",
        "different": f"Something else came out, after {report.same} of {count} exchanges that are the same.",
        "cannot tell": f"Cannot tell: {report.doubt or 'there is nothing to compare'}.",
    }
    click.echo(told[_outcome(report)])
    for why, number in report.sent_only.items():
        click.echo(f"  {number} were sent, but not compared: {why}.")
    for why, numbers in report.skipped.items():
        shown = ", ".join(map(str, numbers[:20])) + (", …" if len(numbers) > 20 else "")
        click.echo(f"  {len(numbers)} could not be sent: {why} ({shown}).")
    if report.deliveries:
        click.echo(f"  {report.deliveries} webhooks and uploads were not sent: a replay calls nobody.")
