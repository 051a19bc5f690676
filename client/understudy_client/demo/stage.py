"""What every demo needs: a quick pace, a direct line, names for files, and the cells of its table."""

from __future__ import annotations

from understudy_client.video import Video
from understudy_client.waiting import Poll

#: The stand-in is quicker than the provider.
POLL = Poll(first=0.1, factor=1.3, cap=1.0)

#: A server on this machine is reached without the proxy that the environment may name.
DIRECT: dict[str, None] = {"all://127.0.0.1": None, "all://localhost": None}

#: A file ends on a whole frame, a bill or an announced length does not: two frames at 25 a second, in seconds.
FRAMES = 0.08


def slug(title: str) -> str:
    """Make of a title the name of a file."""
    return "-".join(title.lower().split())


def measures(video: Video | None) -> tuple[str, str, str]:
    """Print a video's seconds, picture size and bytes as cells of a table."""
    if video is None:
        return "–", "–", "–"
    return f"{video.seconds:.2f}", f"{video.width}x{video.height}", f"{video.size:,}"
