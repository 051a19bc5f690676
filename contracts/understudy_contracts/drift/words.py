"""A report in words, for people: what a terminal's table and a page of Markdown have in common."""

from __future__ import annotations

from collections.abc import Iterator

from .report import Drift, Looked, Report, in_order

_VERDICTS = {
    "no-drift": "No drift: everything that was to be looked at says what the contract says.",
    "drift": "Drift: not all sides say the same.",
    "could-not-check": "Could not check: no drift was seen, and not everything could be looked at.",
}

#: How many of the same reason are named.
_NAMED = 6


def summary(report: Report) -> list[str]:
    """Tell what came of it, in a few lines."""
    counts = ", ".join(f"{count} {severity}" for severity, count in report.counted().items())
    known = len(report.drifts) - len(report.news)
    lines = [_VERDICTS[report.verdict]]
    lines.append(f"{len(report.news)} found: {counts}." + (f" {known} more are known." if known else ""))
    lines.append(
        f"Looked at {report.checked} times an operation of one side; {len(report.unchecked)} times not, or not wholly."
    )
    if not any(side.of_provider for side in report.sides if side.provenance != "printed"):
        lines.append("Nobody here was the provider: only what its pages print is evidence of it.")
    return lines


def place(one: Drift) -> str:
    """Where it is: the operation, or the model, and what of it."""
    key = one.key
    part = f"{key.part} {key.status}" if key.status else key.part
    model = f" of {key.model}" if key.model else ""
    return f"{key.operation}{model}, {part} {key.pointer}".rstrip()


def kind(one: Drift) -> str:
    """What kind it is, in words."""
    return one.key.kind.replace("-", " ")


def reason(one: Drift) -> str:
    """Why it matters, and how sure the contract is."""
    sure = f"; the contract's own word is {one.confidence}" if one.confidence in ("assumed", "inferred") else ""
    return f"known: {one.known}" if one.known else one.reason + sure


def proof(one: Drift) -> str:
    """Where it was seen, and when."""
    told = []
    for each in one.evidence:
        seen = f" ({', '.join(each.seen[:2])}{', …' if len(each.seen) > 2 else ''})" if each.seen else ""
        told.append(f"{each.side}, {each.date or 'date unknown'}{seen}")
    return "; ".join(told)


def state(one: Looked) -> str:
    """What there is of an operation from a side, in a few letters."""
    if one.side == "contract":
        return f"sources of {one.date}" if one.date else "age unknown"
    answers = sum(one.statuses.values())
    words = {"checked": "checked", "partly": "partly", "could-not-check": "could not check", "not-asked": "not asked"}
    said = "not printed" if one.side == "pages" and one.state == "not-asked" else words[one.state]
    if one.state in ("checked", "partly") and answers:
        said += f", {answers} answer{'s' if answers > 1 else ''}"
    if one.state in ("checked", "partly"):
        said += f", {age(one)}"
    return said


def age(one: Looked) -> str:
    """How old it is."""
    if one.days is None:
        return "age unknown"
    return "today" if one.days == 0 else f"{one.days} day{'s' if one.days > 1 else ''} old"


def sides(report: Report) -> list[str]:
    """The columns of a table of the operations."""
    return in_order({one.side for row in report.rows for one in row.looked})


def unchecked(report: Report) -> Iterator[str]:
    """What could not be looked at, told together where it is for the same reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    for operation, one in report.unchecked:
        groups.setdefault((one.side, one.why), []).append(operation)
    for (side, why), operations in groups.items():
        named = ", ".join(operations[:_NAMED])
        more = f" and {len(operations) - _NAMED} more" if len(operations) > _NAMED else ""
        yield f"{side}: {named}{more}: {why}"
