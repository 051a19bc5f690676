from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.media.card import paint
from understudy.media.clip import Clip
from understudy.media.palette import Palette
from understudy.media.plate import Block

SIZES = [(64, 64), (360, 640), (640, 360), (720, 720), (4096, 64), (64, 4096), (1280, 720)]


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    def luminance(colour: tuple[int, int, int]) -> float:
        linear = [c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_card_is_exactly_the_size_of_its_file_and_not_blank(width: int, height: int) -> None:
    image = paint(Clip(width, height, 1000, title="HeyGen Avatar IV", lines=("Hello", "voice")))
    assert image.size == (width, height)
    assert len(image.getcolors(maxcolors=width * height) or []) > 3


@settings(max_examples=25)
@given(title=st.text(max_size=300), lines=st.lists(st.text(max_size=300), max_size=6), size=st.sampled_from(SIZES[:4]))
def test_any_text_whatever_can_be_drawn(title: str, lines: list[str], size: tuple[int, int]) -> None:
    assert paint(Clip(*size, 1000, title=title, lines=tuple(lines))).size == size


def test_a_letter_the_font_lacks_is_drawn_without_its_accent_and_a_foreign_script_as_dots() -> None:
    def drawn(title: str) -> bytes:
        return paint(Clip(640, 360, 1000, title=title)).tobytes()

    assert drawn("Überblick") == drawn("U\u0308berblick") == drawn("Uberblick")
    assert drawn("你好") == drawn("··") != drawn("")


def test_the_words_of_a_clip_change_its_picture() -> None:
    one, other = (paint(Clip(640, 360, 1000, title=title)).tobytes() for title in ("Avatar IV", "Avatar V"))
    assert one != other


def test_text_never_reaches_the_figure_or_the_edge() -> None:
    long = "unbroken" * 200
    wordless = paint(Clip(1280, 720, 1000))
    full = paint(Clip(1280, 720, 1000, title=long, lines=(long, "many words " * 100, long)))
    for box in ((760, 0, 1280, 720), (0, 0, 50, 720), (0, 680, 1280, 720)):
        assert full.crop(box).tobytes() == wordless.crop(box).tobytes()


@given(
    background=st.none() | st.tuples(*[st.integers(0, 255)] * 3).map(lambda c: "#{:02x}{:02x}{:02x}".format(*c)),
    hue=st.integers(0, 359),
)
def test_the_title_can_be_read_on_any_background(background: str | None, hue: int) -> None:
    palette = Palette.of(Clip(640, 360, 1000, background=background, hue=hue))
    assert contrast(palette.ink, palette.paper) >= 4.5


def test_hues_tell_the_variations_of_one_request_apart() -> None:
    papers = {Palette.of(Clip(640, 360, 1000, hue=hue)).paper for hue in (0, 90, 180, 270)}
    assert len(papers) == 4


@pytest.mark.parametrize("size", [(360, 640), (640, 360), (1280, 720), (720, 720), (64, 64)])
def test_the_last_line_is_shown_however_long_the_others_are(size: tuple[int, int]) -> None:
    long = "many words and more of them " * 100
    one, other = (paint(Clip(*size, 1000, title=long, lines=(long, long, f"task {n}"))) for n in "17")
    assert one.tobytes() != other.tobytes()


def test_a_task_id_is_shown_whole_even_on_a_small_portrait() -> None:
    cards = [paint(Clip(360, 640, 1000, lines=("Hello", f"task 3b241101-e2bb-4255-8caf-4136c566a96{n}"))) for n in "27"]
    assert cards[0].tobytes() != cards[1].tobytes()


@pytest.mark.parametrize("text", ["two\nlines", "\ud800", "\0", "\u2028"])
def test_a_last_line_of_any_characters_can_be_drawn(text: str) -> None:
    assert paint(Clip(640, 360, 1000, lines=("Hello", text))).size == (640, 360)


def test_what_there_is_no_room_for_is_marked_as_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    add = Block.add

    def noted(self: Block, x: float, y: float, text: str, *look: Any) -> float:
        written.append(text)
        return add(self, x, y, text, *look)

    monkeypatch.setattr(Block, "add", noted)
    clip = Clip(640, 360, 1000, title="A title", lines=("many words " * 60, "a voice with a name " * 20, "task 1"))
    paint(clip)
    words = [text for text in written if text.startswith(("many", "words", "a voice", "with", "name"))]
    assert len(words) > 2
    assert words[-1].endswith("…")
