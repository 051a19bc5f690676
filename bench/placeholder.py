"""How long a placeholder takes, against encoding every frame of the same clip."""

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

from understudy.media.clip import Clip
from understudy.media.ffmpeg import Ffmpeg
from understudy.media.render import SAMPLE_RATE, Renderer, codec_of, picture_arguments
from understudy.media.shelf import Shelf

from . import tasks
from .effort import Effort
from .measure import Aim, Measure, Say, ratios

_ROOM = 1 << 30


def placeholder(effort: Effort, say: Say) -> list[Measure]:
    """A clip whose pieces are there, and one of which nothing is, against one pass of the encoder."""
    warm, cold, one_pass = [], [], []
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as name:
        for turn in range(effort.clips):
            say(f"media: round {turn + 1} of {effort.clips}")
            shelf = Shelf(Path(name, str(turn)), _ROOM)
            renderer = Renderer(shelf, Ffmpeg())
            clip = _clip(effort.clip_seconds)
            cold.append(_timed_render(renderer, clip))
            shelf.root.joinpath(f"{clip.key}{clip.suffix}").unlink()
            warm.append(_timed_render(renderer, clip))
            one_pass.append(_timed_one_pass(clip, Path(name, f"one-pass{clip.suffix}")))
    encode = _milliseconds(one_pass)
    return [
        Measure(
            "media",
            f"encode / placeholder, {effort.clip_seconds} s, warm",
            "×",
            ratios(one_pass, warm),
            Aim("at least", 20),
            {"ours": _milliseconds(warm), "baseline": encode},
        ),
        Measure(
            "media-cold",
            f"encode / placeholder, {effort.clip_seconds} s, cold",
            "×",
            ratios(one_pass, cold),
            figures={"ours": _milliseconds(cold), "baseline": encode},
        ),
    ]


def _clip(seconds: int) -> Clip:
    task = tasks.example()
    clip = Clip(width=1280, height=720, milliseconds=1000 * seconds, title="HeyGen Avatar IV")
    return replace(clip, lines=(task["speech"]["text"], f"task {task['taskUUID']}"))


def _timed_render(renderer: Renderer, clip: Clip) -> float:
    began = time.perf_counter()
    renderer.render(clip)
    return time.perf_counter() - began


def _timed_one_pass(clip: Clip, path: Path) -> float:
    from understudy.media.card import paint

    # The same picture by the same arguments, and a plain tone: the placeholder's own would take longer to compute.
    picture = picture_arguments(clip, clip.frames)
    inputs = picture.index("-filter_complex")
    tone = f"sine=frequency=220:sample_rate={SAMPLE_RATE}:duration={clip.milliseconds / 1000}"
    arguments = (
        *(*picture[:inputs], "-f", "lavfi", "-i", tone, *picture[inputs:]),
        *("-map", "1:a", *codec_of(clip).sound, "-ac", "1", "-movflags", "+faststart", f"file:{path}"),
    )
    began = time.perf_counter()
    Ffmpeg().run(arguments, paint(clip).tobytes())
    return time.perf_counter() - began


def _milliseconds(times: list[float]) -> str:
    return f"{median(times) * 1000:,.0f} ms"
