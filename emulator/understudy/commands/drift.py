"""`understudy drift`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .asking import asking, own_key
from .judging import EXITS, judging
from .opened import KEYS, Opened, opened, recording_of
from .recorded import recordings_at

if TYPE_CHECKING:
    from understudy_contracts.drift import Document, Evidence, Report


@click.command()
@click.option("--provider", type=click.Choice(tuple(KEYS)), required=True, help="Whose contract it is about.")
@click.option(
    "--target",
    default="emulator",
    show_default=True,
    metavar="emulator|URL|live|recording:DIR",
    help="Who is heard beside the emulator: a server in the provider's place, the provider itself, or a recording. "
    "Of the provider itself only what is free is asked.",
)
@click.option("--live", is_flag=True, help="The second switch of --target live.")
@click.option("--free", is_flag=True, help="Ask stand-ins, too, only what is free: quicker, and less is seen.")
@click.option(
    "--published",
    multiple=True,
    metavar="FILE_OR_URL",
    help="Something that the provider publishes: the schemas of a model, a list of models, OpenAPI; may be given "
    "several times. A URL is fetched without any key. What a --target publishes is taken from there by itself.",
)
@click.option(
    "--operation",
    "operations",
    multiple=True,
    metavar="NAME",
    help="Only this operation; may be given several times.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "markdown"]),
    default="table",
    show_default=True,
)
@click.option(
    "--allow-unchecked",
    is_flag=True,
    help="Do not fail because of what could not be looked at, unless that is all of a side.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="What is made up, is made of it.")
@asking
def drift(provider: str, form: str, allow_unchecked: bool, **values: Any) -> None:
    """Say where the contract, the emulator, the provider, and what it publishes do not say the same.

    Everybody is asked the same: the emulator, which is started for it, all there is; a --target what is free of it,
    or all, where it is a stand-in. What is answered is held against the contract, and so is what is published. For
    each operation is told who was heard, and how long ago. What could not be looked at is listed, and is never taken
    for no drift.

    What has to be paid for is recorded with `understudy verify --target live --live --record DIR` under a limit of
    its own, and then compared with --target recording:DIR for nothing.

    Exit code 0: no drift, and all was looked at. 1: drift. 2: a mistake in the command line. 3: no drift was seen,
    but not all could be looked at, or understudy itself broke down. 130: interrupted.

    \b
    Examples:
      understudy drift --provider gmi
      understudy drift --provider runware --target live --live --format markdown
      understudy drift --provider segmind --target recording:understudy-recordings/live
      understudy drift --provider runware --published https://schemas.runware.ai/resolve/heygen:avatar@4
    """
    from understudy.logs import configure

    configure("text", "error")
    values["key"] = own_key(values["target"], values["key"])
    with judging("compared"):
        report = _compared(provider, **values)
        _show(report, form)
    accepted = allow_unchecked and report.verdict == "could-not-check" and report.checked > 0 and not report.blind
    raise SystemExit(0 if accepted else EXITS[report.verdict])


def _compared(
    provider: str,
    target: str,
    published: tuple[str, ...],
    operations: tuple[str, ...],
    seed: int,
    rate: float | None,
    key: str | None,
    live: bool,
    free: bool,
    cache_dir: Path | None,
) -> Report:
    from understudy_contracts.drift import compare, printed
    from understudy_contracts.harness.sink import LocalSink
    from understudy_contracts.provider import contract

    known = contract(provider).operations
    if unknown := [name for name in operations if name not in known]:
        raise click.UsageError(f"{provider} has no operation {unknown[0]!r}: there are {', '.join(known)}.")
    day = _date()
    with ExitStack() as stack:
        # Whatever must not be asked is refused before anything is.
        other = _other(stack, provider, target, key, live, seed, rate)
        documents = [_document(provider, source, day) for source in published]
        them = stack.enter_context(opened("emulator", [provider], seed=seed, cache_dir=cache_dir, sink=LocalSink))
        sides = [_asked(them, provider, "emulator", operations, day, free)]
        if isinstance(other, Opened):
            sides.append(_asked(other, provider, "target", operations, day, free))
        elif other is not None:
            sides.append(other)
    sides.append(printed(provider))
    publishes = bool(published) or target != "emulator"
    return compare(provider, sides, date=day, documents=documents, publishes=publishes, operations=operations)


def _other(
    stack: ExitStack, provider: str, target: str, key: str | None, live: bool, seed: int, rate: float | None
) -> Opened | Evidence | None:
    """Whoever is heard beside the emulator. Raises `click.UsageError`, `Unreachable` and `RecordingError`."""
    from understudy_contracts.drift import recorded
    from understudy_contracts.harness.recording import RecordingError
    from understudy_contracts.harness.sink import LocalSink

    directory = recording_of(target)
    if directory is None:
        given = opened(target, [provider], key=key, live=live, seed=seed, rate=rate, sink=LocalSink)
        return None if target == "emulator" and not live else stack.enter_context(given)
    if live:
        raise click.UsageError("--live is for --target live only. Nothing was sent.")
    found = recordings_at(Path(directory)) if Path(directory).is_dir() else {}
    if provider not in found:
        raise RecordingError(f"there is no recording of {provider} at {directory or 'no directory'}")
    return recorded(found[provider])


def _asked(them: Opened, provider: str, side: str, operations: tuple[str, ...], day: str, free: bool) -> Evidence:
    from understudy_contracts.drift import gathered, publishing
    from understudy_contracts.harness import Plan, probes

    from .progress import Progress

    session = them.session(provider)
    submits = {name for name, one in session.contract.operations.items() if one.purpose == "submit"}
    listed = [one for one in probes(provider) if not operations or one.operation in operations]
    # What is published of the models is about the operations that take their requests.
    listed += publishing(provider) if not operations or submits.intersection(operations) else ()
    plan = Plan.of(listed, means=session.means, live=them.live, free=free or them.costs)
    provenance = "emulator" if side == "emulator" else "live" if them.live else "server" if them.costs else "stand-in"
    with Progress(quiet=not sys.stderr.isatty()) as progress:
        progress.begin(f"{provider}, {side}", plan)
        return gathered(session, plan, side=side, provenance=provenance, date=day, told=progress.told)  # type: ignore[arg-type]


def _document(provider: str, source: str, day: str) -> Document:
    """Read something published. Raises `click.UsageError` for what cannot be read, or must not be fetched."""
    from understudy_contracts.drift import Document, Unreadable, read
    from understudy_contracts.harness.redaction import Redactor

    from .fetched import fetched

    near, remote = False, source.lower().startswith(("http://", "https://"))
    try:
        if remote:
            content, near = fetched(provider, source)
        else:
            content = Path(source).read_bytes()
        told = tuple(read(provider, json.loads(content), source))
    except OSError as problem:
        raise click.UsageError(f"--published {source} cannot be read: {problem.strerror or problem}") from None
    except Unreadable as problem:
        raise click.UsageError(f"--published {source} is not understood: {problem}.") from None
    except (ValueError, RecursionError):
        raise click.UsageError(f"--published {source} is no JSON.") from None
    # An address may say who may read what is there.
    return Document(Redactor((), provider).text(source), told, day if remote else "", "", of_provider=not near)


def _date() -> str:
    from understudy.clock import FlowingClock
    from understudy.moments import iso

    return iso(FlowingClock().now())[:19] + "Z"


def _show(report: Report, form: str) -> None:
    for line in _lines(report, form):
        click.echo(line, nl=False)


def _lines(report: Report, form: str) -> Iterator[str]:
    from understudy_contracts.drift.document import document
    from understudy_contracts.drift.markdown import markdown

    if form == "json":
        yield json.dumps(document(report), indent=2, ensure_ascii=False) + "\n"
    elif form == "markdown":
        yield markdown(report)
    else:
        from rich.console import Console

        from understudy_contracts.drift.table import print_table

        print_table(report, Console(highlight=False))
