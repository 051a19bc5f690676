"""A plan as it is shown before anything of it is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy_contracts.harness import Plan, Probe, Session


def shown(
    runs: Sequence[tuple[Session, Plan]], *, limit: Decimal | None, free: bool, costs: bool, every: bool
) -> Iterator[str]:
    """Say what will be tried, what it can cost, and of what is free, why; `every` probe, or the paid ones alone."""
    for session, plan in runs:
        tiers = Counter(probe.tier for probe in plan.probes)
        yield (
            f"{session.provider} at {session.target.name}: {tiers['free']} free probes"
            + (f", {tiers['paid']} that may be paid for, at most ${plan.bound}" if tiers["paid"] else "")
            + (f", {len(plan.left_out)} left out" if plan.left_out else "")
        )
        for probe in plan.probes:
            if every or probe.tier == "paid":
                seen = " (seen by an earlier part of this run)" if _known(session, probe) else ""
                yield f"  {_cost(probe):>8}  {probe.name}: {probe.why}{seen}"
        if every:
            yield from _left_out(plan)
    before = sum((session.budget.at_most for session, _ in runs), Decimal(0))
    if before:
        yield f"Earlier parts of this run have spent at most ${before}."
    yield _bound(runs, limit, free, costs)


def _bound(runs: Sequence[tuple[Session, Plan]], limit: Decimal | None, free: bool, costs: bool) -> str:
    planned = sum((plan.bound for _, plan in runs), Decimal(0))
    if not costs:
        return "Nothing of this costs anything: a stand-in is asked."
    if free or limit is None:
        hint = "" if free else " --max-spend lets it try what may be paid for."
        return f"At most $0 will be spent: nothing is planned that could be paid for.{hint}"
    most = min(planned, limit)
    return f"At most ${most} will be spent: what is planned can cost ${planned}, and the limit is ${limit}."


def _left_out(plan: Plan) -> Iterator[str]:
    reasons = Counter(result.reason for result in plan.left_out)
    yield from (f"  left out {count}: {reason}" for reason, count in reasons.most_common())


def _cost(probe: Probe) -> str:
    return "free" if probe.tier == "free" else "unknown" if probe.bound is None else f"${probe.bound}"


def _known(session: Session, probe: Probe) -> bool:
    """Whether an earlier part of the run has seen what it wants to see."""
    return session.earlier.result(probe) is not None
