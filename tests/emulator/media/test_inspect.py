from pathlib import Path

import pytest

from understudy.media import ffmpeg
from understudy.media.clip import Clip
from understudy.media.errors import MediaError
from understudy.media.ffmpeg import Ffmpeg
from understudy.media.inspect import frame, inspect
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
