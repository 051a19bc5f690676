from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from understudy.media.clip import Clip
from understudy.media.errors import MediaError
from understudy.media.ffmpeg import Ffmpeg, executable
from understudy.media.inspect import inspect
from understudy.media.soundtrack import Soundtrack, Word
from understudy.media.studio import Studio

if TYPE_CHECKING:
    from .conftest import Stuck

SMALL = Clip(64, 64, 200)


def drafts(cache: Path) -> list[Path]:
    return list(cache.glob(".*.draft"))


async def test_a_clip_is_rendered_once_however_many_ask(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    assert not studio.has(SMALL)
    paths = await asyncio.gather(*(studio.file(SMALL) for _ in range(20)))
    assert len(set(paths)) == 1
    assert studio.renders == 1
    assert studio.has(SMALL)
    await studio.file(SMALL)
    assert studio.renders == 1
    await studio.close()


async def test_a_restart_finds_what_was_rendered_before(tmp_path: Path) -> None:
    first = Studio(tmp_path)
    path = await first.file(SMALL)
    await first.close()
    second = Studio(tmp_path)
    assert await second.file(SMALL) == path
    assert second.renders == 0
    await second.close()


async def test_two_studios_may_render_into_one_cache_at_once(tmp_path: Path) -> None:
    studios = [Studio(tmp_path), Studio(tmp_path)]
    clips = [Clip(64, 64, 200, hue=hue) for hue in range(4)]
    paths = await asyncio.gather(*(studio.file(clip) for clip in clips for studio in studios))
    assert len(set(paths)) == 4
    assert all(inspect(path).frames == 5 for path in set(paths))
    assert not drafts(tmp_path)
    for studio in studios:
        await studio.close()


async def test_one_who_gives_up_does_not_take_the_file_from_the_others(
    tmp_path: Path, stuck: Stuck, use_ffmpeg: Callable[[Path], None]
) -> None:
    use_ffmpeg(stuck.program)
    studio = Studio(tmp_path / "cache")
    patient, hasty = asyncio.create_task(studio.file(SMALL)), asyncio.create_task(studio.file(SMALL))
    await asyncio.to_thread(stuck.begun)
    hasty.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hasty
    use_ffmpeg(Path(executable()))
    await asyncio.to_thread(stuck.let_go)
    assert (await patient).exists()
    await studio.close()


async def test_closing_leaves_no_process_and_no_half_written_file(
    tmp_path: Path, stuck: Stuck, use_ffmpeg: Callable[[Path], None]
) -> None:
    use_ffmpeg(stuck.program)
    studio = Studio(tmp_path / "cache", encoders=1)
    running = asyncio.create_task(studio.file(SMALL))
    queued = asyncio.create_task(studio.file(Clip(64, 64, 400)))
    process = await asyncio.to_thread(stuck.begun)
    assert drafts(tmp_path / "cache")
    await studio.close()
    for waiting in (running, queued):
        with pytest.raises(MediaError, match="closed"):
            await waiting
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    assert not list((tmp_path / "cache").iterdir())
    with pytest.raises(MediaError, match="closed"):
        await studio.file(SMALL)
    studio.warm(SMALL)


async def test_a_kill_in_the_middle_leaves_nothing_that_is_taken_for_a_file(tmp_path: Path, stuck: Stuck) -> None:
    program = f"""
import asyncio
from pathlib import Path
from understudy.media import ffmpeg
from understudy.media.clip import Clip
from understudy.media.studio import Studio
ffmpeg.executable = lambda: {str(stuck.program)!r}
asyncio.run(Studio(Path({str(tmp_path / "cache")!r})).file(Clip(64, 64, 200)))
"""
    victim = subprocess.Popen([sys.executable, "-c", program])
    orphan = await asyncio.to_thread(stuck.begun)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    assert b"half" in [draft.read_bytes() for draft in drafts(tmp_path / "cache")]
    studio = Studio(tmp_path / "cache")
    assert not studio.has(SMALL)
    assert inspect(await studio.file(SMALL)).frames == 5
    await studio.close()
    # What the victim left behind has all it needs to come to its end.
    await asyncio.to_thread(stuck.let_go)
    while runs(orphan):
        await asyncio.sleep(0.05)


def runs(process: int) -> bool:
    try:
        os.kill(process, 0)
        # A dead one whose new parent does not care still has its number.
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False


async def test_no_more_encoders_run_than_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, running, most = threading.Lock(), 0, 0
    real = subprocess.Popen.communicate

    def counted(self: subprocess.Popen[bytes], stdin: bytes | None = None, timeout: float | None = None) -> object:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        try:
            return real(self, stdin, timeout)
        finally:
            with lock:
                running -= 1

    monkeypatch.setattr(subprocess.Popen, "communicate", counted)
    studio = Studio(tmp_path, encoders=2)
    await asyncio.gather(*(studio.file(Clip(64, 64, 200, hue=hue)) for hue in range(6)))
    assert most == 2
    await studio.close()


def test_what_runs_ends_and_nothing_more_starts_once_ffmpeg_is_stopped(
    stuck: Stuck, use_ffmpeg: Callable[[Path], None], tmp_path: Path
) -> None:
    use_ffmpeg(stuck.program)
    encoder, ended = Ffmpeg(), []

    def run(name: str) -> None:
        with pytest.raises(MediaError, match="closed"):
            encoder.run((f"file:{tmp_path / name}",))
        ended.append(name)

    thread = threading.Thread(target=run, args=("first",))
    thread.start()
    stuck.begun()
    encoder.stop()
    thread.join()
    run("second")
    assert ended == ["first", "second"]
    assert (tmp_path / "first").exists()
    assert not (tmp_path / "second").exists()


async def test_warming_renders_before_anybody_asks(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    studio.warm(SMALL)
    await studio.file(SMALL)
    studio.warm(SMALL)
    assert studio.renders == 1
    await studio.close()


async def test_warming_does_nothing_while_every_encoder_is_busy(
    tmp_path: Path, stuck: Stuck, use_ffmpeg: Callable[[Path], None]
) -> None:
    use_ffmpeg(stuck.program)
    studio = Studio(tmp_path / "cache", encoders=1)
    studio.warm(SMALL)
    await asyncio.to_thread(stuck.begun)
    studio.warm(Clip(64, 64, 400))
    use_ffmpeg(Path(executable()))
    await asyncio.to_thread(stuck.let_go)
    await studio.file(SMALL)
    assert not studio.has(Clip(64, 64, 400))
    assert studio.renders == 1
    await studio.close()


async def until_there(studio: Studio, clip: Clip) -> None:
    async with asyncio.timeout(60):
        while not studio.has(clip) or not studio.idle:
            await asyncio.sleep(0.01)


async def test_what_is_foreseen_is_made_before_anybody_asks_and_once(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    for _ in range(3):
        studio.foresee("a", lambda: SMALL)
    await until_there(studio, SMALL)
    await studio.file(SMALL)
    assert studio.renders == 1
    await studio.close()
    studio.foresee("b", lambda: Clip(64, 64, 400))


async def test_nothing_more_is_foreseen_for_those_who_look_and_never_fetch_until_somebody_does(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    clips = [Clip(64, 64, 200, hue=hue) for hue in range(10)]

    def foresee(clip: Clip) -> None:
        studio.foresee(clip.key, lambda: clip)

    for clip in clips[:8]:
        assert studio.eager
        foresee(clip)
        await until_there(studio, clip)
    assert not studio.eager
    foresee(clips[8])
    await studio.file(clips[0])
    assert studio.eager
    foresee(clips[9])
    await until_there(studio, clips[9])
    assert not studio.has(clips[8])
    await studio.close()


async def test_what_ffmpeg_says_is_in_the_error_and_the_next_try_is_a_new_one(
    tmp_path: Path, use_ffmpeg: Callable[[Path], None]
) -> None:
    broken = tmp_path / "ffmpeg"
    real = Path(executable())
    broken.write_text(f"#!/bin/sh\n[ $1 = -version ] && exec '{real}' $1\necho 'no such encoder' >&2\nexit 3\n")
    broken.chmod(0o755)
    studio = Studio(tmp_path / "cache")
    use_ffmpeg(broken)
    with pytest.raises(MediaError, match="no such encoder"):
        await studio.file(SMALL)
    assert not drafts(tmp_path / "cache")
    use_ffmpeg(real)
    assert (await studio.file(SMALL)).exists()
    await studio.close()


async def test_an_old_file_makes_room_and_a_used_one_stays(tmp_path: Path) -> None:
    roomy = Studio(tmp_path)
    old, used = Clip(64, 64, 200, hue=1), Clip(64, 64, 200, hue=2)
    for clip in (old, used):
        await roomy.file(clip)
    await roomy.close()
    for file in tmp_path.iterdir():
        os.utime(file, (1, 1))
    new = Clip(64, 64, 200, hue=3)
    limit = sum(file.stat().st_size for file in tmp_path.iterdir()) + 1000
    tight = Studio(tmp_path, max_bytes=limit)
    await tight.file(used)
    await tight.file(new)
    assert tight.has(new)
    assert tight.has(used)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= limit
    await tight.close()


async def test_a_cache_of_one_byte_still_serves_what_is_held(tmp_path: Path) -> None:
    studio = Studio(tmp_path, max_bytes=1)
    async with studio.holding(SMALL) as path:
        await asyncio.gather(*(studio.file(Clip(64, 64, 200, hue=hue)) for hue in range(1, 4)))
        assert inspect(path).frames == 5
    await studio.file(Clip(64, 64, 200, hue=9))
    assert not studio.has(SMALL)
    await studio.close()


@pytest.mark.parametrize("container", ["mp4", "webm"])
async def test_pieces_forgotten_by_another_process_at_any_moment_are_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, container: str
) -> None:
    real, robbed = Ffmpeg.run, set()

    def rob(self: Ffmpeg, arguments: Sequence[str], stdin: bytes = b"") -> None:
        for piece in tmp_path.glob("[!.]*"):
            robbed.add(piece.suffix)
            piece.unlink()
        real(self, arguments, stdin)

    studio = Studio(tmp_path)
    spoken = Soundtrack(words=(Word(0, 120),))
    # What two clips share is there already when the second is made.
    await studio.file(Clip(64, 64, 200, container, sound=spoken))
    monkeypatch.setattr(Ffmpeg, "run", rob)
    film = inspect(await studio.file(Clip(64, 64, 400, container, sound=spoken)))
    assert (film.frames, bool(robbed)) == (10, True)
    await studio.close()


async def test_a_piece_spoilt_by_a_crash_of_the_machine_is_made_again(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    (await studio.file(SMALL)).unlink()
    for piece in tmp_path.iterdir():
        piece.write_bytes(b"spoilt")
    assert inspect(await studio.file(SMALL)).frames == 5
    await studio.close()


def test_a_cache_that_cannot_be_written_to_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MediaError, match="cannot be written to"):
        Studio(tmp_path / "file" / "cache")
