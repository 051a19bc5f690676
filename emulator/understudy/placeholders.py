"""What the files of a request look like: a clip, a picture or a sound of what was asked for."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from understudy.jobs import Job, Result
from understudy.media.clip import Clip
from understudy.media.placeholder import LARGEST_SIDE, SMALLEST_SIDE, Placeholder
from understudy.media.sound import Sound
from understudy.media.still import Poster, Still
from understudy.props import fitted_out, heard, picture, said, tags, voice
from understudy_contracts.models import Model

#: What a sound is made with, as its record tells.
SAMPLE_RATE, CHANNELS = 44_100, 1


def placeholder(model: Model, job: Job, result: Result) -> Placeholder:
    """The file of one result.

    Raises:
        ValueError: no such file can be made, for the job asks for what there is not.
    """
    match model.output.kind:
        case "image":
            return _still(model, job, result)
        case "audio":
            return _sound(model, job, result)
        case _:
            return _clip(model, job, result)


def poster(model: Model, job: Job, result: Result) -> Placeholder:
    """The still that announces a result; raises ValueError as `placeholder` does."""
    return Poster(_clip(model, job, result))


def _clip(model: Model, job: Job, result: Result) -> Clip:
    payload = orjson.loads(job.request)
    width, height = picture_size(model, payload)
    spoken = said(model, job, payload)
    clip = Clip(
        width=width,
        height=height,
        milliseconds=round(job.seconds * 1000),
        container=job.container,
        title=str(payload.get("title") or payload.get("video_title") or model.name),
        lines=_lines(payload, " ".join(one.text for one in spoken), job),
        hue=result.seed % 360,
    )
    return fitted_out(clip, model, job, result, payload, spoken)


def _still(model: Model, job: Job, result: Result) -> Still:
    payload = orjson.loads(job.request)
    width, height = picture_size(model, payload)
    return Still(
        width=width,
        height=height,
        format=job.container,
        title=model.name,
        lines=_lines(payload, "", job),
        hue=result.seed % 360,
        subject=picture(model, job, payload, "subject"),
        tags=tags(job, result, payload),
    )


def _sound(model: Model, job: Job, result: Result) -> Sound:
    payload = orjson.loads(job.request)
    pitch, volume = voice(model, model.duration.segments(payload))
    return Sound(
        milliseconds=round(job.seconds * 1000),
        format=job.container,
        title=model.name,
        sample_rate=SAMPLE_RATE,
        channels=CHANNELS,
        words=tuple((word.start_ms, word.end_ms) for word in heard(said(model, job, payload))),
        pitch=pitch,
        volume=volume,
        tags=tags(job, result, payload),
    )


def picture_size(model: Model, payload: Mapping[str, Any]) -> tuple[int, int]:
    """Width and height of a request's pictures, within what can be drawn."""
    width, height = (max(SMALLEST_SIDE, min(side, LARGEST_SIDE)) for side in model.size.size(payload))
    return width, height


def _lines(payload: Mapping[str, Any], script: str, job: Job) -> tuple[str, ...]:
    words = script or next(
        (text for text in map(payload.get, ("prompt", "text", "lyrics")) if isinstance(text, str)), ""
    )
    return (words, " and ".join(dict.fromkeys(_ids(payload))), f"request {job.id}")


def _ids(value: Any) -> Iterator[str]:
    """Every `…_id` a payload names, wherever: who speaks, and with which voice."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key.endswith("_id") and isinstance(inner, str):
                yield inner
            else:
                yield from _ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _ids(inner)
