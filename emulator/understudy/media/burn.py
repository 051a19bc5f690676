"""Burning captions in: a short loop of frames for each caption, put in a row to the clip's length.

A caption is encoded for a second or less however long it stands. All loops of a clip come from the same
encoder with the same settings, and each starts with a key frame, so that any may follow any other, cut anywhere.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .card import bar_height, paint
from .clip import FRAME_RATE, Clip
from .codec import BT709, EXACT, Codec
from .errors import MediaError
from .ffmpeg import Ffmpeg
from .lettering import fit, font_of, line_height
from .palette import Palette
from .shelf import Shelf

if TYPE_CHECKING:
    from PIL import Image

#: Bytes of raw pictures that are handed to one ffmpeg.
_BATCH_BYTES: Final = 64 << 20

_MOST_LINES: Final = 3
#: The font's size, in pixels, below which letters are only noise.
_SMALLEST_LETTERS: Final = 7

_ACCESS_UNIT: Final = b"\x00\x00\x00\x01\x09"
_IVF_HEADER: Final = 32
_IVF_FRAME: Final = struct.Struct("<IQ")


def caption_frames(clip: Clip) -> int:
    """Frames in a caption's loop, in which the stripes at the foot move on to where the next ones were.

    Below 4K a shorter loop is hardly made faster, for the key frame is most of the work, and most of the file.
    """
    width, height = clip.pixels
    return FRAME_RATE if width * height <= 1920 * 1088 else 10


def spans(clip: Clip) -> list[tuple[str, int]]:
    """What is written below and for how many frames, from the first frame to the last; empty where nothing is."""
    found: list[tuple[str, int]] = []
    now = 0
    for caption in clip.captions:
        start, end = (min(clip.frames, round(ms * FRAME_RATE / 1000)) for ms in (caption.start_ms, caption.end_ms))
        found += [("", start - now), (caption.text, end - start)]
        now = end
    return [(text, frames) for text, frames in [*found, ("", clip.frames - now)] if frames]


def first_frame(clip: Clip) -> Image.Image:
    """The card as a clip begins: with its caption if one is there from the start."""
    text = spans(clip)[0][0]
    return _captioned(paint(clip), clip, text)


def burn(clip: Clip, codec: Codec, path: Path, shelf: Shelf, ffmpeg: Ffmpeg) -> None:
    """Write the clip's picture to `path`, every frame of it, as a stream of `codec.stream_format`.

    Raises:
        MediaError: ffmpeg failed; the message names what it said.
    """
    row = spans(clip)
    loops = _loops(clip, codec, list(dict.fromkeys(text for text, _ in row)), shelf, ffmpeg)
    with path.open("wb") as stream:
        if codec.stream_format == "ivf":
            stream.write(_ivf_header(clip))
        for number, packet in enumerate(_packets(row, loops)):
            if codec.stream_format == "ivf":
                stream.write(_IVF_FRAME.pack(len(packet), number))
            stream.write(packet)


def _packets(row: list[tuple[str, int]], loops: dict[str, list[bytes]]) -> Iterator[bytes]:
    for text, frames in row:
        loop = loops[text]
        yield from (loop[number % len(loop)] for number in range(frames))


def _loops(clip: Clip, codec: Codec, texts: Sequence[str], shelf: Shelf, ffmpeg: Ffmpeg) -> dict[str, list[bytes]]:
    """The frames of each text's loop, encoded a few texts at a time."""
    card = paint(clip)
    stripes = _stripes(clip).tobytes()
    size = len(card.tobytes()) + len(stripes)
    several = max(1, _BATCH_BYTES // size)
    length = caption_frames(clip)
    loops: dict[str, list[bytes]] = {}
    for at in range(0, len(texts), several):
        batch = texts[at : at + several]
        raw = b"".join(_captioned(card, clip, text).tobytes() + stripes for text in batch)
        with shelf.scratch(f"{clip.key}.burn") as path:
            ffmpeg.run((*_arguments(clip, codec, len(batch)), f"file:{path}"), raw)
            packets = _split(path.read_bytes(), codec)
        if len(packets) != len(batch) * length:
            raise MediaError(f"ffmpeg made {len(packets)} frames of {len(batch)} captions")
        for index, text in enumerate(batch):
            loops[text] = packets[index * length : (index + 1) * length]
    return loops


def _arguments(clip: Clip, codec: Codec, pictures: int) -> tuple[str, ...]:
    """ffmpeg's arguments for a loop of each picture read raw, a strip of stripes below it, moving at the foot."""
    width, height = clip.pixels
    bar, stripe, length = bar_height(clip), _stripe(clip), caption_frames(clip)
    graph = (
        f"[0:v]scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd,format=yuv420p,fps={FRAME_RATE},"
        f"split[all][strip];[all]crop={width}:{height}:0:0[card];"
        f"[strip]crop={width - 2 * stripe}:{bar}:"
        f"'{stripe * 2}-trunc({stripe}*mod(n,{length})/{length})*2':{height}[bar];"
        f"[card][bar]overlay=x={stripe}:y=H-h,{BT709}[out]"
    )
    return (
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height + bar}"),
        *("-framerate", f"{FRAME_RATE}/{length}", "-i", "-", "-filter_complex", graph, "-map", "[out]"),
        *("-frames:v", str(pictures * length), *codec.picture(clip.quality)),
        *("-g", str(length), "-force_key_frames", f"expr:eq(mod(n,{length}),0)"),
        *(*codec.stream, *EXACT, "-f", codec.stream_format),
    )


