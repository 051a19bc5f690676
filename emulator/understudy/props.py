"""What a placeholder is given to show and to sound: the caller's pictures and recordings, a voice, and its papers."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

import orjson

from understudy.jobs import Job, Result
from understudy.media.captions import Caption, captions
from understudy.media.clip import Clip
from understudy.media.given import check_name, recording_role
from understudy.media.picture import Picture
from understudy.media.soundtrack import LARGEST_PITCH, Recording, Soundtrack, Word
from understudy.media.words import words
from understudy_contracts.duration import Spoken
from understudy_contracts.inputs import Segments
from understudy_contracts.models import Model

#: Milliseconds from one of the words that nobody knows to the next.
_BEAT = 500

#: What is written into a file beside what it shows, by name.
Tags = tuple[tuple[str, str], ...]


def fitted_out(
    clip: Clip, model: Model, job: Job, result: Result, request: Mapping[str, Any], spoken: tuple[Spoken, ...]
) -> Clip:
    """The clip with everything its request gave for it, and what is `said` in it.

    Raises:
        ValueError: the job, which may have been written down by anybody, names media that are none.
    """
    segments = model.duration.segments(request)
    return replace(
        clip,
        background=None if model.inputs is None else model.inputs.colour(segments),
        subject=picture(model, job, request, "subject"),
        backdrop=picture(model, job, request, "backdrop"),
        alpha=model.inputs is not None and model.inputs.transparent(segments),
        captions=subtitles(spoken) if model.output.captioned(request) else (),
        sound=_soundtrack(model, job, request, segments, spoken),
        tags=tags(job, result, request),
    )


def said(model: Model, job: Job, request: Mapping[str, Any]) -> tuple[Spoken, ...]:
    """What is said when."""
    return model.duration.spoken(request, _lengths(model, job, request))


def subtitles(spoken: Iterable[Spoken]) -> tuple[Caption, ...]:
    """What is read when."""
    return captions((one.start, one.end, one.text) for one in spoken)


def heard(spoken: Iterable[Spoken]) -> tuple[Word, ...]:
    """Which words sound when."""
    return words((one.start, one.end, one.text) for one in spoken)


def voice(model: Model, segments: Segments) -> tuple[float, float]:
    """By how many semitones a request's voice is raised, and how loud it is."""
    if model.inputs is None:
        return 0.0, 1.0
    pitch = model.inputs.semitones(segments)
    return max(-LARGEST_PITCH, min(pitch, LARGEST_PITCH)), model.inputs.loudness(segments)


def picture(model: Model, job: Job, request: Mapping[str, Any], role: str) -> Picture | None:
    """The caller's picture that plays a part, if it was given and could be read.

    Raises:
        ValueError: the job names a file that is none of a caller's.
    """
    name = job.given.get(role)
    if name is None or model.inputs is None:
        return None
    return Picture(check_name(name), model.inputs.fit_of(model.duration.segments(request)))


def tags(job: Job, result: Result, request: Mapping[str, Any]) -> Tags:
    """What tells a program where a file came from: no part of it is a secret.

    Whose it is, is not told: an account and its copy serve the same bytes, and anybody who knows the URL sees them.
    """
    return (
        ("job", job.id),
        ("provider", job.provider),
        ("model", job.model),
        ("seed", str(result.seed)),
        ("request", digest(request)),
    )


def digest(request: Mapping[str, Any]) -> str:
    """The SHA-256 of a request, as JSON in UTF-8 with its keys in order and no spaces."""
    return sha256(orjson.dumps(request, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _soundtrack(
    model: Model, job: Job, request: Mapping[str, Any], segments: Segments, spoken: tuple[Spoken, ...]
) -> Soundtrack:
    end = round(job.seconds * 1000)
    names, lengths = _names(model, job, request), _lengths(model, job, request)
    sounding, recordings = list(heard(spoken)), []
    for since, until, source in _places(model, job, request, segments, lengths):
        start, stop = round(since * 1000), min(round(until * 1000), end)
        if start >= stop:
            continue
        if source in names:
            recordings.append(Recording(start, stop, names[source]))
        else:
            sounding += _hummed(start, stop)
    if not sounding and not recordings and model.duration.script_field is None:
        # What such a model makes has some sound, and no words that could be followed.
        sounding += _hummed(0, end)
    pitch, volume = voice(model, segments)
    return Soundtrack(tuple(sorted(sounding, key=lambda word: word.start_ms)), tuple(recordings), pitch, volume)


def _places(
    model: Model, job: Job, request: Mapping[str, Any], segments: Segments, lengths: Mapping[str, float]
) -> Iterator[tuple[float, float, str]]:
    """Which recordings are heard from when to when, in seconds."""
    for one in model.duration.heard(request, lengths):
        yield one.start, one.end, one.source
    beside = None if model.inputs is None else model.inputs.recording(segments)
    if beside is not None:
        yield 0.0, lengths.get(beside, job.seconds), beside


def _hummed(start: int, end: int) -> Iterator[Word]:
    """What sounds where nobody knows the words: one each half second."""
    for since in range(start, end, _BEAT):
        yield Word(since, min(since + _BEAT * 4 // 5, end))


def _names(model: Model, job: Job, request: Mapping[str, Any]) -> dict[str, str]:
    """What the recordings of a request are kept as, by their source."""
    sources = dict.fromkeys(model.recordings(request)) if job.given else {}
    roles = {source: job.given.get(recording_role(index)) for index, source in enumerate(sources)}
    return {source: check_name(name) for source, name in roles.items() if name is not None}


def _lengths(model: Model, job: Job, request: Mapping[str, Any]) -> Mapping[str, float]:
    """Seconds of each recording that is known, by its source."""
    lengths: Mapping[str, float] | None = job.extras.get("lengths")
    # Without segments it has decided the length of everything, so that need not be remembered.
    return dict.fromkeys(_names(model, job, request), job.seconds) if lengths is None else lengths
