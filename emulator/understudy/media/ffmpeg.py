"""ffmpeg as a child process: run it, hear what it says, and be able to stop it."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence
from functools import cache
from tempfile import TemporaryFile
from typing import IO

from .errors import MediaError, NoFfmpeg, StudioClosed

#: Seconds after which an ffmpeg is taken for stuck. The largest clip needs a fraction of it.
_PATIENCE = 300.0

#: Seconds in which an ffmpeg that runs at all says its version.
_GREETING = 10.0


@cache
def executable() -> str:
    """Where ffmpeg is: the one of `IMAGEIO_FFMPEG_EXE`, else the one shipped with imageio-ffmpeg.

    Raises:
        NoFfmpeg: there is none. That the one it names runs is not said.
    """
    import imageio_ffmpeg  # type: ignore[import-untyped]  # late: it costs start-up time that a server without media requests need not pay

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise NoFfmpeg(f"no ffmpeg on this machine: {error}") from error


def runs() -> bool:
    """Whether ffmpeg, asked for its version, says so: what is missing, crashes or is another program does not."""
    try:
        asked = subprocess.run(  # noqa: S603 - the program is ours and no shell reads the arguments
            [executable(), "-version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=_GREETING, check=False
        )
    except (OSError, subprocess.TimeoutExpired, NoFfmpeg):
        return False
    return asked.returncode == 0 and asked.stdout.startswith(b"ffmpeg version")


#: No ffmpeg outlives this much of the processor's time, whatever becomes of us.
_BOUNDED = ("-timelimit", f"{_PATIENCE:.0f}")


class Ffmpeg:
    """Runs ffmpeg, and leaves no process behind: after `stop`, none runs and none will start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(self, arguments: Sequence[str], stdin: bytes = b"") -> None:
        """Run ffmpeg to its end, feeding it `stdin`.

        Raises:
            NoFfmpeg: there is none here that runs.
            MediaError: it failed, hung or was stopped; the message is ffmpeg's own.
        """
        try:
            status, said = self._run(arguments, stdin)
        except OSError as error:
            raise _problem(f"{executable()} cannot be run: {error.strerror or error}") from error
        if status:
            if self._stopped:
                raise StudioClosed
            raise _problem(
                f"ffmpeg ended with {status} and said: {said.decode('utf-8', 'replace').strip() or 'nothing'}"
            )

    def stop(self) -> None:
        """Kill what runs and refuse what comes."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.kill()

    def _run(self, arguments: Sequence[str], stdin: bytes) -> tuple[int, bytes]:
        # By a file and not through a pipe: where we are killed before ffmpeg has all of its input, its filters would
        # wait for a frame for ever, with all their might.
        with TemporaryFile() as given:
            given.write(stdin)
            given.seek(0)
            process = self._start(arguments, given)
        try:
            with process:
                try:
                    _, said = process.communicate(timeout=_PATIENCE)
                except subprocess.TimeoutExpired as error:
                    raise MediaError(f"ffmpeg did not finish within {_PATIENCE:.0f} s") from error
                finally:
                    if process.returncode is None:
                        process.kill()
        finally:
            with self._lock:
                self._running.discard(process)
        return process.returncode, said

    def _start(self, arguments: Sequence[str], stdin: IO[bytes]) -> subprocess.Popen[bytes]:
        program = executable()
        command = [program, *_BOUNDED, "-hide_banner", "-nostats", "-loglevel", "error", "-y", *arguments]
        with self._lock:
            if self._stopped:
                raise StudioClosed
            process = subprocess.Popen(  # noqa: S603 - the program is ours and no shell reads the arguments
                command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
            self._running.add(process)
        return process


def _problem(words: str) -> MediaError:
    """What to raise: ffmpeg is only asked after its health when something went wrong, so that nobody else waits."""
    return MediaError(words) if runs() else NoFfmpeg(words)
