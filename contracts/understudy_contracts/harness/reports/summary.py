"""A report for whoever waits for it at a terminal: the verdict first, then what led to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

#: How many reasons of a kind, and how many characters of a message, a summary has room for.
_ROOM = 8
_WIDE = 300

VERDICTS = {
    "clean": "every promise that was looked at is kept",
    "violated": "promises are broken",
    "could-not-check": "not everything could be checked",
}


def render(shown: Mapping[str, Any]) -> str:
    """Say in a few lines what a run came to."""
    return "\n".join(lines(shown)) + "\n"


def lines(shown: Mapping[str, Any]) -> Iterator[str]:
    """Each line of the summary."""
    for run in shown["runs"]:
        yield from _run(run)
        yield ""
    runs = shown["runs"]
    if len(runs) > 1:
        yield f"{shown['verdict'].upper()}: " + ", ".join(f"{run['provider']} {run['verdict']}" for run in runs)


def headline(run: Mapping[str, Any]) -> str:
    """The verdict in a sentence."""
    states = Counter(check["state"] for check in run["checks"])
    words = {
        "violated": f"{states['violated']} of {len(run['checks'])} checks are violated",
        "clean": f"{states['passed']} of {len(run['checks'])} checks passed, none is violated",
        "could-not-check": nothing_seen(run) or "nothing is violated, but not everything could be checked",
    }
    return words[run["verdict"]]


def nothing_seen(run: Mapping[str, Any]) -> str:
    """What to say of a run that could see nothing; empty where it saw something."""
    if any(check["count"] for check in run["checks"]):
        return ""
    return "nothing could be seen, so nothing is known"


def facts(run: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What was tried, seen and spent, each by its name."""
    probes, states = run["probes"], Counter(probe["state"] for probe in run["probes"])
    yield "target", run["target"]
    counts = [f"{states[state]} {state}" for state in ("passed", "violated", "could-not-check", "not-run")]
    yield "probes", f"{len(probes)}: {', '.join(counts)}"
    checks = Counter(check["state"] for check in run["checks"])
    counts = [f"{checks[state]} {state}" for state in ("passed", "violated", "could-not-check", "not-run")]
    yield "checks", f"{len(run['checks'])}: {', '.join(counts)}"
    yield "exchanges", str(run["exchanges"])
    yield "spent", spent(run["spending"])
    if run["coverage"]:
        yield "coverage", coverage(run["coverage"])
    yield "time", f"{run['seconds']:.1f} s"
    if run["date"]:
        yield "begun", run["date"]
    yield "seed", str(run["seed"])
    if run["stopped"]:
        yield "ended early", run["stopped"]


def spent(spending: Mapping[str, Any]) -> str:
    """What a run cost, in a sentence."""
    if not spending["live"] and spending["limit"] is None:
        return "nothing: the target is not the provider itself"
    if not spending["live"]:
        return f"nothing at the provider itself; at most ${spending['at_most']} of whoever pays for the target"
    limit = "no limit was set" if spending["limit"] is None else f"the limit was ${spending['limit']}"
    parts = [f"at most ${spending['at_most']}, of which ${spending['told']} was told; {limit}"]
    if spending["read_back"] is not None:
        parts.append(f"the balance fell by ${spending['read_back']}")
    return "; ".join(parts)


def coverage(told: Mapping[str, Any]) -> str:
    """How much of the contract was seen, in a sentence."""
    parts = [f"{told['seen']} of {told['declared']} declared answers and errors were seen"]
    if told["beyond"]:
        parts.append(f"{len(told['beyond'])} more that nobody can bring about here")
    if told["undeclared"]:
        parts.append(f"{len(told['undeclared'])} that are not declared")
    return ", ".join(parts)


def uncovered(told: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """What of the contract was not seen, and what was seen beside it, each under its title."""
    unseen = [_item(item) for item in told.get("items", ()) if not item["count"]]
    beyond = [f"{_item(item)}: {item['why']}" for item in told.get("beyond", ())]
    undeclared = [f"{_item(item)}, {item['count']} times" for item in told.get("undeclared", ())]
    for title, lines in (("Not seen", unseen), ("Not declared", undeclared), ("Out of reach here", beyond)):
        if lines:
            yield title, lines


def reasons(rows: Iterable[Mapping[str, Any]], state: str) -> list[tuple[str, list[str]]]:
    """Why checks or probes are in a state, each reason with the names of those it is true of."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row["state"] == state:
            found.setdefault(row["reason"] or "no reason was given", []).append(row["name"])
    return sorted(found.items(), key=lambda item: -len(item[1]))


def _run(run: Mapping[str, Any]) -> Iterator[str]:
    yield f"{run['provider']}: {run['verdict'].upper()}: {headline(run)}"
    yield ""
    for check in run["checks"]:
        if check["state"] == "violated":
            yield from _violated(check, run)
    known = {check["name"] for check in run["checks"]}
    for finding in run["findings"]:
        if finding["check"] not in known:
            yield f"  ✗ {finding['check']}: {_short(finding['message'])}"
    yield from _reasons("could not be checked", run["probes"], "could-not-check", "probe")
    yield from _reasons("not tried", run["probes"], "not-run", "probe")
    yield from _reasons("checks that saw nothing", run["checks"], "not-run", "check")
    wide = max(len(name) for name, _ in facts(run))
    yield from (f"  {name:{wide}}  {value}" for name, value in facts(run))


def _violated(check: Mapping[str, Any], run: Mapping[str, Any]) -> Iterator[str]:
    times = "once" if check["findings"] == 1 else f"{check['findings']} times"
    yield f"  ✗ {check['name']}, {times}: {check['promise']}"
    yield f"      why it matters: {check['why']}"
    example = next((one for one in run["findings"] if one["check"] == check["name"]), None)
    if example is not None:
        yield f"      {_short(example['message'])}"
        if example["kind"] == "exchange":
            yield f"      {example['method']} {_short(example['path'])} answered {example['status']}"
        if example["probe"]:
            yield f"      found by {example['probe']}"
    yield ""


def _reasons(title: str, rows: Iterable[Mapping[str, Any]], state: str, noun: str) -> Iterator[str]:
    found = reasons(rows, state)
    if not found:
        return
    yield f"  {title}:"
    for reason, names in found[:_ROOM]:
        count = f"1 {noun}, {names[0]}" if len(names) == 1 else f"{len(names)} {noun}s, such as {names[0]}"
        yield f"    {count}: {_short(reason)}"
    if len(found) > _ROOM:
        rest = sum(len(names) for _, names in found[_ROOM:])
        yield f"    and {rest} more {noun}s for {len(found) - _ROOM} other reasons"
    yield ""


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _WIDE else flat[: _WIDE - 1] + "…"


def _item(item: Mapping[str, Any]) -> str:
    """An answer or an error of an operation."""
    over = "" if item["transport"] == "http" else f"({item['transport']})"
    return " ".join(str(part) for part in (item["operation"], over, item["status"], item["what"]) if part)
