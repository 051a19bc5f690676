"""Reports as files: for people as Markdown or a page, for programs as JSON or JUnit's XML.

    write([report], "html", "report.html", keys=[key])

Every form is made from one document, which has nothing secret in it: see `document`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy_contracts.harness.leaks import Keys
from understudy_contracts.harness.redaction import Leak, Redactor
from understudy_contracts.harness.report import Report

from . import as_json, junit, markdown, page, summary
from .document import document, verdict
from .github import annotated, step_summary

__all__ = ["FORMS", "Leak", "annotated", "document", "has", "render", "save", "step_summary", "verdict", "write"]

#: The forms there are, each made from the document.
FORMS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "junit": junit.render,
    "json": as_json.render,
    "markdown": markdown.render,
    "html": page.render,
    "text": summary.render,
}


def render(shown: Mapping[str, Any], form: str) -> str:
    """Give a document one of the `FORMS`. Raises `ValueError` for another."""
    if form not in FORMS:
        raise ValueError(f"there is no form {form!r} of a report: there are {', '.join(FORMS)}")
    return FORMS[form](shown)


def has(reports: Sequence[Report], keys: Iterable[str]) -> bool:
    """Whether a key is a word that reports have of themselves, in any form, so that none can be written without it."""
    known = Keys(keys)
    shown = document(reports, known.keys)
    return any(known.plain(render(shown, form)) for form in FORMS)


def write(
    reports: Sequence[Report], form: str, path: str | Path, *, keys: Iterable[str] = (), version: str = ""
) -> None:
    """Write reports, one for each provider, to a file in one of the `FORMS`; its folder is made if need be.

    `keys` are the API keys that were used: nothing of them is written. Raises `OSError`, `ValueError` for another form,
    and `Leak` rather than writing a key.
    """
    known = tuple(keys)
    save(document(reports, known, version), form, path, keys=known)


def save(shown: Mapping[str, Any], form: str, path: str | Path, *, keys: Iterable[str] = ()) -> None:
    """Write a document to a file, as `write` does: one document will do for all its forms."""
    content = render(shown, form).encode("utf-8", "backslashreplace")
    Redactor(keys).sweep(content, "The report")
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
