"""What every demo needs: a quick pace, a direct line, names for files, and the cells of its table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from understudy_client.destination import check_folder
from understudy_client.video import Video
from understudy_client.waiting import Poll

#: The stand-in is quicker than the provider.
POLL = Poll(first=0.1, factor=1.3, cap=1.0)

#: A server on this machine is reached without the proxy that the environment may name.
DIRECT: dict[str, None] = {"all://127.0.0.1": None, "all://localhost": None}

#: A file ends on a whole frame, a bill or an announced length does not: two frames at 25 a second, in seconds.
FRAMES = 0.08


def slug(title: str) -> str:
    """Make of a title the name of a file: letters, digits and hyphens."""
    return "-".join(re.findall(r"[^\W_]+", title.lower()))


def can_keep(out: Path, console: Console) -> bool:
    """Make sure, before anything is performed, that the videos can be put there; say so if they cannot."""
    try:
        check_folder(out)
    except OSError as error:
        told = f"No video can be put in {out}, so nothing was performed: {error}"
        console.print(f"[red]{escape(told)}", soft_wrap=True)
        return False
    return True


def say_where(videos: Sequence[Video | None], out: Path, console: Console) -> None:
    """Say where the videos are, if any arrived."""
    if any(videos):
        console.print(f"Videos are in {escape(str(out))}", soft_wrap=True)


def measures(video: Video | None) -> tuple[str, str, str]:
    """Print a video's seconds, picture size and bytes as cells of a table."""
    if video is None:
        return "–", "–", "–"
    return f"{video.seconds:.2f}", f"{video.width}x{video.height}", f"{video.size:,}"
