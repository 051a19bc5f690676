"""ffmpeg as a child process: run it, hear what it says, and be able to stop it."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence
from functools import cache

from .errors import MediaError, StudioClosed

#: Seconds after which an ffmpeg is taken for stuck. The largest clip needs a fraction of it.
_PATIENCE = 300.0


@cache
def executable() -> str:
    """Where ffmpeg is: the one of `IMAGEIO_FFMPEG_EXE`, else the one shipped with imageio-ffmpeg."""
    import imageio_ffmpeg  # type: ignore[import-untyped]  # late: it costs start-up time that a server without media requests need not pay

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise MediaError(f"no ffmpeg on this machine: {error}") from error


#: Where we are killed before ffmpeg has its input, its filters wait for a frame for ever, with all their might.
_BOUNDED = ("-timelimit", f"{_PATIENCE:.0f}")


class Ffmpeg:
    """Runs ffmpeg and leaves no process behind: after `stop`, none runs and none will start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(self, arguments: Sequence[str], stdin: bytes = b"") -> None:
        """Run ffmpeg to its end, feeding it `stdin`.

        Raises:
            MediaError: it failed, hung or was stopped; the message is ffmpeg's own.
        """
        command = [executable(), *_BOUNDED, "-hide_banner", "-nostats", "-loglevel", "error", "-y", *arguments]
        with self._lock:
            if self._stopped:
                raise StudioClosed
            process = subprocess.Popen(  # noqa: S603 - the program is ours and no shell reads the arguments
                command,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            self._running.add(process)
        try:
            with process:
                try:
                    _, said = process.communicate(stdin or None, timeout=_PATIENCE)
                except subprocess.TimeoutExpired as error:
                    raise MediaError(f"ffmpeg did not finish within {_PATIENCE:.0f} s") from error
                finally:
                    if process.returncode is None:
                        process.kill()
        finally:
            with self._lock:
                self._running.discard(process)
        if process.returncode:
            if self._stopped:
                raise StudioClosed
            words = said.decode("utf-8", "replace").strip() or "nothing"
            raise MediaError(f"ffmpeg ended with {process.returncode} and said: {words}")

    def stop(self) -> None:
        """Kill what runs and refuse what comes."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.kill()
