"""The recipe: a few encoded pictures and notes, put in a row to the asked length by copying.

Nothing is ever encoded twice: a picture once a caption, what moves once a clip, a note once a pitch, and a clip of
any length is packets of them, copied. There are no B-frames, so every packet is a legal place to stop.
"""

from __future__ import annotations

from pathlib import Path

from . import reel
from .clip import FRAME_RATE, Clip
from .codec import PACKING, Codec, codec_of
from .draw import draw
from .errors import MediaError, NoFfmpeg, StudioClosed
from .ffmpeg import Ffmpeg
from .melody import soundtrack_input, write_soundtrack
from .placeholder import Placeholder
from .reel import Reel
from .shelf import Shelf
from .sidecar import Sidecar
from .sound import Sound
from .still import Poster, Still
from .tone import write_mp3, write_wav
from .wrapping import wrapped


class Renderer:
    """Makes placeholders into files on a shelf, in the calling thread."""

    def __init__(self, shelf: Shelf, ffmpeg: Ffmpeg) -> None:
        self._shelf = shelf
        self._ffmpeg = ffmpeg

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
                        draw(placeholder, path, self._shelf.root)
                case Sound():
                    with self._shelf.draft(name) as path:
                        if placeholder.format == "wav":
                            write_wav(placeholder, path)
                        else:
                            write_mp3(placeholder, path, self._shelf, self._ffmpeg)
                case Sidecar():
                    with self._shelf.draft(name) as path:
                        path.write_bytes(placeholder.text.encode("utf-8", "replace"))
                case _:
                    raise TypeError(f"there is no recipe for a {type(placeholder).__name__}")
            self._shelf.tidy()
        return self._shelf.root / name

    def _film(self, clip: Clip, name: str) -> None:
        codec = codec_of(clip)
        pictures = f"{clip.picture_key}.reel"
        with self._shelf.hold(pictures):
            try:
                self._compose(clip, codec, self._reel(clip, codec, pictures), name)
            except (StudioClosed, NoFfmpeg):
                raise
            except MediaError:
                # A crash of the machine may have spoilt the reel: it is made anew, and if it fails again it was not it.
                self._shelf.discard(pictures)
                self._compose(clip, codec, self._reel(clip, codec, pictures), name)

    def _reel(self, clip: Clip, codec: Codec, name: str) -> Reel:
        found = self._shelf.find(name)
        if found is not None:
            try:
                return Reel.unpacked(found.read_bytes())
            except FileNotFoundError:
                # Another process has forgotten it under our hands.
                pass
        made = reel.make(clip, codec, self._shelf, self._ffmpeg)
        with self._shelf.draft(name) as path:
            path.write_bytes(made.packed())
        return made

    def _compose(self, clip: Clip, codec: Codec, pictures: Reel, name: str) -> None:
        shelf, ffmpeg = self._shelf, self._ffmpeg
        # Half a frame short, so that the last frame wanted is in and the next one out, however a clock rounds.
        seconds = (clip.frames - 0.5) / FRAME_RATE
        with (
            shelf.scratch(f"{clip.key}.picture") as picture,
            shelf.scratch(f"{clip.key}.sound") as sound,
            shelf.scratch(f"{clip.key}.text") as text,
            shelf.draft(name) as path,
        ):
            reel.write(clip, codec, pictures, picture)
            write_soundtrack(clip.sound, clip.frames, codec, sound, shelf, ffmpeg)
            inputs, outputs = wrapped(clip, text)
            ffmpeg.run(
                (
                    *(*reel.stream_format(clip, codec), "-i", f"file:{picture}"),
                    *(*soundtrack_input(codec), "-i", f"file:{sound}", *inputs),
                    *("-map", "0:v", "-map", "1:a", "-c", "copy", "-map_metadata", "-1", "-t", f"{seconds:.3f}"),
                    # Without it nobody looks for the frames that tell what can be seen through.
                    *(("-metadata:s:v:0", "alpha_mode=1") if clip.transparent else ()),
                    *("-fflags", "+bitexact", *PACKING[clip.container], *outputs, f"file:{path}"),
                )
            )
