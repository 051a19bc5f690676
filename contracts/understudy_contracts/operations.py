"""What can be asked of a provider, and what it answers: every operation as data, `<provider>/operations.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from .data import ContractError, folder, read
from .errors import ErrorCase, catalogue

#: What a request is for; the same words at every provider.
Purpose: TypeAlias = Literal[
    "submit", "poll", "cancel", "list", "upload", "models", "account", "train", "download", "webhook", "authenticate",
    "other",
]  # fmt: skip

Transport: TypeAlias = Literal["http", "websocket"]

_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Told:
    """Where a value comes from that only an answer of the provider tells."""

    operation: str
    #: The dotted name within its answer, such as `data.0.videoURL`; after `request.`, within what it was asked with.
    field: str


@dataclass(frozen=True, slots=True)
class Authentication:
    """One way to say who asks."""

    name: str
    #: `http` and `apiKey` are as in OpenAPI; `task` is Runware's task of that name, first in the array.
    type: Literal["http", "apiKey", "task"]
    description: str
    sources: tuple[str, ...]
    confidence: str
    #: Of `http`: `bearer`.
    scheme: str | None = None
    #: Of `apiKey`: which header or query parameter carries it.
    place: str | None = None
    parameter: str | None = None
    #: Whose answer has it, where it is no API key.
    told_by: Told | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter beside the body."""

    name: str
    place: Literal["path", "query", "header"]
    required: bool
    description: str
    schema: Mapping[str, Any]
    #: A value that will do.
    typical: str | None = None
    told_by: Told | None = None
    #: The one transport that has it, where there are two.
    transport: Transport | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """What a request holds."""

    #: The name of its schema; None where it is no JSON, or where only the models tell.
    schema: str | None
    media_types: tuple[str, ...]
    required: bool
    #: What each model's own schema is about: the whole `body`, or its member of this name. None where none is.
    models: str | None = None
    #: Whether one that breaks its schema is accepted, and fails as a job.
    judged_later: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing that is answered when all goes well; or an answer that no error of the catalogue is about."""

    status: int
    #: The name of its schema; of a task, that of its items in `data`. None where it is no JSON.
    schema: str | None
    #: Empty where the answer is.
    media_types: tuple[str, ...]
    when: str = ""
    #: The name of the schema of its headers.
    headers: str | None = None
    #: Why nobody can bring it about; empty where somebody can.
    out_of_reach: str = ""
    #: How the typical request is changed so that this is the answer, in the words of `Cause.request`; None where it
    #: need not be, or nobody can say.
    request: Mapping[str, Any] | None = None
    #: The switches, with their values, under which it is answered at all.
    switch: Mapping[str, str] = field(default_factory=lambda: _NONE)


@dataclass(frozen=True, slots=True)
class Cause:
    """One error that can be answered, and what brings it about."""

    case: ErrorCase
    #: Whose doing it is: what is sent, the state of the account, or nothing of the caller's.
    by: Literal["request", "account", "provider"]
    #: The same in a sentence.
    how: str
    #: How the operation's typical request is changed so that this is the answer; None where nobody can say.
    #: `key` is `wrong` or `none`; `headers` (None: left out), `path` and `query` are set by name; `with` sets and
    #: `without` takes away what the body has under dotted names; `content` is sent as the body, and `media_type` is
    #: what it is said to be; `body` is another body, and `bytes` is how long one is that says nothing.
    request: Mapping[str, Any] | None = None
    #: Of an operation that may be paid for: why this request cannot begin anything, whatever the provider makes of it.
    #: Empty where nobody can be sure.
    free: str = ""
    #: Why nobody can bring it about, not even at a stand-in; empty where somebody can.
    out_of_reach: str = ""
    #: Over which it is told.
    transports: tuple[Transport, ...] = ("http", "websocket")
    #: The switches, with their values, under which it is answered at all.
    switch: Mapping[str, str] = field(default_factory=lambda: _NONE)


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked of a provider, or that it asks of others."""

    name: str
    provider: str
    purpose: Purpose
    #: One line, as in "List the models".
    summary: str
    transports: tuple[Transport, ...]
    #: The provider's host for it; None where it is the provider who asks, at an address that it was given.
    host: str | None
    method: str
    #: With its parameters in braces; None where `host` is.
    path: str | None
    #: Names within `authentications`: any one will do, and nobody is asked where there are none.
    authentication: tuple[str, ...]
    #: What is answered when all goes well, and what is answered besides that no error of the catalogue is about.
    answers: tuple[Answer, ...]
    #: The errors of the catalogue that can be answered.
    errors: tuple[Cause, ...]
    #: Whether no request of it can ever begin a job that is paid for.
    free: bool
    #: The argument for that.
    why: str
    sources: tuple[str, ...]
    confidence: str
    #: The `taskType`, where a task within an array is what is asked.
    task: str | None = None
    parameters: tuple[Parameter, ...] = ()
    request: Body | None = None
    #: A request that is accepted: `body` (its text `$key` is the API key) or `content`; `told`, values of the body by
    #: their dotted names that other operations tell; `after`, the operation that has to have been asked before;
    #: `status`, that of the answer where there is nothing that could be asked for.
    typical: Mapping[str, Any] = field(default_factory=lambda: _NONE)
    #: Who tells the whole address, where one does.
    address: Told | None = None
    #: What stays at the provider when it is asked, such as "a file"; empty where nothing does.
    leaves: str = ""

    @property
    def outgoing(self) -> bool:
        """Whether it is the provider who asks."""
        return self.path is None

    @property
    def cases(self) -> tuple[ErrorCase, ...]:
        """The errors of the catalogue that can be answered, each once."""
        return tuple({cause.case.id: cause.case for cause in self.errors}.values())


