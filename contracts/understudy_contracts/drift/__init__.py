"""Say who disagrees: the contract, the emulator, the provider or a recording of it, and what it publishes itself.

`understudy drift` is this, as a command. In Python:

    emulator = gathered(session, Plan.of(probes("gmi"), means=session.means), side="emulator", ...)
    report = compare("gmi", [emulator, recorded(Recording.open("recording"))], date="2026-11-21")
    report.verdict  # "no-drift", "drift" or "could-not-check"

Two JSON Schemas alone are compared by `diff(ours, theirs)`.
"""

from __future__ import annotations

from .change import SEVERITIES, Change, Kind, Severity
from .compare import Document, compare
from .evidence import Evidence, Heard, gathered, printed, publishing, recorded
from .published import Published, Unreadable, read
from .report import Drift, Looked, Proof, Report, Row, Side
from .severity import rated
from .structure import diff

__all__ = [
    "SEVERITIES", "Change", "Document", "Drift", "Evidence", "Heard", "Kind", "Looked", "Proof", "Published", "Report",
    "Row", "Severity", "Side", "Unreadable", "compare", "diff", "gathered", "printed", "publishing", "rated", "read",
    "recorded",
]  # fmt: skip
