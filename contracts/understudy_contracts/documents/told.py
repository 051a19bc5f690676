"""What an operation answers, sorted by status: the forms it may have, and examples of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from understudy_contracts.error_answers import ErrorAnswer, answer_of
from understudy_contracts.errors import ErrorCase, forms
from understudy_contracts.operations import Operation
from understudy_contracts.provider import contract

from .site import Site

_JSON = "application/json"


@dataclass(slots=True)
class Form:
    """One media type of an answer."""

    #: The names of the schemas it may have; none where it is no JSON.
    schemas: dict[str, None] = field(default_factory=dict)
    examples: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Said:
    """Everything that can be answered with one status."""

    sentences: dict[str, None] = field(default_factory=dict)
    forms: dict[str, Form] = field(default_factory=dict)
    headers: str | None = None
    #: Whether it tells when the next request is taken.
    tells_when: bool = False

    def form(self, media_type: str) -> Form:
        """The form of a media type."""
        return self.forms.setdefault(media_type, Form())


def told_by(operations: Iterable[Operation], site: Site) -> dict[int, Said]:
    """Sort everything that operations of one path and verb can answer by its status."""
    said: dict[int, Said] = {}
    for operation in operations:
        _add_answers(operation, said)
        for case in operation.cases:
            _add_error(operation, case, site, said)
        for example in printed(operation):
            name = example["title"]
            form = said[example.get("status", 200)].form(_JSON)
            body = example["response"] if operation.task is None else {"data": [example["response"]]}
            form.examples[_key(name)] = {
                "summary": f"{name} ({example['confidence']}: {example['source']})",
                "value": body,
            }
    return dict(sorted(said.items()))


def printed(operation: Operation) -> Iterator[dict[str, Any]]:
    """The exchanges with this operation that the provider prints, and that have an answer."""
    for example in contract(operation.provider).examples:
        if example["response"] is not None and _speaks_of(example, operation):
            yield example


def _speaks_of(example: dict[str, Any], operation: Operation) -> bool:
    """Whether a printed exchange is one with this operation."""
    if "operation" not in example:
        # Runware's: the task, and beside it the result as a poll has it.
        return operation.name == "getResponse"
    method, _, target = example["operation"].partition(" ")
    return operation.path is not None and method == operation.method and _fits(operation.path, urlsplit(target).path)


def _fits(template: str, path: str) -> bool:
    """Whether a path is one of those that a template stands for."""
    steps, given = template.split("/"), path.split("/")
    return len(steps) == len(given) and all(
        step == other or step.startswith("{") for step, other in zip(steps, given, strict=True)
    )


def error_answer(operation: Operation, case: ErrorCase, site: Site) -> ErrorAnswer:
    """The literal answer with which an operation tells an error."""
    waits = operation.purpose == "submit" and case.strikes == "processing" and "waiting" in forms(operation.provider)
    stance = site.stance(operation.provider)
    return answer_of(case, place="waiting" if waits else None, switch_values=stance)


def _add_answers(operation: Operation, said: dict[int, Said]) -> None:
    for answer in operation.answers:
        known = said.setdefault(answer.status, Said())
        known.sentences[answer.when or operation.summary.removesuffix(".") + "."] = None
        known.headers = known.headers or answer.headers
        for media_type in answer.media_types:
            form = known.form(media_type)
            if answer.schema is not None:
                form.schemas[answer.schema] = None


def _add_error(operation: Operation, case: ErrorCase, site: Site, said: dict[int, Said]) -> None:
    answer = error_answer(operation, case, site)
    known = said.setdefault(answer.status, Said())
    known.sentences[case.when] = None
    known.tells_when = known.tells_when or (case.kind == "rate_limit" and operation.provider == "segmind")
    form = known.form(answer.media_type)
    if answer.media_type == _JSON and not (case.strikes == "processing" and answer.status in _statuses(operation)):
        form.schemas["envelope" if operation.provider == "runware" else "error"] = None
    form.examples[case.id] = {"summary": case.when, "value": answer.body}


def _statuses(operation: Operation) -> set[int]:
    """What is answered when all goes well: a failure may be told in it, too."""
    return {answer.status for answer in operation.answers}


def _key(title: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in title.lower())
