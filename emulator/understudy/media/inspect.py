"""Looking at a media file as a player would: what is in it, and what a frame of it shows."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from os import PathLike, fspath
from typing import TYPE_CHECKING

from .errors import MediaError
from .ffmpeg import executable

if TYPE_CHECKING:
    from PIL import Image

_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a media file holds, by its header and by decoding every frame of it.

    `duration` is the container's, in seconds, to the hundredth that ffmpeg prints; `frames` were counted by
    decoding. Audio fields are None when there is no sound.
    """

    container: str
    width: int
    height: int
    duration: float
    frames: int
    fps: float
    video_codec: str
    pixel_format: str
    audio_codec: str | None
    sample_rate: int | None
    channels: int | None


def inspect(source: str | PathLike[str]) -> MediaInfo:
    """Say what a video file, or the video behind a URL, really is; every frame is decoded on the way.

    Raises:
        MediaError: ffmpeg could not read it, or something in it is broken.
    """
    said = _ffmpeg("-xerror", "-i", fspath(source), "-map", "0:v:0", "-map", "0:a:0?", "-f", "null", "-")[1]
    header, _, _ = said.partition("Stream mapping:")
    container = re.search(r"Input #0, ([^:]+?), from ", header)
    duration = re.search(r"Duration: (\d+):(\d+):(\d+(?:\.\d+)?)", header)
    video = re.search(r"Stream #0:\d+.*?: Video: (\w+).*?, (\w+)(?:\(.*?\))?, (\d+)x(\d+)", header)
    rate = re.search(r"([\d.]+) fps", header)
    frames = re.findall(r"frame=\s*(\d+)", said)
    if not (container and duration and video and rate and frames):
        raise MediaError(f"no video in {fspath(source)}")
    hours, minutes, seconds = duration.groups()
    audio = re.search(r"Stream #0:\d+.*?: Audio: (\w+).*?, (\d+) Hz, ([\w.]+)", header)
    return MediaInfo(
        container=container[1],
        width=int(video[3]),
        height=int(video[4]),
        duration=int(hours) * 3600 + int(minutes) * 60 + float(seconds),
        frames=int(frames[-1]),
        fps=float(rate[1]),
        video_codec=video[1],
        pixel_format=video[2],
        audio_codec=audio[1] if audio else None,
        sample_rate=int(audio[2]) if audio else None,
        channels=_channels(audio[3]) if audio else None,
    )


def frame(source: str | PathLike[str], at_seconds: float) -> Image.Image:
    """The picture shown at a moment of a video.

    Raises:
        MediaError: ffmpeg could not read the file, or it is shorter than that.
    """
    import io

    from PIL import Image  # late: start-up time

    picture, said = _ffmpeg(
        *("-ss", f"{at_seconds:.3f}", "-i", fspath(source), "-frames:v", "1"),
        *("-f", "image2pipe", "-c:v", "png", "-"),
    )
    if not picture:
        raise MediaError(f"no frame at {at_seconds} s in {fspath(source)}: {said[-300:].strip()}")
    image = Image.open(io.BytesIO(picture))
    image.load()
    return image


def _ffmpeg(*arguments: str) -> tuple[bytes, str]:
    done = subprocess.run(  # noqa: S603 - the program is ours and no shell reads the arguments
        [executable(), "-hide_banner", "-nostdin", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_PATIENCE,
        check=False,
    )
    said = done.stderr.decode("utf-8", "replace")
    if done.returncode:
        raise MediaError(f"ffmpeg ended with {done.returncode} and said: {said[-500:].strip()}")
    return done.stdout, said


def _channels(layout: str) -> int:
    """Count the channels of a layout as ffmpeg names it: mono, stereo, 5.1, or a number."""
    named = {"mono": 1, "stereo": 2}
    return named[layout] if layout in named else sum(int(part) for part in layout.split("."))
