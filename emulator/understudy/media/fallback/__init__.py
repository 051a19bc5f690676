"""The fallback: a short clip made beforehand, for a machine on which ffmpeg does not run."""

from __future__ import annotations

from pathlib import Path
from typing import Final

#: Where the files are: one a container, made by `python -m understudy.media.fallback`.
FOLDER: Final = Path(__file__).parent

#: What every fallback is: small, short, and plain about it.
WIDTH, HEIGHT, MILLISECONDS, QUALITY = 320, 180, 1000, 60
TITLE: Final = "Fallback clip"
LINES: Final = ("No ffmpeg runs beside this server, so it cannot make the clip that was asked for.", "", "understudy")


def fallback(suffix: str) -> Path | None:
    """The file to serve in the place of one whose name ends so; None where none was made."""
    path = FOLDER / f"fallback{suffix}"
    return path if path.is_file() else None


def is_fallback(path: Path) -> bool:
    """Whether a file is one of these."""
    return path.parent == FOLDER
