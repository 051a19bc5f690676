"""`understudy inspect`, on files made here and on a server of this test."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from understudy.cli import main
from understudy.media.ffmpeg import Ffmpeg
from website import Handler, website


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of red; heard in its second half only."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    Ffmpeg().run(
        (
            *("-f", "lavfi", "-i", "color=red:s=64x48:r=25:d=2", "-f", "lavfi", "-i", "sine=d=2:r=48000"),
            *("-af", "volume=0:enable='lt(t,1)'", "-pix_fmt", "yuv420p", "-metadata", "understudy_job=0b6f"),
            *("-metadata", "title=[red] \\ =;#", "-movflags", "+use_metadata_tags+faststart", f"file:{path}"),
        )
    )
    return path


@pytest.fixture
def address(film: Path) -> Iterator[str]:
    class Films(Handler):
        def get(self) -> None:
            if self.path == "/moved":
                self.answer(status=302, headers={"location": "/film.mp4"})
            else:
                told = {"content-type": "video/mp4", "x-understudy-placeholder": "fallback"}
                self.answer(film.read_bytes(), 200 if self.path == "/film.mp4" else 404, told)

    with website(Films) as url:
        yield url


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["inspect", *words])


def told(*words: str) -> dict[str, object]:
    result = run(*words, "--format", "json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert isinstance(document, dict)
    return document


def test_what_no_person_reads_has_a_line_for_each_thing_however_long(tmp_path: Path) -> None:
    path = tmp_path / "tagged.mp4"
    long = "word " * 60
    tag = ("-metadata", f"understudy_note={long}\nmore", "-movflags", "+use_metadata_tags")
    Ffmpeg().run(("-f", "lavfi", "-i", "color=red:s=64x48:r=25:d=1", *tag, f"file:{path}"))
    result = run(str(path))
    lines = result.stdout.splitlines()
    assert lines == [line.rstrip() for line in lines]
    assert [line for line in lines if "word" in line] == [f"understudy_note  {long}more"]


def test_json_tells_everything_a_test_could_want(film: Path) -> None:
    document = told(str(film))
    content = film.read_bytes()
    assert document["source"] == str(film)
    assert (document["format"], document["width"], document["height"], document["frames"]) == ("mp4", 64, 48, 50)
    assert (document["fps"], document["video_codec"], document["audio_codec"]) == (25, "h264", "aac")
    assert (document["pixel_format"], document["alpha"], document["fast_start"]) == ("yuv420p", False, True)
    assert (document["size"], document["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert document["duration"] == pytest.approx(2, abs=0.025)
    tags, loudness = document["tags"], document["loudness"]
    assert isinstance(tags, dict)
    assert (tags["title"], tags["understudy_job"]) == ("[red] \\ =;#", "0b6f")
    assert document["title"] == tags["title"]
    assert isinstance(loudness, dict)
    assert -40 < loudness["mean"] < loudness["peak"] < 0
    assert loudness["silences"][0] == pytest.approx([0, 1], abs=0.05)


def test_text_is_for_a_person_and_shows_what_is_in_the_file_as_it_is(film: Path) -> None:
    result = run(str(film))
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) < 24
    for words in ("mp4, fast start", "64 x 48, 50 frames, 25 fps", "48000 Hz, 1 channel", "[red] \\ =;#", "0b6f"):
        assert words in result.stdout


def test_a_file_behind_a_url_is_fetched_and_what_its_server_says_is_told(address: str, film: Path) -> None:
    document = told(f"{address}/moved")
    assert document["sha256"] == hashlib.sha256(film.read_bytes()).hexdigest()
    assert document["http"] == {
        "status": 200,
        "url": f"{address}/film.mp4",
        "content_type": "video/mp4",
        "x_understudy_placeholder": "fallback",
    }
    assert "fallback" in run(f"{address}/film.mp4").stdout


def test_what_is_not_there_is_told_from_what_is_broken(address: str, film: Path, tmp_path: Path) -> None:
    for source, why in (
        (str(tmp_path / "none.mp4"), "there is no file"),
        (str(tmp_path), "is a directory"),
        ("", "an empty name is that of no file"),
        (f"{address}/other.mp4", "answered 404 Not Found"),
        ("http://127.0.0.1:1/film.mp4", "cannot fetch"),
        ("http://[::/film.mp4", "cannot fetch"),
    ):
        result = run(source)
        assert (result.exit_code, why in result.stderr, result.stdout) == (3, True, ""), source
    cut, words, empty = tmp_path / "cut.mp4", tmp_path / "words.mp4", tmp_path / "empty.mp4"
    cut.write_bytes(film.read_bytes()[:-2000])
    words.write_text("no film")
    empty.write_bytes(b"")
    for path in (cut, words, empty):
        result = run(str(path), "--format", "json")
        assert (result.exit_code, result.stdout) == (1, "")
        assert str(path) in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1


def test_a_playlist_makes_nobody_fetch_what_it_names(tmp_path: Path, address: str) -> None:
    playlist = tmp_path / "list.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{address}/film.mp4\n#EXT-X-ENDLIST\n")
    result = run(str(playlist))
    assert result.exit_code == 1
