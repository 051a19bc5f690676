"""Hold anyone who speaks a provider's part to the contract: a stand-in, a recording, or the provider itself.

`understudy verify` is this, as a command. In Python:

    target = Remote.at("http://127.0.0.1:8899")
    session = Session("gmi", target, key="any", bench=Bench.find("http://127.0.0.1:8899", "any"))
    plan = Plan.of(probes("gmi"), means=session.means)
    report = verify(plan, session, date="2026-11-21T12:00:00Z")
    report.verdict  # "clean", "violated" or "could-not-check"
"""

from __future__ import annotations

from .bench import Bench
from .budget import Budget, Exhausted
from .permission import NotFree
from .plan import Plan
from .probe import CouldNotCheck, Probe, Result
from .probes import probes
from .report import Report, Spending, Tally
from .run import Begun, Ended, Event, verify
from .session import Session
from .target import Remote, Target, Unreachable

__all__ = [
    "Begun", "Bench", "Budget", "CouldNotCheck", "Ended", "Event", "Exhausted", "NotFree", "Plan", "Probe", "Remote",
    "Report", "Result", "Session", "Spending", "Tally", "Target", "Unreachable", "probes", "verify",
]  # fmt: skip
