"""What is planted in the files that come of a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import wraps

import pytest

from planted.broken import Stand
from planted.planting import Call, planted
from understudy.media.clip import FRAME_RATE, Clip
from understudy.media.placeholder import Placeholder

_FRAME = 1000 // FRAME_RATE


@contextmanager
def rendering(stand: Stand, change: Callable[[Clip], Clip]) -> Iterator[None]:
    """Make other clips than those that were asked for."""
    studio = stand.server.engine.studio
    file = studio.file

    def other(placeholder: Placeholder) -> Placeholder:
        return change(placeholder) if isinstance(placeholder, Clip) else placeholder

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(studio, "file", lambda placeholder: file(other(placeholder)))
        yield


def _rendered(*, found: str, at: str) -> Callable[[Callable[[Clip], Clip]], Callable[[Clip], Clip]]:
    """Declare that other clips are made, as the decorated function changes them."""

    def declare(change: Callable[[Clip], Clip]) -> Callable[[Clip], Clip]:
        @planted("emulator", found=found, at=at)
        @wraps(change)
        def changed(stand: Stand) -> AbstractContextManager[None]:
            return rendering(stand, change)

        return change

    return declare


def _is_video(call: Call) -> bool:
    return call.headers.get("content-type", "").startswith("video/")


@_rendered(found="media.length", at="gmi.submitRequest.files.heygen-avatar-4")
def one_frame_more(clip: Clip) -> Clip:
    """A video is a frame longer than its seconds."""
    return replace(clip, milliseconds=clip.milliseconds + _FRAME)


@_rendered(found="media.length", at="runware.videoInference.files.heygen:video@1.0")
def one_frame_less(clip: Clip) -> Clip:
    """A video is a frame shorter than its seconds."""
    return replace(clip, milliseconds=clip.milliseconds - _FRAME)


@_rendered(found="media.length", at="segmind.submitModel.files.heygen-avatar-iv")
def one_second_less(clip: Clip) -> Clip:
    """A video is a second shorter than its seconds."""
    return replace(clip, milliseconds=clip.milliseconds - 1000)


@_rendered(found="media.size", at="runware.videoInference.files.heygen:avatar@4")
def two_pixels_wider(clip: Clip) -> Clip:
    """A video is two pixels wider than was asked for."""
    return replace(clip, width=clip.width + 2)


@_rendered(found="media.size", at="gmi.submitRequest.files.heygen-avatar-4")
def two_pixels_lower(clip: Clip) -> Clip:
    """A video is two pixels lower than was asked for."""
    return replace(clip, height=clip.height - 2)


@_rendered(found="media.type", at="runware.videoInference.files.heygen:avatar@4")
def another_format(clip: Clip) -> Clip:
    """A file that is called MP4 is a WEBM."""
    return replace(clip, container="webm")


@planted("answer", found="media.decodes", at="gmi.submitRequest.files.heygen-avatar-4", on="getMedia")
def half_a_file(call: Call) -> None:
    """A file ends after half of its bytes."""
    if _is_video(call):
        call.content = call.content[: len(call.content) // 2]


@planted("answer", found="media.decodes", at="segmind.runModel.files.heygen-avatar-iv", on="runModel")
def no_file(call: Call) -> None:
    """A file is as long as it should be, and all zeros."""
    if _is_video(call):
        call.content = bytes(len(call.content))


@planted("answer", found="declared", at="gmi.submitRequest.files.heygen-avatar-4", on="getMedia")
def file_as_bytes(call: Call) -> None:
    """A video is called `application/octet-stream`."""
    if _is_video(call):
        call.headers["content-type"] = "application/octet-stream"


@planted("answer", found="segmind.headers", at="segmind.runModel.typical", on="runModel")
def file_as_picture(call: Call) -> None:
    """A video is called `image/png`."""
    if _is_video(call):
        call.headers["content-type"] = "image/png"


@planted("answer", found="media.decodes", at="runware.videoInference.files.heygen:avatar@4", on="getVideo")
def file_is_gone(call: Call) -> None:
    """The address of a result is not found."""
    if _is_video(call):
        call.status, call.headers["content-type"], call.body = 404, "application/json", {"error": "not found"}


@planted("answer", found="media.decodes", at="runware.videoInference.files.heygen:avatar@4", on="getVideo")
def page_for_a_file(call: Call) -> None:
    """The address of a result leads to a page."""
    if _is_video(call):
        call.headers["content-type"] = "text/html; charset=utf-8"
        call.content = b"<!doctype html><title>Sign in</title>"


@planted("answer", found="media.decodes", at="gmi.submitRequest.files.heygen-avatar-4", on="getMedia")
def document_for_a_file(call: Call) -> None:
    """The address of a result leads to a document in JSON."""
    if _is_video(call):
        call.headers["content-type"], call.body = "application/json", {"url": "elsewhere"}
