"""Whether a file is what was promised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from understudy_contracts.checks import Exchange, Finding
from understudy_contracts.harness.session import Session

from .jobs import Job, cost_of

#: What the formats of files are called in headers.
_TYPES = {
    "mp4": ("video/mp4",), "webm": ("video/webm",), "mov": ("video/quicktime",), "png": ("image/png",),
    "jpeg": ("image/jpeg", "image/jpg"), "webp": ("image/webp",), "mp3": ("audio/mpeg", "audio/mp3"),
    "wav": ("audio/wav", "audio/x-wav"), "flac": ("audio/flac",),
}  # fmt: skip
_CAPTIONS = frozenset({"application/x-subrip", "text/srt", "text/vtt"})
#: Of a video that does not say how many pictures it has a second.
_FPS = 25.0
_TICK = 0.002


def faults(session: Session, job: Job, ended: Exchange, answer: Exchange, content: bytes) -> Iterator[Finding]:
    """Look into a file that was answered, and say what is wrong with it."""
    assert session.inspector is not None
    if answer.status != 200:
        yield Finding("media.decodes", f"what was made is answered HTTP {answer.status}", answer)
        return
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in _CAPTIONS or job.model.output.kind == "text":
        # What is read, and neither seen nor heard.
        return
    try:
        seen = session.inspector(content)
    except ValueError as problem:
        yield Finding("media.decodes", f"what is called {kind} does not decode: {problem}", answer)
        return
    form = str(seen.get("format") or "")
    if kind not in _TYPES.get(form, (kind,)):
        yield Finding("media.type", f"what is called {kind} is {form}", answer)
    beside = kind.startswith("image/") and job.model.output.kind != "image"
    if beside:
        # A still that goes with a video.
        return
    wanted = job.model.output.format_of(job.fields)
    if form and wanted != form:
        yield Finding("media.type", f"{wanted} was asked for, and it is {form}", answer)
    yield from _size(job, seen, answer)
    if job.model.output.kind in ("video", "audio"):
        yield from _length(session, job, seen, ended, answer)


def _size(job: Job, seen: Mapping[str, Any], answer: Exchange) -> Iterator[Finding]:
    if job.model.output.kind == "audio" or job.model.pictures(job.fields):
        # The shape of somebody's picture, which only they know, may be that of what is made.
        return
    wanted = job.model.size.size(job.fields)
    if (seen.get("width"), seen.get("height")) != wanted:
        message = f"{wanted[0]}x{wanted[1]} was asked for, and it is {seen.get('width')}x{seen.get('height')}"
        yield Finding("media.size", message, answer)


def _length(
    session: Session, job: Job, seen: Mapping[str, Any], ended: Exchange, answer: Exchange
) -> Iterator[Finding]:
    cost, price = cost_of(ended), job.model.price
    if cost is not None and price.unit == "second":
        billed = float(cost / price.usd)
    elif session.target.live:
        # How fast somebody speaks there nobody here knows.
        return
    else:
        billed = job.model.duration.seconds(job.fields)
    frame = 1 / float(seen.get("fps") or _FPS)
    # A cost is told to four places, and a length to the tick of a file's own clock: a whole frame is none of that.
    rounded = 0.00005 / float(price.usd) if cost is not None and price.unit == "second" else 0.0
    slack = frame + rounded + (_TICK if session.target.live else -_TICK)
    if abs(float(seen.get("seconds") or 0.0) - billed) > slack:
        yield Finding("media.length", f"{billed:g} s are billed, and it lasts {seen.get('seconds')} s", answer)
