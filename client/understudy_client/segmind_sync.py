"""Segmind's v1: one call that is answered with the finished file, and that nothing but its answer can name.

A request whose answer is lost may be finished and paid for all the same, and the server may still be at work on it,
so it is never sent again: only what certainly never began is. The error says so, and how to look it up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from . import segmind_codec as codec
from .claims import Claims
from .destination import check_file
from .download import Arrival, fetch
from .errors import ConnectionFailed, DownloadFailed, ProviderError, UnderstudyError
from .fate import fate
from .flow import Answer, Flow, Lost, Sleep, ask
from .jobs import Job, MediaResult
from .json_body import decode, foreign, text_of
from .refusals import refusal
from .segmind_queue import Queue
from .segmind_records import Delivery, money
from .segmind_submit import key_of, look_it_up
from .unheard import unheard
from .waiting import about, reason


@dataclass(slots=True)
class Film:
    """Takes a file from an answer, and leaves anything else in it to be read."""

    arrival: Arrival
    #: The headers of an answer that says that a result is there, and so is paid for.
    headers: Mapping[str, str] | None = None
    #: Whether the file is what the answer holds.
    taken: bool = False
    #: Why its bytes could not be kept.
    trouble: OSError | None = None

    def begin(self, status: int, headers: Mapping[str, str]) -> bool:
        """Take the body of a success that is no JSON."""
        if status != 200:
            return False
        self.headers = headers
        kind = _kind(headers)
        if kind.endswith("json") or kind == "text/html":
            return False
        self.taken = True
        self._keep(lambda: self.arrival.begin(status, headers))
        return True

    def write(self, chunk: bytes) -> None:
        """Keep the next bytes, as long as there is room for them."""
        if self.trouble is None:
            self._keep(lambda: self.arrival.write(chunk))

    def _keep(self, put: Callable[[], object]) -> None:
        try:
            put()
        except OSError as error:
            self.trouble = error


@dataclass(slots=True)
class Call:
    """One call of v1."""

    queue: Queue
    task: Mapping[str, Any]
    out: Path
    #: Seconds the answer may take to begin.
    patience: float
    claims: Claims = field(default_factory=Claims)
    on_progress: Callable[[int, int | None], object] | None = None

    def run(self) -> Flow[Delivery]:
        """Call until there is a file, a refusal, or something better left alone. Raises OSError, before anything
        is sent, when the file could not be put there."""
        check_file(self.out)
        key, attempt = key_of(self.task), 0
        with about(None, request=self.task), self.claims.submitting(key):
            while True:
                attempt += 1
                with _arriving(self._arrival()) as arrival:
                    film = Film(arrival)
                    with self.claims.asking(key):
                        outcome = yield from self._ask(film)
                        if film.headers is not None:
                            self.claims.own(key, film.headers.get("x-request-id", ""))
                    if film.headers is not None and (film.taken or isinstance(outcome, Lost)):
                        return self._kept(film, film.headers, outcome)
                if film.headers is not None and isinstance(outcome, Answer):
                    return (yield from self._written(outcome, film.headers))
                pause = self.queue.backoff.pause(attempt, outcome) if self._never_began(outcome) else None
                if pause is None:
                    raise self._refused(outcome)
                yield Sleep(pause)

    def _arrival(self) -> Arrival:
        return Arrival(self.out, self.on_progress, resume=False)

    def _ask(self, film: Film) -> Flow[Answer | Lost]:
        request = self.queue.call("v1", self.task, self.patience)
        # What the headers promise must be what arrives, so nothing is compressed.
        headers = {"content-type": "application/json", "accept": "*/*", "accept-encoding": "identity"}
        return (yield from ask(replace(request, headers=headers, into=film)))

    def _never_began(self, outcome: Answer | Lost) -> bool:
        return outcome.status == 429 if isinstance(outcome, Answer) else not outcome.sent

    def _refused(self, outcome: Answer | Lost) -> UnderstudyError:
        perhaps = f"it may have been made and paid for, so {look_it_up(self.task['model'])} before you send it again"
        if isinstance(outcome, Lost):
            if not outcome.sent:
                return unheard(codec.PROVIDER, self.queue.places.api, outcome, request=self.task, billed=False)
            error = unheard(codec.PROVIDER, self.queue.places.api, outcome, request=self.task, advice=f"; {perhaps}")
            error.retryable = False
            return error
        if outcome.status < 400:
            return foreign("Segmind", outcome)
        told = codec.problems(outcome)
        refused: ProviderError = refusal(
            codec.PROVIDER, told, outcome, about="submit", retry_after=codec.asked_pause(outcome)
        )
        if fate(codec.PROVIDER, outcome, told) == "unknown":
            refused.billed, refused.retryable = None, False
            refused.message = f"{refused.message.rstrip('. ')}; {perhaps}"
        return refused

    def _kept(self, film: Film, headers: Mapping[str, str], outcome: Answer | Lost) -> Delivery:
        """Put the file in its place that an answer was."""
        film.arrival.close()
        if isinstance(outcome, Answer) and not film.arrival.is_whole(outcome):
            outcome = Lost(ValueError("it is not as long as announced"), sent=True)
        elif isinstance(outcome, Answer) and not film.arrival.received:
            outcome = Lost(ValueError("it is empty"), sent=True)
        if isinstance(outcome, Lost) or film.trouble is not None:
            raise self._broken(film, headers, outcome)
        return _delivery(film.arrival.finish(), _kind(headers), headers.get("x-request-id", ""), headers)

    def _written(self, answer: Answer, headers: Mapping[str, str]) -> Flow[Delivery]:
        """Read an answer in JSON: one that names a URL, one that is the result of a model that writes, or a no."""
        body = decode(answer)
        if body is None:
            error: UnderstudyError = foreign("Segmind", answer)
            error.message += f"; {look_it_up(self.task['model'])} before you send it again"
            raise error
        job = Job(headers.get("x-request-id") or text_of(body.get("request_id")), request=self.task)
        found = codec.media(job.id, body)
        told = codec.problems(answer)
        if not found and told and text_of(body.get("error")):
            # Some models refuse what they may not make with a 200.
            raise refusal(codec.PROVIDER, told, answer, job=job)
        metrics = body.get("metrics")
        known = {f"x-{name.replace('_', '-')}": str(value) for name, value in _mapping(metrics).items()} | dict(headers)
        if not found:
            with _arriving(self._arrival()) as arrival:
                arrival.begin(200, {})
                arrival.write(answer.body)
                arrival.close()
                return _delivery(arrival.finish(), _kind(headers), job.id, known)
        try:
            path = yield from fetch(found[0].url, self._arrival(), self.queue.backoff)
        except DownloadFailed as failed:
            failed.billed, failed.job, failed.results = True, job, tuple(found)
            raise
        return _delivery(path, _type(body), job.id, known)

    def _broken(self, film: Film, headers: Mapping[str, str], outcome: Answer | Lost) -> UnderstudyError:
        job = Job(headers.get("x-request-id", ""), request=self.task)
        cost = money(headers.get("x-cost"))
        paid = f" at ${cost}" if cost is not None else ""
        where = f"client.request({job.id!r})" if job.id else f"client.history(model_name={self.task['model']!r})"
        why: Exception = film.trouble or (outcome.cause if isinstance(outcome, Lost) else ValueError("it broke off"))
        what = "could not be kept" if film.trouble else "broke off"
        error = (DownloadFailed if film.trouble else ConnectionFailed)(
            f"the file was made{paid}, and {what}: {reason(why)}; {where} says where it is",
            provider=codec.PROVIDER,
            job=job if job.id else None,
            billed=True,
            retryable=False,
        )
        error.__cause__ = why
        return error


@contextmanager
def _arriving(arrival: Arrival) -> Iterator[Arrival]:
    """Leave no half file behind: a call cannot go on where another stopped."""
    try:
        yield arrival
    finally:
        arrival.close()
        arrival.forget()


def _delivery(path: Path, kind: str, id_: str, headers: Mapping[str, str]) -> Delivery:
    time = money(headers.get("x-generation-time") or headers.get("x-inference-time"))
    return Delivery(
        path=path,
        content_type=kind,
        size=path.stat().st_size,
        request_id=id_,
        cost=money(headers.get("x-cost")),
        remaining_credits=money(headers.get("x-remaining-credits")),
        generation_time=None if time is None else float(time),
    )


def _kind(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _type(body: Mapping[str, Any]) -> str:
    images = body.get("images")
    entries = [body.get("video"), *(images if isinstance(images, list) else ())]
    return next((text_of(entry.get("content_type")) for entry in entries if isinstance(entry, Mapping)), "")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def result_of(delivery: Delivery) -> MediaResult:
    """See a delivery as a result like any other, though its file has no URL."""
    return MediaResult("0", delivery.request_id, "", cost=delivery.cost)
