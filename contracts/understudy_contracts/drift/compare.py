"""Putting all sides side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from understudy_contracts.edition import edition
from understudy_contracts.provider import contract

from .against_published import against
from .ages import dated, newest
from .change import SEVERITIES
from .difference import Difference, Key, Observed
from .evidence import Evidence
from .looked import looked
from .observed import observed
from .paired import Pair, paired
from .published import NONSENSE, OPERATIONS, Published, published_by
from .report import Drift, Proof, Report, Row, Side, in_order


@dataclass(frozen=True, slots=True)
class Document:
    """Something published that was given, or fetched."""

    source: str
    published: tuple[Published, ...]
    #: Empty where nobody knows.
    date: str = ""
    #: Whose answer it was; empty for a file.
    operation: str = ""
    #: Whether it is the provider's own word.
    of_provider: bool = True


@dataclass(slots=True)
class _Voice:
    """A side, and what it was heard to say."""

    side: Side
    observed: Observed
    evidence: Evidence | None = None


def compare(
    provider: str,
    sides: Sequence[Evidence],
    *,
    date: str,
    documents: Sequence[Document] = (),
    publishes: bool = False,
    operations: Collection[str] = (),
) -> Report:
    """Hold all sides against the contract and against each other; `date` is today, as ISO 8601.

    `documents` are what the provider publishes and somebody handed in. `publishes`: whether what is published was to
    be looked at, so that a model of which there is nothing could not be checked. `operations` are the only ones that
    are looked at, where some are named. Raises `ContractError`.
    """
    asked = [one for name, one in contract(provider).operations.items() if not operations or name in operations]
    given = [*documents, *(one for side in sides if side.side != "emulator" for one in _fetched(provider, side))]
    voices = [_Voice(_side(one), observed(provider, one), one) for one in sides]
    for voice in voices:
        if voice.evidence is not None and voice.side.name == "emulator":
            # What it publishes is no evidence of anybody else; it is what it says itself.
            _publish(provider, _fetched(provider, voice.evidence), voice.observed)
    if given:
        told = Observed()
        given = _publish(provider, given, told)
        source = "; ".join(dict.fromkeys(one.source for one in given))
        of_provider = all(one.of_provider for one in given)
        when = newest(one.date for one in given)
        voices.append(_Voice(Side("published", source, "published", when, len(given), of_provider), told))
    rows = [
        Row(one.name, tuple(looked(one, sides, [voice.observed for voice in voices], given, publishes, date)))
        for one in asked
    ]
    places = {one.name: index for index, one in enumerate(asked)}
    drifts = [one for one in (*_drifts(voices), *_pairs(provider, voices)) if one.key.operation in places]
    drifts.sort(key=lambda one: (SEVERITIES.index(one.severity), places[one.key.operation], _order(one.key)))
    dates = [dated(source) for one in contract(provider).operations.values() for source in one.sources]
    own = Side("contract", f"understudy's contract of {provider}", "contract", newest(dates), 0, of_provider=False)
    return Report(
        provider=provider,
        date=date,
        contract=edition(provider),
        sides=(own, *(voice.side for voice in voices)),
        drifts=tuple(drifts),
        rows=tuple(rows),
    )


def _order(key: Key) -> tuple[str, ...]:
    return key.model, key.part, str(key.status or ""), key.pointer, key.kind, key.detail


def _side(evidence: Evidence) -> Side:
    when = evidence.date or newest(dated(one.source) for one in evidence.heard)
    count = len(evidence.heard) + len(evidence.webhooks)
    return Side(
        evidence.side, evidence.source, evidence.provenance, when, count, evidence.of_provider, evidence.notices
    )


def _fetched(provider: str, evidence: Evidence) -> list[Document]:
    if evidence.provenance == "printed":
        return []
    return [
        Document(f"what {evidence.source} publishes", (one,), evidence.date, operation, evidence.of_provider)
        for one, operation in published_by(provider, evidence)
    ]


def _publish(provider: str, documents: Iterable[Document], told: Observed) -> list[Document]:
    """Take down what documents say otherwise; what of them turns out to make no sense comes back as unread."""
    read: list[Document] = []
    for document in documents:
        sound: list[Published] = []
        for one in document.published:
            try:
                found = list(against(provider, document.operation or OPERATIONS.get(provider, ("",))[-1], one))
            except NONSENSE as problem:
                sound.append(replace(one, unread=f"it cannot be compared: {problem!r}"))
                continue
            sound.append(one)
            for difference in found:
                told.add(difference, document.source)
            if one.model and not one.unread:
                # So that this side can be said to agree about everything else of the model.
                told.probes.add(one.model)
        read.append(replace(document, published=tuple(sound)))
    return read


def _drifts(voices: Sequence[_Voice]) -> Iterator[Drift]:
    keys = dict.fromkeys(key for voice in voices for key in voice.observed.differences)
    for key in keys:
        first = next(found for voice in voices if (found := voice.observed.differences.get(key)) is not None)
        says, unseen, evidence = {"contract": first.ours}, [], []
        known: list[str] = []
        for voice in sorted(voices, key=lambda one: in_order(["contract", *_names(voices)]).index(one.side.name)):
            found = voice.observed.differences.get(key)
            if found is not None:
                says[voice.side.name] = found.theirs
                known.append(found.known)
                evidence.append(Proof(voice.side.name, voice.side.source, voice.side.date, found.seen[:5]))
            elif _agrees(voice, key, first):
                says[voice.side.name] = first.ours
            elif voice.side.name in ("emulator", "target", "recording") and _concerns(voice, key):
                unseen.append(voice.side.name)
        no_news = next(iter(known), "") if all(known) else ""
        if first.open and says.get("emulator") not in (None, first.ours):
            no_news = "the contract leaves it open, and the emulator has it"
        yield Drift(key, first.severity, first.reason, says, tuple(evidence), tuple(unseen), first.confidence, no_news)


def _names(voices: Iterable[_Voice]) -> list[str]:
    return [voice.side.name for voice in voices]


def _agrees(voice: _Voice, key: Key, difference: Difference) -> bool:
    if key.model:
        return key.model in voice.observed.probes
    return voice.side.name != "published" and voice.observed.agrees(difference)


def _concerns(voice: _Voice, key: Key) -> bool:
    """Whether a side could have shown it: of what is published only the emulator has a word beside."""
    return not key.model or voice.side.name == "emulator"


def _pairs(provider: str, voices: Sequence[_Voice]) -> Iterator[Drift]:
    emulator = next((one for one in voices if one.side.name == "emulator"), None)
    if emulator is None or emulator.evidence is None:
        return
    told = {key for voice in voices for key in voice.observed.differences}
    for other in voices:
        if other is emulator or other.evidence is None or other.side.provenance == "printed":
            continue
        found: dict[Key, list[Pair]] = {}
        for pair in paired(provider, emulator.evidence, other.evidence):
            if pair.key not in told:
                found.setdefault(pair.key, []).append(pair)
        for key, pairs in found.items():
            seen = tuple(sorted(pair.probe for pair in pairs))[:5]
            first = min(pairs, key=lambda pair: pair.probe)
            says = {"contract": first.ours, "emulator": first.emulator, other.side.name: first.other}
            sides = [one.side for one in (emulator, other)]
            proof = tuple(Proof(one.name, one.source, one.date, seen) for one in sides)
            yield Drift(key, first.severity, first.reason, says, proof)
