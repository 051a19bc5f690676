"""How long a placeholder takes, against encoding every frame of the same clip."""

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

from understudy.media.clip import FRAME_RATE, Clip
from understudy.media.codec import BT709, SAMPLE_RATE, codec_of
from understudy.media.ffmpeg import Ffmpeg
from understudy.media.render import Renderer
from understudy.media.shelf import Shelf

from . import tasks
from .effort import Effort
from .measure import Aim, Measure, Say, ratios

_ROOM = 1 << 30


def placeholder(effort: Effort, say: Say) -> list[Measure]:
    """A clip whose pieces are there, and one of which nothing is, against one pass of the encoder; and 4K."""
    warm, cold, one_pass, large = [], [], [], []
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
            # On a shelf of its own, where no sound is waiting for it either.
            vast = Renderer(Shelf(Path(name, f"{turn}-4k"), _ROOM), Ffmpeg())
            large.append(_timed_render(vast, replace(clip, width=3840, height=2160)))
    encode = _milliseconds(one_pass)
    return [
        Measure(
            "media",
            f"encode / placeholder, {effort.clip_seconds} s, warm",
            "×",
            ratios(one_pass, warm),
            Aim("at least", 30),
            {"ours": _milliseconds(warm), "baseline": encode},
        ),
        Measure(
            "media-cold",
            f"encode / placeholder, {effort.clip_seconds} s, cold",
            "×",
            ratios(one_pass, cold),
            Aim("at least", 5),
            {"ours": _milliseconds(cold), "baseline": encode},
        ),
        Measure(
            "media-4k",
            f"placeholder 4K / 720p, {effort.clip_seconds} s, cold",
            "×",
            ratios(large, cold),
            Aim("below", 3),
            {"ours": _milliseconds(large), "baseline": _milliseconds(cold)},
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
    """Encode every frame: the card, a bar that moves along its foot, and a plain tone, with the same encoders."""
    from understudy.media.card import paint

    width, height = clip.pixels
    tone = f"sine=frequency=220:sample_rate={SAMPLE_RATE}:duration={clip.milliseconds / 1000}"
    graph = (
        "[0:v]scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd,format=yuv420p,"
        f"loop=loop=-1:size=1:start=0,setpts=N/{FRAME_RATE}/TB[card];"
        f"color=orange:s={width // 5 // 2 * 2}x12:r={FRAME_RATE},format=yuv420p[bar];"
        f"[card][bar]overlay=x='(W+w)*mod(n,75)/75-w':y=H-h,{BT709}[out]"
    )
    codec = codec_of(clip)
    arguments = (
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-framerate", str(FRAME_RATE)),
        *("-i", "-", "-f", "lavfi", "-i", tone, "-filter_complex", graph),
        *("-map", "[out]", "-frames:v", str(clip.frames), *codec.picture(clip.quality), "-g", "250"),
        *("-map", "1:a", *codec.sound, "-ac", "1", "-movflags", "+faststart", f"file:{path}"),
    )
    began = time.perf_counter()
    Ffmpeg().run(arguments, paint(clip).tobytes())
    return time.perf_counter() - began


def _milliseconds(times: list[float]) -> str:
    return f"{median(times) * 1000:,.0f} ms"
