"""The reel: what is encoded once, and put together again as if all of it had been."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from understudy.media.burn import Stage, band_top, phases, spans
from understudy.media.captions import Caption
from understudy.media.clip import Clip
from understudy.media.codec import AVC, VP9, codec_of
from understudy.media.encode import Frame
from understudy.media.errors import MediaError
from understudy.media.inspect import frame
from understudy.media.reel import Plan, Reel
from understudy.media.studio import Studio

frames = st.builds(Frame, st.binary(max_size=40), st.binary(max_size=9))
reels = st.builds(Reel, *[st.lists(frames, max_size=4).map(tuple)] * 3)


@given(reels)
def test_a_reel_is_the_same_after_the_shelf(reel: Reel) -> None:
    assert Reel.unpacked(reel.packed()) == reel


@given(reels, st.data())
def test_a_reel_that_was_cut_off_is_refused(reel: Reel, data: st.DataObject) -> None:
    content = reel.packed()
    with pytest.raises(MediaError):
        Reel.unpacked(content[: data.draw(st.integers(0, len(content) - 1))])


@st.composite
def clips(draw: st.DrawFn) -> Clip:
    cuts = sorted(draw(st.sets(st.integers(0, 40_000), max_size=14)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    said = tuple(Caption(since, until, f"caption {place % 3}") for place, (since, until) in enumerate(pairs))
    return Clip(64, 64, draw(st.integers(1, 45_000)), draw(st.sampled_from(["mp4", "webm"])), captions=said)


@given(clips())
def test_every_frame_of_a_film_shows_what_its_span_says(clip: Clip) -> None:
    codec = codec_of(clip)
    plan = Plan.of(clip, codec)
    row = spans(clip)
    shown: list[str] = []
    for turn in plan.rounds:
        text, changes = plan.keys[turn.key][0].text, dict(turn.changes)
        for step in range(turn.length):
            if step in changes:
                assert step
                text = row[changes[step] + 1].text
            shown.append(text)
    assert shown == [span.text for span in row for _ in range(span.frames)]
    if codec is VP9:
        assert all(turn.length <= phases(clip, codec) and not turn.changes for turn in plan.rounds)


def state(clip: Clip, number: int) -> Image.Image:
    """What a frame should look like, drawn and not encoded."""
    stage = Stage.of(clip)
    at = 0
    for turn in Plan.of(clip, codec_of(clip)).rounds:
        if at + turn.length > number:
            waited = sum(1 for step, _ in turn.changes if 0 < step <= number - at)
            span = next(s for s, end in _ends(clip) if number < end)
            return stage.shown(span, turn.phase + number - at - waited)
        at += turn.length
    raise AssertionError(number)


def _ends(clip: Clip) -> list[tuple[object, int]]:
    found, at = [], 0
    for span in spans(clip):
        at += span.frames
        found.append((span, at))
    return found


QUICK = [
    (64, 64, "mp4", 95, 0),
    (360, 640, "mp4", 60, 90),
    (640, 360, "webm", 95, 0),
    (66, 130, "mp4", 40, 137),
]
ALL = [
    (350, 250, "mp4", 95, 200),
    (854, 480, "mp4", 99, 0),
    *(
        (*size, container, quality, hue)
        for size, container, quality, hue in product(
            ((66, 130), (256, 144), (426, 240), (720, 720), (1080, 1920), (1920, 1080), (3840, 2160)),
            ("mp4", "webm"),
            (40, 99),
            (0, 137),
        )
    ),
]


@pytest.mark.parametrize(
    ("width", "height", "container", "quality", "hue"),
    [*QUICK, *(pytest.param(*case, marks=pytest.mark.slow) for case in ALL)],
)
async def test_every_frame_looks_as_if_it_had_been_encoded_whole(
    studio: Studio, width: int, height: int, container: str, quality: int, hue: int
) -> None:
    said = (Caption(1000, 2500, "The first caption,"), Caption(2500, 5000, "and then one more of them, longer."))
    clip = Clip(width, height, 11_000, container, quality, "Avatar", ("Hello.", "job 7"), hue=hue, captions=said)
    path = await studio.file(clip)
    for number in (0, 1, 24, 25, 26, 62, 63, 100, 125, 126, 238, 240, 241, 274):
        decoded = frame(path, max(0.0, (number - 0.5) / 25)).convert("RGB")
        wrong = ImageChops.difference(decoded, state(clip, number).convert("RGB"))
        # What a coarse quantizer leaves out is no sign of frames put together wrongly.
        assert sum(ImageStat.Stat(wrong).mean) / 3 < (6 if quality > 50 else 12), number


@pytest.mark.parametrize(
    "background", [None, *(pytest.param(c, marks=pytest.mark.slow) for c in ("#ffffff", "#00ff00")), "#e01030"]
)
@pytest.mark.parametrize("quality", [20, pytest.param(60, marks=pytest.mark.slow), 99])
async def test_whatever_the_colours_nothing_above_the_foot_is_told_anew(
    studio: Studio, background: str | None, quality: int
) -> None:
    for hue, (width, height) in enumerate(((96, 64), (70, 142), (130, 90), (64, 256), (270, 480))):
        said = (Caption(200, 600, "white on black"),)
        clip = Clip(width, height, 800, "mp4", quality, background=background, hue=hue * 67, captions=said)
        path = await studio.file(clip)
        box = (0, 0, width, band_top(clip))
        first = frame(path, 0).convert("RGB").crop(box)
        assert all(frame(path, at).convert("RGB").crop(box).tobytes() == first.tobytes() for at in (0.3, 0.7))


async def test_a_spoilt_reel_is_made_anew(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    clip = Clip(64, 64, 400)
    whole = (await studio.file(clip)).read_bytes()
    reel = next(tmp_path.glob("*.reel"))
    reel.write_bytes(reel.read_bytes()[:-5])
    next(tmp_path.glob("*.mp4")).unlink()
    assert (await studio.file(clip)).read_bytes() == whole
    await studio.close()


async def test_clips_that_only_sound_otherwise_share_their_pictures(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    clip = Clip(64, 64, 400)
    for other in (clip, replace(clip, container="mov"), replace(clip, tags=(("job", "7"),))):
        await studio.file(other)
    assert len(list(tmp_path.glob("*.reel"))) == 1
    assert codec_of(clip) is AVC
    await studio.close()
