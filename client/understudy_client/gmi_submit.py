"""Submits that never pay twice, at a provider that has no idempotency key.

Before the first attempt the client looks at the newest page of its list, which costs one GET: what is there
already cannot come of this submit, so no two clocks need to agree, and the same payload submitted twice on
purpose makes two jobs. When an answer is lost, or a 5xx leaves open what happened, the client reads what is newer
in the list. A record with the same payload that no other submit of this client has a claim to is its own; only
when there is none, after several looks, it submits again.

Never sent again is what the server may still be carrying out: a request whose answer did not come in time, or one
that a gateway gave up on. Nothing is sent again either when the list cannot be read. Then the error says so, with
`billed` None.

One thing remains that nobody can tell apart: the same payload from another process with the same account at the
same moment. Its record may be taken for one's own; then there is one paid job for two submits, never the reverse.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from . import gmi_codec as codec
from .errors import ConnectionFailed, NotFound, ProviderError, UnderstudyError, ValidationError
from .flow import Answer, Deadline, Flow, Lost, Request, Sleep, ask
from .gmi_claims import Claims
from .gmi_failures import problems
from .gmi_fate import fate, may_come_late
from .gmi_queue import PAGE, Queue, unheard
from .gmi_records import Page, Record
from .jobs import Job
from .json_body import encode, is_whole
from .refusals import refusal
from .waiting import about

#: Pages read at most when the list is not in the order one counts on.
_PAGES = 50
#: Seconds by which the clocks of the provider's own machines may differ among each other.
_SLACK = 5
#: Seconds between two looks while a rival waits for its answer.
_TURN = 0.1


@dataclass(frozen=True, slots=True)
class Before:
    """What the list held before a submit."""

    ids: frozenset[str]
    #: Unix seconds, by the provider's clock, of the newest record.
    newest: int

    def has(self, record: Record) -> bool:
        """Whether a record is older than the submit."""
        return record.id in self.ids or record.created_at < self.newest - _SLACK


@dataclass(slots=True)
class Submit:
    """How one client submits."""

    queue: Queue
    claims: Claims = field(default_factory=Claims)
    #: Whether to look at the list first. Without, a lost answer is raised at once and never asked for again.
    careful: bool = True
    #: Seconds the answer to a submit may take: models that answer with the result take minutes.
    patience: float = 600.0
    #: Seconds between the looks for a record that may be a little late in the list.
    looks: tuple[float, ...] = (1.0, 3.0)

    def submit(self, model: str, payload: Mapping[str, Any], deadline: Deadline) -> Flow[Record]:
        """Hand in a request; at most one that is paid comes of it."""
        task = {"model": model, "payload": payload}
        body = encode(task)
        key = hashlib.sha256(body).digest()
        sent = orjson.loads(body)["payload"]
        with about(None, request=task), self.claims.submitting(key):
            attempts = _Attempts(self, self.queue.request("POST", "/requests", task, self.patience), task, sent, key)
            return (yield from attempts.run(deadline))


@dataclass(slots=True)
class _Attempts:
    """One submit: its attempts, and what is known of them."""

    submit: Submit
    request: Request
    task: Mapping[str, Any]
    #: The payload as the server reads it.
    payload: Any
    key: bytes
    before: Before | None = None
    #: Whether an attempt may have made a record that was not seen.
    unsure: bool = False

    def run(self, deadline: Deadline) -> Flow[Record]:
        """Try until the request is made, refused, or better left alone."""
        self.before = (yield from self._look_before(deadline)) if self.submit.careful else None
        attempt = 0
        while True:
            attempt += 1
            outcome, record = yield from self._try_once(deadline)
            if record is not None:
                return record
            pause = self._pause(attempt, outcome, deadline)
            judged = fate(outcome)
            if judged == "unknown":
                record = yield from self._find(outcome, pause, deadline)
                if record is not None and not (isinstance(outcome, Answer) and record.fell_through):
                    return record
                # What fell through was told, and is free: it may be tried again where the server says later.
                if record is not None and isinstance(outcome, Answer) and outcome.status == 500:
                    pause = None
            if judged == "refused" or pause is None or (self.unsure and judged == "unknown"):
                raise self._refused(outcome, record)
            yield Sleep(pause)

    def _try_once(self, deadline: Deadline) -> Flow[tuple[Answer | Lost, Record | None]]:
        with self.submit.claims.asking(self.key):
            outcome = yield from ask(self.request)
            if isinstance(outcome, Lost) or fate(outcome) != "made":
                return outcome, None
            record = codec.record({**self.task, **codec.decode(outcome)}, outcome)
            self.submit.claims.own(self.key, record.id)
            return outcome, record

    def _pause(self, attempt: int, outcome: Answer | Lost, deadline: Deadline) -> float | None:
        if isinstance(outcome, Answer) and outcome.status < 500 and not is_whole(outcome):
            outcome = Lost(ValueError("the answer broke off"), sent=True)
        pause = self.submit.queue.backoff.pause(attempt, outcome)
        return pause if pause is not None and deadline.allows(pause) else None

    def _look_before(self, deadline: Deadline) -> Flow[Before | None]:
        model, offset, records = self.task["model"], 0, list[Record]()
        try:
            for _ in range(_PAGES):
                page = yield from self.submit.queue.page(model, PAGE, offset, deadline)
                records += page.records
                offset += len(page.records)
                if page.newest_first or not page.has_more:
                    break
        except (NotFound, ValidationError):
            # The list knows no such model, or not this question. The submit may; only it is not repeated then.
            return None
        except UnderstudyError as error:
            error.billed = False
            raise
        newest = max((record.created_at for record in records), default=0)
        return Before(frozenset(record.id for record in records), newest)

    def _find(self, outcome: Answer | Lost, pause: float | None, deadline: Deadline) -> Flow[Record | None]:
        """Look for the record of an attempt whose answer is not known; note when it remains unsure."""
        self.unsure = True
        if self.before is None:
            return None
        rests = [0.0, *self.submit.looks]
        certain = False
        for rest in rests if deadline.allows(sum(rests)) else rests[:1]:
            if rest:
                yield Sleep(rest)
            try:
                found, certain = yield from self._look(self.before, deadline)
            except UnderstudyError as error:
                raise self._unlisted(outcome) from error
            if found is not None:
                self.unsure = False
                return found
        self.unsure = not certain or may_come_late(outcome)
        return None

    def _look(self, before: Before, deadline: Deadline) -> Flow[tuple[Record | None, bool]]:
        """Look through what is new; say also whether that proves that nothing is there."""
        claims = self.submit.claims
        while True:
            moment = claims.calm(self.key)
            if moment is None:
                # A rival's answer is on its way and may name the very record that would be taken here.
                yield Sleep(_TURN)
                continue
            fresh, complete = yield from self._fresh(before, deadline)
            equal = [record for record in reversed(fresh) if record.payload == self.payload]
            # The oldest first: a rival that started later could not take it, and may need a newer one.
            for record in sorted(equal, key=lambda record: record.created_at):
                if claims.take(self.key, record.id, moment):
                    return record, True
            if claims.calm(self.key) == moment:
                # Some records echo no payload: one of those may be the one.
                hidden = any(not record.payload for record in fresh) and bool(self.payload)
                return None, complete and not hidden

    def _fresh(self, before: Before, deadline: Deadline) -> Flow[tuple[list[Record], bool]]:
        fresh: dict[str, Record] = {}
        offset = 0
        for _ in range(_PAGES):
            page: Page = yield from self.submit.queue.page(self.task["model"], PAGE, offset, deadline)
            known = [record for record in page.records if before.has(record)]
            fresh.update((record.id, record) for record in page.records if not before.has(record))
            offset += len(page.records)
            if not page.has_more or (known and page.newest_first):
                return list(fresh.values()), True
        return list(fresh.values()), False

    def _refused(self, outcome: Answer | Lost, record: Record | None) -> UnderstudyError:
        if self.unsure or (isinstance(outcome, Lost) and outcome.sent):
            return self._unlisted(outcome)
        if isinstance(outcome, Lost):
            return unheard(self.submit.queue.url, outcome, request=self.task, billed=False)
        told = problems(outcome)
        named = record.job if record is not None else _named(outcome, self.task)
        error: ProviderError = refusal(
            codec.PROVIDER,
            told,
            outcome,
            job=named,
            about="submit",
            retry_after=codec.asked_pause(outcome),
        )
        if record is not None and record.fell_through:
            error.billed = False
        return error

    def _unlisted(self, outcome: Answer | Lost) -> ConnectionFailed:
        advice = f"; look for this payload in client.requests({self.task['model']!r}) before you submit it again"
        if isinstance(outcome, Lost):
            return unheard(self.submit.queue.url, outcome, request=self.task, advice=advice)
        told = "".join(f" ({problem.message.rstrip('. ')})" for problem in problems(outcome))
        return ConnectionFailed(
            f"HTTP {outcome.status}{told} leaves open whether the request was made{advice}",
            provider=codec.PROVIDER,
            status=outcome.status,
            request=self.task,
            response=outcome,
        )


def _named(answer: Answer, task: Mapping[str, Any]) -> Job | None:
    """Name the job that a refusal names: a model that answers at once keeps a failed record."""
    return next((Job(p.task, request=task) for p in problems(answer) if p.task), None)
