from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.media.clip import Clip

CLIPS = st.builds(
    Clip,
    width=st.integers(64, 4096),
    height=st.integers(64, 4096),
    milliseconds=st.integers(1, 600_000),
    container=st.sampled_from(["mp4", "webm", "mov"]),
    quality=st.integers(20, 99),
    title=st.text(max_size=20),
    lines=st.lists(st.text(max_size=20), max_size=3).map(tuple),
    background=st.none() | st.from_regex(r"#[0-9a-f]{6}", fullmatch=True),
    hue=st.integers(0, 359),
)


@given(CLIPS, CLIPS)
def test_clips_have_the_same_key_exactly_when_they_are_equal(one: Clip, other: Clip) -> None:
    assert (one.key == other.key) == (one == other)
    assert replace(one).key == one.key


@given(CLIPS)
def test_the_length_is_kept_to_the_nearest_frame_and_the_size_to_the_pixel_pair(clip: Clip) -> None:
    assert clip.frames >= 1
    assert abs(clip.frames * 40 - clip.milliseconds) <= 20 or clip.frames == 1
    width, height = clip.pixels
    assert (width % 2, height % 2) == (0, 0)
    assert 0 <= clip.width - width <= 1
    assert 0 <= clip.height - height <= 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("width", 63),
        ("height", 4097),
        ("milliseconds", 0),
        ("quality", 19),
        ("quality", 100),
        ("container", "avi"),
        ("background", "red"),
        ("background", "#12345"),
        ("hue", 360),
    ],
)
def test_a_field_out_of_its_range_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=field):
        replace(Clip(640, 360, 1000), **{field: value})  # type: ignore[arg-type]


def test_each_container_has_its_content_type_and_suffix() -> None:
    types = {c: (Clip(64, 64, 1, c).content_type, Clip(64, 64, 1, c).suffix) for c in ("mp4", "webm", "mov")}
    assert types == {
        "mp4": ("video/mp4", ".mp4"),
        "webm": ("video/webm", ".webm"),
        "mov": ("video/quicktime", ".mov"),
    }


def test_a_script_that_is_not_valid_unicode_still_has_a_key() -> None:
    assert Clip(64, 64, 1, title="\ud800").key
