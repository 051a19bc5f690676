"""How picture and sound are stored: the encoders, and what each of them is told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from .clip import Clip

SAMPLE_RATE: Final = 48_000

# One thread and no version strings: the same clip is the same bytes on every run.
EXACT: Final = ("-threads", "1", "-filter_threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact")
EXACT_AUDIO: Final = ("-threads", "1", "-fflags", "+bitexact", "-flags:a", "+bitexact")
BT709: Final = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"


@dataclass(frozen=True, slots=True)
class Codec:
    """How one family of containers stores picture and sound.

    `stream_format` is one without timestamps, in which frames can be put in a row; `stream` is what the encoder
    needs to be told for it; `samples` is what a packet of sound holds.
    """

    name: str
    stream_format: str
    stream: tuple[str, ...]
    samples: int
    steps: tuple[int, ...]

    def step(self, quality: int) -> int:
        """The quantizer for a quality of 20 to 99.

        There are fewer steps than qualities: between neighbouring quantizers chance can outweigh the difference,
        and a better quality must never be the smaller file.
        """
        return self.steps[(quality - 20) * len(self.steps) // 80]

    def picture(self, quality: int) -> tuple[str, ...]:
        """The encoder's arguments. A constant quantizer ties the size to the quality and to nothing else."""
        step = str(self.step(quality))
        if self.name == "vp9":
            return (
                *("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "0", "-crf", step),
                *("-qmin", step, "-qmax", step, "-auto-alt-ref", "0", "-lag-in-frames", "0", "-aq-mode", "0"),
                # No frame may lean on what the decoder learnt from another: they are put together anew.
                *("-error-resilient", "1"),
            )
        return ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-sc_threshold", "0", "-qp", step)


AVC: Final = Codec(
    name="avc",
    stream_format="h264",
    # What `splice` counts on: frames told apart, blocks that do not lean on those above, and a quantizer of each frame.
    stream=("-x264-params", "aud=1:constrained-intra=1:stitchable=1"),
    samples=1024,
    steps=tuple(range(46, 24, -2)),
)
VP9: Final = Codec(
    name="vp9",
    stream_format="ivf",
    stream=(),
    samples=960,
    steps=(60, 55, 50, 45, 40, 36),
)
#: A coarse step would leave specks in what is opaque, and in what is not.
VP9_ALPHA: Final = replace(VP9, steps=(60, 52, 44, 36, 28, 20))

PACKING: Final = {
    "mp4": ("-f", "mp4", "-movflags", "+faststart"),
    "mov": ("-f", "mov", "-movflags", "+faststart"),
    "webm": ("-f", "webm"),
}


def codec_of(clip: Clip) -> Codec:
    """VP9 and Opus for WEBM, H.264 and AAC for the others."""
    if clip.container != "webm":
        return AVC
    return VP9_ALPHA if clip.transparent else VP9
