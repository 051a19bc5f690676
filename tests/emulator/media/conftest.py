"""A studio for the whole run, and an ffmpeg that stops half-way until it is let go."""

import asyncio
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from understudy.media import ffmpeg
from understudy.media.studio import Studio


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    studio = Studio(tmp_path_factory.mktemp("studio"))
    yield studio
    asyncio.run(studio.close())


class Stuck:
    """An ffmpeg that writes half a file, says so, and waits to be killed, or let go to do its work."""

    def __init__(self, folder: Path) -> None:
        self.program = folder / "ffmpeg"
        self._begun, self._gate = folder / "begun", folder / "gate"
        os.mkfifo(self._begun)
        os.mkfifo(self._gate)
        self.program.write_text(
            "#!/bin/sh\n"
            'for last; do :; done\nprintf half > "${last#file:}"\n'
            f"echo $$ > '{self._begun}'\nread go < '{self._gate}'\nexec '{ffmpeg.executable()}' \"$@\"\n"
        )
        self.program.chmod(self.program.stat().st_mode | stat.S_IXUSR)

    def begun(self) -> int:
        """Wait until it runs, and give its process id."""
        return int(self._begun.read_text())

    def let_go(self) -> None:
        self._gate.write_text("go\n")


@pytest.fixture
def stuck(tmp_path: Path) -> Stuck:
    folder = tmp_path / "stuck"
    folder.mkdir()
    return Stuck(folder)


@pytest.fixture
def use_ffmpeg(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Have everything run another program for ffmpeg."""

    def use(program: Path) -> None:
        monkeypatch.setattr(ffmpeg, "executable", lambda: str(program))

    return use
