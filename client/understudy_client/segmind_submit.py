"""Submits to Segmind's queue that never pay twice: how its history tells what became of one (`submission.py`).

The history is at another host than the queue, and the form of its answers is not documented; only its fields are
(docstrings of the official SDK, segmind 1.3.0). So it is not counted on: where it cannot be read before a submit,
the submit goes ahead, and is never sent again when its answer is lost. What it shows of a request is "the inputs as
sent"; should it show more than that, nobody can tell it from another request, and nothing is sent again either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from . import segmind_codec as codec
from .claims import Claims
from .errors import ConnectionFailed, InvalidAnswer, Problem, ProviderError, UnderstudyError
from .flow import Answer, Backoff, Deadline, Flow
from .jobs import Job
from .json_body import encode
from .register import Likeness, Listing
from .segmind_queue import Queue
from .segmind_records import HistoryRow
from .submission import LOOKS, Order, Submission
from .waiting import about

#: How many requests a page of the history holds at most.
PAGE = 100
#: Seconds after which a submit goes on without having seen the history: a firewall may let one host through only.
_GLANCE = 10.0


@dataclass(frozen=True, slots=True)
class Submitted:
    """A request as a submit sees it: fresh from its answer, or found in the history."""

    job: Job
    row: HistoryRow | None = None

    @property
    def id(self) -> str:
        """The provider's id of it."""
        return self.job.id

    @property
    def created_at(self) -> float:
        """Unix seconds by the provider's clock."""
        return self.row.created_at if self.row is not None else 0

    @property
    def fell_through(self) -> bool:
        """Whether it ended without a result."""
        return self.row is not None and self.row.fell_through


@dataclass(frozen=True, slots=True)
class ModelHistory:
    """The history of one model's requests."""

    queue: Queue
    task: Mapping[str, Any]
    provider: str = codec.PROVIDER
    dispensable: tuple[type[UnderstudyError], ...] = (ProviderError, ConnectionFailed, InvalidAnswer)

    @property
    def url(self) -> str:
        """Where models are called."""
        return self.queue.places.api

    @property
    def backoff(self) -> Backoff:
        """The queue's way to try again."""
        return self.queue.backoff

    @property
    def advice(self) -> str:
        """How a person looks for a request."""
        return look_it_up(self.task["model"])

    def problems(self, answer: Answer) -> Sequence[Problem]:
        """Read what a refusal names."""
        return codec.problems(answer)

    def made(self, task: Mapping[str, Any], answer: Answer) -> Submitted:
        """Read the answer to a submit. Raises InvalidAnswer."""
        return Submitted(codec.submitted(answer, task))

    def likeness(self, entry: Submitted, payload: Any) -> Likeness:
        """Compare the fields, as far as the history shows them."""
        shown = entry.row.request if entry.row is not None else None
        if shown is None or entry.row is None:
            return "unclear"
        if shown == payload and entry.row.model == self.task["model"]:
            return "same"
        holds_it = all(name in shown and shown[name] == value for name, value in payload.items())
        return "unclear" if holds_it else "other"

    def listing(self, start: int | None, deadline: Deadline) -> Flow[Listing[Submitted]]:
        """Read a page of the history, newest first."""
        number = start or 1
        newest = {"model_name": self.task["model"], "sort_by": "model_created", "sort_order": "desc"}
        page = yield from self.queue.history(newest, number, PAGE, deadline)
        entries = [Submitted(Job(row.id, request=self.task), row) for row in page.rows]
        return Listing(entries, number + 1 if page.has_more else None)


@dataclass(slots=True)
class Submit:
    """How one client submits."""

    queue: Queue
    claims: Claims = field(default_factory=Claims)
    #: Whether to look at the history first; see `submission.py`.
    careful: bool = True
    #: Seconds between the looks for a request that may be a little late in the history.
    looks: tuple[float, ...] = LOOKS

    def submit(self, model: str, fields: Mapping[str, Any], deadline: Deadline) -> Flow[Job]:
        """Hand in a request; at most one that is paid comes of it."""
        task = {"model": model, "fields": fields}
        sent = orjson.loads(encode(fields))
        order = Order(self.queue.call("v2", task), task, sent, key_of(task))
        with about(None, request=task):
            history = ModelHistory(self.queue, task)
            attempts = Submission(history, order, self.claims, self.careful, self.looks, _GLANCE)
            made = yield from attempts.run(deadline)
        return made.job


def key_of(task: Mapping[str, Any]) -> bytes:
    """Tell a request from those that ask for something else."""
    return hashlib.sha256(encode(task)).digest()


def look_it_up(model: str) -> str:
    """Say how a person finds out what became of a request."""
    return f"look for it in client.history(model_name={model!r})"
