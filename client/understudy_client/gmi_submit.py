"""Submits to GMI that never pay twice: how its list of requests tells what became of one (`submission.py`)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from . import gmi_codec as codec
from .claims import Claims
from .errors import NotFound, Problem, UnderstudyError, ValidationError
from .flow import Answer, Backoff, Deadline, Flow
from .gmi_failures import problems
from .gmi_queue import PAGE, Queue
from .gmi_records import Record
from .json_body import encode
from .register import Likeness, Listing
from .submission import LOOKS, Order, Submission
from .waiting import about


@dataclass(frozen=True, slots=True)
class ModelRequests:
    """The requests that GMI keeps of one model."""

    queue: Queue
    model: str
    provider: str = codec.PROVIDER
    #: The list knows no such model, or not this question. The submit may; only it is not repeated then.
    dispensable: tuple[type[UnderstudyError], ...] = (NotFound, ValidationError)

    @property
    def url(self) -> str:
        """The queue's URL."""
        return self.queue.url

    @property
    def backoff(self) -> Backoff:
        """The queue's way to try again."""
        return self.queue.backoff

    @property
    def advice(self) -> str:
        """How a person looks for a request."""
        return f"look for this payload in client.requests({self.model!r})"

    def problems(self, answer: Answer) -> Sequence[Problem]:
        """Read what a refusal names."""
        return problems(answer)

    def made(self, task: Mapping[str, Any], answer: Answer) -> Record:
        """Read the record that answers a submit. Raises InvalidAnswer."""
        return codec.record({**task, **codec.decode(answer)}, answer)

    def likeness(self, entry: Record, payload: Any) -> Likeness:
        """Compare payloads; some records echo none."""
        if entry.payload == payload:
            return "same"
        return "other" if entry.payload else "unclear"

    def listing(self, start: int | None, deadline: Deadline) -> Flow[Listing[Record]]:
        """Read a page of the list."""
        offset = start or 0
        page = yield from self.queue.page(self.model, PAGE, offset, deadline)
        return Listing(page.records, offset + len(page.records) if page.has_more else None)


@dataclass(slots=True)
class Submit:
    """How one client submits."""

    queue: Queue
    claims: Claims = field(default_factory=Claims)
    #: Whether to look at the list first; see `submission.py`.
    careful: bool = True
    #: Seconds the answer to a submit may take: models that answer with the result take minutes.
    patience: float = 600.0
    #: Seconds between the looks for a record that may be a little late in the list.
    looks: tuple[float, ...] = LOOKS

    def submit(self, model: str, payload: Mapping[str, Any], deadline: Deadline) -> Flow[Record]:
        """Hand in a request; at most one that is paid comes of it."""
        task = {"model": model, "payload": payload}
        body = encode(task)
        order = Order(
            self.queue.request("POST", "/requests", task, self.patience),
            task,
            orjson.loads(body)["payload"],
            hashlib.sha256(body).digest(),
        )
        with about(None, request=task):
            requests = ModelRequests(self.queue, model)
            return (yield from Submission(requests, order, self.claims, self.careful, self.looks).run(deadline))
