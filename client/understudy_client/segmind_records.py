"""What Segmind tells: what a request made, the history of requests, credits and models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypedDict

from .jobs import Job, JobStatus, MediaResult
from .json_body import text_of


@dataclass(frozen=True, slots=True)
class Generation:
    """What a finished request made."""

    job: Job
    #: Its files, each with a URL; none where the model writes text.
    media: tuple[MediaResult, ...]
    #: The URL of the file, or the text.
    output: str
    #: US dollars; a credit is one.
    cost: Decimal | None
    #: The account's balance after it, in US dollars.
    remaining_credits: Decimal | None
    #: What the provider measured, such as `inference_time` and `queue_time`, in seconds.
    metrics: Mapping[str, Any] = field(default_factory=dict, repr=False)
    #: The whole answer, with every key the provider added.
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, status: JobStatus) -> Generation:
        """Take it from the last look at a job."""
        told = status.raw.get("metrics")
        metrics: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
        return cls(
            status.job,
            status.results,
            text_of(status.raw.get("output")),
            money(metrics.get("cost")),
            money(metrics.get("remaining_credits")),
            metrics,
            status.raw,
        )

    @property
    def url(self) -> str:
        """The URL of its first file. Raises LookupError when it made none."""
        if not self.media:
            raise LookupError(f"request {self.job.id} made no file; its output is {self.output[:80]!r}")
        return self.media[0].url


@dataclass(frozen=True, slots=True)
class Delivery:
    """A file that came as the answer itself, and what its headers tell."""

    path: Path
    content_type: str
    #: Bytes.
    size: int
    #: The request's id; empty where it was not told.
    request_id: str
    #: US dollars.
    cost: Decimal | None
    remaining_credits: Decimal | None
    #: Seconds it took to make.
    generation_time: float | None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One request, or one output of several, as the history has it."""

    id: str
    model: str
    #: The provider's word: PENDING, COMPLETED or FAILED.
    word: str
    #: The fields as they were sent; None where the history does not show them.
    request: Mapping[str, Any] | None = field(default=None, repr=False)
    #: Where its output is; empty while there is none.
    url: str = ""
    cost: Decimal | None = None
    #: Why it failed; empty when it did not.
    error: str = ""
    #: Seconds it took.
    latency: float | None = None
    #: Unix seconds by the provider's clock; 0 where they cannot be read.
    created_at: float = 0
    #: The whole row, with every key the provider added.
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def job(self) -> Job:
        """The job it is."""
        return Job(self.id, request={"model": self.model, "fields": self.request or {}})

    @property
    def fell_through(self) -> bool:
        """Whether it ended without a result, and so without a bill."""
        return self.word == "FAILED"


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of the history."""

    rows: tuple[HistoryRow, ...]
    #: How many there are in all, None when it is not told.
    total: int | None
    #: Its number, from 1.
    page: int
    has_more: bool


class Filters(TypedDict, total=False):
    """What narrows or sorts the history (docstrings of the official SDK, segmind 1.3.0)."""

    #: YYYY-MM-DD; the provider's default is 7 days ago, and its widest window 31 days.
    from_date: str | date
    #: YYYY-MM-DD, inclusive; today by default.
    to_date: str | date
    #: A part of a model's slug.
    model_name: str
    #: COMPLETED, FAILED or PENDING.
    status: str
    #: Somebody of one's team; this or `user_email`.
    user_id: str
    user_email: str
    #: model_created, model_name or credits_deduction.
    sort_by: str
    #: desc or asc.
    sort_order: str


class Turning:
    """A way through all pages, each row once although new ones move the pages."""

    def __init__(self) -> None:
        self.page, self.more = 1, True
        self._seen: set[tuple[str, str]] = set()

    def unseen(self, page: HistoryPage) -> Iterator[HistoryRow]:
        """Give what no earlier page had, and go on to the next page."""
        self.page, self.more = self.page + 1, page.has_more
        for row in page.rows:
            # A request has a row for each of its outputs.
            if (row.id, row.url) not in self._seen:
                self._seen.add((row.id, row.url))
                yield row


@dataclass(frozen=True, slots=True)
class Credits:
    """What an account can spend, in US dollars."""

    credits: Decimal
    free_credits: Decimal


@dataclass(frozen=True, slots=True)
class SegmindModel:
    """What Segmind tells of a model."""

    slug: str
    title: str
    description: str
    #: What goes in and what comes out, such as textToVideo.
    kind: str
    deprecated: bool
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


def money(value: Any) -> Decimal | None:
    """Read an amount in US dollars, a number or a header's text; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
    except ArithmeticError:
        return None
    return amount if amount.is_finite() else None
