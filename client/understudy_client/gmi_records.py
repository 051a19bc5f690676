"""What GMI's queue keeps and tells: requests, pages of them, and models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .gmi_failures import failure
from .jobs import Job, JobStatus, MediaResult
from .json_body import text_of

#: All statuses there are: five on the page, two more in the SDK, and one spelling more in deployed clients.
_RUNNING = frozenset({"created", "queued", "dispatched", "processing"})
_CANCELLED = frozenset({"cancelled", "canceled"})
STATUSES = _RUNNING | _CANCELLED | {"success", "failed"}

_MEDIA_LISTS = ("media_urls", "medias")
_MEDIA_FIELDS = ("video_url", "audio_url", "image_url")


@dataclass(frozen=True, slots=True)
class Record:
    """One request as GMI's queue keeps it."""

    id: str
    model: str
    #: The provider's word: created, queued, dispatched, processing, success, failed or cancelled.
    word: str
    payload: Mapping[str, Any] = field(default_factory=dict, repr=False)
    #: Null until the end.
    outcome: Any = field(default=None, repr=False)
    #: Unix seconds by the provider's clock.
    created_at: int = 0
    updated_at: int = 0
    #: The whole record, with every key the provider added.
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def job(self) -> Job:
        """The job it is, with the request that made it."""
        return Job(self.id, request={"model": self.model, "payload": self.payload})

    @property
    def fell_through(self) -> bool:
        """Whether it ended without a result, and so without a bill."""
        return self.word == "failed" or self.word in _CANCELLED

    def status(self, job: Job | None = None) -> JobStatus:
        """Say where it stands, in the words all providers share."""
        results = tuple(_media(self.id, self.outcome)) if self.word == "success" else ()
        # Some answers say `success` before they say what came of it.
        running = self.word in _RUNNING or (self.word == "success" and self.outcome is None)
        return JobStatus(
            job or self.job,
            results,
            (failure(self.raw),) if self.word == "failed" else (),
            pending=1 if running else 0,
            word=self.word,
            cancelled=self.word in _CANCELLED,
            raw=self.raw,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the list of requests."""

    records: tuple[Record, ...]
    #: How many there are in all, None when it is not told.
    total: int | None
    has_more: bool


@dataclass(frozen=True, slots=True)
class ModelDetail:
    """What GMI tells of a model."""

    id: str
    description: str
    #: US dollars for each `unit`; None when it tells no price.
    price: Decimal | None
    #: What is paid for, such as `second`.
    unit: str
    #: `async`: submit and poll. `sync`: the submit is answered with the result.
    delivery: str
    #: The payload's fields, each with name, type, required and more.
    parameters: tuple[Mapping[str, Any], ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


class Walk:
    """A way through all pages of a list, each record once although new ones move the pages."""

    def __init__(self) -> None:
        self.offset, self.more = 0, True
        self._seen: set[str] = set()

    def unseen(self, page: Page) -> Iterator[Record]:
        """Give what no earlier page had, and go on to the next page."""
        self.offset, self.more = self.offset + len(page.records), page.has_more
        for record in page.records:
            if record.id not in self._seen:
                self._seen.add(record.id)
                yield record


def _media(job: str, outcome: Any) -> Iterator[MediaResult]:
    if not isinstance(outcome, Mapping):
        return
    lists = [outcome[name] for name in _MEDIA_LISTS if isinstance(outcome.get(name), list)]
    entries = [entry for listed in lists for entry in listed]
    entries += [outcome[name] for name in _MEDIA_FIELDS if isinstance(outcome.get(name), str)]
    thumbnail = text_of(outcome.get("thumbnail_image_url")) or None
    seen: set[str] = set()
    for entry in entries:
        item: Mapping[str, Any] = entry if isinstance(entry, Mapping) else {"url": entry}
        url = text_of(item.get("url"))
        if url and url not in seen:
            seen.add(url)
            yield MediaResult(
                id=text_of(item.get("id")) or str(len(seen) - 1),
                job=job,
                url=url,
                duration=_length(outcome),
                # Older models put the video itself in its place.
                thumbnail=thumbnail if thumbnail != url else None,
                raw=outcome,
            )


def _length(outcome: Mapping[str, Any]) -> float | None:
    for name, scale in (("duration", 1), ("duration_ms", 1000)):
        told = outcome.get(name)
        if isinstance(told, int | float) and not isinstance(told, bool):
            return told / scale
    return None
