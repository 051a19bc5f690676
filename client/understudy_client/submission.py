"""Submits that never pay twice, at a provider that has no idempotency key.

Before the first attempt the client looks at the newest page of the provider's list of requests, which costs one
GET: what is there already cannot come of this submit, so no two clocks need to agree, and the same submitted twice
on purpose makes two jobs. When an answer is lost, or a 5xx leaves open what happened, the client reads what is newer
in the list. An entry that asks for the same and that no other submit of this client has a claim to is its own; only
when there is none, after several looks, it submits again.

Never sent again is what the server may still be carrying out: a request whose answer did not come in time, or one
that a gateway gave up on. Nothing is sent again either when the list cannot be read. Then the error says so, with
`billed` None.

One thing remains that nobody can tell apart: the same request from another process with the same account at the
same moment. Its entry may be taken for one's own; then there is one paid job for two submits, never the reverse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic

from .claims import Claims
from .errors import ConnectionFailed, UnderstudyError
from .fate import Fate, fate, may_come_late
from .flow import Answer, Deadline, Flow, Lost, Request, Sleep, ask
from .jobs import Job
from .json_body import is_whole
from .refusals import refusal
from .register import E, Register
from .unheard import unheard

#: Pages read at most when the list is not in the order one counts on.
_PAGES = 50
#: Seconds by which the clocks of the provider's own machines may differ among each other.
_SLACK = 5
#: Seconds between two looks while a rival waits for its answer.
_TURN = 0.1
#: Seconds between the looks for an entry that may be a little late in the list.
LOOKS = (1.0, 3.0)


@dataclass(frozen=True, slots=True)
class Order:
    """What is submitted: the request, and what is told of it."""

    request: Request
    #: As errors and jobs show it.
    task: Mapping[str, Any]
    #: As the server reads it.
    payload: Any
    #: Tells it from other orders; equal ones are rivals.
    key: bytes


@dataclass(frozen=True, slots=True)
class Before:
    """What the list held before a submit."""

    ids: frozenset[str]
    #: Unix seconds, by the provider's clock, of the newest entry.
    newest: float

    def has(self, id_: str, created_at: float) -> bool:
        """Whether an entry is older than the submit."""
        return id_ in self.ids or created_at < self.newest - _SLACK


@dataclass(slots=True)
class Submission(Generic[E]):
    """One submit: its attempts, and what is known of them."""

    register: Register[E]
    order: Order
    claims: Claims
    #: Whether to look at the list first. Without, a lost answer is raised at once and never asked for again.
    careful: bool = True
    looks: tuple[float, ...] = LOOKS
    #: Seconds the first look may take at most, where the submit goes on without it; None for no limit of its own.
    glance: float | None = None
    before: Before | None = None
    #: Whether an attempt may have made a request that was not seen.
    unsure: bool = False

    def run(self, deadline: Deadline) -> Flow[E]:
        """Try until the request is made, refused, or better left alone."""
        with self.claims.submitting(self.order.key):
            return (yield from self._run(deadline))

    def _run(self, deadline: Deadline) -> Flow[E]:
        self.before = (yield from self._look_before(deadline)) if self.careful else None
        attempt = 0
        while True:
            attempt += 1
            outcome, entry = yield from self._try_once()
            if entry is not None:
                return entry
            pause = self._pause(attempt, outcome, deadline)
            judged = self._fate(outcome)
            if judged == "unknown":
                entry = yield from self._find(outcome, deadline)
                if entry is not None and not (isinstance(outcome, Answer) and entry.fell_through):
                    return entry
                # What fell through was told, and is free: it may be tried again where the server says later.
                if entry is not None and isinstance(outcome, Answer) and outcome.status == 500:
                    pause = None
            if judged == "refused" or pause is None or (self.unsure and judged == "unknown"):
                raise self._refused(outcome, entry)
            yield Sleep(pause)

    def _try_once(self) -> Flow[tuple[Answer | Lost, E | None]]:
        with self.claims.asking(self.order.key):
            outcome = yield from ask(self.order.request)
            if isinstance(outcome, Lost) or self._fate(outcome) != "made":
                return outcome, None
            entry = self.register.made(self.order.task, outcome)
            self.claims.own(self.order.key, entry.id)
            return outcome, entry

    def _fate(self, outcome: Answer | Lost) -> Fate:
        told = self.register.problems(outcome) if isinstance(outcome, Answer) else ()
        return fate(self.register.provider, outcome, told)

    def _pause(self, attempt: int, outcome: Answer | Lost, deadline: Deadline) -> float | None:
        if isinstance(outcome, Answer) and outcome.status < 500 and not is_whole(outcome):
            outcome = Lost(ValueError("the answer broke off"), sent=True)
        pause = self.register.backoff.pause(attempt, outcome)
        return pause if pause is not None and deadline.allows(pause) else None

    def _look_before(self, deadline: Deadline) -> Flow[Before | None]:
        start: int | None = None
        entries: list[E] = []
        if self.glance is not None and deadline.allows(self.glance):
            deadline = Deadline(self.glance)
        try:
            for _ in range(_PAGES):
                page = yield from self.register.listing(start, deadline)
                entries += page.entries
                start = page.following
                if page.newest_first or start is None:
                    break
        except self.register.dispensable:
            return None
        except UnderstudyError as error:
            error.billed = False
            raise
        newest = max((entry.created_at for entry in entries), default=0)
        return Before(frozenset(entry.id for entry in entries), newest)

    def _find(self, outcome: Answer | Lost, deadline: Deadline) -> Flow[E | None]:
        """Look for the entry of an attempt whose answer is not known; note when it remains unsure."""
        self.unsure = True
        if self.before is None:
            return None
        rests = [0.0, *self.looks]
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
        told = self.register.problems(outcome) if isinstance(outcome, Answer) else ()
        self.unsure = not certain or may_come_late(self.register.provider, outcome, told)
        return None

    def _look(self, before: Before, deadline: Deadline) -> Flow[tuple[E | None, bool]]:
        """Look through what is new; say also whether that proves that nothing is there."""
        key = self.order.key
        while True:
            moment = self.claims.calm(key)
            if moment is None:
                if deadline.remaining() == 0:
                    return None, False
                # A rival's answer is on its way and may name the very entry that would be taken here.
                yield Sleep(_TURN)
                continue
            fresh, complete = yield from self._fresh(before, deadline)
            likeness = {entry.id: self.register.likeness(entry, self.order.payload) for entry in fresh}
            equal = [entry for entry in reversed(fresh) if likeness[entry.id] == "same"]
            # The oldest first: a rival that started later could not take it, and may need a newer one.
            for entry in sorted(equal, key=lambda entry: entry.created_at):
                if self.claims.take(key, entry.id, moment):
                    return entry, True
            if self.claims.calm(key) == moment:
                # What nobody can tell apart may be the one.
                return None, complete and "unclear" not in likeness.values()

    def _fresh(self, before: Before, deadline: Deadline) -> Flow[tuple[list[E], bool]]:
        fresh: dict[str, E] = {}
        start: int | None = None
        for _ in range(_PAGES):
            page = yield from self.register.listing(start, deadline)
            new = [entry for entry in page.entries if not before.has(entry.id, entry.created_at)]
            fresh.update((entry.id, entry) for entry in new)
            start = page.following
            if start is None or (len(new) < len(page.entries) and page.newest_first):
                return list(fresh.values()), True
        return list(fresh.values()), False

    def _refused(self, outcome: Answer | Lost, entry: E | None) -> UnderstudyError:
        if self.unsure or (isinstance(outcome, Lost) and outcome.sent):
            return self._unlisted(outcome)
        register, task = self.register, self.order.task
        if isinstance(outcome, Lost):
            return unheard(register.provider, register.url, outcome, request=task, billed=False)
        told = register.problems(outcome)
        error = refusal(
            register.provider,
            told,
            outcome,
            job=entry.job if entry is not None else _named([problem.task for problem in told], task),
            about="submit",
            retry_after=register.backoff.asked(outcome),
        )
        if entry is not None and entry.fell_through:
            error.billed = False
        return error

    def _unlisted(self, outcome: Answer | Lost) -> ConnectionFailed:
        register, task = self.register, self.order.task
        advice = f"; {register.advice} before you submit it again"
        if isinstance(outcome, Lost):
            return unheard(register.provider, register.url, outcome, request=task, advice=advice)
        told = "".join(f" ({problem.message.rstrip('. ')})" for problem in register.problems(outcome))
        return ConnectionFailed(
            f"HTTP {outcome.status}{told} leaves open whether the request was made{advice}",
            provider=register.provider,
            status=outcome.status,
            request=task,
            response=outcome,
            retryable=False,
        )


def _named(ids: list[str | None], task: Mapping[str, Any]) -> Job | None:
    """Name the job that a refusal names: a model that answers at once keeps a failed record."""
    return next((Job(id_, request=task) for id_ in ids if id_), None)
