"""The exchanges that providers print on their pages, as recordings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from understudy_contracts.checks.exchange import Exchange
from understudy_contracts.edition import edition
from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract

from .entries import Entry, Half
from .recording import Disagreement, Manifest, Recording

#: What Runware's pages leave out: they print the task and the result, and nothing of how they travel.
_ENVELOPES = (
    "the list that the printed task is sent in",
    "the poll that the printed result answers",
    "the envelope, `data`, that the printed result comes in",
)


def examples(provider: str) -> Recording:
    """Take what a provider prints as a recording, each entry with its `source`, such as `examples("runware")`.

    What is printed without its other half is `partial`; what no page prints and the contract has in its place is told
    by `filled`; where a page does not agree with the contract is told by `disagreements`. Raises `ContractError`.
    """
    entries: list[Entry] = []
    known: list[Disagreement] = []
    for example in contract(provider).examples:
        made = list(_entries(provider, example, len(entries)))
        entries += made
        known += [Disagreement(row["rule"], row["why"], made[-1].told) for row in example.get("disagrees", ())]
    manifest = Manifest(
        provider=provider,
        target=f"the examples that {provider}'s pages print",
        date="",
        seed=0,
        understudy="",
        contract=edition(provider),
    )
    notices = tuple(
        f"of {entry.label['title']!r} only the {entry.partial} is printed" for entry in entries if entry.partial
    )
    return Recording(manifest, tuple(entries), notices, tuple(known))


def _entries(provider: str, example: Mapping[str, Any], number: int) -> Iterator[Entry]:
    label = {"title": example["title"], "model": example["model"]}
    said: Any = {"label": label, "source": example["source"], "confidence": example["confidence"]}
    if "operation" not in example:
        yield from _of_task(provider, example, number, said)
        return
    method, _, path = example["operation"].partition(" ")
    operation = _operation(provider, method, path)
    exchange = Exchange(
        request=example["request"],
        # Nothing was answered where no answer is printed.
        status=example.get("status", 200) if example["response"] is not None else 0,
        body=example["response"],
        at=float(number),
        method=method,
        path=path if operation is None else f"https://{operation.host}{path}",
        provider=provider,
        operation="" if operation is None else operation.name,
    )
    needs = operation is not None and operation.request is not None and operation.request.required
    half: Half = "request" if example["response"] is None else "answer" if needs and example["request"] is None else ""
    filled = () if half == "request" or "status" in example else (f"the status, {exchange.status}",)
    elided = tuple(f"what is printed as an ellipsis: {name}" for name in example.get("elided", ()))
    yield Entry(exchange, partial=half, filled=filled + elided, **said)


def _of_task(provider: str, example: Mapping[str, Any], number: int, said: Any) -> Iterator[Entry]:
    """A task and what came of it: of the exchanges that led there only these two are printed."""
    task, result = example["request"], example["response"]
    operation = contract(provider).operations[task["taskType"]]
    place: Any = {"path": f"https://{operation.host}{operation.path}", "provider": provider}
    sent = Exchange([task], 0, None, float(number), operation=operation.name, **place)
    yield Entry(sent, partial="request", filled=_ENVELOPES[:1], **said)
    if result is not None:
        poll = [{"taskType": "getResponse", "taskUUID": result["taskUUID"]}]
        told = Exchange(poll, 200, {"data": [result]}, number + 1.0, operation="getResponse", **place)
        yield Entry(told, partial="answer", filled=(*_ENVELOPES[1:], "the status, 200"), **said)


def _operation(provider: str, method: str, path: str) -> Operation | None:
    """Which operation is at a path, the one with the fewest parameters first."""
    place = path.partition("?")[0]
    there = [
        one
        for one in contract(provider).operations.values()
        if one.path is not None
        and one.method == method
        and re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(one.path)), place)
    ]
    return min(there, key=lambda one: str(one.path).count("{"), default=None)
