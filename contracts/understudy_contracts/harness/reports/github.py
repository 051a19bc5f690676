"""What GitHub shows of a report beside a commit: annotations, and the summary of a step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import markdown
from .summary import headline, reasons

#: GitHub shows ten annotations of a kind for a step, and takes a MiB of a step's summary.
_MOST = 10
_LARGEST = 1000 * 1000


def annotated(shown: Mapping[str, Any]) -> Iterator[str]:
    """Each annotation as the line that brings it about."""
    errors = [_violated(run, finding) for run in shown["runs"] for finding in run["findings"]]
    if len(errors) > _MOST:
        left = len(errors) - _MOST + 1
        errors[_MOST - 1 :] = [command("error", "understudy verify", f"{left} more findings: see the report")]
    yield from errors
    unsure = [
        command("warning", f"{run['provider']} could not be checked", f"{', '.join(names[:3])}: {reason}")
        for run in shown["runs"]
        for reason, names in reasons(run["probes"], "could-not-check")
    ]
    yield from unsure[:_MOST]
    for run in shown["runs"]:
        yield command("notice", f"understudy verify {run['provider']}: {run['verdict']}", headline(run))


def step_summary(shown: Mapping[str, Any]) -> str:
    """The report as it is appended to `$GITHUB_STEP_SUMMARY`."""
    written = markdown.render(shown).encode("utf-8", "backslashreplace")
    if len(written) <= _LARGEST:
        return written.decode()
    # Cut between lines, so that no fence is left open by half a line.
    return written[:_LARGEST].decode("utf-8", "ignore").rpartition("\n")[0] + "\n\nThe report is longer than this.\n"


def command(kind: str, title: str, message: str) -> str:
    """Write one of GitHub's workflow commands; what would end it early is escaped."""
    return f"::{kind} title={_escaped(title, ':,')}::{_escaped(message)}"


def _violated(run: Mapping[str, Any], finding: Mapping[str, Any]) -> str:
    said = [finding["message"], finding["why"]]
    if finding["kind"] == "exchange":
        said.append(f"{finding['method']} {finding['path']} answered {finding['status']}")
    return command("error", f"{run['provider']} {finding['check']}", "\n".join(filter(None, said)))


def _escaped(text: str, more: str = "") -> str:
    for character in ("%", "\r", "\n", *more):
        text = text.replace(character, f"%{ord(character):02X}")
    return text
