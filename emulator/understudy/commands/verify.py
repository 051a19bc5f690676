"""`understudy verify`."""

import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from understudy import __version__

from .asking import asking, own_key
from .judging import EXITS, INTERRUPTED, Stop, judging
from .kinds import MoneyType
from .numbers import Count, Number
from .opened import KEYS, recording_of
from .performed import Asked, performed
from .recorded import placed, recordings_at, seed_of

if TYPE_CHECKING:
    from understudy_contracts.harness import Report

_PROVIDERS = ("runware", "gmi", "segmind")
#: How many things a reader of a recording should know are told.
_NOTICES = 5

_FORMS = ("junit", "json", "markdown", "html")


class _ReportType(click.ParamType[tuple[str, Path]]):
    name = "FORM=FILE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Path]:
        if isinstance(value, tuple):
            return value
        form, equals, path = str(value).partition("=")
        if form not in _FORMS or not equals or not path:
            self.fail(f"{value!r} is not FORM=FILE, where FORM is {', '.join(_FORMS)}", param, ctx)
        if Path(path).is_dir():
            self.fail(f"{path} is a directory", param, ctx)
        return form, Path(path)


@click.command()
@click.option(
    "--target",
    default="emulator",
    show_default=True,
    metavar="emulator|URL|live|recording:DIR",
    help="Who is held to the contract: a stand-in that is started for it, a server, the provider itself, or what was "
    "recorded. recording:examples are the examples that the providers' pages print.",
)
@click.option(
    "--provider",
    "providers",
    type=click.Choice(tuple(KEYS)),
    multiple=True,
    help="Whose part is spoken; may be given several times.  [default: runware, gmi and segmind]",
)
@click.option("--model", "models", multiple=True, metavar="ID", help="Only this model; may be given several times.")
@click.option(
    "--max-spend",
    type=MoneyType(),
    metavar="USD",
    help="The most that may be spent. Without it nothing is planned that may have to be paid for, wherever that is "
    "real money.",
)
@click.option("--live", is_flag=True, help="The second switch of --target live.")
@click.option("--free", is_flag=True, help="Only what can never begin a job that is paid for.")
@click.option("--seed", type=click.IntRange(0), help="Repeat the run that had this seed.  [default: any]")
@click.option(
    "--examples",
    type=Count(1),
    metavar="N",
    help="How many requests are made up of each kind.",
)
@click.option(
    "--time",
    "seconds",
    type=Number(0, min_open=True),
    metavar="N",
    help="After so many seconds nothing more is begun.",
)
@click.option(
    "--report",
    "reports",
    type=_ReportType(),
    multiple=True,
    help=f"Write a report: {', '.join(_FORMS)}; may be given several times.",
)
@click.option(
    "--record",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Record what is said, without keys; a run that was broken off goes on where it was.  "
    "[default with --target live: understudy-recordings/live]",
)
@click.option("--fresh", is_flag=True, help="Begin anew beside the recording that there is.")
@click.option("--plan", is_flag=True, help="Print what would be tried and what it can cost, and send nothing more.")
@asking
def verify(fresh: bool, record: Path | None, seed: int | None, **values: Any) -> None:
    """Hold a stand-in, a server, a recording, or the provider itself to the contract.

    Every operation is asked what it takes and what it refuses, jobs are followed to their end, and every answer is
    held to every promise there is. A check that did not run is told as not run.

    \b
    Asking the provider itself is safe:
      - nothing is sent without both --target live and --live, and the key in RUNWARE_API_KEY, GMI_API_KEY or
        SEGMIND_API_KEY;
      - the plan comes first, with the most that it can cost; without --max-spend that is nothing;
      - what a request can cost is set aside, on the disk, too, before it is sent: a run that is broken off goes on
        with the same command, and pays for nothing twice.

    Exit code 0: clean. 1: a promise is broken. 2: a mistake in the command line. 3: nothing is broken, but not
    everything could be checked, or understudy itself broke down. 130: interrupted; the reports are written all the
    same. Ctrl-C twice stops at once.

    \b
    Examples:
      understudy verify
      understudy verify --target http://127.0.0.1:8899 --provider gmi --report html=report.html
      understudy verify --target live --live --provider segmind --free
      understudy verify --target live --live --provider runware --max-spend 1.50 --plan
      understudy verify --target recording:understudy-recordings/live
    """
    values["key"] = own_key(values["target"], values["key"])
    values["providers"] = _providers(values["providers"], values["models"])
    with judging("checked") as stop:
        place = placed(record, live=values["target"] == "live", fresh=fresh)
        begun = seed_of(place)
        asked = Asked(
            record=place, seed=next((one for one in (seed, begun) if one is not None), random.getrandbits(32)), **values
        )
        reports, keys = _judged(asked) if recording_of(asked.target) is not None else performed(asked, stop)
        stop.hold()
        _finish(asked, reports, keys, stop)


