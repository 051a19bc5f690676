"""Makes the fallback's files with an ffmpeg that runs: `python -m understudy.media.fallback [FOLDER]`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from understudy.media.clip import CONTENT_TYPES, Clip
from understudy.media.placeholder import Placeholder
from understudy.media.sound import Sound
from understudy.media.soundtrack import Soundtrack, Word
from understudy.media.studio import Studio

from . import FOLDER, HEIGHT, LINES, MILLISECONDS, QUALITY, TITLE, WIDTH

#: That there is sound is heard, too.
_TWO_NOTES = Soundtrack(words=(Word(100, 450), Word(550, 900)))


async def make(folder: Path) -> None:
    """Write a file for each container whose placeholders need an ffmpeg.

    Raises:
        MediaError: one could not be made.
    """
    wanted: list[Placeholder] = [
        *(
            Clip(WIDTH, HEIGHT, MILLISECONDS, kind, QUALITY, title=TITLE, lines=LINES, sound=_TWO_NOTES)
            for kind in CONTENT_TYPES
        ),
        Sound(MILLISECONDS, "mp3", title=TITLE),
    ]
    with tempfile.TemporaryDirectory() as cache:
        studio = Studio(Path(cache))
        for placeholder in wanted:
            made = (await studio.file(placeholder)).read_bytes()
            (folder / f"fallback{placeholder.suffix}").write_bytes(made)
        await studio.close()


if __name__ == "__main__":
    asyncio.run(make(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
