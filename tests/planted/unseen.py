"""What is planted and not found, and why: how far these checks see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from planted.broken import Stand
from planted.media import rendering
from planted.money import pricing
from planted.planting import Call, planted
from understudy.providers.runware import video


@planted(
    "emulator",
    at="gmi.submitRequest.files.heygen-avatar-4",
    unseen="nobody here looks at what a picture shows, or listens to what is said",
)
@contextmanager
def another_film(stand: Stand) -> Iterator[None]:
    """A video shows other words than those that were asked for."""
    with rendering(stand, lambda clip: replace(clip, title="Another film", lines=("Of somebody else",))):
        yield


@planted(
    "emulator",
    at="runware.videoInference.money.heygen:avatar@4 runware.videoInference.files.heygen:avatar@4",
    unseen="how long a script is spoken is only known to a few percent; where seconds are asked for it is found",
)
@contextmanager
def a_tenth_more(stand: Stand) -> Iterator[None]:
    """A script costs a tenth more than its letters do, in the books as well as in the answer."""
    with pricing(video, "1.1"):
        yield


@planted(
    "answer",
    at="segmind.listModels.typical",
    on="listModels",
    unseen="a run that asks less often than that meets it by luck alone",
)
def once_in_a_thousand(call: Call) -> None:
    """Every thousandth list of models breaks down."""
    if call.nth() % 1000 == 0:
        call.status, call.body = 500, {"error": "Internal server error"}


@planted(
    "answer",
    at="gmi.getRequest.typical",
    on="getRequest",
    unseen="of a key that is there twice every parser takes the last, and so does this one",
)
def key_twice(call: Call) -> None:
    """A record has its status twice, and first another one."""
    call.content = call.content.replace(b'{"request_id"', b'{"status":"failed","request_id"', 1)
