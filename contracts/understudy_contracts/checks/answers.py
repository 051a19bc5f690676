"""What one answer alone must keep, whichever provider gave it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract

from .asked import JSON, Declared, declared, misfits, operations_of
from .check import Notes, Rules
from .exchange import Exchange
from .known_errors import Told, cases_of, fits_vocabulary, statuses, told_in

_OPERATIONS = "<provider>/operations.json, each operation with its own sources and confidence"
_CATALOGUE = "<provider>/errors.json, each case with its own sources and confidence"


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer, beside what the contract has to say of it."""

    exchange: Exchange
    switches: Mapping[str, str]
    #: Empty where nobody can say what was asked.
    operations: tuple[Operation, ...]
    #: By status.
    declared: Mapping[int, Declared]

    @property
    def said(self) -> Declared | None:
        """What is declared of an answer with its status."""
        return self.declared.get(self.exchange.status)


#: The answers of a conversation; each exchange tells its provider.
Answers = tuple[Answered, ...]

RULES: Rules[Answers] = Rules()


def answers(exchanges: Iterable[Exchange], switches: Mapping[str, Mapping[str, str]]) -> Answers:
    """Put each exchange beside its operations; `switches` are complete values by provider."""
    return tuple(_answered(exchange, switches[exchange.provider]) for exchange in exchanges)


def _answered(exchange: Exchange, switches: Mapping[str, str]) -> Answered:
    asked = operations_of(exchange)
    return Answered(exchange, switches, asked, declared(asked, switches) if asked else {})


def _on_the_wire(record: Answers) -> Iterator[tuple[Exchange, Answered]]:
    """A socket has neither statuses nor headers."""
    return ((one.exchange, one) for one in record if one.exchange.transport == "http")


@RULES.check(
    "declared",
    why="A status or a kind of answer that nobody declared meets no branch in anybody's client.",
    sources=(_OPERATIONS, "the same is in the provider's OpenAPI document"),
    scope="exchange",
)
def declared_(record: Answers, notes: Notes) -> None:
    """Every answer has a status that its operation declares, and a media type declared for that status."""
    for exchange, one in _on_the_wire(record):
        if not one.operations:
            continue
        notes.look()
        name, said = _names(one), one.said
        if said is None:
            notes.find(f"{name} declares no HTTP {exchange.status}", exchange)
            continue
        given = exchange.headers.get("content-type", "").partition(";")[0].strip().lower()
        if given and said.forms and given not in said.forms and "*/*" not in said.forms:
            kinds = ", ".join(said.forms)
            notes.find(f"{name} declares {kinds} for HTTP {exchange.status}, and not {given}", exchange)


@RULES.check(
    "content-type",
    why="Clients decode by the content type: the official SDK of GMI Cloud refuses JSON that is called anything else.",
    sources=("RFC 9110, section 8.3", "gmicloud 0.1.10 (PyPI)"),
    scope="exchange",
)
def content_type(record: Answers, notes: Notes) -> None:
    """An answer with content says what it is, and says JSON exactly when it is JSON."""
    for exchange, _ in _on_the_wire(record):
        if not exchange.headers:
            continue
        given = exchange.headers.get("content-type", "").partition(";")[0].strip().lower()
        said = given == JSON or given.endswith("+json")
        if isinstance(exchange.body, Mapping | list):
            notes.look()
            if not said:
                notes.find(f"JSON is called {given or 'nothing'}", exchange)
        elif exchange.content:
            notes.look()
            if not given:
                notes.find("content does not say what it is", exchange)
            elif said and exchange.body is None and exchange.content.strip() != b"null":
                notes.find(f"what is called {given} is no JSON", exchange)


@RULES.check(
    "body-as-declared",
    why="A client that is promised an object and gets a list, or nothing, breaks down as it looks for the first field.",
    sources=(_OPERATIONS, "the same is in the provider's OpenAPI document"),
    scope="exchange",
)
def body_as_declared(record: Answers, notes: Notes) -> None:
    """An answer that can only be JSON is there when all goes well, and is an object, or a list, as its form says."""
    for exchange, one in _on_the_wire(record):
        promised = _promised(one)
        if not promised or exchange.status >= 300 or exchange.method == "HEAD" or not _is_kept(exchange):
            continue
        notes.look()
        # An object is held to the whole of its form by the provider's own checks.
        if not isinstance(exchange.body, Mapping):
            for violation in misfits(exchange.provider, promised, exchange.body, one.switches):
                is_nothing = exchange.body is None and not exchange.content
                notes.find(f"{_names(one)} answers with nothing" if is_nothing else violation.message, exchange)


