"""A run of `understudy verify` that asks somebody."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .judging import Stop
from .opened import Opened, opened
from .recorded import Recorded, opened_at, recordings_at

if TYPE_CHECKING:
    from understudy_contracts.harness import Budget, Plan, Report, Session
    from understudy_contracts.harness.recording import Recorder

    from .progress import Progress


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says."""

    target: str
    providers: tuple[str, ...]
    models: tuple[str, ...]
    key: str | None
    live: bool
    free: bool
    max_spend: Decimal | None
    seed: int
    examples: int | None
    seconds: float | None
    rate: float | None
    reports: tuple[tuple[str, Path], ...]
    record: Path | None
    plan: bool
    cache_dir: Path | None


def performed(asked: Asked, stop: Stop) -> tuple[list[Report], tuple[str, ...]]:
    """Ask, and report of each provider; and the keys that were used, which no report may show.

    Once anything was found, nothing but the asking itself is broken off by Ctrl-C.
    Raises `click.UsageError`, `Unreachable` and `RecordingError`, and `SystemExit` where only the plan is wanted.
    """
    from understudy.logs import configure
    from understudy_contracts.harness.sink import LocalSink

    from .progress import Progress

    configure("text", "error")
    with ExitStack() as stack:
        them = stack.enter_context(
            opened(
                asked.target, asked.providers, key=asked.key, live=asked.live, seed=asked.seed, rate=asked.rate,
                cache_dir=asked.cache_dir, sink=LocalSink,
            )
        )  # fmt: skip
        recorded = None if asked.record is None else _recorded(asked, asked.record)
        runs = list(_planned(asked, them, recorded))
        keys = tuple(them.keys.values())
        if asked.key is not None or them.live:
            _refuse_words(runs, keys)
        if asked.plan or them.costs:
            _show_plan(asked, them, runs)
        if asked.plan:
            raise SystemExit(0)
        if recorded is not None:
            click.echo(f"Recording in {recorded.directory}", err=True)
            for session, plan in runs:
                session.journal = stack.enter_context(_journal(recorded, session, plan, keys))
        reports: list[Report] = []
        with Progress() as progress, suppress(KeyboardInterrupt):
            for report in _reported(asked, runs, progress, stop):
                reports.append(report)  # noqa: PERF402 - those that there are stay when the next is interrupted
        return reports, keys


def _refuse_words(runs: Sequence[tuple[Session, Plan]], keys: Sequence[str]) -> None:
    """Raise `click.UsageError` for a key that nothing could be told without."""
    from understudy_contracts.harness import verify as hold
    from understudy_contracts.harness.reports import has

    # A run that is stopped before it begins says what every run says.
    if has([hold(plan, session, date=_date(), stopped="nothing was asked") for session, plan in runs], keys):
        raise click.UsageError(
            "the API key is, or has in it, a word that every report has, so that none could be written without it: "
            "take another key. Nothing was checked."
        )


def _journal(recorded: Recorded, session: Session, plan: Plan, keys: Sequence[str]) -> Recorder:
    from understudy_contracts.harness.leaks import Leak
    from understudy_contracts.harness.recording import RecordingError

    try:
        return recorded.recorder(
            session.provider, run=session.run, planned=len(plan.probes), target=session.target.name,
            live=session.target.live, date=_date(), keys=keys,
        )  # fmt: skip
    except (OSError, Leak) as problem:
        why = problem.strerror if isinstance(problem, OSError) else problem
        raise RecordingError(f"{recorded.directory} cannot be written: {why}. Nothing was sent") from None


def _recorded(asked: Asked, directory: Path) -> Recorded:
    said = {
        "target": asked.target, "providers": list(asked.providers), "models": list(asked.models),
        "examples": asked.examples, "seed": asked.seed,
    }  # fmt: skip
    if asked.target == "emulator" and recordings_at(directory):
        raise click.UsageError(f"{directory} has a recording of a stand-in that is gone: begin anew with --fresh.")
    recorded = opened_at(directory, asked.providers, said)
    if recorded.recordings and asked.target != "live" and asked.key is None:
        raise click.UsageError(f"going on with {directory} takes the --key it was begun with; --fresh begins anew.")
    return recorded


def _planned(asked: Asked, them: Opened, recorded: Recorded | None) -> Iterator[tuple[Session, Plan]]:
    from understudy_contracts.harness import Budget, Plan, probes
    from understudy_contracts.provider import contract

    whole = Budget(asked.max_spend)
    free = asked.free or (them.costs and asked.max_spend is None)
    more: dict[str, Any] = {} if asked.examples is None else {"examples": asked.examples}
    for provider in asked.providers:
        session = _session(them, provider, recorded, whole)
        known = contract(provider).models
        listed = probes(provider, models=[one for one in asked.models if one in known], **more)
        yield session, Plan.of(listed, means=session.means, live=them.live, free=free, limit=asked.max_spend)


def _session(them: Opened, provider: str, recorded: Recorded | None, whole: Budget) -> Session:
    if recorded is None:
        return them.session(provider, budget=whole.part())
    earlier = recorded.earlier(provider)
    return them.session(
        provider, run=recorded.run_id(provider), budget=whole.part(earlier.spent, earlier.held), earlier=earlier
    )


def _show_plan(asked: Asked, them: Opened, runs: Sequence[tuple[Session, Plan]]) -> None:
    from .planned import shown

    for line in shown(runs, limit=asked.max_spend, free=asked.free, costs=them.costs, every=asked.plan or them.costs):
        click.echo(line)


def _reported(asked: Asked, runs: Sequence[tuple[Session, Plan]], progress: Progress, stop: Stop) -> Iterator[Report]:
    from understudy_contracts.harness import verify as hold
    from understudy_contracts.harness.balance import balance

    began = time.monotonic()
    for number, (session, plan) in enumerate(runs):
        left = None if asked.seconds is None else max(0.0, asked.seconds - (time.monotonic() - began))
        progress.begin(session.provider, plan)
        before = balance(session) if session.target.live and not stop.asked else None
        # What is left of the time is for all that are left.
        limit = None if left is None else left / (len(runs) - number)
        report = hold(plan, session, date=_date(), time_limit=limit, told=progress.told, heeded=stop.heeded)
        after = balance(session) if before is not None and not stop.asked else None
        if before is not None and after is not None:
            report = replace(report, spending=replace(report.spending, read_back=before - after))
        yield report


def _date() -> str:
    from understudy.clock import FlowingClock
    from understudy.moments import iso

    return iso(FlowingClock().now())[:19] + "Z"
