from __future__ import annotations

import subprocess
from struct import pack

import imageio_ffmpeg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from understudy_client import NotAVideo, read_video


def box(kind: bytes, *content: bytes, form: str = "short") -> bytes:
    body = b"".join(content)
    if form == "long":
        return pack(">I4sQ", 1, kind, len(body) + 16) + body
    return pack(">I4s", 0 if form == "to the end" else len(body) + 8, kind) + body


def track(kind: bytes, width: int = 0, height: int = 0, version: int = 0) -> bytes:
    header = bytes([version]) + bytes(87 if version else 75) + pack(">II", width << 16, height << 16)
    return box(b"trak", box(b"tkhd", header), box(b"mdia", box(b"hdlr", bytes(8), kind, bytes(12))))


def movie(seconds: float = 2.5, version: int = 0, timescale: int = 1000, tracks: bytes | None = None) -> bytes:
    times = bytes(16) if version else bytes(8)
    length = pack(">Q" if version else ">I", round(seconds * timescale))
    header = bytes([version, 0, 0, 0]) + times + pack(">I", timescale) + length
    default = track(b"soun") + track(b"vide", 1280, 720, version)
    return box(b"moov", box(b"mvhd", header), default if tracks is None else tracks)


FTYP = box(b"ftyp", b"isom")


@pytest.mark.parametrize("version", [0, 1])
def test_the_boxes_of_both_versions_are_read(tmp_path, version):
    path = tmp_path / "v.mp4"
    path.write_bytes(FTYP + box(b"mdat", bytes(99), form="long") + movie(version=version))
    video = read_video(path)
    assert (video.width, video.height, video.seconds, video.has_sound) == (1280, 720, 2.5, True)
    assert video.size == path.stat().st_size


def test_a_last_box_without_a_length_reaches_to_the_end(tmp_path):
    path = tmp_path / "v.mp4"
    path.write_bytes(FTYP + movie() + box(b"mdat", bytes(99), form="to the end"))
    assert read_video(path).seconds == 2.5


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_a_real_file_is_as_large_and_as_long_as_it_was_made(tmp_path, suffix):
    path = tmp_path / f"v.{suffix}"
    source = "color=c=red:size=320x180:rate=25:duration=1.2"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", source, str(path)]
    subprocess.run(command, check=True)
    video = read_video(path)
    assert (video.width, video.height, video.has_sound) == (320, 180, False)
    assert video.seconds == pytest.approx(1.2, abs=0.04)


@given(st.data())
def test_a_file_cut_anywhere_is_never_taken_for_whole(tmp_path_factory, data):
    whole = FTYP + box(b"mdat", bytes(30)) + movie()
    path = tmp_path_factory.mktemp("cut") / "v.mp4"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(NotAVideo):
        read_video(path)


@given(st.binary(max_size=200) | st.binary(max_size=80).map(lambda noise: FTYP + box(b"moov", noise)))
@example(box(b"moov", box(b"mvhd", bytes(40))))
@example(movie(tracks=track(b"soun")))
@example(movie(tracks=b""))
@example(movie(timescale=0))
@example(box(b"moov", box(b"mvhd", b"\0")))
@example(pack(">I4sQ", 1, b"moov", 3))
def test_what_is_no_video_is_told(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("noise") / "v.mp4"
    path.write_bytes(content)
    with pytest.raises(NotAVideo):
        read_video(path)