@RULES.check(
    "errors.form",
    why="A client finds neither code nor text in an error of another shape, and tells its user nothing.",
    sources=(
        "Runware docs, platform/errors",
        "gmicloud 0.1.10 (PyPI) and live records of 2026: {error}, a text (observed)",
        "a dated harvest of Segmind's docs, api-evangelist/segmind, 2026-08",
        "HeyGen: deployed clients, 2026 (observed)",
    ),
    scope="exchange",
)
def form(record: Answers, notes: Notes) -> None:
    """An error that is JSON has the provider's own shape; a gateway's page is no error of the provider."""
    for exchange, one in _on_the_wire(record):
        said = one.said
        if exchange.status < 400 or not one.operations or not isinstance(exchange.body, Mapping | list):
            continue
        if said is not None and said.answer:
            # An answer that the operation declares has a form of its own, and is held to it elsewhere.
            continue
        own = ("envelope",) if exchange.provider == "runware" else ("error",)
        notes.look()
        for violation in misfits(exchange.provider, (said and said.schemas) or own, exchange.body, one.switches):
            notes.find(violation.message, exchange)
        if exchange.provider == "runware" and "errors" not in exchange.body:
            notes.find(f"HTTP {exchange.status} without any errors", exchange)


@RULES.check(
    "errors.status",
    why="Clients decide by the status whether to try again, to pay or to give up.",
    sources=(_CATALOGUE, "what of a case is assumed is not held against anybody"),
    scope="exchange",
)
def status(record: Answers, notes: Notes) -> None:
    """An error that the catalogue knows, by its code or its literal text, comes with the catalogue's status."""
    for exchange, one in _on_the_wire(record):
        if exchange.status < 400:
            continue
        known = [(told, wanted) for told in told_in(exchange) if (wanted := statuses(told, one.switches))]
        if not known:
            continue
        notes.look()
        # Of several errors in one answer, one gave it its status.
        if not any(exchange.status in wanted for _, wanted in known):
            told, wanted = known[0]
            listed = " or ".join(map(str, sorted(wanted)))
            notes.find(f"{told} comes with HTTP {listed}, and not {exchange.status}", exchange)


@RULES.check(
    "errors.declared",
    why="An error that an operation never declared is one that nobody's client is prepared for.",
    sources=(_OPERATIONS, _CATALOGUE, "runware-sdk 1.8.0 (PyPI), errors.py: the vocabulary of codes"),
    scope="exchange",
)
def errors_declared(record: Answers, notes: Notes) -> None:
    """An error that the catalogue knows is one that the operation declares; a code is at least in the vocabulary.

    Texts that no source has are nothing new: providers word most of their errors as they like.
    """
    for one in record:
        exchange, mine = one.exchange, {case.id for asked in one.operations for case in asked.cases}
        if not one.operations:
            continue
        for told in told_in(exchange):
            known = {case.id for case in cases_of(told)}
            if known:
                notes.look()
                if not known & mine:
                    notes.find(f"{_names(one)} declares no {told}", exchange)
            elif told.code:
                notes.look()
                if not fits_vocabulary(told):
                    notes.find(f"nobody knows the error {told}", exchange)


def _promised(one: Answered) -> tuple[str, ...]:
    """The forms of a body that can be nothing but JSON; none of any other."""
    if one.said is None or not one.said.answer or one.said.forms.keys() != {JSON}:
        return ()
    # What is declared of a task is what stands for it in the one object that answers them all.
    return ("envelope",) if any(asked.task is not None for asked in one.operations) else one.said.schemas


def _is_kept(exchange: Exchange) -> bool:
    """Whether the recording has the body; what is there and is no JSON is another check's."""
    if exchange.body is not None:
        return True
    if exchange.content:
        return exchange.content.strip() == b"null"
    # Who keeps no bodies keeps the headers, and they tell whether there was one; who keeps neither tells nothing.
    return bool(exchange.headers) and exchange.headers.get("content-length", "0") == "0"


def _names(one: Answered) -> str:
    names = [asked.name for asked in one.operations]
    return names[0] if len(names) == 1 else contract(one.exchange.provider).name


__all__ = ["RULES", "Answers", "Told", "answers"]