@cache
def authentications(provider: str) -> Mapping[str, Authentication]:
    """List the ways to say who asks, by their names. Raises `ContractError`."""
    return MappingProxyType({name: _way(name, row) for name, row in _file(provider)["authentication"].items()})


@cache
def operations(provider: str) -> Mapping[str, Operation]:
    """List the operations of a provider by name, in the order of its file. Raises `ContractError`."""
    document, known = _file(provider), catalogue(provider)
    groups = {name: tuple(_cause(row, known) for row in rows) for name, rows in document["error_groups"].items()}
    made = {row["name"]: _operation(provider, row, groups, known) for row in document["operations"]}
    if len(made) != len(document["operations"]):
        raise ContractError("operations.json: two operations have the same name")
    for one in made.values():
        _check(one, made)
    return MappingProxyType(made)


def _check(one: Operation, made: Mapping[str, Operation]) -> None:
    told = [parameter.told_by for parameter in one.parameters]
    told += [one.address, *(Told(**row) for row in one.typical.get("told", {}).values())]
    unknown = [source.operation for source in told if source is not None and source.operation not in made]
    unknown += [name for name in one.authentication if name not in authentications(one.provider)]
    if unknown:
        raise ContractError(f"operations.json: {one.name} speaks of {', '.join(unknown)}, which there is not")


@cache
def _file(provider: str) -> Mapping[str, Any]:
    return read(folder(provider).joinpath("operations.json"), "operations")


def _told(row: Mapping[str, str] | None) -> Told | None:
    return None if row is None else Told(**row)


def _way(name: str, row: Mapping[str, Any]) -> Authentication:
    return Authentication(
        name=name,
        type=row["type"],
        description=row["description"],
        sources=tuple(row["sources"]),
        confidence=row["confidence"],
        scheme=row.get("scheme"),
        place=row.get("in"),
        parameter=row.get("name"),
        told_by=_told(row.get("told_by")),
    )


def _cause(row: Mapping[str, Any], known: Mapping[str, ErrorCase]) -> Cause:
    if row["case"] not in known:
        raise ContractError(f"operations.json: there is no error {row['case']!r}")
    over = tuple(row.get("transports", ("http", "websocket")))
    argued = row.get("free", ""), row.get("out_of_reach", ""), over, row.get("switch", _NONE)
    return Cause(known[row["case"]], row["by"], row["how"], row.get("request"), *argued)


def _operation(
    provider: str, row: Mapping[str, Any], groups: Mapping[str, tuple[Cause, ...]], known: Mapping[str, ErrorCase]
) -> Operation:
    names = row.get("error_groups", ())
    if missing := [name for name in names if name not in groups]:
        raise ContractError(f"operations.json: {row['name']} has errors of {missing[0]!r}, which there is not")
    shared = [cause for name in names for cause in groups[name]]
    return Operation(
        name=row["name"],
        provider=provider,
        purpose=row["for"],
        summary=row["summary"],
        transports=tuple(row["transports"]),
        host=row["host"],
        method=row["method"],
        path=row["path"],
        authentication=tuple(row["authentication"]),
        answers=tuple(_answer(answer) for answer in row["answers"]),
        errors=(*shared, *(_cause(error, known) for error in row.get("errors", ()))),
        free=row["free"],
        why=row["why"],
        sources=tuple(row["sources"]),
        confidence=row["confidence"],
        task=row.get("task"),
        parameters=tuple(_parameter(parameter) for parameter in row.get("parameters", ())),
        request=_body(row["request"]) if "request" in row else None,
        typical=MappingProxyType(row.get("typical", {})),
        address=_told(row.get("address")),
        leaves=row.get("leaves", ""),
    )


def _answer(row: Mapping[str, Any]) -> Answer:
    types = tuple(name for name in row["media_types"] if name != "none")
    told = row.get("when", ""), row.get("headers"), row.get("out_of_reach", ""), row.get("request")
    return Answer(row["status"], row["schema"], types, *told, row.get("switch", _NONE))


def _parameter(row: Mapping[str, Any]) -> Parameter:
    return Parameter(
        row["name"], row["in"], row["required"], row["description"], row["schema"],
        row.get("typical"), _told(row.get("told_by")), row.get("transport"),
    )  # fmt: skip


def _body(row: Mapping[str, Any]) -> Body:
    return Body(
        row["schema"], tuple(row["media_types"]), row["required"], row.get("models"), row.get("judged") == "later"
    )
