"""Captions in real films: where they are, when they come and go, and that the film stays whole."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from understudy.media import encode
from understudy.media.burn import Span, spans
from understudy.media.captions import Caption
from understudy.media.clip import Clip
from understudy.media.ffmpeg import Ffmpeg, executable
from understudy.media.foot import foot_top
from understudy.media.inspect import frame, inspect
from understudy.media.still import Poster
from understudy.media.studio import Studio

CAPTIONS = (
    Caption(500, 1700, "Welcome to our new product line,"),
    Caption(1700, 3100, "which changes the way you think"),
    Caption(4000, 60_000, "about placeholders for good."),
)
TALK = Clip(640, 360, 5000, title="Avatar IV", lines=("Welcome to our new product line.", "job 7"), captions=CAPTIONS)
CONTAINERS = ("mp4", "mov", "webm")


def shown(path: Path, number: int) -> Image.Image:
    """One frame, by its number."""
    return frame(path, max(0.0, (number - 0.5) / 25)).convert("RGB")


def difference(one: Image.Image, other: Image.Image, box: tuple[int, int, int, int]) -> float:
    """The mean difference of a part of two pictures, 0 to 255."""
    return sum(ImageStat.Stat(ImageChops.difference(one.crop(box), other.crop(box))).mean) / 3


def thirds(clip: Clip) -> tuple[tuple[int, int, int, int], tuple[int, int, int, int]]:
    """The upper two thirds, and the part of the lower one that captions may be in."""
    width, height = clip.pixels
    edge = height * 2 // 3
    return (0, 0, width, edge), (0, edge, width, foot_top(clip))


@pytest.mark.parametrize(
    ("size", "container"),
    [
        *(((640, 360), container) for container in CONTAINERS),
        ((360, 640), "mp4"),
        pytest.param((3840, 2160), "mp4", marks=pytest.mark.slow),
    ],
)
async def test_each_caption_is_in_the_lower_third_and_nothing_else_changes(
    studio: Studio, size: tuple[int, int], container: str
) -> None:
    clip = replace(TALK, width=size[0], height=size[1], container=container)
    if size[0] > 2000:
        clip = replace(clip, milliseconds=2600, captions=CAPTIONS[1:2])
    path, plain = await studio.file(clip), await studio.file(replace(clip, captions=()))
    above, below = thirds(clip)
    moments = (27, 60, 112) if size[0] < 2000 else (60,)
    pictures = [shown(path, number) for number in moments]
    for number, picture in zip(moments, pictures, strict=True):
        bare = shown(plain, number)
        assert difference(picture, bare, above) < 0.6
        assert difference(picture, bare, below) > 3
    for one, other in pairwise(pictures):
        assert difference(one, other, below) > 1


@pytest.mark.parametrize("container", CONTAINERS)
async def test_a_caption_comes_and_goes_within_a_frame_of_its_time(studio: Studio, container: str) -> None:
    path = await studio.file(replace(TALK, container=container))
    _, below = thirds(TALK)
    # Frames of 40 ms: 500 ms lies between frames 12 and 13, 1700 and 3100 ms likewise.
    for last, first in ((11, 12), (41, 42), (77, 78), (99, 100)):
        assert difference(shown(path, last), shown(path, first), below) > 1
    for one, other in ((0, 11), (13, 41), (43, 76), (79, 99), (100, 124)):
        assert difference(shown(path, one), shown(path, other), below) < 1


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize(
    "milliseconds", [40, 5000, 12_345, *(pytest.param(more, marks=pytest.mark.slow) for more in (600, 3000))]
)
async def test_a_captioned_film_is_as_long_as_any_and_has_every_frame_once(
    studio: Studio, container: str, milliseconds: int
) -> None:
    clip = replace(TALK, width=96, height=64, container=container, milliseconds=milliseconds)
    path = await studio.file(clip)
    info, plain = inspect(path), inspect(await studio.file(replace(clip, captions=())))
    assert abs(info.duration * 1000 - milliseconds) <= 40
    assert (info.frames, info.fps, info.pixel_format) == (plain.frames, plain.fps, plain.pixel_format)
    assert (info.video_codec, info.audio_codec) == (plain.video_codec, plain.audio_codec)
    assert info.frames == clip.frames
    assert times(path) == [40 * number for number in range(clip.frames)]


def times(path: Path) -> Sequence[int]:
    """When each frame is shown, in milliseconds, by the container."""
    command = [executable(), "-loglevel", "error", "-copyts", "-i", str(path), "-map", "0:v", "-c", "copy"]
    said = subprocess.run([*command, "-f", "framecrc", "-"], capture_output=True, check=True, text=True).stdout
    base = re.search(r"#tb 0: (\d+)/(\d+)", said)
    assert base is not None
    unit = int(base[1]) / int(base[2])
    return [round(int(line.split(",")[2]) * unit * 1000) for line in said.splitlines() if not line.startswith("#")]


async def test_something_moves_while_a_caption_stands(studio: Studio) -> None:
    path = await studio.file(TALK)
    assert shown(path, 15).tobytes() != shown(path, 22).tobytes()


async def test_a_poster_shows_a_caption_that_is_there_from_the_start(studio: Studio) -> None:
    clip = replace(TALK, captions=(Caption(0, 2000, "From the start."),))
    _, below = thirds(clip)
    with (
        Image.open(await studio.file(Poster(clip))) as image,
        Image.open(await studio.file(Poster(replace(clip, captions=())))) as bare,
    ):
        assert difference(image.convert("RGB"), shown(await studio.file(clip), 0), below) < 3
        assert difference(image.convert("RGB"), bare.convert("RGB"), below) > 3


async def test_many_captions_are_handed_to_the_encoder_a_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    real = Ffmpeg.run

    def counted(self: Ffmpeg, arguments: Sequence[str], stdin: bytes = b"") -> None:
        if "rawvideo" in arguments:
            sizes.append(len(stdin))
        real(self, arguments, stdin)

    monkeypatch.setattr(Ffmpeg, "run", counted)
    monkeypatch.setattr(encode, "_BATCH_BYTES", 4 * 96 * 64 * 3)
    said = tuple(Caption(1000 * n, 1000 * n + 900, f"number {n % 6}") for n in range(12))
    clip = Clip(96, 64, 12_000, captions=said)
    studio, whole = Studio(tmp_path / "few"), Studio(tmp_path / "whole")
    path = await studio.file(clip)
    assert len(sizes) > 4
    assert max(sizes) <= 4 * 96 * 64 * 3
    assert inspect(path).frames == 300
    assert not list((tmp_path / "few").glob(".*"))
    monkeypatch.undo()
    one = await whole.file(clip)
    for number in (0, 24, 60, 239, 240, 270, 299):
        assert difference(shown(path, number), shown(one, number), (0, 0, 96, 64)) < 3
    await studio.close()
    await whole.close()


@pytest.mark.slow
async def test_half_an_hour_of_captions_is_put_together_and_not_encoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames: list[int] = []
    real = Ffmpeg.run

    def counted(self: Ffmpeg, arguments: Sequence[str], stdin: bytes = b"") -> None:
        frames.extend(int(arguments[at + 1]) for at, word in enumerate(arguments) if word == "-frames:v")
        real(self, arguments, stdin)

    monkeypatch.setattr(Ffmpeg, "run", counted)
    said = tuple(Caption(60_000 * n, 60_000 * n + 7000, f"minute {n}") for n in range(30))
    studio = Studio(tmp_path)
    path = await studio.file(Clip(64, 64, 1_800_000, captions=said))
    # A key picture for each caption and its pause, wherever in the loop one is needed; a change for each; one loop.
    assert sum(frames) < 400
    assert len(times(path)) == 45_000
    await studio.close()


async def test_a_film_can_be_entered_at_every_key_picture(studio: Studio) -> None:
    clip = replace(TALK, milliseconds=30_000, captions=(*CAPTIONS[:2], Caption(9000, 11_000, "across a key picture")))
    path = await studio.file(clip)
    for number in (239, 240, 260, 480, 481, 749):
        # Sought, so decoded from the key picture before; and read through, so decoded from the start.
        sought = shown(path, number)
        command = [executable(), "-loglevel", "error", "-i", str(path), "-vf", f"select=eq(n\\,{number})"]
        read = subprocess.run(
            [*command, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], capture_output=True, check=True
        ).stdout
        assert difference(Image.frombytes("RGB", clip.pixels, read), sought, (0, 0, *clip.pixels)) == 0


async def test_the_same_captions_are_the_same_bytes_in_another_studio(tmp_path: Path) -> None:
    contents = set()
    for name in ("one", "other"):
        studio = Studio(tmp_path / name)
        contents.update([(await studio.file(replace(TALK, container=c))).read_bytes() for c in CONTAINERS])
        await studio.close()
    assert len(contents) == 3


@pytest.mark.parametrize("text", ["\ud800", "你好" * 100, "word " * 200, "  ", "x" * 3000])
async def test_any_text_whatever_can_be_a_caption(studio: Studio, text: str) -> None:
    for width, height in ((64, 64), (64, 320), (320, 64)):
        clip = Clip(width, height, 200, captions=(Caption(0, 100, text),))
        assert inspect(await studio.file(clip)).frames == 5


def test_spans_cover_every_frame_once_and_know_when_they_begin() -> None:
    assert spans(TALK) == [
        Span("", 12, "0:00"),
        Span(CAPTIONS[0].text, 30, "0:00"),
        Span(CAPTIONS[1].text, 36, "0:01"),
        Span("", 22, "0:03"),
        Span(CAPTIONS[2].text, 25, "0:04"),
    ]
    assert spans(replace(TALK, captions=())) == [Span("", 125)]


def test_captions_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="captions must follow one another"):
        replace(TALK, captions=(Caption(0, 1000, "one"), Caption(999, 2000, "two")))
