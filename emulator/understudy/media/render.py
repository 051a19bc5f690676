"""The recipe: a short loop of picture and one of sound, both repeated to the asked length by copying.

Nothing is ever encoded twice: the picture loop is made once a picture (once a caption, if there are any), the
sound once a codec, and a clip of any length is packets of the two, copied. There are no B-frames, so every packet
is a legal place to stop.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .burn import burn
from .card import bar_height, paint
from .clip import FRAME_RATE, Clip
from .codec import AVC, BT709, EXACT, EXACT_AUDIO, PACKING, SAMPLE_RATE, Codec, codec_of
from .draw import draw
from .errors import MediaError, StudioClosed
from .ffmpeg import Ffmpeg
from .palette import Palette
from .placeholder import RENDERER_VERSION, Placeholder
from .shelf import Shelf
from .sound import Sound
from .still import Poster, Still
from .tone import write_mp3, write_wav

__all__ = ["SAMPLE_RATE", "Renderer", "codec_of", "loop_frames", "picture_arguments"]

#: Seconds of sound in a loop: at 48 kHz exactly 375 AAC frames and 400 Opus packets, so no seam drifts.
TONE_SECONDS: Final = 8

#: Four soft notes, each swelling and fading within its second, so that the seam falls into silence.
_TONE: Final = "st(0\\,2*PI*t*(196+49*mod(floor(t)\\,4)))\\;0.09*pow(sin(PI*t)\\,2)*(sin(ld(0))+0.3*sin(2*ld(0)))"


def loop_frames(clip: Clip) -> int:
    """Frames in the picture loop: three seconds, fewer where frames are so large that time matters more."""
    width, height = clip.pixels
    return FRAME_RATE * (3 if width * height <= 1280 * 720 else 2 if width * height <= 1920 * 1088 else 1)


class Renderer:
    """Makes placeholders into files on a shelf, in the calling thread."""

    def __init__(self, shelf: Shelf, ffmpeg: Ffmpeg) -> None:
        self._shelf = shelf
        self._ffmpeg = ffmpeg
        self._tone_lock = threading.Lock()

    def render(self, placeholder: Placeholder) -> Path:
        """Make the placeholder's file and say where it is.

        Raises:
            MediaError: ffmpeg failed; the message names what it said.
            TypeError: there is no recipe for this kind of placeholder.
        """
        name = f"{placeholder.key}{placeholder.suffix}"
        with self._shelf.hold(name):
            match placeholder:
                case Clip():
                    self._film(placeholder, name)
                case Still() | Poster():
                    with self._shelf.draft(name) as path:
                        draw(placeholder, path)
                case Sound():
                    with self._shelf.draft(name) as path:
                        if placeholder.format == "wav":
                            write_wav(placeholder, path)
                        else:
                            write_mp3(placeholder, path, self._shelf, self._ffmpeg)
                case _:
                    raise TypeError(f"there is no recipe for a {type(placeholder).__name__}")
            self._shelf.tidy()
        return self._shelf.root / name

    def _film(self, clip: Clip, name: str) -> None:
        codec = codec_of(clip)
        loop, tone = f"{clip.picture_key}.loop", f"{codec.name}-{RENDERER_VERSION}.tone"
        with self._shelf.hold(loop), self._shelf.hold(tone):
            self._assemble(clip, codec, loop, tone, name)

    def _assemble(self, clip: Clip, codec: Codec, loop: str, tone: str, name: str) -> Path:
        try:
            return self._compose(clip, codec, *self._pieces(clip, codec, loop, tone), name)
        except StudioClosed:
            raise
        except MediaError:
            # Another process may have forgotten a piece under our hands, or a crash of the machine spoilt one:
            # the pieces are made anew, and if it fails again it was not they.
            self._shelf.discard(loop)
            self._shelf.discard(tone)
            return self._compose(clip, codec, *self._pieces(clip, codec, loop, tone), name)

    def _pieces(self, clip: Clip, codec: Codec, loop: str, tone: str) -> tuple[Path, Path]:
        picture = self._shelf.find(loop) or self._draw(clip, codec, loop)
        with self._tone_lock:
            sound = self._shelf.find(tone) or self._sing(codec, tone)
        return picture, sound

    def _draw(self, clip: Clip, codec: Codec, name: str) -> Path:
        if clip.captions:
            with self._shelf.draft(name) as path:
                burn(clip, codec, path, self._shelf, self._ffmpeg)
            return self._shelf.root / name
        frames = loop_frames(clip)
        still = paint(clip).tobytes()
        self._write(name, (*picture_arguments(clip, frames), *EXACT, "-f", codec.picture_format), still)
        return self._shelf.root / name

    def _sing(self, codec: Codec, name: str) -> Path:
        packets = TONE_SECONDS * SAMPLE_RATE // codec.samples
        source = f"aevalsrc=exprs={_TONE}:s={SAMPLE_RATE}:d={TONE_SECONDS + 1}"
        arguments = ("-f", "lavfi", "-i", source, *codec.sound, "-ac", "1", "-frames:a", str(packets))
        self._write(name, (*arguments, *EXACT_AUDIO, "-f", codec.sound_format))
        return self._shelf.root / name

    def _compose(self, clip: Clip, codec: Codec, picture: Path, sound: Path, name: str) -> Path:
        # Half a frame short, so that the last frame wanted is in and the next one out, however a clock rounds.
        seconds = (clip.frames - 0.5) / FRAME_RATE
        self._write(
            name,
            (
                *(_unstamped(codec) if clip.captions else ("-stream_loop", "-1", "-f", codec.picture_format)),
                *("-i", f"file:{picture}", "-stream_loop", "-1"),
                *("-f", codec.sound_format.replace("adts", "aac"), "-i", f"file:{sound}"),
                *("-map", "0:v", "-map", "1:a", "-c", "copy", "-map_metadata", "-1"),
                *("-t", f"{seconds:.3f}"),
                *("-fflags", "+bitexact", *PACKING[clip.container]),
            ),
        )
        return self._shelf.root / name

    def _write(self, name: str, arguments: Sequence[str], stdin: bytes = b"") -> None:
        with self._shelf.draft(name) as path:
            self._ffmpeg.run((*arguments, f"file:{path}"), stdin)


def _unstamped(codec: Codec) -> tuple[str, ...]:
    """What to tell ffmpeg of a stream that does not say when its frames are shown."""
    return ("-framerate", str(FRAME_RATE), "-f", codec.stream_format) if codec is AVC else ("-f", codec.stream_format)


def picture_arguments(clip: Clip, frames: int) -> tuple[str, ...]:
    """ffmpeg's arguments for `frames` frames of the card, read raw, with a bar sweeping along the foot."""
    width, height = clip.pixels
    bar = bar_height(clip)
    period = loop_frames(clip)
    colour = "0x{:02x}{:02x}{:02x}".format(*Palette.of(clip).accent)
    graph = (
        "[0:v]scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd,format=yuv420p,"
        f"loop=loop=-1:size=1:start=0,setpts=N/{FRAME_RATE}/TB[card];"
        f"color={colour}:s={max(2, width // 10 * 2)}x{bar}:r={FRAME_RATE},"
        "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p[bar];"
        f"[card][bar]overlay=x='(W+w)*mod(n,{period})/{period}-w':y=H-h,{BT709}[out]"
    )
    return (
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-framerate", str(FRAME_RATE)),
        *("-i", "-", "-filter_complex", graph, "-map", "[out]", "-frames:v", str(frames)),
        *codec_of(clip).picture(clip.quality),
        *("-g", str(period)),
    )
