"""Where ffmpeg does not run, a clip made beforehand plays, and says what it is."""

import asyncio
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stage import video_task
from understudy.media import ffmpeg
from understudy.media.clip import CONTENT_TYPES, Clip
from understudy.media.errors import MediaError
from understudy.media.fallback import FOLDER, HEIGHT, MILLISECONDS, TITLE, WIDTH, fallback
from understudy.media.fallback.__main__ import make
from understudy.media.inspect import inspect
from understudy.media.placeholder import Placeholder
from understudy.media.serve import respond, whole
from understudy.media.sound import Sound
from understudy.media.still import Poster, Still
from understudy.media.studio import Studio

KINDS: list[Placeholder] = [*(Clip(64, 64, 200, kind) for kind in CONTENT_TYPES), Sound(200, "mp3")]


def nothing(folder: Path) -> Path:
    return folder / "missing"


def forbidden(folder: Path) -> Path:
    (folder / "ffmpeg").write_text("#!/bin/sh\n")
    return folder / "ffmpeg"


def program(folder: Path, text: str) -> Path:
    (folder / "ffmpeg").write_text(text)
    (folder / "ffmpeg").chmod(0o755)
    return folder / "ffmpeg"


BROKEN = {
    "missing": nothing,
    "not executable": forbidden,
    "crashing": lambda folder: program(folder, "#!/bin/sh\nkill -SEGV $$\n"),
    "for another machine": lambda folder: program(folder, "\x7fELF nothing that runs"),
    "another program": lambda folder: program(folder, "#!/bin/sh\nexit 0\n"),
}


@pytest.fixture(params=BROKEN, ids=str)
async def crippled(request: pytest.FixtureRequest, tmp_path: Path, use_ffmpeg: Callable[[Path], None]) -> Studio:
    use_ffmpeg(BROKEN[request.param](tmp_path))
    return Studio(tmp_path / "cache")


async def test_whatever_is_wrong_with_ffmpeg_there_is_a_clip_of_each_container_and_one_word_in_the_log(
    crippled: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "understudy")
    logging.getLogger("understudy").propagate = True
    for kind in KINDS:
        assert await crippled.file(kind) == FOLDER / f"fallback{kind.suffix}"
    await asyncio.gather(*(crippled.file(Clip(64, 64, 200, hue=hue)) for hue in range(4)))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "short clip is served" in caplog.text
    await crippled.close()


async def test_pictures_are_still_drawn(crippled: Studio) -> None:
    for picture in (Still(96, 64), Poster(Clip(96, 64, 200))):
        with Image.open(await crippled.file(picture)) as image:
            assert image.size == (96, 64)
    assert await crippled.file(Sound(200, "wav")) != fallback(".wav")
    await crippled.close()


async def test_an_ffmpeg_that_is_mended_is_used_at_once(tmp_path: Path, use_ffmpeg: Callable[[Path], None]) -> None:
    real = Path(ffmpeg.executable())
    studio = Studio(tmp_path / "cache")
    use_ffmpeg(nothing(tmp_path))
    assert await studio.file(KINDS[0]) == FOLDER / "fallback.mp4"
    use_ffmpeg(real)
    assert (await studio.file(KINDS[0])).parent == tmp_path / "cache"
    await studio.close()


async def test_a_fallback_is_labelled_has_its_own_tag_and_is_served_in_parts_as_any_file(
    tmp_path: Path, use_ffmpeg: Callable[[Path], None]
) -> None:
    use_ffmpeg(nothing(tmp_path))
    studio = Studio(tmp_path / "cache")
    content = (FOLDER / "fallback.mp4").read_bytes()

    async def film(request: Request) -> Response:
        return await respond(request, studio, KINDS[0], "film.mp4")

    async def answer(_: Request) -> Response:
        return await whole(studio, KINDS[0], {"x-cost": "1"})

    transport = httpx.ASGITransport(Starlette(routes=[Route("/", film), Route("/whole", answer)]))
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        got = await client.get("/")
        tag = got.headers["etag"]
        part = await client.get("/", headers={"range": "bytes=4-7", "if-range": tag})
        known = await client.get("/", headers={"if-none-match": tag})
        other = await client.get("/", headers={"range": "bytes=4-7", "if-range": f'"{KINDS[0].key}"'})
        at_once = await client.get("/whole")
    await studio.close()
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, content, "video/mp4")
    assert KINDS[0].key not in tag
    assert (part.status_code, part.content) == (206, content[4:8])
    assert (known.status_code, other.status_code) == (304, 200)
    assert (at_once.content, at_once.headers["x-cost"]) == (content, "1")
    assert [each.headers["x-understudy-placeholder"] for each in (got, part, known, at_once)] == ["fallback"] * 4


