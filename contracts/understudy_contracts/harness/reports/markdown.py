"""A report as Markdown, such as a comment or a step's summary shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .summary import coverage, facts, headline, reasons, uncovered

_MARK = {"passed": "✓", "violated": "✗", "could-not-check": "?", "not-run": "–"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$])")
#: What could not stand in one line, or would be taken for something else.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def render(shown: Mapping[str, Any]) -> str:
    """Write the verdict, the checks, the findings, and what was not tried."""
    return "\n".join(_lines(shown)) + "\n"


def _lines(shown: Mapping[str, Any]) -> Iterator[str]:
    yield f"# understudy verify: {shown['verdict']}"
    for run in shown["runs"]:
        yield from _run(run)


def _run(run: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", f"## {run['provider']}: {run['verdict']}", "", f"{_words(headline(run))}.", "")
    yield from _table(("", ""), ((_words(name), _words(value)) for name, value in facts(run)))
    if run["findings"]:
        yield from ("", "### Findings")
        for number, finding in enumerate(run["findings"], 1):
            yield from _finding(number, finding)
        if run["findings_left_out"]:
            yield from ("", f"{run['findings_left_out']} more of the same checks are not shown.")
    yield from ("", "### Checks", "")
    yield from _table(
        ("", "check", "promise", "why it matters", "looked at", "from"),
        (
            (
                _MARK[check["state"]],
                _code(check["name"]),
                _words(check["promise"]),
                _words(check["why"]),
                _words(str(check["count"]) if check["count"] else check["reason"]),
                _words("; ".join(check["sources"])),
            )
            for check in run["checks"]
        ),
    )
    for title, state in (("Could not be checked", "could-not-check"), ("Not tried", "not-run")):
        found = reasons(run["probes"], state)
        if found:
            yield from ("", f"### {title}", "")
        for reason, names in found:
            yield f"- {_words(reason)}: {', '.join(_code(name) for name in names)}"
    if run["coverage"]:
        yield from ("", "### Coverage", "", f"{_words(coverage(run['coverage']))}.")
        for title, lines in uncovered(run["coverage"]):
            yield from ("", f"{title}:", "", *(f"- {_words(line)}" for line in lines))


def _finding(number: int, finding: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", f"#### {number}. {_code(finding['check'])}: {_words(finding['message'])}", "")
    if finding["why"]:
        yield f"Why it matters: {_words(finding['why'])}"
    if finding["sources"]:
        yield f"Source: {_words('; '.join(finding['sources']))}"
    if finding["probe"]:
        yield f"Found by {_code(finding['probe'])}."
    yield from ("", *_fenced(exchanged(finding)))


def exchanged(finding: Mapping[str, Any]) -> str:
    """Show what was asked and answered as text."""
    if finding["kind"] == "webhook":
        return "\n".join([*_headers("webhook", finding["headers"]), "", finding["answer"]])
    asked = [f"{finding['method']} {finding['path']}", *_headers("", finding["sent"])]
    answered = [f"{finding['status']}", *_headers("", finding["headers"])]
    if finding["request"]:
        asked += ["", finding["request"]]
    if finding["answer"]:
        answered += ["", finding["answer"]]
    return "\n".join([*asked, "", "---", "", *answered])


def _headers(first: str, headers: Mapping[str, str]) -> Iterator[str]:
    if first:
        yield first
    yield from (f"{name}: {value}" for name, value in headers.items())


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    named = list(headings)
    yield f"| {' | '.join(named)} |"
    yield f"|{'---|' * len(named)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _fenced(text: str) -> Iterator[str]:
    """A text as it is: no fence in it ends it."""
    longest = max((len(found) for found in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}http", _CONTROL.sub("�", text), fence)


def _words(text: str) -> str:
    """A text in a line, of which nothing is taken for Markdown or HTML."""
    return _SPECIAL.sub(r"\\\1", _CONTROL.sub("�", " ".join(text.split())))


def _code(name: str) -> str:
    flat = _CONTROL.sub("�", " ".join(name.split())).replace("|", "\\|")
    fence = "`" * (max((len(found) for found in re.findall(r"`+", flat)), default=0) + 1)
    return f"{fence}{flat}{fence}" if fence == "`" else f"{fence} {flat} {fence}"
