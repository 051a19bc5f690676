"""A job, what it has produced so far, and the media that came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from .errors import Problem

if TYPE_CHECKING:
    from .flow import Answer


@dataclass(frozen=True, slots=True)
class Job:
    """Something the provider was asked to make. `Job("…")` is enough to ask about one from another process."""

    #: Its name at the provider: Runware's taskUUID, GMI's and Segmind's request_id.
    id: str
    #: How many results it makes.
    count: int = 1
    #: The request as it was sent.
    request: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    #: Where the provider says to ask about it, by name; empty where every provider's URL is made of its id.
    links: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class MediaResult:
    """One finished video, picture or recording."""

    #: Its own name: Runware's videoUUID, GMI's and Segmind's number within the job.
    id: str
    #: The id of the job that made it.
    job: str
    url: str
    #: US dollars; None where the provider tells none. Runware does when the request asks with `includeCost`.
    cost: Decimal | None = None
    #: Length in seconds; None where the provider tells none.
    duration: float | None = None
    #: The URL of a picture of it; None where there is none.
    thumbnail: str | None = None
    seed: int | None = None
    #: Whether a safety check found the content unsafe; None when none was made.
    nsfw: bool | None = None
    #: The whole item, with every key the provider added.
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What is known of a job at one moment."""

    job: Job
    results: tuple[MediaResult, ...] = ()
    errors: tuple[Problem, ...] = ()
    #: How many results are still to come.
    pending: int = 0
    #: Per cent done, 0 to 100, when the provider says so.
    progress: int | None = None
    #: The provider's own word for where it stands, such as `queued`; empty when it has none.
    word: str = ""
    #: Whether it was called off before it was done.
    cancelled: bool = False
    #: The whole record, with every key the provider added.
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    #: The answer that told all this, where its status says something too.
    answer: Answer | None = field(default=None, repr=False, compare=False)

    @property
    def done(self) -> bool:
        """Whether nothing more will happen."""
        return self.pending == 0

    @property
    def state(self) -> Literal["processing", "success", "error", "cancelled"]:
        """The job in one word; `error` as soon as one of its results failed and the others are settled."""
        if not self.done:
            return "processing"
        if self.cancelled:
            return "cancelled"
        return "error" if self.errors else "success"
