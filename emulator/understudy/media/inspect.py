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

#: What ffmpeg calls the formats of single images.
_IMAGE = re.compile(r"image2|\w+_pipe")


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a media file holds, by its header and by decoding every frame of it.

    `duration` is the container's, in seconds, to the hundredth that ffmpeg prints, and 0 for an image; `frames`
    were counted by decoding, and an image has one. Fields of the picture are None when there is only sound,
    those of the sound when there is none. `title` is the one written into the container.
    """

    container: str
    width: int | None
    height: int | None
    duration: float
    frames: int | None
    fps: float | None
    video_codec: str | None
    pixel_format: str | None
    audio_codec: str | None
    sample_rate: int | None
    channels: int | None
    title: str | None = None


def inspect(source: str | PathLike[str]) -> MediaInfo:
    """Say what a video, an image or a sound, or the one behind a URL, really is; all of it is decoded on the way.

    Raises:
        MediaError: ffmpeg could not read it, or something in it is broken.
    """
    said = _ffmpeg("-xerror", "-i", fspath(source), "-map", "0:v:0?", "-map", "0:a:0?", "-f", "null", "-")[1]
    header, _, _ = said.partition("Stream mapping:")
    container = re.search(r"Input #0, (.+?), from ", header)
    video = re.search(r"Stream #0:\d+.*?: Video: (\w+).*?, (\w+)(?:\(.*?\))?, (\d+)x(\d+)", header)
    audio = re.search(r"Stream #0:\d+.*?: Audio: (\w+).*?, (\d+) Hz, ([\w.]+)", header)
    frames = re.findall(r"frame=\s*(\d+)", said)
    if not container or not (audio or (video and frames)):
        raise MediaError(f"neither picture nor sound in {fspath(source)}")
    image = _IMAGE.fullmatch(container[1])
    rate = None if image else re.search(r"([\d.]+) fps", header)
    title = re.search(r"^ +title +: (.*)$", header, re.MULTILINE)
    return MediaInfo(
        container=container[1],
        width=int(video[3]) if video else None,
        height=int(video[4]) if video else None,
        duration=0.0 if image else _duration(header),
        frames=int(frames[-1]) if video else None,
        fps=float(rate[1]) if video and rate else None,
        video_codec=video[1] if video else None,
        pixel_format=video[2] if video else None,
        audio_codec=audio[1] if audio else None,
        sample_rate=int(audio[2]) if audio else None,
        channels=_channels(audio[3]) if audio else None,
        title=title[1].strip() if title else None,
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


def _duration(header: str) -> float:
    found = re.search(r"Duration: (\d+):(\d+):(\d+(?:\.\d+)?)", header)
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else 0.0


def _channels(layout: str) -> int:
    """Count the channels of a layout as ffmpeg names it: mono, stereo, 5.1, or a number."""
    named = {"mono": 1, "stereo": 2}
    return named[layout] if layout in named else sum(int(part) for part in layout.split("."))
