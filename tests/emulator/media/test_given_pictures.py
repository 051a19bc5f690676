"""The caller's own pictures on a card, and what a file shows through."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from understudy.media.card import paint
from understudy.media.clip import Clip
from understudy.media.ground import CHROMA
from understudy.media.inspect import frame, inspect
from understudy.media.picture import FITS, Picture
from understudy.media.still import Still
from understudy.media.studio import Studio

CLIP = Clip(640, 360, 1000, title="Avatar", lines=("Hello there.", "job 7"))
RED, BLUE = (200, 30, 40), (20, 60, 220)
#: Points of the 640 x 360 card that no words reach: between the plates' side and the edge, left and right.
LEFT, RIGHT, MIDDLE = (8, 180), (632, 180), (400, 250)


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    for name, colour in (("red", RED), ("blue", BLUE)):
        Image.new("RGB", (90, 120), colour).save(tmp_path / f"{name}.picture", "PNG")
    return tmp_path


def near(one: object, other: tuple[int, ...], by: int = 4) -> bool:
    assert isinstance(one, tuple)
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


def test_a_subject_that_covers_fills_the_frame_to_its_edges(shelf: Path) -> None:
    card = paint(replace(CLIP, subject=Picture("red.picture")), shelf)
    assert all(near(card.getpixel(point), RED) for point in (LEFT, RIGHT, MIDDLE))


def test_a_subject_that_is_contained_is_whole_with_the_background_around(shelf: Path) -> None:
    clip = replace(CLIP, subject=Picture("red.picture", "contain"), background="#f4ead8")
    card = paint(clip, shelf)
    assert near(card.getpixel(MIDDLE), RED)
    assert card.getpixel(LEFT) == card.getpixel(RIGHT) == (0xF4, 0xEA, 0xD8)


def test_before_a_backdrop_the_subject_is_in_the_disc(shelf: Path) -> None:
    plain = paint(replace(CLIP, backdrop=Picture("blue.picture")), shelf)
    card = paint(replace(CLIP, backdrop=Picture("blue.picture"), subject=Picture("red.picture")), shelf)
    assert near(card.getpixel(LEFT), BLUE)
    assert near(card.getpixel((505, 180)), RED)
    assert not near(plain.getpixel((505, 180)), RED)


@pytest.mark.parametrize("picture", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + bytes(30), None])
@pytest.mark.parametrize("alpha", [True, False])
def test_a_picture_that_cannot_be_read_is_left_out_and_the_card_says_so(
    tmp_path: Path, picture: bytes | None, *, alpha: bool
) -> None:
    if picture is not None:
        tmp_path.joinpath("x.picture").write_bytes(picture)
    for role in ("subject", "backdrop"):
        clip = Clip(640, 360, 1000, alpha=alpha)
        with_it = Clip(
            640,
            360,
            1000,
            alpha=alpha,
            subject=Picture("x.picture") if role == "subject" else None,
            backdrop=Picture("x.picture") if role == "backdrop" else None,
        )
        if alpha and role == "backdrop" and picture is not None:
            assert paint(with_it, tmp_path).size == clip.pixels
        assert paint(with_it, tmp_path).tobytes() != paint(clip, tmp_path).tobytes()


@given(
    size=st.tuples(st.integers(64, 300), st.integers(64, 300)),
    given_size=st.tuples(st.integers(1, 80), st.integers(1, 80)),
    mode=st.sampled_from(["RGB", "RGBA", "L", "P", "1", "LA"]),
    fit=st.sampled_from(FITS),
    container=st.sampled_from(["mp4", "webm"]),
    alpha=st.booleans(),
    both=st.booleans(),
)
def test_a_picture_of_any_shape_and_kind_fits_into_any_frame(
    tmp_path_factory: pytest.TempPathFactory,
    size: tuple[int, int],
    given_size: tuple[int, int],
    mode: str,
    fit: str,
    container: str,
    *,
    alpha: bool,
    both: bool,
) -> None:
    folder = tmp_path_factory.getbasetemp()
    Image.new(mode, given_size).save(folder / "any.picture", "PNG")
    picture = Picture("any.picture", fit)
    clip = Clip(*size, 1000, container, alpha=alpha, subject=picture, backdrop=picture if both else None)
    card = paint(clip, folder)
    assert card.size == clip.pixels
    assert card.mode == ("RGBA" if clip.transparent else "RGB")


@pytest.mark.parametrize("background", ["#ffffff", "#000000", "#888888"])
@pytest.mark.parametrize("shade", [0, 128, 255])
def test_words_stay_legible_on_any_picture(tmp_path: Path, background: str, shade: int) -> None:
    Image.new("RGB", (64, 36), (shade,) * 3).save(tmp_path / "even.picture", "PNG")
    clip = replace(CLIP, backdrop=Picture("even.picture"), background=background, title="MMMMM")
    title = paint(clip, tmp_path).convert("L").crop((30, 85, 200, 120))
    low, high = title.getextrema()
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    assert high - low > 90


def test_a_still_shows_the_picture_it_is_to_change(shelf: Path) -> None:
    card = paint(Still(640, 360, title="Edit", subject=Picture("red.picture")), shelf)
    assert near(card.getpixel(RIGHT), RED)


async def test_a_film_and_its_poster_show_the_callers_picture(tmp_path: Path) -> None:
    from understudy.media.still import Poster

    Image.new("RGB", (90, 120), RED).save(tmp_path / "red.picture", "PNG")
    studio = Studio(tmp_path)
    clip = replace(CLIP, subject=Picture("red.picture"))
    assert near(frame(await studio.file(clip), 0.5).convert("RGB").getpixel(RIGHT), RED, 12)
    with Image.open(await studio.file(Poster(clip))) as poster:
        assert near(poster.convert("RGB").getpixel(RIGHT), RED, 12)
    await studio.close()


@pytest.mark.parametrize("captioned", [True, False])
async def test_a_webm_without_background_can_be_seen_through_where_nothing_is(
    studio: Studio, *, captioned: bool
) -> None:
    from understudy.media.captions import Caption

    said = (Caption(0, 2000, "A caption of it."),) if captioned else ()
    clip = replace(CLIP, milliseconds=3000, container="webm", alpha=True, captions=said)
    path = await studio.file(clip)
    assert inspect(path).frames == 75
    for at in (0.02, 0.5, 1.5, 2.5):
        picture = frame(path, at, alpha=True)
        assert picture.mode == "RGBA"
        sight = picture.getchannel("A")
        for point in (LEFT, RIGHT, MIDDLE):
            assert sight.getpixel(point) == 0
        # The figure, and a caption.
        assert sight.getpixel((505, 150)) == 255
        if captioned and at < 2:
            assert sight.getpixel((320, 255)) == 255
    early, late = (frame(path, at, alpha=True).getchannel("A").crop((0, 352, 640, 360)) for at in (0.4, 1.4))
    assert sum(ImageStat.Stat(ImageChops.difference(early, late)).mean) > 5


@pytest.mark.parametrize(("background", "paper"), [(None, CHROMA), ("#102030", (0x10, 0x20, 0x30))])
async def test_an_mp4_without_background_has_green_to_key_out_or_the_asked_colour(
    studio: Studio, background: str | None, paper: tuple[int, int, int]
) -> None:
    path = await studio.file(replace(CLIP, alpha=True, background=background))
    picture = frame(path, 0.5).convert("RGB")
    assert all(near(picture.getpixel(point), paper, 6) for point in (LEFT, RIGHT, MIDDLE))
