"""Encoding what a reel is made of: whole pictures, each of which stands alone, and what changes between them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from . import splice
from .burn import Span, Stage, band_top
from .clip import FRAME_RATE, Clip
from .codec import AVC, BT709, EXACT, Codec
from .errors import MediaError
from .foot import BLOCK, foot_top

if TYPE_CHECKING:
    from .ffmpeg import Ffmpeg
    from .shelf import Shelf

#: Bytes of raw pictures that are handed to one ffmpeg.
_BATCH_BYTES: Final = 64 << 20

#: So many frames that the encoder never thinks of a key picture by itself.
_NEVER: Final = 1_000_000

#: The quantizer of what moves in H.264, whatever that of the rest: what is repeated must not add up to noise.
_FINE: Final = ("-qp", "4")

_IVF_HEADER: Final = 32
#: What stands before each frame of an IVF file: its size and its number.
IVF_FRAME: Final = struct.Struct("<IQ")

_COLOUR: Final = f"scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd,format=yuv420p,{BT709}"
#: A row of blocks above a strip that stand still, of what is told most simply. It is added when colours are those of
#: the codec: those of Pillow would bleed into it, and it would not stand still any more.
_SHELTER: Final = f"pad=iw:ih+{BLOCK}:0:{BLOCK}:color=0x828282"
_SIGHT: Final = "alphaextract,scale=in_range=pc:out_range=pc,format=yuv420p"


@dataclass(frozen=True, slots=True)
class Frame:
    """An encoded frame, and the one that tells what of it can be seen through, if there is any."""

    picture: bytes
    alpha: bytes = b""


def keys_and_loop(
    stage: Stage, codec: Codec, keys: Sequence[tuple[Span, int]], shelf: Shelf, ffmpeg: Ffmpeg
) -> tuple[list[Frame], list[Frame]]:
    """Encode the pictures of spans with the foot at a step, each standing alone, and the loop of the foot.

    Raises:
        MediaError: ffmpeg failed; the message names what it said.
    """
    width, height = stage.clip.pixels
    found: list[Frame] = []
    loop: list[Frame] = []
    several = _several(width * height, stage)
    for at in range(0, len(keys), several):
        raw = [stage.shown(span, phase).tobytes() for span, phase in keys[at : at + several]]
        wanted, inputs, looping = {"keys": len(raw)}, (*_raw(stage, width, height), "-i", "-"), not at
        with shelf.scratch(f"{stage.clip.key}.strip") as strip:
            if looping:
                strip.write_bytes(stage.foot.tile.tobytes())
                wanted["loop"] = stage.foot.phases + (codec is AVC)
                inputs += _strip_in(stage, strip)
            graph = ";".join(_graph(stage, codec, looping=looping))
            made = _encoded(
                stage.clip, codec, (*inputs, "-filter_complex", graph), wanted, b"".join(raw), shelf, ffmpeg
            )
        found += made["keys"]
        # The first frame of the loop is a key picture itself, and has done its service.
        loop += made.get("loop", [])[1:]
    return found, loop


def changes(stage: Stage, codec: Codec, spans: Sequence[Span], shelf: Shelf, ffmpeg: Ffmpeg) -> list[Frame]:
    """Encode how the part of the picture in which captions are becomes each span from the one before.

    Raises:
        MediaError: ffmpeg failed; the message names what it said.
    """
    width, height = stage.clip.pixels
    tall = height - band_top(stage.clip)
    several = max(2, _several(width * tall, stage))
    found: list[Frame] = []
    for at in range(0, len(spans) - 1, several - 1):
        raw = [stage.band(span).tobytes() for span in spans[at : at + several]]
        inputs = (*_raw(stage, width, tall), "-i", "-", "-filter_complex", f"[0:v]{_COLOUR},{_SHELTER}[changes]")
        made = _encoded(stage.clip, codec, inputs, {"changes": len(raw)}, b"".join(raw), shelf, ffmpeg)
        found += made["changes"][1:]
    return found


def ivf_header(clip: Clip) -> bytes:
    """What an IVF file of VP9 begins with."""
    width, height = clip.pixels
    return struct.pack("<4sHH4sHHIIII", b"DKIF", 0, _IVF_HEADER, b"VP90", width, height, FRAME_RATE, 1, clip.frames, 0)


def _several(pixels: int, stage: Stage) -> int:
    return max(1, _BATCH_BYTES // (pixels * len(stage.card.canvas.mode)))


def _encoded(
    clip: Clip,
    codec: Codec,
    inputs: tuple[str, ...],
    wanted: dict[str, int],
    raw: bytes,
    shelf: Shelf,
    ffmpeg: Ffmpeg,
) -> dict[str, list[Frame]]:
    """So many frames of each output of a graph, from one run of ffmpeg."""
    kinds = ("", "alpha") if clip.transparent else ("",)
    with ExitStack() as stack:
        arguments: tuple[str, ...] = inputs
        paths: dict[str, list[Path]] = {}
        for name, count in wanted.items():
            paths[name] = [stack.enter_context(shelf.scratch(f"{clip.key}.{name}{kind}")) for kind in kinds]
            for kind, path in zip(kinds, paths[name], strict=True):
                forced = ("-force_key_frames", "expr:1") if name == "keys" else ()
                fine = _FINE if name == "loop" and codec is AVC else ()
                arguments += (
                    *("-map", f"[{name}{kind}]", "-frames:v", str(count), *codec.picture(clip.quality), *fine),
                    *("-g", str(_NEVER), *forced, *codec.stream, *EXACT, "-f", codec.stream_format, f"file:{path}"),
                )
        ffmpeg.run(arguments, raw)
        return {
            name: [Frame(*both) for both in zip(*(_frames(p, wanted[name], codec) for p in made), strict=True)]
            for name, made in paths.items()
        }


def _raw(stage: Stage, width: int, height: int) -> tuple[str, ...]:
    kind = "rgba" if stage.clip.transparent else "rgb24"
    return ("-f", "rawvideo", "-pix_fmt", kind, "-s", f"{width}x{height}", "-framerate", str(FRAME_RATE))


def _strip_in(stage: Stage, path: Path) -> tuple[str, ...]:
    tile = stage.foot.tile
    return (*_raw(stage, tile.width, tile.height), "-i", f"file:{path}")


def _graph(stage: Stage, codec: Codec, *, looping: bool) -> Iterator[str]:
    """How raw pictures become those that are encoded, and the tile of the foot what moves."""
    foot, top = stage.foot, foot_top(stage.clip)
    still = f"loop=loop=-1:size=1:start=0,setpts=N/{FRAME_RATE}/TB"
    moving = f"{still},crop={foot.width}:ih:{foot.spacing}-mod(n\\,{foot.phases})*{foot.step}:0"
    if not stage.clip.transparent:
        # Colours are turned once a picture; what is looped and cropped afterwards is already what is encoded.
        if looping and codec is not AVC:
            yield f"[0:v]{_COLOUR},split[keys][first]"
            yield f"[first]trim=end_frame=1,crop=iw:{top}:0:0,{still}[top]"
            yield f"[1:v]{_COLOUR},{moving}[foot]"
            yield "[top][foot]vstack[loop]"
            return
        yield f"[0:v]{_COLOUR}[keys]"
        if looping:
            yield f"[1:v]{_COLOUR},{_SHELTER},{moving}[loop]"
        return
    yield f"[0:v]split{'=4' if looping else ''}[a][b]{'[c][d]' if looping else ''}"
    yield f"[a]{_COLOUR}[keys]"
    yield f"[b]{_SIGHT}[keysalpha]"
    if looping:
        yield "[1:v]split[e][f]"
        for which, strip, how, name in (("c", "e", _COLOUR, "loop"), ("d", "f", _SIGHT, "loopalpha")):
            yield f"[{which}]trim=end_frame=1,{how},crop=iw:{top}:0:0,{still}[{which}1]"
            yield f"[{strip}]{how},{moving}[{strip}1]"
            yield f"[{which}1][{strip}1]vstack[{name}]"


def _frames(path: Path, count: int, codec: Codec) -> list[bytes]:
    """Cut what ffmpeg wrote into single frames."""
    stream = path.read_bytes()
    found = []
    if codec is AVC:
        found = splice.frames_of(stream)
    else:
        at = _IVF_HEADER
        while at < len(stream):
            size, _ = IVF_FRAME.unpack_from(stream, at)
            at += IVF_FRAME.size
            found.append(stream[at : at + size])
            at += size
    if len(found) != count:
        raise MediaError(f"ffmpeg made {len(found)} frames of {count}")
    return found
