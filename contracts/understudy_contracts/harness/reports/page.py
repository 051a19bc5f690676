"""A report as one page that needs nothing else: no script, no network, light or dark as its reader has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from importlib.resources import files
from typing import Any

from .summary import coverage, facts, headline, reasons, uncovered

_WORDS = {"passed": "passed", "violated": "violated", "could-not-check": "could not check", "not-run": "not run"}


def render(shown: Mapping[str, Any]) -> str:
    """Write the page."""
    style = files(__package__).joinpath("page.css").read_text("utf-8")
    verdict = shown["verdict"]
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
            # Whatever was answered is shown, and nothing of it is fetched or performed.
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>understudy verify: {_text(verdict)}</title><style>{style}</style></head>",
            f'<body><h1>understudy verify: <span class="{_text(verdict)}">{_text(verdict)}</span></h1>',
            *(line for run in shown["runs"] for line in _run(run)),
            f'<p class="dim">understudy {_text(shown["understudy"])}</p></body></html>',
            "",
        ]
    )


def _run(run: Mapping[str, Any]) -> Iterator[str]:
    verdict = _text(run["verdict"])
    yield f'<section><h2>{_text(run["provider"])}: <span class="{verdict}">{verdict}</span></h2>'
    yield f"<p>{_text(headline(run))}.</p><dl>"
    yield from (f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in facts(run))
    yield "</dl>"
    if run["findings"]:
        yield f"<h3>Findings ({len(run['findings']) + run['findings_left_out']})</h3>"
        yield from map(_finding, run["findings"])
        if run["findings_left_out"]:
            yield f"<p>{run['findings_left_out']} more of the same checks are not shown.</p>"
    yield "<h3>Checks</h3>"
    yield from _table(
        ("", "check", "promise", "looked at"),
        ((_state(row), _check(row), _text(row["promise"]), _seen(row)) for row in run["checks"]),
    )
    for title, state in (("Could not be checked", "could-not-check"), ("Not tried", "not-run")):
        found = reasons(run["probes"], state)
        if found:
            yield f"<h3>{title}</h3>"
        for reason, names in found:
            listed = ", ".join(f"<code>{_text(name)}</code>" for name in names)
            yield f"<details><summary>{_text(reason)} ({len(names)})</summary>{listed}</details>"
    if run["coverage"]:
        yield f"<h3>Coverage</h3><p>{_text(coverage(run['coverage']))}.</p>"
        for title, lines in uncovered(run["coverage"]):
            listed = "".join(f"<li>{_text(line)}</li>" for line in lines)
            yield f"<details><summary>{title} ({len(lines)})</summary><ul>{listed}</ul></details>"
    yield f"<details><summary>All {len(run['probes'])} probes</summary>"
    yield from _table(
        ("", "probe", "tier", "requests", "why"),
        (
            (
                _state(row),
                f"<code>{_text(row['name'])}</code>",
                _text(row["tier"]),
                str(row["requests"]),
                _text(row["why"]),
            )
            for row in run["probes"]
        ),
    )
    yield "</details></section>"


def _finding(finding: Mapping[str, Any]) -> str:
    about = [f"<p>Why it matters: {_text(finding['why'])}</p>"] if finding["why"] else []
    if finding["sources"]:
        about.append(f'<p class="dim">Source: {_text("; ".join(finding["sources"]))}</p>')
    if finding["probe"]:
        about.append(f'<p class="dim">Found by <code>{_text(finding["probe"])}</code></p>')
    return (
        f'<details><summary><code>{_text(finding["check"])}</code> <span class="violated">'
        f"{_text(finding['message'])}</span></summary>{''.join(about)}"
        f'<div class="pair">{"".join(_halves(finding))}</div></details>'
    )


def _halves(finding: Mapping[str, Any]) -> Iterator[str]:
    if finding["kind"] == "webhook":
        yield _half("Webhook", "", finding["headers"], finding["answer"])
        return
    yield _half("Request", f"{finding['method']} {finding['path']}", finding["sent"], finding["request"])
    yield _half("Answer", str(finding["status"]), finding["headers"], finding["answer"])


def _half(title: str, line: str, headers: Mapping[str, str], body: str) -> str:
    said = "\n".join([*([line] if line else []), *(f"{name}: {value}" for name, value in headers.items()), "", body])
    return f"<div><strong>{title}</strong><pre>{_text(said.strip())}</pre></div>"


def _check(row: Mapping[str, Any]) -> str:
    return (
        f'<code>{_text(row["name"])}</code><br><span class="dim">{_text(row["why"])}<br>'
        f"From: {_text('; '.join(row['sources']))}</span>"
    )


def _seen(row: Mapping[str, Any]) -> str:
    return str(row["count"]) if row["count"] else _text(row["reason"])


def _state(row: Mapping[str, Any]) -> str:
    return f'<span class="state {_text(row["state"])}">{_WORDS[row["state"]]}</span>'


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield f'<div class="wide"><table><tr>{"".join(f"<th>{_text(one)}</th>" for one in headings)}</tr>'
    yield from (f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    yield "</table></div>"


def _text(text: str) -> str:
    return escape(text, quote=True)
