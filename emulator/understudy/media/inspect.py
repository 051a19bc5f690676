"""Looking at a media file as a player would: what is in it, and what a frame of it shows."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from hashlib import file_digest
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from . import ffmpeg
from .boxes import format_of, starts_fast
from .errors import MediaError, NoFfmpeg
from .heard import LISTEN, Loudness, loudness_of
from .labelled import labels_of
from .streams import Cue, StreamInfo, cues_of, streams_of, tags_of

if TYPE_CHECKING:
    from PIL import Image

_PATIENCE = 120.0

#: What ffmpeg calls the formats of single images.
_IMAGE = re.compile(r"image2|\w+_pipe")

_URL = re.compile(r"https?://")


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a media file holds, by its header, its packets, and by decoding all of it.

    `container` is what ffmpeg calls it, `format` the one word a person would use. `duration` is that of the longest
    stream in seconds, exact to the tick of its clock, and 0 for an image; `frames` were counted by decoding, and an
    image has one. Fields of the picture are None when there is only sound, those of the sound when there is none.
    `tags` are those of the whole file, their names in small letters, and `title` is one of them. `fast_start` says
    whether an MP4 or MOV can be played before all of it is there. `size` and `sha256` are those of the file's bytes,
    None behind a URL.
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
    format: str = ""
    alpha: bool | None = None
    loudness: Loudness | None = None
    streams: tuple[StreamInfo, ...] = ()
    timed_text: tuple[Cue, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    fast_start: bool | None = None
    size: int | None = None
    sha256: str | None = None


def inspect(source: str | PathLike[str]) -> MediaInfo:
    """Say what a video, an image or a sound, or the one behind a URL, really is; all of it is decoded on the way.

    Raises:
        MediaError: ffmpeg could not read it, or something in it is broken.
    """
    with tempfile.TemporaryDirectory(prefix="understudy-") as folder:
        return _looked_at(fspath(source), Path(folder))


def frame(source: str | PathLike[str], at_seconds: float, *, alpha: bool = False) -> Image.Image:
    """The picture shown at a moment of a video; with `alpha`, that of a WEBM with what of it is transparent.

    Raises:
        MediaError: ffmpeg could not read the file, or it is shorter than that.
    """
    import io

    from PIL import Image  # late: start-up time

    # ffmpeg's own decoder of VP9 knows no transparency.
    decoder, pixels = (("-c:v", "libvpx-vp9"), ("-pix_fmt", "rgba")) if alpha else ((), ())
    picture, said = _ffmpeg(
        *(*decoder, "-ss", f"{at_seconds:.3f}", *_input(fspath(source)), "-frames:v", "1"),
        *(*pixels, "-f", "image2pipe", "-c:v", "png", "-"),
    )
    if not picture:
        raise MediaError(f"no frame at {at_seconds} s in {fspath(source)}: {said[-300:].strip()}")
    image = Image.open(io.BytesIO(picture))
    image.load()
    return image


def _looked_at(source: str, folder: Path) -> MediaInfo:
    packets, tags = folder / "packets", folder / "tags"
    path = None if _URL.match(source) else Path(source)
    said = _ffmpeg(
        *("-xerror", *_input(source), "-map", "0:v:0?", "-map", "0:a:0?", "-af", LISTEN, "-f", "null", "-"),
        *("-map", "0:v?", "-map", "0:a?", "-map", "0:s?", "-c", "copy", "-f", "framecrc", f"file:{packets}"),
        *("-fflags", "+bitexact", "-f", "ffmetadata", f"file:{tags}"),
    )[1]
    header, _, _ = said.partition("Stream mapping:")
    container = re.search(r"Input #0, (.+?), from ", header)
    streams = streams_of(header, packets)
    picture = next((stream for stream in streams if stream.kind == "video"), None)
    sound = next((stream for stream in streams if stream.kind == "audio"), None)
    frames = re.findall(r"frame=\s*(\d+)", said)
    if not container or not (sound or (picture and frames)):
        raise MediaError(f"neither picture nor sound in {source}")
    image = bool(_IMAGE.fullmatch(container[1]))
    found = _labels(path) if image and path is not None else tags_of(tags)
    longest = max((stream.duration for stream in streams), default=0.0) or _duration(header)
    texts = [stream for stream in streams if stream.kind == "subtitle"]
    return MediaInfo(
        container=container[1],
        width=picture.width if picture else None,
        height=picture.height if picture else None,
        duration=0.0 if image else longest,
        frames=int(frames[-1]) if picture else None,
        fps=picture.fps if picture and not image else None,
        video_codec=picture.codec if picture else None,
        pixel_format=picture.pixel_format if picture else None,
        audio_codec=sound.codec if sound else None,
        sample_rate=sound.sample_rate if sound else None,
        channels=sound.channels if sound else None,
        title=found.get("title"),
        format=format_of(container[1], path, picture.codec if picture else None),
        alpha=picture.alpha if picture else None,
        loudness=loudness_of(said) if sound else None,
        streams=streams,
        timed_text=_timed_text(source, folder) if texts else (),
        tags=tuple(sorted(found.items())),
        fast_start=starts_fast(path) if path is not None and "mp4" in container[1] else None,
        size=path.stat().st_size if path is not None else None,
        sha256=_digest(path) if path is not None else None,
    )


def _timed_text(source: str, folder: Path) -> tuple[Cue, ...]:
    path = folder / "cues"
    _ffmpeg(*_input(source), "-map", "0:s:0", "-f", "srt", f"file:{path}")
    return cues_of(path.read_text("utf-8", "replace"))


def _labels(path: Path) -> dict[str, str]:
    from PIL import Image, UnidentifiedImageError  # late: start-up time

    try:
        with Image.open(path) as image:
            return labels_of(image)
    except (OSError, UnidentifiedImageError, ValueError):
        # ffmpeg knows more kinds of images.
        return {}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _input(source: str) -> tuple[str, ...]:
    """A file or a URL as what ffmpeg reads: no name of a file is taken for more than that."""
    if _URL.match(source):
        # What is found there may name others, as playlists do; by itself ffmpeg then reads no file of this machine.
        return ("-i", source)
    # A file may do so, too; from the network none is fetched for it.
    return ("-protocol_whitelist", "file,crypto,data", "-i", f"file:{source}")


def _ffmpeg(*arguments: str) -> tuple[bytes, str]:
    program = ffmpeg.executable()
    try:
        done = subprocess.run(  # noqa: S603 - the program is ours and no shell reads the arguments
            [program, "-hide_banner", "-nostdin", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except OSError as error:
        raise NoFfmpeg(f"{program} cannot be run: {error.strerror or error}") from error
    except subprocess.TimeoutExpired as error:
        raise MediaError(f"ffmpeg did not finish within {_PATIENCE:.0f} s") from error
    said = done.stderr.decode("utf-8", "replace")
    if done.returncode:
        raise MediaError(f"ffmpeg ended with {done.returncode} and said: {said[-500:].strip()}")
    return done.stdout, said


def _duration(header: str) -> float:
    found = re.search(r"Duration: (\d+):(\d+):(\d+(?:\.\d+)?)", header)
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else 0.0