async def test_a_real_file_is_not_labelled_a_fallback(studio: Studio) -> None:
    async def film(request: Request) -> Response:
        return await respond(request, studio, KINDS[0], "film.mp4")

    transport = httpx.ASGITransport(Starlette(routes=[Route("/", film)]))
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        assert "x-understudy-placeholder" not in (await client.get("/")).headers


async def test_one_clip_that_ffmpeg_cannot_make_is_still_an_error(
    tmp_path: Path, use_ffmpeg: Callable[[Path], None]
) -> None:
    real = ffmpeg.executable()
    use_ffmpeg(program(tmp_path, f"#!/bin/sh\n[ $1 = -version ] && exec '{real}' $1\necho 'disk full' >&2\nexit 1\n"))
    studio = Studio(tmp_path / "cache")
    with pytest.raises(MediaError, match="disk full"):
        await studio.file(KINDS[0])
    await studio.close()


def test_what_is_shipped_plays_is_tiny_and_says_what_it_is() -> None:
    for kind in CONTENT_TYPES:
        path = fallback(f".{kind}")
        assert path is not None
        assert path.stat().st_size < 16_000
        seen = inspect(path)
        assert (seen.width, seen.height, seen.frames) == (WIDTH, HEIGHT, MILLISECONDS // 40)
        assert seen.audio_codec in ("aac", "opus")
        assert seen.title == TITLE
        assert seen.loudness is not None
        assert seen.loudness.peak > -40
    path = fallback(".mp3")
    assert path is not None
    assert inspect(path).audio_codec == "mp3"
    assert fallback(".wav") is None


async def test_what_is_shipped_can_be_made_again(tmp_path: Path) -> None:
    def facts(path: Path) -> tuple[object, ...]:
        seen = inspect(path)
        return seen.container, seen.width, seen.height, seen.duration, seen.frames, seen.video_codec, seen.audio_codec

    await make(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in FOLDER.glob("fallback.*"))
    for path in tmp_path.iterdir():
        assert facts(path) == facts(FOLDER / path.name)


def test_a_server_told_of_an_ffmpeg_that_is_none_starts_says_so_once_and_serves_a_clip(tmp_path: Path) -> None:
    port_file, log = tmp_path / "port", tmp_path / "log"
    words = ["serve", "--port", "0", "--port-file", str(port_file), "--cache-dir", str(tmp_path / "cache")]
    broken = {**os.environ, "IMAGEIO_FFMPEG_EXE": str(tmp_path / "none")}
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "understudy", *words, "--speed", "instant"],
            env=broken,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
    try:
        while not port_file.exists():
            assert process.poll() is None
            time.sleep(0.02)
        base = f"http://127.0.0.1:{int(port_file.read_text())}"
        with httpx.Client(base_url=base, headers={"authorization": "Bearer k"}, trust_env=False, timeout=60) as http:
            tasks = [video_task(outputFormat=kind) for kind in ("MP4", "WEBM", "MOV")]
            assert http.post("/v1", json=tasks).status_code == 200
            for task in tasks:
                asked = [{"taskType": "getResponse", "taskUUID": task["taskUUID"]}]
                while not (url := http.post("/v1", json=asked).json()["data"][0].get("videoURL")):
                    time.sleep(0.02)
                film = http.get(url)
                assert (film.status_code, film.headers["x-understudy-placeholder"]) == (200, "fallback")
                assert film.content == (FOLDER / f"fallback.{task['outputFormat'].lower()}").read_bytes()
    finally:
        process.terminate()
        process.wait()
    assert log.read_text().count("short clip is served") == 1
