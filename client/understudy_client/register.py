"""A provider's own list of requests, as a submit needs it that must find out whether it has happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

from .errors import Problem, UnderstudyError
from .flow import Answer, Backoff, Deadline, Flow
from .jobs import Job

#: Whether a request in the list asks for the same: no one can tell where the list does not show all of it.
Likeness = Literal["same", "other", "unclear"]


class Entry(Protocol):
    """One request in the list."""

    @property
    def id(self) -> str:
        """The provider's id of it."""

    @property
    def created_at(self) -> float:
        """Unix seconds by the provider's clock; 0 where it does not tell."""

    @property
    def fell_through(self) -> bool:
        """Whether it ended without a result, and so without a bill."""

    @property
    def job(self) -> Job:
        """The job it is."""


E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True)
class Listing(Generic[E]):
    """A part of the list."""

    entries: Sequence[E]
    #: Where the next part begins, None when there is none.
    following: int | None

    @property
    def newest_first(self) -> bool:
        """Whether it is in the order everybody counts on and few pages promise."""
        times = [entry.created_at for entry in self.entries]
        return times == sorted(times, reverse=True)


class Register(Protocol[E]):
    """A provider's list, and its words, as far as one request is concerned."""

    @property
    def provider(self) -> str:
        """The provider's name in the contracts."""

    @property
    def url(self) -> str:
        """Where it is asked."""

    @property
    def backoff(self) -> Backoff:
        """How to try again."""

    @property
    def advice(self) -> str:
        """How a person looks for the request."""

    @property
    def dispensable(self) -> tuple[type[UnderstudyError], ...]:
        """The errors of a first look after which the submit goes on, though without a net."""

    def problems(self, answer: Answer) -> Sequence[Problem]:
        """Read what a refusal names."""

    def made(self, task: Mapping[str, Any], answer: Answer) -> E:
        """Read the answer to a submit that was carried out. Raises UnderstudyError."""

    def likeness(self, entry: E, payload: Any) -> Likeness:
        """Say whether an entry asks for what this payload asks for."""

    def listing(self, start: int | None, deadline: Deadline) -> Flow[Listing[E]]:
        """Read the list from a place on, None for its beginning."""
