"""Pictures that do not move, opened by Pillow and by ffmpeg alike."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from understudy.media.clip import Clip
from understudy.media.inspect import frame, inspect
from understudy.media.still import Poster, Still
from understudy.media.studio import Studio

TALK = Clip(640, 360, 3000, title="HeyGen Avatar IV", lines=("Welcome to our new product line.", "job 7"))
FORMATS = {"png": ("PNG", ".png"), "jpeg": ("JPEG", ".jpg"), "webp": ("WEBP", ".webp")}


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures, 0 to 255."""
    return sum(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean) / 3


@pytest.mark.parametrize("format_name", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("size", [(64, 64), (641, 361), (360, 640), (4096, 64)])
async def test_a_still_has_exactly_the_asked_size_and_format(
    studio: Studio, format_name: str, size: tuple[int, int]
) -> None:
    still = Still(*size, format_name, title="Image model")
    path = await studio.file(still)
    with Image.open(path) as image:
        assert (image.size, image.format) == (size, FORMATS[format_name][0])
        assert len(image.convert("RGB").getcolors(maxcolors=size[0] * size[1]) or []) > 3
    assert (path.suffix, still.content_type) == (FORMATS[format_name][1], f"image/{format_name}")


@pytest.mark.parametrize("size", [(2160, 3840), (4096, 2304)])
async def test_a_still_may_be_as_large_as_4k(studio: Studio, size: tuple[int, int]) -> None:
    with Image.open(await studio.file(Still(*size, "jpeg", title="Large"))) as image:
        assert image.size == size


@pytest.mark.parametrize("clip", [TALK, replace(TALK, width=361, height=641), replace(TALK, background="#fafafa")])
async def test_a_poster_is_a_jpeg_that_shows_the_clips_first_frame(studio: Studio, clip: Clip) -> None:
    with Image.open(await studio.file(Poster(clip))) as image:
        assert (image.format, image.size) == ("JPEG", clip.pixels)
        assert difference(image, frame(await studio.file(clip), 0)) < 3


async def test_a_picture_is_made_without_ffmpeg(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise AssertionError("ffmpeg was run")

    monkeypatch.setattr("understudy.media.ffmpeg.Ffmpeg.run", forbidden)
    await studio.file(Poster(replace(TALK, title="no ffmpeg")))
    await studio.file(Still(64, 64, title="no ffmpeg"))


async def test_pictures_are_drawn_once_and_the_same_in_every_studio(tmp_path: Path) -> None:
    pictures = [Still(96, 64, "webp", title="same"), Poster(replace(TALK, title="same"))]
    contents = set()
    for name in ("one", "other"):
        studio = Studio(tmp_path / name)
        for picture in pictures * 2:
            contents.add((await studio.file(picture)).read_bytes())
        assert studio.renders == 2
        await studio.close()
    assert len(contents) == 2


@pytest.mark.parametrize("format_name", ["jpeg", "webp"])
async def test_a_better_quality_is_a_larger_image(studio: Studio, format_name: str) -> None:
    still = Still(320, 180, format_name, title="Image model")
    low, high = [(await studio.file(replace(still, quality=q))).stat().st_size for q in (20, 99)]
    assert low < high


async def test_inspect_knows_an_image_from_a_film(studio: Studio) -> None:
    for still in (Still(65, 64, name) for name in FORMATS):
        info = inspect(await studio.file(still))
        assert (info.width, info.height, info.frames, info.duration) == (65, 64, 1, 0)
        assert (info.fps, info.audio_codec) == (None, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [("width", 63), ("height", 4097), ("quality", 19), ("format", "gif"), ("background", "red"), ("hue", 360)],
)
def test_a_field_out_of_its_range_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=field):
        replace(Still(640, 360), **{field: value})  # type: ignore[arg-type]


def test_a_clip_its_poster_and_a_still_of_the_same_words_are_three_files() -> None:
    keys = {TALK.key, Poster(TALK).key, Still(640, 360, title=TALK.title, lines=TALK.lines).key}
    assert len(keys) == 3
    assert Poster(TALK).key == Poster(replace(TALK)).key != Poster(replace(TALK, hue=1)).key
