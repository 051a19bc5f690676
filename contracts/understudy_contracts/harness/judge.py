"""Judge a recording again, for nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping

from understudy_contracts import checks

from .coverage import coverage
from .earlier import read
from .recording import Recording
from .report import Report, Spending, Tally, by_rule, distinct

#: What can be said of a check that takes somebody who asks.
_UNASKED = "a recording cannot be asked: only a probe that knows what it expects can tell"


def judge(recording: Recording, *, name: str = "", switches: Mapping[str, str] | None = None) -> Report:
    """Hold a recording to every check that needs nothing but what was said, and add what its own probes found.

    `name` is what the report calls it. Raises `RecordingError` for a finding on record that cannot be read.
    """
    began = time.monotonic()
    manifest = recording.manifest
    found = checks.judged(recording.exchanges, recording.webhooks, switches, manifest.provider)
    ended = (read(probed.more.get("findings", ()), recording.exchanges) for probed in recording.probes.values())
    by_probes = by_rule(finding for each in ended for finding in each)
    tallies = []
    for check in checks.of(manifest.provider):
        seen = found.get(check.name, checks.Judged(0))
        findings = distinct([*by_probes.get(check.name, ()), *recording.unexpected(seen.findings)])
        if findings:
            tallies.append(Tally(check, "violated", seen.count, findings))
        elif seen.count:
            tallies.append(Tally(check, "passed", seen.count))
        else:
            reason = _UNASKED if check.scope == "probe" else "nothing of the kind is on record"
            tallies.append(Tally(check, "not-run", 0, reason=reason))
    return Report(
        provider=manifest.provider,
        target=name or f"a recording of {manifest.target}",
        date=manifest.date,
        seed=manifest.seed,
        seconds=time.monotonic() - began,
        results=(),
        tallies=tuple(tallies),
        spending=Spending.nothing(),
        exchanges=len(recording.exchanges),
        stopped=f"{recording.left} of its probes have not ended" if recording.left else "",
        broken_off=bool(recording.left),
        coverage=coverage(
            manifest.provider, recording.exchanges, switches or {}, webhooks=recording.webhooks
        ).document(),
    )
