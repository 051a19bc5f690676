"""A file fetched from a URL: streamed, resumed where it broke, and never seen half there.

Bytes gather in `<target>.part`; `<target>.part.json` remembers which file they are of (URL and validator), so
a later run can ask for the rest with `Range` and `If-Range` (RFC 9110, 13.1.5) without ever mixing two files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import orjson

from .errors import DownloadFailed
from .flow import Answer, Backoff, Flow, Lost, Request, Sleep, ask, is_transient
from .waiting import reason

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class Arrival:
    """A file that is arriving: where its bytes gather, what they are of, and how many are to come."""

    def __init__(
        self,
        target: Path,
        on_progress: Callable[[int, int | None], object] | None = None,
        resume: bool = True,
    ) -> None:
        self.target = target
        self.part = target.with_name(target.name + ".part")
        self.note = target.with_name(target.name + ".part.json")
        self.total: int | None = None
        self._on_progress = on_progress
        self._url = ""
        self._file: BinaryIO | None = None
        self._taken = False
        if not resume:
            self.forget()

    @property
    def received(self) -> int:
        """Bytes that are safely here."""
        return self.part.stat().st_size if self.part.exists() else 0

    def is_whole(self, answer: Answer) -> bool:
        """Whether all bytes are here; where the server announced no number, its word is taken."""
        if answer.status == 416:
            # An earlier run fetched everything and stopped before the last move.
            return self.received > 0 and answer.headers.get("content-range") == f"bytes */{self.received}"
        return self._taken and self.total in (None, self.received)

    def keep_only_a_beginning(self) -> None:
        """Keep what is here if it can be the beginning of the file; otherwise throw it away."""
        if not self._taken or self.total is None or self.received > self.total:
            self.forget()

    def headers_for(self, url: str) -> dict[str, str]:
        """Ask for the missing rest of what is here, or for all of it."""
        self._url, self._taken = url, False
        validator = self._noted(url)
        # A compressed body could be neither resumed nor counted.
        headers = {"accept-encoding": "identity"}
        if validator and self.received:
            headers |= {"range": f"bytes={self.received}-", "if-range": validator}
        return headers

    def begin(self, status: int, headers: Mapping[str, str]) -> bool:
        """Take a whole file, or the rest of the one that is here; leave anything else to be read."""
        if status == 200:
            self._start(headers)
            self._taken = True
        if status == 206 and (found := _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))):
            start, _, total = found.groups()
            if int(start) == self.received:
                self.total = None if total == "*" else int(total)
                self._file = self.part.open("ab")
                self._taken = True
        return self._taken

    def write(self, chunk: bytes) -> None:
        """Keep the next bytes."""
        if self._file is None:
            raise RuntimeError("write comes after begin")
        self._file.write(chunk)
        if self._on_progress is not None:
            self._on_progress(self._file.tell(), self.total)

    def close(self) -> None:
        """Put down the file; what has arrived stays for another try."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def forget(self) -> None:
        """Throw away what has arrived."""
        self.part.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def finish(self) -> Path:
        """Put the whole file in its place, in one move."""
        self.part.replace(self.target)
        self.note.unlink(missing_ok=True)
        return self.target

    def _start(self, headers: Mapping[str, str]) -> None:
        self.part.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.part.open("wb")
        encoded = headers.get("content-encoding", "identity") != "identity"
        length = headers.get("content-length", "")
        self.total = int(length) if length.isdigit() and not encoded else None
        etag = headers.get("etag", "")
        # A weak tag promises a likeness, not the same bytes.
        strong = etag if etag and not etag.startswith("W/") else headers.get("last-modified", "")
        self.note.write_bytes(orjson.dumps({"url": self._url, "validator": "" if encoded else strong}))

    def _noted(self, url: str) -> str:
        try:
            note = orjson.loads(self.note.read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return ""
        same = isinstance(note, dict) and note.get("url") == url
        return str(note.get("validator", "")) if same else ""


def fetch(url: str, arrival: Arrival, backoff: Backoff) -> Flow[Path]:
    """Bring a URL's bytes into a file, trying again where the transfer broke.

    Tries count anew whenever it got further than ever, so a long file on a bad line does come through. Raises
    DownloadFailed.
    """
    attempt = furthest = 0
    while True:
        attempt += 1
        with closing(arrival):
            request = Request("GET", url, headers=arrival.headers_for(url), into=arrival)
            outcome = yield from ask(request)
        if isinstance(outcome, Answer) and outcome.status in (200, 206, 416):
            if arrival.is_whole(outcome):
                return arrival.finish()
            arrival.keep_only_a_beginning()
            outcome = Lost(ValueError("it is not the part or the length that was announced"), sent=True)
        elif isinstance(outcome, Answer) and not is_transient(outcome):
            raise _failed(f"{url} answered HTTP {outcome.status}{_meaning(outcome.status)}", arrival, outcome)
        if arrival.received > furthest:
            attempt, furthest = 1, arrival.received
        pause = backoff.pause(attempt, outcome)
        if pause is None:
            why = f"HTTP {outcome.status}" if isinstance(outcome, Answer) else reason(outcome.cause)
            if not is_transient(outcome):
                raise _failed(f"{url} cannot be fetched: {why}", arrival, outcome)
            raise _failed(f"{url} broke off after {arrival.received} bytes: {why}", arrival, outcome)
        yield Sleep(pause)


def _meaning(status: int) -> str:
    gone = {403: "expired or forbidden", 404: "expired or never there", 410: "gone"}
    return f": the file is {gone[status]}" if status in gone else ""


def _failed(message: str, arrival: Arrival, outcome: Answer | Lost) -> DownloadFailed:
    answer = outcome if isinstance(outcome, Answer) else None
    error = DownloadFailed(
        message,
        status=answer.status if answer else None,
        response=answer,
        retryable=is_transient(outcome),
    )
    error.part = arrival.part if arrival.part.exists() else None
    return error
