import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from understudy.media import ffmpeg
from understudy.media.clip import Clip
from understudy.media.errors import MediaError, NoFfmpeg
from understudy.media.ffmpeg import Ffmpeg
from understudy.media.inspect import frame, inspect
from understudy.media.labelled import described
from understudy.media.streams import tags_of
from understudy.media.studio import Studio


async def test_the_container_is_named_as_ffmpeg_names_it(studio: Studio) -> None:
    assert "mp4" in inspect(await studio.file(Clip(64, 64, 200))).container
    assert "webm" in inspect(str(await studio.file(Clip(64, 64, 200, "webm")))).container


@pytest.mark.parametrize(("layout", "channels"), [("mono", 1), ("stereo", 2), ("5.1", 6)])
def test_channels_are_counted_and_silent_films_have_none(tmp_path: Path, layout: str, channels: int) -> None:
    film = tmp_path / "film.mkv"
    picture = ("-f", "lavfi", "-i", "color=red:s=32x32:r=5:d=1")
    sound = ("-f", "lavfi", "-i", f"anullsrc=channel_layout={layout}:sample_rate=44100:d=1")
    Ffmpeg().run((*picture, *sound, "-shortest", "-c:a", "pcm_s16le", str(film)))
    info = inspect(film)
    assert (info.audio_codec, info.sample_rate, info.channels) == ("pcm_s16le", 44_100, channels)
    Ffmpeg().run((*picture, str(film)))
    info = inspect(film)
    assert (info.audio_codec, info.sample_rate, info.channels) == (None, None, None)
    assert (info.fps, info.frames) == (5, 5)


def test_a_file_that_is_no_film_is_an_error_with_ffmpegs_words(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"not a film")
    with pytest.raises(MediaError, match="Invalid data"):
        inspect(tmp_path / "film.mp4")


async def test_a_film_cut_off_in_the_middle_is_an_error(studio: Studio, tmp_path: Path) -> None:
    content = (await studio.file(Clip(320, 180, 4000, title="whole"))).read_bytes()
    (tmp_path / "film.mp4").write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(MediaError):
        inspect(tmp_path / "film.mp4")


async def test_there_is_no_frame_after_the_end(studio: Studio) -> None:
    with pytest.raises(MediaError, match="no frame at 9"):
        frame(await studio.file(Clip(64, 64, 200)), 9)


def test_an_ffmpeg_that_hangs_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = tmp_path / "ffmpeg"
    hanging.write_text("#!/bin/sh\nexec sleep 60\n")
    hanging.chmod(0o755)
    monkeypatch.setattr(ffmpeg, "executable", lambda: str(hanging))
    monkeypatch.setattr(ffmpeg, "_PATIENCE", 0.05)
    with pytest.raises(MediaError, match="did not finish"):
        Ffmpeg().run(())


def test_labels_and_sizes_of_a_picture_are_read_from_its_file(tmp_path: Path) -> None:
    for kind in ("png", "jpeg", "webp"):
        path = tmp_path / f"picture.{kind}"
        Image.new("RGB", (360, 640)).save(path, **described(kind, (("title", "card"), ("understudy_job", "0b6f"))))
        info = inspect(path)
        assert (info.format, info.width, info.height) == (kind, 360, 640)
        assert (info.frames, info.duration, info.fps) == (1, 0, None)
        assert dict(info.tags) == {"title": "card", "understudy_job": "0b6f"}
        assert info.loudness is None


def test_a_transparent_film_is_told_from_one_that_is_not_and_shows_it(tmp_path: Path) -> None:
    clear, solid = tmp_path / "clear.webm", tmp_path / "solid.webm"
    colour = ("-f", "lavfi", "-i", "color=red@0.0:s=32x32:r=5:d=1,format=yuva420p")
    Ffmpeg().run((*colour, "-c:v", "libvpx-vp9", "-auto-alt-ref", "0", str(clear)))
    Ffmpeg().run((*colour, "-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p", str(solid)))
    assert (inspect(clear).alpha, inspect(solid).alpha) == (True, False)
    assert frame(clear, 0.5, alpha=True).getpixel((16, 16))[3] == 0  # type: ignore[index]
    assert frame(solid, 0.5, alpha=True).getpixel((16, 16))[3] == 255  # type: ignore[index]


