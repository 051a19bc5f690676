"""Perform a plan, and say what was found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeAlias

from understudy_contracts import checks
from understudy_contracts.checks import Check, Exchange, Finding, Judged, Webhook

from .budget import Exhausted
from .coverage import coverage
from .earlier import written
from .leaks import Leak
from .plan import Plan
from .probe import CouldNotCheck, NotHere, Probe, Result
from .report import INTERRUPTED, Report, Spending, Tally, by_rule, distinct
from .session import Session
from .target import Unreachable


@dataclass(frozen=True, slots=True)
class Begun:
    """A probe is being performed."""

    probe: Probe
    number: int
    of: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A probe was performed."""

    result: Result


Event: TypeAlias = Begun | Ended


def verify(
    plan: Plan,
    session: Session,
    *,
    date: str,
    time_limit: float | None = None,
    stopped: str = "",
    told: Callable[[Event], None] = lambda event: None,
    heeded: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Report:
    """Perform every probe of a plan, then judge the whole conversation.

    `date` is when this is, as ISO 8601; after `time_limit` seconds nothing more is begun, and nothing at all where it
    was `stopped` already: why, is said of each probe. What an earlier part of the
    same run has seen is not tried again. Being interrupted ends the run early, and the report says so; the probes are
    performed in a block of `heeded`, after which whoever hears Ctrl-C has to hold it back, or there is no report.
    """
    began = time.monotonic()
    results: list[Result] = []
    broken_off = False
    try:
        with heeded():
            for number, probe in enumerate(plan.probes if not stopped else (), 1):
                if time_limit is not None and time.monotonic() - began >= time_limit:
                    stopped = f"the time of {time_limit:.3g} s was over"
                    break
                told(Begun(probe, number, len(plan.probes)))
                results.append(session.earlier.result(probe) or _noted(probe, session))
                told(Ended(results[-1]))
    except KeyboardInterrupt:
        stopped = INTERRUPTED
    except (OSError, Leak) as problem:
        stopped = f"it could not be recorded: {problem}"
        broken_off = True
    tried = {result.probe.name for result in results}
    results += [Result(probe, "not-run", stopped) for probe in plan.probes if probe.name not in tried]
    results += plan.left_out
    budget, (exchanges, webhooks) = session.budget, session.alike()
    return Report(
        provider=session.provider,
        target=session.target.name,
        date=date,
        seed=session.seed,
        seconds=time.monotonic() - began,
        results=tuple(results),
        tallies=tuple(_tallies(session, results, exchanges, webhooks)),
        spending=Spending(session.target.live, budget.most, plan.bound, budget.spent, budget.at_most),
        exchanges=len(session.exchanges),
        stopped=stopped,
        broken_off=broken_off or stopped == INTERRUPTED,
        coverage=_coverage(session, exchanges, webhooks),
    )


def _coverage(session: Session, exchanges: list[Exchange], webhooks: list[Webhook]) -> Mapping[str, Any]:
    files = len(getattr(session.sink, "files", ()))
    seen = coverage(session.provider, exchanges, session.switches, webhooks=webhooks, files=files)
    return seen.document()


def _noted(probe: Probe, session: Session) -> Result:
    """Perform one probe, and take down what came of it."""
    journal, before = session.journal, len(session.webhooks)
    journal.begin(probe.name)
    result = perform(probe, session)
    for webhook in session.webhooks[before:]:
        journal.webhook(webhook, {"probe": probe.name})
    journal.done(
        probe.name,
        result.state,
        result.reason,
        findings=written(result.findings, session.exchanges),
        requests=result.requests,
        seconds=round(result.seconds, 3),
    )
    return result


def perform(probe: Probe, session: Session) -> Result:
    """Perform one probe, whatever happens to it."""
    began, before = time.monotonic(), len(session.exchanges)
    findings: list[Finding] = []
    state, reason = "passed", ""
    try:
        with session.performing(probe):
            findings.extend(probe.perform(session))
    except (Exhausted, NotHere) as problem:
        state, reason = "not-run", str(problem)
    except (CouldNotCheck, Unreachable) as problem:
        state, reason = "could-not-check", str(problem)
    except Exception as problem:  # noqa: BLE001 - a mistake in one probe is no reason to lose what others find
        state, reason = "could-not-check", f"the probe itself failed: {type(problem).__name__}: {problem}"
    sent = len(session.exchanges) - before
    seconds = time.monotonic() - began
    return Result(probe, "violated" if findings else state, reason, tuple(findings), sent, seconds)  # type: ignore[arg-type]


def _tallies(
    session: Session, results: Iterable[Result], exchanges: list[Exchange], webhooks: list[Webhook]
) -> Iterator[Tally]:
    """Say of every check what it came to, over the probes and over the conversation as a whole."""
    served: dict[str, list[Result]] = {}
    for result in results:
        for name in result.probe.checks:
            served.setdefault(name, []).append(result)
    found = by_rule(finding for result in results for finding in result.findings)
    judged = checks.judged(exchanges, webhooks, session.switches, session.provider)
    for check in checks.of(session.provider):
        seen = judged.get(check.name, Judged(0))
        findings = distinct([*found.get(check.name, ()), *seen.findings])
        yield _tally(check, seen.count, findings, served.get(check.name, []))


def _tally(check: Check, seen: int, findings: tuple[Finding, ...], served: list[Result]) -> Tally:
    count = seen + sum(one.state in ("passed", "violated") for one in served)
    if findings:
        return Tally(check, "violated", count, findings)
    if count:
        return Tally(check, "passed", count)
    if unsure := next((one.reason for one in served if one.state == "could-not-check"), ""):
        return Tally(check, "could-not-check", 0, reason=unsure)
    reason = next((one.reason for one in served if one.reason), "nothing of the kind was seen")
    return Tally(check, "not-run", 0, reason=reason)
