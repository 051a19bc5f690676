"""Whether a provider, or whoever stands in for it, kept its promises: rules over recorded exchanges.

For anybody's own test suite. Record what an `httpx` client hears, and ask:

    seen: list[Exchange] = []
    client = httpx.Client(event_hooks={"response": [lambda answer: seen.append(Exchange.of(answer, provider="gmi"))]})
    ...  # whatever the suite does with the client
    assert checks.violations(seen) == []

One exchange alone is judged by what it can show: its form, its status, its media type, its headers, the ids in it.
A conversation is judged by what holds between its exchanges, too: a job only goes forward, a result stays as it was,
webhooks tell what polls tell, and the money adds up. Order does not matter, only `at` does.

    for finding in checks.violations(exchange):
        print(finding.rule, finding.message, checks.CHECKS[finding.rule].why)

A check that had nothing to look at has not been kept: `judged` says how many things each looked at.

    counts = {name: judged.count for name, judged in checks.judged(seen).items()}
    assert counts["gmi.only-forward"] > 0

Where sources disagree on what a provider does, `switches` say which reading is meant: see `contract("gmi").switches`.
Checks of scope `probe` are listed with the others, and judged by those who know what they sent.
"""

from __future__ import annotations

from .check import Check, Judged, Scope
from .conversation import CHECKS, judged, of, violations
from .exchange import Exchange, Finding, Transport, Webhook

__all__ = [
    "CHECKS",
    "Check",
    "Exchange",
    "Finding",
    "Judged",
    "Scope",
    "Transport",
    "Webhook",
    "judged",
    "of",
    "violations",
]
