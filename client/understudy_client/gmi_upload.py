"""Files left with GMI: a URL to put them to, and the URL they are at."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from .errors import UploadFailed
from .flow import Answer, Deadline, Flow, Lost, Request, persist
from .gmi_queue import Queue
from .waiting import reason

#: The Content-Type each URL is signed for, by file type, as deployed clients observed it: `jpg` really is the
#: unregistered image/jpg. For mp3 they disagree, so both are tried.
SIGNED_TYPES = {
    "jpg": ("image/jpg",),
    "jpeg": ("image/jpeg",),
    "png": ("image/png",),
    "mp4": ("video/mp4",),
    "wav": ("audio/wav",),
    "mp3": ("audio/mpeg", "audio/mp3"),
}

#: Files the provider takes by another name: it knows no mov.
_SENT_AS = {"mov": "mp4"}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file and its type, checked before anything is sent."""

    content: bytes
    file_type: str

    @classmethod
    def of(cls, file: str | os.PathLike[str] | bytes, file_type: str | None) -> Upload:
        """Read a file. Raises ValueError for a type that is not taken, OSError for a file that is not there."""
        if isinstance(file, bytes):
            content, named = file, file_type or ""
        else:
            path = Path(file)
            content, named = path.read_bytes(), file_type or path.suffix
        kind = named.lower().removeprefix(".")
        kind = _SENT_AS.get(kind, kind)
        if kind not in SIGNED_TYPES:
            raise ValueError(f"file_type must be one of {', '.join(SIGNED_TYPES)}, not {named!r}")
        return cls(content, kind)

    def send(self, queue: Queue, deadline: Deadline) -> Flow[str]:
        """Put the file where the provider says and return its public URL. Raises UploadFailed."""
        where, public = yield from queue.upload_urls(self.file_type, deadline)
        outcome: Answer | Lost | None = None
        for kind in SIGNED_TYPES[self.file_type]:
            # The URL is its own permission: whoever keeps the files must not see the key.
            request = Request("PUT", where, self.content, {"content-type": kind})
            outcome = (yield from persist(request, queue.backoff, deadline, lambda answer: True)).outcome
            if isinstance(outcome, Answer) and outcome.status < 300:
                return public
            if not _is_wrong_type(outcome):
                break
        raise _failed(where, outcome)


def _is_wrong_type(outcome: Answer | Lost) -> bool:
    return isinstance(outcome, Answer) and outcome.status == 403 and b"SignatureDoesNotMatch" in outcome.body


def _failed(where: str, outcome: Answer | Lost | None) -> UploadFailed:
    # The query of the URL is a permission, so it is not repeated.
    place = where.partition("?")[0]
    if isinstance(outcome, Answer):
        told = outcome.body[:200].decode("utf-8", "replace")
        return UploadFailed(
            f"{place} answered HTTP {outcome.status}: {told}", provider="gmi", status=outcome.status, response=outcome
        )
    cause = reason(outcome.cause) if outcome is not None else "nothing was sent"
    return UploadFailed(f"{place} did not answer: {cause}", provider="gmi", retryable=True)