def _judged(asked: Asked) -> "tuple[list[Report], tuple[str, ...]]":
    from understudy_contracts.harness.judge import judge
    from understudy_contracts.harness.printed import examples
    from understudy_contracts.harness.recording import RecordingError

    named = recording_of(asked.target) or ""
    chosen = click.get_current_context().params["providers"]
    if named == "examples":
        found = {provider: examples(provider) for provider in asked.providers}
    else:
        if not named:
            raise click.UsageError("--target recording: names no directory; recording:DIR does.")
        found = {**recordings_at(Path(named))} if Path(named).is_dir() else {}
        if not found:
            raise RecordingError(f"there is no recording at {named}")
        if missing := [provider for provider in chosen if provider not in found]:
            raise RecordingError(f"{named} has no recording of {', '.join(missing)}")
        found = {provider: one for provider, one in found.items() if not chosen or provider in chosen}
    for recording in found.values():
        notices = recording.notices
        more = (f"and {len(notices) - _NOTICES} more",) if len(notices) > _NOTICES else ()
        for notice in (*notices[:_NOTICES], *more):
            click.echo(f"{recording.manifest.provider}: {notice}", err=True)
    return [judge(recording, name=asked.target) for recording in found.values()], ()


def _finish(asked: Asked, reports: "Sequence[Report]", keys: tuple[str, ...], stop: Stop) -> None:
    from understudy_contracts.harness.reports import Leak, annotated, document, render, save, step_summary, verdict

    failed = False
    shown = document(reports, keys, __version__)
    for form, path in asked.reports:
        try:
            save(shown, form, path, keys=keys)
        except (OSError, Leak) as problem:
            failed = True
            why = problem.strerror if isinstance(problem, OSError) else problem
            click.echo(f"Error: {path} cannot be written: {why}", err=True)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in annotated(shown):
            click.echo(line)
        if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
            try:
                with Path(summary).open("a", encoding="utf-8") as file:
                    file.write(step_summary(shown))
            except OSError as problem:
                failed = True
                click.echo(f"Error: {summary} cannot be written: {problem.strerror}", err=True)
    click.echo(render(shown, "text"), nl=False)
    if stop.asked or any(report.interrupted for report in reports):
        raise SystemExit(INTERRUPTED)
    code = EXITS[verdict(reports)]
    raise SystemExit(EXITS["could-not-check"] if failed and code == 0 else code)


def _providers(named: tuple[str, ...], models: tuple[str, ...]) -> tuple[str, ...]:
    """Those that are named, or those that have the models. Raises `click.UsageError` for a model that none has."""
    from understudy_contracts.provider import contract

    known = {provider: contract(provider).models for provider in named or _PROVIDERS}
    for model in models:
        if not any(model in has for has in known.values()):
            models_there = ", ".join(name for has in known.values() for name in has)
            raise click.UsageError(f"{', '.join(known)}: there is no model {model!r}, only {models_there}.")
    having = tuple(provider for provider, has in known.items() if not models or any(one in has for one in models))
    if without := [provider for provider in named if provider not in having]:
        raise click.UsageError(f"{', '.join(without)} has none of the models.")
    return having