@pytest.mark.parametrize("container", ["mp4", "mov", "webm", "mkv"])
def test_the_length_is_exact_and_each_stream_has_its_own(tmp_path: Path, container: str) -> None:
    path = tmp_path / f"film.{container}"
    cues = tmp_path / "cues.srt"
    cues.write_text("1\n00:00:00,040 --> 00:00:00,900\none\ntwo\n\n2\n00:00:00,900 --> 00:00:01,111\nthree\n")
    codecs = ("libvpx-vp9", "libopus", "webvtt") if container == "webm" else ("libx264", "aac", None)
    text = codecs[2] or ("srt" if container == "mkv" else "mov_text")
    Ffmpeg().run(
        (
            *("-f", "lavfi", "-i", "color=red:s=32x32:r=25:d=1.24", "-f", "lavfi", "-i", "sine=d=0.5:r=48000"),
            *("-i", str(cues), "-map", "0", "-map", "1", "-map", "2", "-c:v", codecs[0], "-c:a", str(codecs[1])),
            *("-c:s", text, "-metadata:s:s:0", "language=fin", str(path)),
        )
    )
    info = inspect(path)
    assert (info.format, info.duration, info.frames) == (container, 1.24, 31)
    picture, sound, words = info.streams
    assert (picture.kind, picture.packets, picture.duration) == ("video", 31, 1.24)
    assert (sound.kind, sound.sample_rate, sound.duration) == ("audio", 48_000, pytest.approx(0.5, abs=0.03))
    assert (words.kind, words.language) == ("subtitle", "fin")
    assert [(cue.start, cue.end, cue.text) for cue in info.timed_text] == [
        (0.04, 0.9, "one\ntwo"),
        (0.9, 1.111, "three"),
    ]


@pytest.mark.parametrize(("flags", "fast"), [("+faststart", True), ("0", False)])
def test_a_film_that_must_be_loaded_whole_before_it_plays_is_told_from_one_that_need_not(
    tmp_path: Path, flags: str, fast: bool
) -> None:
    path = tmp_path / "film.mp4"
    Ffmpeg().run(("-f", "lavfi", "-i", "color=red:s=32x32:r=5:d=1", "-movflags", flags, str(path)))
    assert inspect(path).fast_start is fast


def test_a_silent_stream_is_silent_all_along(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    Ffmpeg().run(("-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono:d=1.5", str(path)))
    loudness = inspect(path).loudness
    assert loudness is not None
    assert (loudness.peak, loudness.silences) == (-91, ((0, 1.5),))


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=30)


@given(st.dictionaries(st.from_regex(r"[a-z][a-z_;#= ]{0,8}[a-z]", fullmatch=True), _TEXT.filter(bool), max_size=4))
def test_tags_are_read_as_ffmpeg_writes_them_whatever_they_hold(
    tmp_path_factory: pytest.TempPathFactory, tags: dict[str, str]
) -> None:
    def hidden(text: str) -> str:
        return re.sub(r"([=;#\\\n])", r"\\\1", text)

    path = tmp_path_factory.getbasetemp() / "metadata"
    lines = (f"{hidden(name)}={hidden(value)}\n" for name, value in tags.items())
    path.write_text(f";FFMETADATA1\n{''.join(lines)}[STREAM]\nother=1\n", "utf-8", newline="\n")
    assert tags_of(path) == tags


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.mark.parametrize("look", [inspect, lambda source: frame(source, 0)], ids=["inspect", "frame"])
@pytest.mark.parametrize("scheme", ["http", "tcp"])
@pytest.mark.parametrize("named", ["by the file", "as the file"])
def test_the_network_is_left_alone_whatever_a_file_names_or_is_named(
    look: Callable[[str], object], listener: socket.socket, scheme: str, named: str, tmp_path: Path
) -> None:
    address = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/film.ts"
    playlist = tmp_path / "film.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{address}\n#EXT-X-ENDLIST\n")
    with pytest.raises(MediaError):
        look(str(playlist) if named == "by the file" else f"async:{address}")
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize("look", [inspect, lambda source: frame(source, 0)], ids=["inspect", "frame"])
def test_a_name_that_ffmpeg_would_take_for_more_is_that_of_a_file(
    look: Callable[[str], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Ffmpeg().run(("-f", "lavfi", "-i", "color=red:s=32x32:r=5:d=1", "file:film.mp4"))
    Path("film.mp4").rename("concat:film.mp4")
    assert look("concat:film.mp4")
    with pytest.raises(MediaError, match="No such file"):
        look("subfile:concat:film.mp4")


def test_inspecting_without_an_ffmpeg_says_so(tmp_path: Path, use_ffmpeg: Callable[[Path], None]) -> None:
    use_ffmpeg(tmp_path / "missing")
    with pytest.raises(NoFfmpeg, match="cannot be run"):
        inspect(tmp_path)