def _stripe(clip: Clip) -> int:
    """Pixels of a stripe, which are those of the gap beside it."""
    return max(2, bar_height(clip) * 2)


def _stripes(clip: Clip) -> Image.Image:
    from PIL import Image, ImageDraw  # late: start-up time

    width, bar, stripe = clip.pixels[0], bar_height(clip), _stripe(clip)
    palette = Palette.of(clip)
    image = Image.new("RGB", (width, bar), palette.shade)
    draw = ImageDraw.Draw(image)
    for left in range(0, width, stripe * 2):
        draw.rectangle((left, 0, left + stripe - 1, bar), palette.accent)
    return image


def _captioned(card: Image.Image, clip: Clip, text: str) -> Image.Image:
    """The card with white words on a black box in its lower third."""
    if not text:
        return card
    from PIL import ImageDraw  # late: start-up time

    image = card.copy()
    draw = ImageDraw.Draw(image)
    width, height = clip.pixels
    # As high as the third allows: what the card says at its foot stays readable.
    top = -(-height * 2 // 3)
    bottom = height - bar_height(clip)
    size = max(min(width, height) * 0.056, height * 0.04)
    while True:
        font = font_of(size)
        line, pad = line_height(font), round(size * 0.35)
        lines = fit(text, font, width * 0.9 - 2 * pad, most=_MOST_LINES)
        tall = len(lines) * line + 2 * pad
        if top + tall <= bottom:
            break
        if size < _SMALLEST_LETTERS:
            # No smaller: rather fewer words, and a mark that some are missing.
            lines = fit(text, font, width * 0.9 - 2 * pad, most=max(1, (bottom - top - 2 * pad) // line))
            tall = len(lines) * line + 2 * pad
            break
        size *= 0.9
    wide = max((font.getlength(words) for words in lines), default=0)
    left = (width - wide) / 2
    draw.rounded_rectangle((left - pad, top, width - left + pad, top + tall), pad * 0.6, (0, 0, 0))
    for index, words in enumerate(lines):
        place = ((width - font.getlength(words)) / 2, top + pad + index * line)
        draw.text(place, words, (255, 255, 255), font)
    return image


def _split(stream: bytes, codec: Codec) -> list[bytes]:
    """Cut what ffmpeg wrote into the packets of single frames."""
    if codec.stream_format == "ivf":
        packets, at = [], _IVF_HEADER
        while at < len(stream):
            size, _ = _IVF_FRAME.unpack_from(stream, at)
            at += _IVF_FRAME.size
            packets.append(stream[at : at + size])
            at += size
        return packets
    return [_ACCESS_UNIT + unit for unit in stream.split(_ACCESS_UNIT)[1:]]


def _ivf_header(clip: Clip) -> bytes:
    width, height = clip.pixels
    return struct.pack("<4sHH4sHHIIII", b"DKIF", 0, 32, b"VP90", width, height, FRAME_RATE, 1, clip.frames, 0)
