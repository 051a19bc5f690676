"""Real ffmpeg, real files: what a player would see."""

import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from understudy.media.captions import captions
from understudy.media.clip import Clip
from understudy.media.ffmpeg import executable
from understudy.media.foot import foot_top
from understudy.media.inspect import frame, inspect
from understudy.media.soundtrack import Soundtrack
from understudy.media.studio import Studio
from understudy.media.words import words

TALK = Clip(640, 360, 3210, title="HeyGen Avatar IV", lines=("Welcome to our new product line.", "voice 7"))


def mean(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures, 0 to 255."""
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


CODECS = {"mp4": ("h264", "aac"), "mov": ("h264", "aac"), "webm": ("vp9", "opus")}


@pytest.mark.parametrize("container", ["mp4", "mov", "webm"])
@pytest.mark.parametrize("milliseconds", [1, 990, 3210, 17_777])
async def test_a_file_has_the_asked_size_length_and_codecs(studio: Studio, container: str, milliseconds: int) -> None:
    clip = Clip(160, 96, milliseconds, container)
    info = inspect(await studio.file(clip))
    assert (info.width, info.height) == (160, 96)
    assert info.frames == clip.frames
    assert abs(info.duration * 1000 - max(milliseconds, 40)) <= 40
    assert (info.video_codec, info.audio_codec) == CODECS[container]
    assert (info.fps, info.pixel_format) == (25, "yuv420p")
    assert (info.sample_rate, info.channels) == (48_000, 1)


@pytest.mark.parametrize(
    ("width", "height", "file"),
    [
        (64, 64, (64, 64)),
        (65, 99, (64, 98)),
        (360, 640, (360, 640)),
        (2160, 3840, (2160, 3840)),
        (4096, 64, (4096, 64)),
    ],
)
async def test_any_size_from_64_to_4096_is_honoured_to_the_pixel_pair(
    studio: Studio, width: int, height: int, file: tuple[int, int]
) -> None:
    info = inspect(await studio.file(Clip(width, height, 80)))
    assert (info.width, info.height) == file


@pytest.mark.parametrize("container", ["mp4", "webm"])
async def test_a_frame_is_not_blank_and_something_moves(studio: Studio, container: str) -> None:
    path = await studio.file(replace(TALK, container=container))
    early, late = frame(path, 0.4).convert("RGB"), frame(path, 1.2).convert("RGB")
    assert early.size == (640, 360)
    assert len(early.getcolors(maxcolors=early.width * early.height) or []) > 50
    assert early.tobytes() != late.tobytes()


@pytest.mark.parametrize("container", ["mp4", "webm"])
async def test_the_loop_goes_on_after_its_seam(studio: Studio, container: str) -> None:
    path = await studio.file(replace(TALK, milliseconds=9000, container=container))
    # 48 frames of 40 ms: the same picture again, and half a loop later another one.
    box = (0, foot_top(TALK), *TALK.pixels)
    one, again, third, between = (frame(path, at).convert("RGB").crop(box) for at in (0.4, 2.32, 6.16, 1.36))
    assert mean(one, again) < 3 > mean(one, third)
    assert mean(one, between) > 8


@pytest.mark.parametrize("container", ["mp4", "mov", "webm"])
@pytest.mark.parametrize("milliseconds", [1000, 60_000])
async def test_the_same_clip_is_the_same_bytes_in_another_studio(
    tmp_path: Path, container: str, milliseconds: int
) -> None:
    clip = replace(TALK, container=container, milliseconds=milliseconds)
    contents = set()
    for name in ("one", "other"):
        studio = Studio(tmp_path / name)
        contents.add((await studio.file(clip)).read_bytes())
        await studio.close()
    assert len(contents) == 1


@pytest.mark.parametrize("container", ["mp4", "webm"])
@pytest.mark.parametrize("step", [13, pytest.param(5, marks=pytest.mark.slow)])
async def test_a_better_quality_never_makes_a_smaller_file(studio: Studio, container: str, step: int) -> None:
    clips = [Clip(320, 180, 400, container, quality, title="Avatar") for quality in range(20, 99, step)]
    sizes = [(await studio.file(clip)).stat().st_size for clip in [*clips, replace(clips[0], quality=99)]]
    assert all(low <= high for low, high in pairwise(sizes))
    assert sizes[0] < sizes[-1]


@pytest.mark.parametrize("container", ["mp4", "webm"])
@pytest.mark.parametrize("captioned", [False, True])
async def test_half_a_minute_at_720p_stays_below_a_megabyte(studio: Studio, container: str, *, captioned: bool) -> None:
    script = "Welcome to our new product line, which changes the way you think about placeholders for good. " * 5
    clip = Clip(
        1280,
        720,
        30_000,
        container=container,
        title="HeyGen Avatar IV by the understudy",
        lines=(script, "voice: Aria", "job " + "8f" * 16),
        captions=captions([(0.0, 30.0, script)]) if captioned else (),
        sound=Soundtrack(words([(0.0, 30.0, script)])),
    )
    assert (await studio.file(clip)).stat().st_size < 1_000_000


async def test_an_mp4_can_start_playing_before_it_is_loaded(studio: Studio) -> None:
    content = (await studio.file(TALK)).read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


async def test_nothing_of_the_words_or_the_machine_is_written_into_the_container(studio: Studio) -> None:
    content = (await studio.file(TALK)).read_bytes()
    assert b"Welcome" not in content
    assert b"/" + str(Path.home()).encode().strip(b"/") + b"/" not in content


def test_an_ffmpeg_that_nobody_feeds_any_more_ends_by_itself(tmp_path: Path) -> None:
    looped = ("-f", "rawvideo", "-s", "64x64", "-i", "-", "-filter_complex", "color[c];[0:v]loop=-1:1[l];[l][c]overlay")
    command = [executable(), "-timelimit", "1", "-loglevel", "error", *looped, str(tmp_path / "never.mp4")]
    assert subprocess.run(command, stdin=subprocess.DEVNULL, timeout=60).returncode != 0
