"""What there is of an operation from each side: nothing that was not looked at may pass for no drift."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract

from .against_published import submit_of
from .ages import age, dated, newest
from .difference import Observed
from .evidence import Evidence
from .published import Published
from .report import Looked


class Told(Protocol):
    """Something that is published, with its date."""

    @property
    def published(self) -> tuple[Published, ...]:
        """What it says."""

    @property
    def date(self) -> str:
        """When it was said."""


def looked(
    operation: Operation,
    sides: Sequence[Evidence],
    voices: Sequence[Observed],
    documents: Sequence[Told],
    publishes: bool,
    today: str,
) -> Iterator[Looked]:
    """Tell of every side what there is of an operation."""
    told = newest(dated(source) for source in operation.sources)
    yield Looked("contract", "checked", date=told, days=age(told, today))
    for evidence, voice in zip(sides, voices, strict=False):
        yield _heard(operation, evidence, voice, today)
    yield from _published(operation, documents, publishes, today)


def _heard(operation: Operation, evidence: Evidence, voice: Observed, today: str) -> Looked:
    statuses = dict(sorted(voice.statuses.get(operation.name, {}).items()))
    mine = [one for one in evidence.heard if one.exchange.operation == operation.name]
    told = (evidence.date if mine or statuses else "") or newest(dated(one.source) for one in mine)
    days = age(told, today)
    if operation.outgoing and evidence.provenance != "printed":
        if statuses:
            return Looked(evidence.side, "checked", "", statuses, evidence.date, age(evidence.date, today))
        if operation.request is None or operation.request.schema is None:
            return Looked(evidence.side, "not-asked", "what it holds has no schema")
        return Looked(evidence.side, "could-not-check", "no webhook came")
    if not statuses and evidence.provenance == "printed":
        return Looked(evidence.side, "not-asked", "nothing of it is printed")
    if not statuses:
        why = evidence.silent.get(operation.name) or "nothing was asked of it"
        return Looked(evidence.side, "could-not-check", why)
    unseen = evidence.silent.get(operation.name, "")
    well = {answer.status for answer in operation.answers if answer.status < 400}
    # An error may come with the status of a success: only what is answered tells whether all went well.
    if not any(one.exchange.status in well and _went_well(one.exchange.body, operation) for one in mine):
        seen = ", ".join(map(str, statuses))
        why = f"only refusals were seen (HTTP {seen})" + (f": {unseen}" if unseen else "")
        return Looked(evidence.side, "partly", why, statuses, told, days)
    if unseen:
        return Looked(evidence.side, "partly", f"not everything was seen: {unseen}", statuses, told, days)
    return Looked(evidence.side, "checked", "", statuses, told, days)


def _went_well(body: object, operation: Operation) -> bool:
    return operation.task is None or (isinstance(body, dict) and bool(body.get("data")))


def _published(operation: Operation, documents: Sequence[Told], publishes: bool, today: str) -> Iterator[Looked]:
    owner = contract(operation.provider)
    models = [one for one in owner.models.values() if one.detail and submit_of(owner, one) is operation]
    spoken = [document for document in documents for one in document.published if one.operation == operation.name]
    broken = [
        one.unread for each in documents for one in each.published if one.unread and one.operation == operation.name
    ]
    if not models:
        if broken:
            yield Looked("published", "could-not-check", broken[0])
        elif spoken:
            told = newest(document.date for document in spoken)
            yield Looked("published", "checked", date=told, days=age(told, today))
        return
    found = {
        one.model: document
        for document in documents
        for one in document.published
        if not one.unread and one.operation in ("", operation.name)
    }
    unread = [one.unread for document in documents for one in document.published if one.unread]
    missing = [one.id for one in models if one.id not in found]
    told = newest(document.date for document in found.values())
    if not documents and not publishes:
        yield Looked("published", "not-asked", "nothing that is published was given, and nobody was asked for it")
    elif not missing:
        yield Looked("published", "checked", date=told, days=age(told, today))
    else:
        why = f"nothing that can be read is published of {', '.join(missing)}"
        why += f": {unread[0]}" if unread else ""
        state = "could-not-check" if len(missing) == len(models) else "partly"
        yield Looked("published", state, why, {}, told, age(told, today))  # type: ignore[arg-type]
