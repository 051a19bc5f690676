"""How long a placeholder takes, against encoding every frame of the same clip."""

import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

from understudy.media.burn import Stage
from understudy.media.clip import FRAME_RATE, Clip
from understudy.media.codec import BT709, SAMPLE_RATE, codec_of
from understudy.media.ffmpeg import Ffmpeg
from understudy.media.foot import foot_top
from understudy.media.render import Renderer
from understudy.media.shelf import Shelf
from understudy.media.soundtrack import Soundtrack
from understudy.media.words import words

from . import tasks
from .effort import Effort
from .measure import Aim, Measure, Say, ratios

_ROOM = 1 << 30
#: As a placeholder's notes are encoded, which is quicker than the encoder is by itself.
_SOUND = ("-c:a", "aac", "-aac_coder", "fast", "-b:a", "24k", "-ac", "1")
#: How much longer than the other the longer of two clips is that are compared.
_LONGER = 10


def placeholder(effort: Effort, say: Say) -> list[Measure]:
    """A clip whose pieces are there, and one of which nothing is, against one pass of the encoder; 4K; a long one."""
    warm, cold, one_pass, large = [], [], [], []
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as name:
        folder = Path(name)
        for turn in range(effort.clips):
            say(f"media: round {turn + 1} of {effort.clips}")
            renderer = _renderer(folder / str(turn))
            clip = example(effort.clip_seconds)
            cold.append(_timed(renderer, clip))
            warm.append(_timed(renderer, clip))
            one_pass.append(encoded_whole(clip, renderer.render(clip), folder / f"one-pass{clip.suffix}"))
            # On a shelf of its own, where no sound is waiting for it either.
            large.append(_timed(_renderer(folder / f"{turn}-4k"), replace(clip, width=3840, height=2160)))
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


def long_placeholder(effort: Effort, say: Say) -> list[Measure]:
    """A long 1080p clip whose pieces are there: against one of a tenth of it, byte for byte, and against its copy."""
    short, long, copies = [], [], []
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as name:
        folder = Path(name)
        renderer = _renderer(folder)
        brief, whole = (
            replace(example(seconds), width=1920, height=1080)
            for seconds in (effort.long_seconds // _LONGER, effort.long_seconds)
        )
        files = [renderer.render(clip) for clip in (brief, whole)]
        small, big = (file.stat().st_size for file in files)
        for turn in range(effort.clips):
            say(f"long media: round {turn + 1} of {effort.clips}")
            short.append(_timed(renderer, brief))
            long.append(_timed(renderer, whole))
            began = time.perf_counter()
            shutil.copyfile(files[1], folder / "copy")
            copies.append(time.perf_counter() - began)
    length = f"{effort.long_seconds} s of 1080p ({big / 1e6:.1f} MB)"
    return [
        Measure(
            "media-long",
            f"a byte of {length} / of a tenth of it, warm",
            "×",
            tuple(ratio * small / big for ratio in ratios(long, short)),
            Aim("below", 1.25),
            {"ours": _milliseconds(long), "baseline": _milliseconds(short)},
        ),
        Measure(
            "media-copy",
            f"{length}, warm / copying the file",
            "×",
            ratios(long, copies),
            None,
            {"ours": _milliseconds(long), "baseline": _milliseconds(copies)},
        ),
    ]


def example(seconds: int) -> Clip:
    """The clip of the first example, with somebody speaking all the time."""
    task = tasks.example()
    # Fifteen characters a second.
    text = task["speech"]["text"]
    script = " ".join([text] * (seconds * 15 // len(text) + 1))[: seconds * 15]
    return Clip(
        width=1280,
        height=720,
        milliseconds=1000 * seconds,
        title="HeyGen Avatar IV",
        lines=(text, f"task {task['taskUUID']}"),
        sound=Soundtrack(words([(0.0, float(seconds), script)])),
    )


def encoded_whole(clip: Clip, placeholder: Path, path: Path) -> float:
    """Encode every frame and the whole sound of a clip to `path`, with the same encoders, and give the seconds it took.

    It is the same clip: the card, the lights that run along its foot, and what `placeholder` sounds like, which is
    decoded before, and not counted.
    """
    sound = path.with_suffix(".wav")
    Ffmpeg().run(("-i", f"file:{placeholder}", "-map", "0:a", "-ar", str(SAMPLE_RATE), f"file:{sound}"))
    codec = codec_of(clip)
    began = time.perf_counter()
    stage = Stage.of(clip)
    foot = stage.foot
    strip = path.with_suffix(".strip")
    strip.write_bytes(foot.tile.tobytes())
    colour = f"scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd,format=yuv420p,{BT709}"
    still = f"loop=loop=-1:size=1:start=0,setpts=N/{FRAME_RATE}/TB"
    graph = (
        f"[0:v]{colour},crop=iw:{foot_top(clip)}:0:0,{still}[card];"
        f"[1:v]{colour},{still},crop={foot.width}:ih:{foot.spacing}-mod(n\\,{foot.phases})*{foot.step}:0[foot];"
        "[card][foot]vstack[out]"
    )
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-framerate", str(FRAME_RATE))
    arguments = (
        *(*raw, "-s", "{}x{}".format(*clip.pixels), "-i", "-"),
        *(*raw, "-s", f"{foot.tile.width}x{foot.tile.height}", "-i", f"file:{strip}", "-i", f"file:{sound}"),
        *("-filter_complex", graph, "-map", "[out]", "-frames:v", str(clip.frames)),
        *(*codec.picture(clip.quality), "-g", "250", "-map", "2:a", *_SOUND),
        *("-movflags", "+faststart", f"file:{path}"),
    )
    Ffmpeg().run(arguments, stage.card.canvas.tobytes())
    return time.perf_counter() - began


def _renderer(folder: Path) -> Renderer:
    return Renderer(Shelf(folder, _ROOM), Ffmpeg())


def _timed(renderer: Renderer, clip: Clip) -> float:
    """Render a clip: a finished file of it is not used, its pieces are."""
    began = time.perf_counter()
    renderer.render(clip)
    return time.perf_counter() - began


def _milliseconds(times: list[float]) -> str:
    return f"{median(times) * 1000:,.0f} ms"
