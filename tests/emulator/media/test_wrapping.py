"""What is packed around picture and sound is read back by ffmpeg, as a player or ffprobe would."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.media.captions import Caption
from understudy.media.clip import FRAME_RATE, LONGEST_MILLISECONDS, Clip
from understudy.media.ffmpeg import Ffmpeg, executable
from understudy.media.wrapping import line, running_time, wrapped

TAGS = (("job", "0b6f"), ("provider", "runware"), ("model", "heygen:avatar@5"), ("request", "ab" * 32))
CLIP = Clip(64, 64, 3200, title="Café = \n 'noir'; №1", tags=TAGS)


def packed(clip: Clip, folder: Path) -> Path:
    """A silent film of the clip's length, wrapped."""
    inputs, outputs = wrapped(clip, folder / "cues")
    film = folder / f"film{clip.suffix}"
    codecs = ("libvpx-vp9", "libopus") if clip.container == "webm" else ("libx264", "aac")
    Ffmpeg().run(
        (
            *(
                "-f",
                "lavfi",
                "-i",
                f"color=red:s=64x64:r={FRAME_RATE}",
                "-f",
                "lavfi",
                "-i",
                "anullsrc=r=48000:cl=mono",
            ),
            *(*inputs, "-map", "0:v", "-map", "1:a", "-c:v", codecs[0], "-c:a", codecs[1], "-map_metadata", "-1"),
            *("-t", f"{(clip.frames - 0.5) / FRAME_RATE:.3f}", "-fflags", "+bitexact", *outputs, f"file:{film}"),
        )
    )
    return film


def said(film: Path, *arguments: str) -> str:
    command = [executable(), "-hide_banner", "-nostdin", "-i", str(film), *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def streams(film: Path, kind: str) -> list[str]:
    header = subprocess.run([executable(), "-i", str(film)], capture_output=True, check=False, text=True).stderr
    return [text for text in header.splitlines() if f": {kind}: " in text]


def tags(film: Path) -> dict[str, str]:
    lines = said(film, "-f", "ffmetadata", "-").splitlines()
    pairs = (text.replace("\\", "").partition("=") for text in lines[1:])
    return {name.lower(): value for name, _, value in pairs}


@pytest.mark.parametrize("container", ["mp4", "mov", "webm"])
def test_who_made_it_for_what_is_read_back_from_every_container(tmp_path: Path, container: str) -> None:
    found = tags(packed(replace(CLIP, container=container), tmp_path))
    assert found["title"] == "Café = 'noir'; №1"
    assert {name: found[f"understudy_{name}"] for name, _ in TAGS} == dict(TAGS)


@pytest.mark.parametrize("container", ["mp4", "mov", "webm"])
def test_the_running_time_stands_in_a_timed_text_until_the_clip_ends(tmp_path: Path, container: str) -> None:
    text = said(packed(replace(CLIP, container=container), tmp_path), "-map", "0:s", "-f", "srt", "-")
    times = re.findall(r"00:00:(\d\d,\d{3}) --> 00:00:(\d\d,\d{3})\n(.+)\n", text)
    assert times == [
        ("00,000", "01,000", "0:00 / 0:03.2"),
        ("01,000", "02,000", "0:01 / 0:03.2"),
        ("02,000", "03,000", "0:02 / 0:03.2"),
        ("03,000", "03,200", "0:03 / 0:03.2"),
    ]


@pytest.mark.parametrize("container", ["mp4", "mov", "webm"])
def test_a_player_shows_the_running_time_by_itself_but_not_over_captions(tmp_path: Path, container: str) -> None:
    film = packed(replace(CLIP, container=container), tmp_path)
    assert ["(default)" in stream for stream in streams(film, "Subtitle")] == [True]
    film = packed(replace(CLIP, container=container, captions=(Caption(0, 900, "hello"),)), tmp_path)
    assert streams(film, "Subtitle") == []
    assert len(streams(film, "Video")) == len(streams(film, "Audio")) == 1
    assert tags(film)["understudy_job"] == "0b6f"


@pytest.mark.parametrize("container", ["mp4", "mov", "webm"])
def test_wrapping_the_same_clip_twice_gives_the_same_bytes(tmp_path: Path, container: str) -> None:
    contents = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        contents.add(packed(replace(CLIP, container=container, milliseconds=400), tmp_path / name).read_bytes())
    assert len(contents) == 1


@given(st.integers(1, LONGEST_MILLISECONDS))
def test_cues_follow_one_another_from_the_start_to_the_end_and_are_never_thousands(milliseconds: int) -> None:
    clip = Clip(64, 64, milliseconds)
    shown = list(running_time(clip))
    assert len(shown) <= 1200
    assert [since for since, _, _ in shown] == [0, *(until for _, until, _ in shown[:-1])]
    assert shown[-1][1] * FRAME_RATE == clip.frames * 1000
    assert all(until > since for since, until, _ in shown)


def test_ten_minutes_have_a_cue_a_second() -> None:
    shown = list(running_time(Clip(64, 64, 600_000)))
    assert len(shown) == 600
    assert shown[7] == (7000, 8000, "0:07 / 10:00")
    assert list(running_time(Clip(64, 64, LONGEST_MILLISECONDS)))[-1][2].endswith(" / 4:00:00")


@given(st.text())
def test_whatever_a_title_holds_it_is_one_line_that_ffmpeg_can_be_told(text: str) -> None:
    written = line(text)
    assert written.isprintable()
    written.encode()
    assert len(written) <= 200
    assert line(written) == written


def test_a_tag_whose_name_would_be_read_as_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="tag's name"):
        wrapped(replace(CLIP, tags=(("a=b", "c"),)), tmp_path / "cues")
