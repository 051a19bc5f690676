"""Which answer is whose: the frames of one socket, sorted out among all the tasks that wait on it.

A frame holds items of any tasks, each with the taskUUID it speaks of, and nothing else says whose it is. What one
task is told may come in two frames, data first and errors after them. Nothing here opens a socket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from . import json_body
from . import runware_codec as codec
from .errors import InvalidAnswer, Problem
from .flow import Answer, Lost
from .refusals import meaning, status_of_code

_QUESTION = "getResponse"
_CONFLICT = "conflictTaskUUID"

#: Errors of these kinds are about the account or the server, and so about every task alike.
_OF_EVERYONE = frozenset({"auth", "quota", "rate_limit", "server", "timeout"})


class Unaddressed(Exception):
    """An error came that says not which task it is about, while several waited."""


@dataclass(eq=False, slots=True)
class Call:
    """One task that was sent, and what was heard of it so far."""

    task: str
    kind: str
    #: Told once, with how it ended.
    end: Callable[[Answer | Lost], object]
    #: How many results the answer tells of: when it has told of so many, it is over. 0 when nobody knows.
    parts: int = 1
    #: The bytes of its frame.
    size: int = 0
    data: list[Mapping[str, Any]] = field(default_factory=list)
    errors: list[Mapping[str, Any]] = field(default_factory=list)
    #: The heartbeats to be answered before this one's answer is known to be whole; None while that is not in doubt.
    fence: int | None = None

    @property
    def is_question(self) -> bool:
        """Whether it asks about a task, and does not hand one in."""
        return self.kind == _QUESTION

    @property
    def is_whole(self) -> bool:
        """Whether the data that were heard are all there is to be told.

        They are not when one of them is a failure: it may be told once more, in a frame of errors that comes after.
        """
        return 0 < self.parts <= len(self.data) and not any(item.get("status") == "error" for item in self.data)

    def answer(self) -> Answer:
        """What was heard, in the shape REST has it."""
        body: dict[str, Any] = {"data": self.data}
        if self.errors:
            body["errors"] = self.errors
        return Answer(status_of(self.errors) if not self.data else 200, {}, json_body.encode(body))


class Calls:
    """All tasks that wait on one socket, the longest first."""

    def __init__(self) -> None:
        self._waiting: dict[Call, None] = {}
        self._pings = self._pongs = 0
        #: The heartbeat until whose answer what is said may be from before the connection broke.
        self._resumed_at = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, call: Call) -> None:
        """Begin to listen for the answer to a task."""
        self._waiting[call] = None

    def remove(self, call: Call) -> None:
        """Listen no more for a task's answer; one that comes after all is nobody's."""
        self._waiting.pop(call, None)

    def pinged(self) -> int:
        """Note that a heartbeat is sent, and number it."""
        self._pings += 1
        return self._pings

    def resume(self) -> None:
        """Note that a session goes on, on another connection, and that a heartbeat is sent first.

        What may have got lost is delivered once more before that is answered. Who asked for it then was told that it
        is lost; to who asks now, it would be news from before.
        """
        self._resumed_at = self.pinged()

    def lose(self, outcome: Lost) -> None:
        """Tell all that no answer will come: the connection is gone, and with it whoever would answer a heartbeat."""
        self._pings = self._pongs = self._resumed_at = 0
        for call in list(self._waiting):
            self._end(call, outcome)

    def largest(self) -> Call | None:
        """The task whose frame was the largest."""
        return max(self._waiting, key=lambda call: call.size, default=None)

    def hear(self, text: str | bytes) -> list[Call]:
        """Give everything in a frame to the tasks it is about.

        Returns those that were told something and may be told more: a heartbeat sent now and answered means that
        they were not, for a server that takes frames in turn.
        """
        try:
            said = codec.envelope(orjson.loads(text))
        except (orjson.JSONDecodeError, InvalidAnswer):
            # Not the provider's words, so it cannot be told who should have been answered.
            raw = text.encode() if isinstance(text, str) else text
            self._end_all(self._waiting, Answer(200, {}, raw))
            return []
        items = [item for item in said.data if item.get("taskType") not in ("ping", "authentication")]
        failing = {problem.task.lower() for problem in said.problems if problem.task}
        unsure = self._hear_data(items, failing)
        self._hear_errors(said.problems)
        for item in said.data:
            if item.get("taskType") == "ping":
                self._hear_pong()
        if said.data == () and not said.problems:
            self._hear_nothing()
        return [call for call in unsure if call in self._waiting]

    def fence(self, calls: Iterable[Call]) -> None:
        """Take what these were told as all, once the heartbeat that is now sent is answered."""
        number = self.pinged()
        for call in calls:
            call.fence = number

    def _hear_data(self, items: Iterable[Mapping[str, Any]], failing: set[str]) -> list[Call]:
        unsure = []
        for task, own in _by_task(items, lambda item: item.get("taskUUID")).items():
            # An acknowledgement says no more than that the task exists; results are what one asks for.
            tells = any(item.get("status") or item.get("videoURL") for item in own)
            call = self._find(task, questions_first=tells) if task else None
            if call is None or (call.is_question and self._is_old_news):
                continue
            call.data += own
            if task in failing:
                continue  # the end of the answer is in the same frame
            if not call.is_question or call.is_whole:
                self._end(call, call.answer())
            else:
                unsure.append(call)
        return unsure

    def _hear_errors(self, problems: Iterable[Problem]) -> None:
        for task, own in _by_task(problems, lambda problem: problem.task).items():
            if not task:
                self._hear_unaddressed(own)
                continue
            conflict = any(problem.code == _CONFLICT for problem in own)
            asked = any(_is_about_question(problem) for problem in own)
            call = self._find(task, questions_first=asked)
            # Only who hands a task in can meet a conflict: one that comes late says nothing of the task itself.
            if call is not None and not (call.is_question and (conflict or self._is_old_news)):
                call.errors += [problem.raw for problem in own]
                # Errors come after the data, so this is the end of an answer whatever it told before.
                self._end(call, call.answer())

    def _hear_unaddressed(self, problems: list[Problem]) -> None:
        """Find out whom errors without a taskUUID are about.

        What is said of the account or the server is said to everyone. Of the rest, only a lone candidate can take it
        for its own. Among several, nobody knows which was meant, and to believe it could deny a job that exists: so
        each is told that its answer was lost, and asks again with the same taskUUID, which harms nobody.
        """
        named = {kind for problem in problems if isinstance(kind := problem.raw.get("taskType"), str)}
        candidates = [call for call in self._waiting if not named or call.kind in named]
        errors = [problem.raw for problem in problems]
        general = any(meaning(codec.PROVIDER, problem, None) in _OF_EVERYONE for problem in problems)
        if "authentication" in named:
            candidates = list(self._waiting)
        if general or len(candidates) <= 1:
            self._end_all(candidates, Answer(status_of(errors), {}, json_body.encode({"data": [], "errors": errors})))
        else:
            words = "; ".join(problem.message or problem.code for problem in problems)
            self._end_all(candidates, Lost(Unaddressed(f"an error that names no task: {words}"), sent=True))

    def _hear_pong(self) -> None:
        # One without its ping is from before the connection broke, delivered again.
        self._pongs = min(self._pongs + 1, self._pings)
        for call in list(self._waiting):
            if call.fence is not None and call.fence <= self._pongs:
                self._end(call, call.answer())

    def _hear_nothing(self) -> None:
        """Give an empty `data` to the question that waits longest: it can only be told by its turn.

        Should it have been another's, the question is answered "not yet" and put again, so no harm is done. To a
        submit, the provider's SDKs do not take it for an acknowledgement either.
        """
        for call in () if self._is_old_news else self._waiting:
            if call.is_question:
                self._end(call, call.answer())
                return

    @property
    def _is_old_news(self) -> bool:
        return self._pongs < self._resumed_at

    def _find(self, task: str, *, questions_first: bool) -> Call | None:
        own = [call for call in self._waiting if call.task == task.lower()]
        return min(own, key=lambda call: call.is_question != questions_first, default=None)

    def _end_all(self, calls: Iterable[Call], outcome: Answer | Lost) -> None:
        for call in list(calls):
            self._end(call, outcome)

    def _end(self, call: Call, outcome: Answer | Lost) -> None:
        del self._waiting[call]
        call.end(outcome)


def status_of(errors: Iterable[Mapping[str, Any]]) -> int:
    """The HTTP status that REST would give errors: a socket has none, and callers should not have to care.

    What is said of a result that failed is no refusal, and comes with a 200.
    """
    for error in errors:
        if error.get("status") == "error":
            return 200
        code = error.get("code")
        return (status_of_code(codec.PROVIDER, code) if isinstance(code, str) else None) or 400
    return 200


def _is_about_question(problem: Problem) -> bool:
    return problem.raw.get("status") == "error" or problem.raw.get("taskType") == _QUESTION


def _by_task(items: Iterable[Any], named: Callable[[Any], Any]) -> dict[str, list[Any]]:
    """Group what a frame holds by the task it names, the empty name for none."""
    found: dict[str, list[Any]] = {}
    for item in items:
        name = named(item)
        found.setdefault(name.lower() if isinstance(name, str) else "", []).append(item)
    return found
